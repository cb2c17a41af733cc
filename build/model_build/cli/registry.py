"""The commands on registered versions: models, approve and reject."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from model_build.cli.options import ADVICE, Json, Verbose
from model_common.cli.command_line import print_result, reported

Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION", help="The version's number, `latest`, or the ARN of the model package."
    ),
]
Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, which the registry keeps with the decision.")
]


def models(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of the latest versions.")] = 20,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the registered versions: recipe, problem, the gate's metric, approval, and the stage that each is live in."""
    with reported(verbose, ADVICE):
        from model_build.aws.clients import connect
        from model_build.commands import models
        from model_build.core.settings import Settings

        settings = Settings.load(os.environ)
        found = models.read(connect(settings.region), settings, limit)
        shown = models.document(found) if as_json else models.lines(settings.model_package_group, found)
        print_result(shown)


def approve(
    version: Version,
    why: Why,
    release: Annotated[
        bool,
        typer.Option(
            "--for-production",
            help="Also release it for production, where the registry is production's gate: only approvers may.",
        ),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Approve a registered version, with the reason: it may be rolled out from then on."""
    _decide(version, "Approved", why, release, as_json, verbose)


def reject(version: Version, why: Why, as_json: Json = False, verbose: Verbose = False) -> None:
    """Reject a registered version, with the reason. Where it is live, its stage goes back to the version before."""
    _decide(version, "Rejected", why, False, as_json, verbose)


def _decide(
    version: str,
    status: Literal["Approved", "Rejected"],
    why: str,
    release: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    with reported(verbose, ADVICE):
        from model_build.aws.clients import connect
        from model_build.commands import approve
        from model_build.core.settings import Settings

        settings = Settings.load(os.environ)
        decision = approve.decide(connect(settings.region), settings, version, status, why, release=release)
        print_result(approve.document(decision) if as_json else approve.lines(decision))
