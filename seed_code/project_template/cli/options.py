"""The options that several commands have, and what is done with their values."""

from __future__ import annotations

from typing import Annotated

import typer

from model_common.cli.advice import Advice
from project_template.errors import UsageError

ADVICE = Advice(
    denied="Whoever runs this command needs that permission; what was done so far stays, and the same command goes on "
    "from there.",
    bucket="`project-template doctor` says what else is missing; check the region, too.",
    bucket_name="of the publication",
)

ProjectName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The project's name: up to 32 lower-case letters, digits, hyphens."),
]
Publication = Annotated[
    str,
    typer.Option("--publication", metavar="NAME", help="The publication: the --name it was published with."),
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


def pairs(given: list[str] | None, option: str = "--parameter") -> dict[str, str]:
    """KEY=VALUE options as a mapping. Raises UsageError."""
    found = {}
    for pair in given or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} is {pair!r}; expected KEY=VALUE.")
        found[key] = value
    return found
