"""`model-build`: from a recipe to a registered model, through a SageMaker pipeline.

The commands are imported when they are called, so that help and usage errors are fast.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import click
import typer

from model_build.errors import UsageError
from model_common.cli.advice import Advice
from model_common.cli.command_line import application, names_in, print_result, reported

ADVICE = Advice(work="A pipeline that was started")

app = application(
    name="model-build",
    help="Trains, evaluates, gates and registers a text classifier in a SageMaker pipeline.",
    epilog="Exit codes: 1 failed, 2 usage or configuration, 3 refused by the gate, 5 timed out.",
)

Root = Annotated[
    Path | None,
    typer.Option(
        "--root", help="The folder that holds recipes/ and steps/; by default the nearest one upwards."
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        envvar="RECIPE",
        help="The recipe's name or file; by default the only one there is.",
        autocompletion=names_in("recipes"),
    ),
]
DataSource = Annotated[
    str | None,
    typer.Option(
        "--data", envvar="TRAINING_DATA", help="A local file, uploaded under its hash, or an s3:// URI."
    ),
]
ExecutionId = Annotated[
    str | None, typer.Option("--execution", help="The id or ARN of an execution; by default the latest.")
]
PullRequest = Annotated[
    int | None,
    typer.Option(
        "--pull-request",
        envvar="PULL_REQUEST_NUMBER",
        min=1,
        metavar="NUMBER",
        help="Work in the pull request's own pipeline and under pr/NUMBER/; nothing is registered.",
    ),
]
Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION", help="The version's number, `latest`, or the ARN of the model package."
    ),
]
Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, which the registry keeps with the decision.")
]
Summary = Annotated[
    bool, typer.Option("--summary", help="Also append the result to the summary of the GitHub Actions job.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the traceback of an error.")]


@app.command()
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

        summarise = _summary(summary)
        made = plan.make(workspace.enter(root, recipe, pull_request), data)
        summarise(plan.summary(made))
        print_result(plan.document(made) if as_json else plan.lines(made))


@app.command("check-data")
def check_data(
    file: Annotated[Path, typer.Argument(help="A file, or a folder with the files of one data set.")],
    root: Root = None,
    recipe: RecipeName = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what Prepare would say about a file: rows, labels, splits, what is dropped and why. Needs no account."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import check_data
        from model_build.errors import DataError

        home, loaded = workspace.find(root, recipe)
        checked = check_data.check(home / "steps", loaded, file)
        command = (
            f"model-build run --recipe {recipe or loaded.name}{_rooted(root)} --data {shlex.quote(str(file))}"
        )
        print_result(check_data.document(checked) if as_json else check_data.lines(checked, command))
        if checked.problem is not None:
            raise DataError(checked.problem)


@app.command("new-recipe")
def new_recipe(
    file: Annotated[Path, typer.Argument(help="A file of the data that the recipe is for.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The recipe's name; by default after the file.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The column that holds the text.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="The column that holds the label; again for one column for each label."),
    ] = None,
    root: Root = None,
    verbose: Verbose = False,
) -> None:
    """Look at data and write a first recipe for it; asks what the data does not show. Needs no account."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import new_recipe

        home = workspace.find_root(Path.cwd()) if root is None else root
        path, made = new_recipe.make(home / workspace.RECIPES, file, name, text, label or (), _choice)
        print_result(
            [
                f"{path} is written.",
                *made.notes,
                f"Next: model-build check-data --recipe {path.stem}{_rooted(root)} {shlex.quote(str(file))}",
            ]
        )


@app.command()
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
        from model_build.commands import provenance, run
        from model_build.run.pipeline import MAX_REGRESSION, MINIMUM

        summarise = _summary(summary)
        if merged and pull_request is not None:
            raise UsageError(
                "--merged is for main, and --pull-request for what is not merged yet; leave one out."
            )
        entered = workspace.enter(root, recipe, pull_request)
        gate = {MINIMUM: minimum, MAX_REGRESSION: max_regression}
        outcome = run.run(
            entered,
            source,
            force_reason=force,
            timeout=timeout,
            console=Console(stderr=True),
            gate={name: value for name, value in gate.items() if value is not None},
            provenance=provenance.of(os.environ, ask=merged),
        )
        summarise(run.summary(outcome))
        print_result(run.document(outcome) if as_json else run.lines(outcome))
        error = run.verdict(outcome)
        if error is not None:
            raise error


@app.command()
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

        summarise = _summary(summary)
        written = report.report(workspace.enter(root, recipe, pull_request), execution)
        summarise(written.text)
        print_result(written.document() if as_json else written.lines())


@app.command()
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

        found = status.look(workspace.enter(root, recipe, pull_request))
        print_result(status.document(found) if as_json else status.lines(found))


@app.command()
def logs(
    step: Annotated[
        str, typer.Option("--step", help="The step whose job's log to print: Prepare, Train, Evaluate.")
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def reject(version: Version, why: Why, as_json: Json = False, verbose: Verbose = False) -> None:
    """Reject a registered version, with the reason. Where it is live, its stage goes back to the version before."""
    _decide(version, "Rejected", why, False, as_json, verbose)


@app.command()
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
        from model_build.commands import comment
        from model_build.github import GitHub

        posted = comment.post(GitHub.connect(os.environ), _number(pull_request), report)
        print_result(posted.document() if as_json else posted.lines())


@app.command()
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
        from model_build.commands import clean, provenance
        from model_build.core.settings import Settings

        if merged:
            pull_request = provenance.of(os.environ, ask=True).pull_request
            if pull_request is None:
                print_result(clean.NOTHING_MERGED.document() if as_json else clean.NOTHING_MERGED.lines())
                return
        settings = Settings.load(os.environ).for_pull_request(_number(pull_request), os.environ)
        cleaned = clean.clean(connect(settings.region), settings, timeout, keep=was_merged)
        print_result(cleaned.document() if as_json else cleaned.lines())


def main() -> None:
    """The console script."""
    app()


def _rooted(root: Path | None) -> str:
    """The option that names the same root, for a command that is to be pasted."""
    return f" --root {shlex.quote(str(root))}" if root is not None else ""


def _choice(question: str, answers: Sequence[str]) -> str:
    """One of the answers, asked at the terminal. Raises UsageError where there is none."""
    words, _, option = question.partition(" --")
    if not sys.stdin.isatty():
        raise UsageError(f"{words} Several may: {', '.join(answers)}. Say which with --{option}.")
    return str(typer.prompt(words, default=answers[0], type=click.Choice(list(answers)), err=True))


def _source(data: str | None) -> str:
    if data is None:
        raise UsageError(
            "There is no data to train on: give --data FILE, or --data s3://..., or set TRAINING_DATA. In a project that is a "
            "repository variable of the build repository: gh variable set TRAINING_DATA --body s3://BUCKET/KEY."
        )
    return data


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


def _is_due(root: Path | None, recipe: str | None) -> bool:
    """Whether the recipe's schedule has a run today. Raises UsageError (RecipeError)."""
    from datetime import UTC, datetime

    from model_build import workspace

    return workspace.find(root, recipe)[1].retrain.is_due(datetime.now(UTC).date())


def _number(pull_request: int | None) -> int:
    if pull_request is None:
        raise UsageError("Which pull request? Give --pull-request NUMBER, or set PULL_REQUEST_NUMBER.")
    return pull_request


def _summary(wanted: bool) -> Callable[[str], None]:
    """The function that writes a result's Markdown to the summary. Its target is checked before the work begins."""
    if not wanted:
        return lambda markdown: None
    from model_common.cli import summary

    summary.check(os.environ)
    return lambda markdown: summary.append(os.environ, markdown)
