"""The commands that examine an account: doctor and smoke."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from model_common.cli.command_line import confirmed, print_result, reported
from project_template.cli.options import ADVICE, GitHubUrl, Issuer, Json, Publication, Region, Verbose
from project_template.core.settings import DEFAULT_NAME
from project_template.stacks.publication_values import GITHUB_API


class Visibility(StrEnum):
    """Of the repositories; the template's own parameter takes the same."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class Gate(StrEnum):
    """The gate of production, as the template's parameter names it."""

    GITHUB = "github"
    REGISTRY = "registry"


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
    """Check everything that a project needs, and say how to fix what is missing. Changes nothing.

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

        options = command.Options(
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
            return yes or confirmed(question)

        if clean:
            gone = command.clean(clients, ask, console)
            printed = [f"Taken down: {name}" for name in gone] or ["No smoke run left anything."]
            print_result({"taken_down": gone} if as_json else printed)
            return
        outcome = command.start(clients, options, ask, console)
        print_result(outcome.document() if as_json else outcome.lines())
        error = command.verdict(outcome)
        if error is not None:
            raise error
