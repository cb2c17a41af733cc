"""The commands on what a pull request made: comment and clean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from model_build.cli.options import ADVICE, Json, PullRequest, Verbose, number
from model_common.cli.command_line import print_result, reported


def comment(
    pull_request: PullRequest = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="The report's Markdown; by default the newest in reports/."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put a report into the one comment that its pull request has for it: written once, edited from then on."""
    with reported(verbose, ADVICE):
        from model_build.commands.pull_requests import comment
        from model_build.github import GitHub

        posted = comment.post(GitHub.connect(os.environ), number(pull_request), report)
        print_result(posted.document() if as_json else posted.lines())


def clean(
    pull_request: PullRequest = None,
    was_merged: Annotated[
        bool,
        typer.Option(
            "--was-merged",
            envvar="PULL_REQUEST_MERGED",
            help="Only stop what runs: main registers what it trained, and removes it with --merged.",
        ),
    ] = False,
    merged: Annotated[
        bool, typer.Option("--merged", help="Ask GitHub which pull request the commit merged, if any.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="How long to wait for jobs to stop.")
    ] = 600,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Remove what a pull request made: its pipelines, and what lies under pr/NUMBER/ in the artifact bucket."""
    with reported(verbose, ADVICE):
        from model_build.aws.clients import connect
        from model_build.commands.pull_requests import clean, provenance
        from model_build.core.settings import Settings

        if merged:
            pull_request = provenance.of(os.environ, ask=True).pull_request
            if pull_request is None:
                print_result(clean.NOTHING_MERGED.document() if as_json else clean.NOTHING_MERGED.lines())
                return
        settings = Settings.load(os.environ).for_pull_request(number(pull_request), os.environ)
        cleaned = clean.clean(connect(settings.region), settings, timeout, keep=was_merged)
        print_result(cleaned.document() if as_json else cleaned.lines())
