"""The commands that train a model and show how that went: plan, run, report, status, logs and stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from model_build.cli.options import (
    ADVICE,
    DataSource,
    ExecutionId,
    Json,
    PullRequest,
    RecipeName,
    Root,
    Summary,
    Verbose,
    summariser,
)
from model_build.errors import UsageError
from model_common.cli.command_line import print_result, reported


def plan(
    data: DataSource = None,
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    summary: Summary = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what a run would change: the definition, the hashes, what the cache would answer. Reads only.

    In a pull request: what merging it would change.
    """
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import plan

        summarise = summariser(summary)
        made = plan.make(workspace.enter(root, recipe, pull_request), data)
        summarise(plan.summary(made))
        print_result(plan.document(made) if as_json else plan.lines(made))


def run(
    data: DataSource = None,
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    force: Annotated[
        str | None,
        typer.Option(
            "--force",
            envvar="FORCE_REASON",
            metavar="REASON",
            help="Register even if the gate refuses; the reason is recorded.",
        ),
    ] = None,
    minimum: Annotated[
        float | None,
        typer.Option(
            "--minimum", min=0, max=1, help="What the gate's metric must reach; the recipe's by default."
        ),
    ] = None,
    max_regression: Annotated[
        float | None,
        typer.Option(
            "--max-regression",
            min=0,
            max=1,
            help="How far below the champion it may be; the recipe's by default.",
        ),
    ] = None,
    approved: Annotated[
        bool,
        typer.Option(
            "--approved",
            help="Register as approved, where the project was made with RegisterApproved=yes; else it waits for approval.",
        ),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", min=1, metavar="SECONDS", help="Stop watching after this long; the run goes on."
        ),
    ] = None,
    scheduled: Annotated[
        bool,
        typer.Option(
            "--scheduled",
            envvar="SCHEDULED",
            help="Do nothing unless the recipe's retrain.schedule has a run today (UTC).",
        ),
    ] = False,
    merged: Annotated[
        bool,
        typer.Option(
            "--merged",
            help="Ask GitHub which pull request the commit merged; register what it trained, if main would train the same.",
        ),
    ] = False,
    show_plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="First show on stderr what it would change, as `plan` does, in the same process."
        ),
    ] = False,
    summary: Summary = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Update the pipeline and run it; register the model if it passes the gate, exit 3 if it does not.

    In a pull request nothing is registered. There is one execution for the same commit, data, recipe and champion: while it
    runs it is watched, and once it has ended its result is shown; nothing is run or registered again.
    """
    with reported(verbose, ADVICE):
        if scheduled and not _is_due(root, recipe):
            print_result(
                [] if as_json else ["The recipe's retrain.schedule has no run today: nothing to do."]
            )
            return
        source = _source(data)

        from rich.console import Console

        from model_build import workspace
        from model_build.commands import plan, run
        from model_build.commands.pull_requests import provenance
        from model_build.run.pipeline import MAX_REGRESSION, MINIMUM

        summarise = summariser(summary)
        if merged and pull_request is not None:
            raise UsageError(
                "--merged is for main, and --pull-request for what is not merged yet; leave one out."
            )
        entered = workspace.enter(root, recipe, pull_request)
        if show_plan:
            made = plan.make(entered, source)
            summarise(plan.summary(made))
            typer.echo("\n".join(plan.lines(made)), err=True)
        gate = {MINIMUM: minimum, MAX_REGRESSION: max_regression}
        outcome = run.run(
            entered,
            source,
            force_reason=force,
            timeout=timeout,
            console=Console(stderr=True),
            gate={name: value for name, value in gate.items() if value is not None},
            approved=approved,
            provenance=provenance.of(os.environ, ask=merged),
        )
        summarise(run.summary(outcome))
        print_result(run.document(outcome) if as_json else run.lines(outcome))
        error = run.verdict(outcome)
        if error is not None:
            raise error


def report(
    execution: ExecutionId = None,
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    summary: Summary = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write the report of an execution, Markdown and HTML, to reports/<execution>/."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import report

        summarise = summariser(summary)
        written = report.report(workspace.enter(root, recipe, pull_request), execution)
        summarise(written.text)
        print_result(written.document() if as_json else written.lines())


def status(
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show the pipeline, its latest executions, and the champion."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import status

        found = status.describe(workspace.enter(root, recipe, pull_request))
        print_result(status.document(found) if as_json else status.lines(found))


def logs(
    step: Annotated[
        str, typer.Option("--step", help="The step whose job's log to print: Prepare, Train, Tune, Evaluate.")
    ],
    execution: ExecutionId = None,
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print the log of a step's job."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import logs

        entered = workspace.enter(root, recipe, pull_request)
        chosen = logs.step(entered, step, execution)
        printed = logs.lines(entered, chosen)
        print_result(
            {"step": chosen.name, "job": chosen.job_name, "lines": list(printed)} if as_json else printed
        )


def stop(
    execution: ExecutionId = None,
    root: Root = None,
    recipe: RecipeName = None,
    pull_request: PullRequest = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Stop an execution and its running jobs; nothing is registered by it."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import stop

        stopped = stop.stop(workspace.enter(root, recipe, pull_request), execution)
        print_result(stop.document(stopped) if as_json else stop.lines(stopped))


def _is_due(root: Path | None, recipe: str | None) -> bool:
    """Whether the recipe's schedule has a run today. Raises UsageError (RecipeError)."""
    from datetime import UTC, datetime

    from model_build import workspace

    return workspace.find(root, recipe)[1].retrain.is_due(datetime.now(UTC).date())


def _source(data: str | None) -> str:
    if data is None:
        raise UsageError(
            "There is no data to train on: give --data FILE, or --data s3://..., or set TRAINING_DATA. In a project that is a "
            "repository variable of the build repository: gh variable set TRAINING_DATA --body s3://BUCKET/KEY."
        )
    return data
