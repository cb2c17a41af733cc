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
        bool,
        typer.Option(
            "--merged",
            help="Ask GitHub which pull request the commit merged, if any; also removes trial endpoints that were left.",
        ),
    ] = False,
    trials: Annotated[
        bool,
        typer.Option("--trials", help="Remove the trial endpoints that a killed job left, and nothing else."),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="How long to wait for jobs to stop.")
    ] = 600,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Remove what a pull request made: its pipelines, trial endpoints, and what lies under pr/NUMBER/ in the artifact bucket."""
    with reported(verbose, ADVICE):
        from model_build.aws.clients import connect
        from model_build.commands.pull_requests import clean, provenance
        from model_build.core.settings import Settings

        project = Settings.load(os.environ)
        aws = connect(project.region)
        left = clean.left_trials(aws, project) if trials or (merged and project.trial_role_arn) else ()
        if merged:
            pull_request = provenance.of(os.environ, ask=True).pull_request
        if trials:
            cleaned = clean.Cleaned((), 0, "", trials=left)
        elif merged and pull_request is None:
            cleaned = clean.Cleaned.nothing_merged(left)
        else:
            settings = project.for_pull_request(number(pull_request), os.environ)
            cleaned = clean.clean(aws, settings, timeout, keep=was_merged).with_trials(left)
        print_result(cleaned.document() if as_json else cleaned.lines())
