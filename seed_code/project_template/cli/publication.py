"""The commands on what a checkout publishes: publish and seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model_common.cli.command_line import print_result, reported
from project_template.cli.options import (
    ADVICE,
    GitHubUrl,
    Issuer,
    Json,
    Region,
    Tags,
    Timeout,
    Verbose,
    pairs,
)
from project_template.core.settings import DEFAULT_NAME, DEFAULT_OWNER, Form
from project_template.errors import UsageError
from project_template.stacks.publication_values import GITHUB_API


def publish(
    token_secret: Annotated[
        str,
        typer.Option(
            "--token-secret",
            metavar="ARN",
            help="How to sign in to GitHub: a secret with a token (or --app-id).",
        ),
    ] = "",
    app_id: Annotated[
        str,
        typer.Option(
            "--app-id", metavar="NUMBER", help="How to sign in to GitHub: an App's number, with --app-key."
        ),
    ] = "",
    app_key: Annotated[
        str, typer.Option("--app-key", metavar="ARN", help="The App's private key, imported into KMS.")
    ] = "",
    form: Annotated[Form, typer.Option("--form", help="How Studio gets to know the template.")] = Form.BOTH,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            "--domain", metavar="ID", help="A Studio domain to show it in (S3 form); can be repeated."
        ),
    ] = None,
    take_domain: Annotated[
        bool,
        typer.Option("--take-domain", help="Also where the domain shows the templates of another place."),
    ] = False,
    principal: Annotated[
        list[str] | None,
        typer.Option(
            "--principal", metavar="ARN", help="A role that Studio's users work as; can be repeated."
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the template is called.")] = DEFAULT_NAME,
    bucket: Annotated[
        str, typer.Option("--bucket", help="The bucket to make; by default NAME-ACCOUNT-REGION.")
    ] = "",
    version: Annotated[
        str, typer.Option("--version", help="By default the package's version and a hash of the content.")
    ] = "",
    owner: Annotated[
        str, typer.Option("--owner", help="Whom Service Catalog names as the owner.")
    ] = DEFAULT_OWNER,
    github_url: GitHubUrl = GITHUB_API,
    issuer: Issuer = "",
    oidc_provider: Annotated[
        str,
        typer.Option(
            "--oidc-provider", metavar="ARN", help="By default the account's own, made where it has none."
        ),
    ] = "",
    tag: Tags = None,
    access_log_bucket: Annotated[
        str,
        typer.Option(
            "--access-log-bucket",
            metavar="NAME",
            help="A bucket that S3 logs to, of the templates' bucket and those of projects.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and change nothing.")] = False,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Publish the template of this checkout: bucket, archives, launch role, boundary, product, tags of the domains.

    Can be run again at any time: it changes what is not as it is to be, and says so if nothing is. A new version leaves
    the projects of earlier ones alone; `update` brings them to it.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template import stacks
        from project_template.aws.clients import connect
        from project_template.commands import publish
        from project_template.core import blueprint, settings

        options = settings.PublishSettings(
            sign_in=settings.sign_in(token_secret, app_id, app_key),
            name=name,
            form=form,
            bucket=bucket,
            version=version,
            owner=owner,
            github_api_url=github_url,
            issuer=issuer or settings.issuer_of(github_url),
            oidc_provider_arn=oidc_provider,
            domains=tuple(domain or ()),
            principals=tuple(principal or ()),
            take_domain=take_domain,
            tags=tuple(sorted(pairs(tag, "--tag").items())),
            access_log_bucket=access_log_bucket,
        )
        clients, source = connect(region), blueprint.checkout(github_api_url=github_url)
        if dry_run:
            made = publish.make(clients, options, source, stacks)
        else:
            made = publish.run(clients, options, source, stacks, Console(stderr=True), timeout)
        print_result(publish.document(made, dry_run) if as_json else publish.lines(made, dry_run))


def seed(
    repository: Annotated[
        str,
        typer.Argument(
            metavar="REPOSITORY",
            help="build, or deploy-KIND-GATE: realtime or serverless, github or registry; deploy is deploy-realtime-github.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="An empty folder, or one that does not exist yet.")],
    verbose: Verbose = False,
) -> None:
    """Pour a repository as it is given to a project into a folder."""
    with reported(verbose, ADVICE):
        from project_template import seed as seeds

        wanted = "deploy-realtime-github" if repository == "deploy" else repository
        if wanted not in seeds.REPOSITORIES:
            raise UsageError(
                f"There is no repository {repository!r}: {', '.join(sorted(seeds.REPOSITORIES))}."
            )
        poured = seeds.pour(seeds.REPOSITORIES[wanted], to)
        typer.echo(f"Poured {len(poured)} files into {to}.", err=True)
