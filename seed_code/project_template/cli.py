"""`project-template`: the SageMaker Projects template, published, created from, examined and taken down.

Each command is a module of `commands`, imported when it is called: the CDK alone takes a second.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from model_common.cli.advice import Advice
from model_common.cli.command_line import application, print_result, reported
from project_template.core.settings import DEFAULT_NAME, DEFAULT_OWNER, Form
from project_template.errors import UsageError
from project_template.stacks.published import GITHUB_API

ADVICE = Advice(
    denied="Whoever runs this command needs that permission; what was done so far stays, and the same command goes on "
    "from there.",
    bucket="`project-template doctor` says what else is missing; check the region, too.",
    bucket_name="of the publication",
)

app = application(
    name="project-template",
    help="Publishes the SageMaker Projects template, creates projects from it, and says what is wrong with either.",
    epilog="Exit codes: 1 failed, 2 usage or configuration, 3 refused, or doctor found something broken, 4 rolled back, "
    "5 timed out.",
)


class ProjectForm(StrEnum):
    """The values of --form for `create`. A project has one of them."""

    S3 = Form.S3.value
    SERVICE_CATALOG = Form.SERVICE_CATALOG.value


class Visibility(StrEnum):
    """Of the repositories; the template's own parameter takes the same."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class Gate(StrEnum):
    """The gate of production, as the template's parameter names it."""

    GITHUB = "github"
    REGISTRY = "registry"


ProjectName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The project's name: up to 32 lower-case letters, digits, hyphens."),
]
Publication = Annotated[
    str,
    typer.Option("--publication", metavar="NAME", help="The publication: the --name it was published with."),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="KEY=VALUE", help="Any parameter of the template; can be repeated."),
]
TrainingData = Annotated[
    str | None,
    typer.Option(
        "--training-data",
        metavar="URI",
        help="The object in S3 to train with, in whatever bucket: roles may read it.",
    ),
]
TrainingDataKey = Annotated[
    str | None,
    typer.Option(
        "--training-data-key",
        metavar="ARN",
        help="The KMS key that it is encrypted with, where not S3's own.",
    ),
]
GitHubUrl = Annotated[
    str, typer.Option("--github-url", metavar="URL", help="The API of GitHub, or of GitHub Enterprise.")
]
Issuer = Annotated[
    str,
    typer.Option("--issuer", metavar="URL", help="GitHub's OIDC provider; by default that of --github-url."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="A tag for everything that is made; can be repeated."),
]
Region = Annotated[
    str | None, typer.Option("--region", help="The region; by default AWS's own configuration (AWS_REGION).")
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=1, metavar="SECONDS", help="Stop watching after this long; AWS goes on."),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the traceback of an error.")]


@app.command()
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


@app.command()
def create(
    name: ProjectName,
    github_org: Annotated[
        str,
        typer.Option("--github-org", metavar="LOGIN", help="Whose repositories: an organisation, or a user."),
    ],
    form: Annotated[ProjectForm, typer.Option("--form", help="The form to create it by.")] = ProjectForm.S3,
    recipe: Annotated[str | None, typer.Option("--recipe", help="The problem: a file of recipes/.")] = None,
    training_data: TrainingData = None,
    training_data_key: TrainingDataKey = None,
    endpoint_kind: Annotated[
        str | None, typer.Option("--endpoint-kind", help="realtime or serverless.")
    ] = None,
    production_gate: Annotated[
        str | None,
        typer.Option("--production-gate", help="Who lets models into production: github or registry."),
    ] = None,
    reviewers: Annotated[
        str | None,
        typer.Option(
            "--reviewers",
            metavar="LOGIN,ORG/TEAM",
            help="Who reviews what goes to production; needed with the gate github.",
        ),
    ] = None,
    visibility: Annotated[
        str | None, typer.Option("--visibility", help="Of the repositories: private, internal or public.")
    ] = None,
    build_repository: Annotated[
        str | None, typer.Option("--build-repository", help="By default NAME-build.")
    ] = None,
    deploy_repository: Annotated[
        str | None, typer.Option("--deploy-repository", help="By default NAME-deploy.")
    ] = None,
    parameter: Parameters = None,
    tag: Tags = None,
    description: Annotated[str, typer.Option("--description", help="What Studio shows.")] = "",
    publication: Publication = DEFAULT_NAME,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Create a project as Studio does, and follow it to its end, with the first failing resource's reason.

    What is not given has the template's default. A project that is being created already is watched.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import create

        named = {
            "GitHubOwner": github_org,
            "Recipe": recipe,
            "TrainingData": training_data,
            "TrainingDataKey": training_data_key,
            "EndpointKind": endpoint_kind,
            "ProductionGate": production_gate,
            "ProductionReviewers": reviewers,
            "RepositoryVisibility": visibility,
            "BuildRepositoryName": build_repository,
            "DeployRepositoryName": deploy_repository,
        }
        values = {key: value for key, value in named.items() if value is not None} | pairs(parameter)
        request = create.Request(
            name, publication, Form(form), values, description, timeout, pairs(tag, "--tag")
        )
        result = create.run(connect(region), request, Console(stderr=True))
        print_result(result.document() if as_json else result.lines())


@app.command()
def update(
    name: ProjectName,
    training_data: TrainingData = None,
    training_data_key: TrainingDataKey = None,
    parameter: Parameters = None,
    tag: Tags = None,
    publication: Publication = DEFAULT_NAME,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Bring a project to the published version. New seeds arrive as a pull request; exit 4 if it was rolled back.

    The project keeps the values of its parameters, but for those that are given.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import update

        named = {"TrainingData": training_data, "TrainingDataKey": training_data_key}
        values = {key: value for key, value in named.items() if value is not None} | pairs(parameter)
        request = update.Request(name, publication, values, timeout, pairs(tag, "--tag"))
        result = update.run(connect(region), request, Console(stderr=True))
        print_result(result.document() if as_json else result.lines())


@app.command()
def doctor(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A project to examine, too; it need not exist yet.")
    ] = None,
    github_org: Annotated[
        str,
        typer.Option(
            "--github-org", metavar="LOGIN", help="Whether its repositories can be made and protected."
        ),
    ] = "",
    visibility: Annotated[
        Visibility, typer.Option("--visibility", help="Of the repositories.")
    ] = Visibility.PRIVATE,
    production_gate: Annotated[
        Gate, typer.Option("--production-gate", help="Who lets models into production.")
    ] = Gate.GITHUB,
    reviewers: Annotated[
        str,
        typer.Option(
            "--reviewers", metavar="LOGIN,ORG/TEAM", help="Who is to review what goes to production."
        ),
    ] = "",
    domain: Annotated[
        list[str] | None,
        typer.Option(
            "--domain", metavar="ID", help="A Studio domain; by default those that were published to."
        ),
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A clone of a poured repository, or a release's files: which differ from its SHA256SUMS.",
        ),
    ] = None,
    publication: Publication = DEFAULT_NAME,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check everything that a project needs, and say how to mend what is missing. Changes nothing.

    Exit 3 if a check fails; what could not be looked at, or may be meant so, is a warning.
    """
    with reported(verbose, ADVICE):
        from project_template.aws.clients import connect
        from project_template.commands import doctor

        domains = tuple(domain or ())
        named = tuple(filter(None, reviewers.split(",")))
        request = doctor.Request(
            publication,
            name or "",
            github_org,
            visibility,
            domains,
            production_gate,
            named,
            tuple(folder or ()),
        )
        findings = doctor.run(connect(region), request)
        print_result(doctor.document(findings) if as_json else doctor.lines(findings))
        error = doctor.verdict(findings)
        if error is not None:
            raise error


@app.command()
def env(
    name: ProjectName,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print what sets a shell up for a project: eval "$(project-template env NAME)". Reads only.

    The shell gets the project's variables, which its repositories have on GitHub; who it is signed in as stays.
    """
    with reported(verbose, ADVICE):
        from project_template.aws.clients import connect
        from project_template.commands import env

        found = env.read(connect(region), name)
        print_result(env.document(found) if as_json else env.lines(found))


@app.command()
def teardown(
    name: ProjectName,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    with_endpoints: Annotated[
        bool,
        typer.Option(
            "--with-endpoints", help="Delete the project's endpoints, too: their clients lose them."
        ),
    ] = False,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Delete models, data, bucket and key, too. Not to be undone.")
    ] = False,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List everything that the project made, and delete it. Models and data stay, unless told; repositories are archived.

    Can be run again at any time: it goes on with what is left.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import teardown

        clients = connect(region)
        request = teardown.Request(name, with_endpoints, with_data, timeout)
        inventory = teardown.take(clients, request)
        for line in teardown.lines(inventory, request):
            typer.echo(line, err=as_json)
        left = inventory
        if teardown.has_work(inventory, request):
            teardown.require_free(inventory, request)
            teardown.confirm(inventory, yes, lambda question: typer.confirm(question, err=True))
            left = teardown.run(clients, request, inventory, Console(stderr=True))
        if as_json:
            print_result(teardown.document(inventory, left, request))


@app.command()
def smoke(
    github_org: Annotated[
        str,
        typer.Option("--github-org", metavar="LOGIN", help="Whose repositories: an organisation of yours."),
    ] = "",
    token_secret: Annotated[
        str,
        typer.Option(
            "--token-secret", metavar="ARN", help="A secret with a token of GitHub, as `publish` takes it."
        ),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="What to train with, by --recipe; by default 900 sentences of the template's own.",
        ),
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", help="The problem: a file of recipes/.")
    ] = "amazon-sentences",
    minutes: Annotated[
        int,
        typer.Option("--minutes", metavar="N", help="The spending stop: then everything is taken down."),
    ] = 240,
    outsider: Annotated[
        str,
        typer.Option(
            "--outsider", metavar="LOGIN", help="A user who may not read the organisation's repositories."
        ),
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="By default reports/smoke-NAME.md."),
    ] = None,
    clean: Annotated[
        bool,
        typer.Option("--clean", help="Only take down what earlier runs left, also those that still go on."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
    github_url: GitHubUrl = GITHUB_API,
    issuer: Issuer = "",
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Try everything once in an account: publish, create, train, approve, roll out, ask, roll back, and take it all down.

    It lists what it makes and what that costs at most, and asks. The report holds AWS's answers without what is secret.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.smoke import command

        asked = command.Asked(
            github_org,
            token_secret,
            github_url,
            issuer,
            data,
            recipe,
            minutes,
            outsider,
            report,
        )
        clients, console = connect(region), Console(stderr=True)

        def ask(question: str) -> bool:
            return yes or typer.confirm(question, err=True)

        if clean:
            gone = command.clean(clients, ask, console)
            said = [f"Taken down: {name}" for name in gone] or ["No smoke run left anything."]
            print_result({"taken_down": gone} if as_json else said)
            return
        outcome = command.start(clients, asked, ask, console)
        print_result(outcome.document() if as_json else outcome.lines())
        error = command.verdict(outcome)
        if error is not None:
            raise error


@app.command()
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


def main() -> None:
    """The console script."""
    app()


def pairs(given: list[str] | None, option: str = "--parameter") -> dict[str, str]:
    """KEY=VALUE options as a mapping. Raises UsageError."""
    found = {}
    for pair in given or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} is {pair!r}; expected KEY=VALUE.")
        found[key] = value
    return found
