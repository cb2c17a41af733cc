"""`model-deploy`: rolls an approved model package out to staging and production, and back.

The commands are imported when they are called, so that help and usage errors are fast.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from model_common.cli.advice import Advice
from model_common.cli.command_line import application, confirmed, print_result, reported, start
from model_common.cli.summary import annotate, set_output
from model_deploy.options import (
    Force,
    InSummary,
    Json,
    PackageArn,
    Root,
    ShowPlan,
    StageName,
    Timeout,
    Verbose,
    Why,
)
from model_deploy.summary import Summary

ADVICE = Advice(work="A rollout that was started")

app = application(
    name="model-deploy",
    help="Takes an approved model package to a stage's endpoint, verifies it there, and brings it back if it must.",
    epilog="Exit codes: 1 failed, 2 usage or configuration, 3 refused by a gate or by verify, 4 rolled back, 5 timed out.",
)


@app.command()
def plan(
    stage: StageName,
    model_package: PackageArn,
    force: Force = None,
    root: Root = None,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Show what a rollout would change, and the current and the next model with their figures. Describes only."""
    with _reported(verbose, _heading("plan", stage, model_package), in_summary) as summary:
        from model_deploy import workspace
        from model_deploy.commands import plan

        entered = workspace.enter(root, stage)
        made = plan.make(entered, entered.package(model_package), force)
        summary.add(plan.lines(made))
        print_result(plan.document(made) if as_json else plan.lines(made))


@app.command()
def rollout(
    stage: StageName,
    model_package: PackageArn,
    force: Force = None,
    why: Why = None,
    timeout: Timeout = None,
    show_plan: ShowPlan = False,
    root: Root = None,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Bring the package to the stage, watch, verify and record it; exit 4 if it was rolled back.

    Can be run again at any time: it takes up where the same rollout stands, and changes nothing that is done.
    """
    with _reported(verbose, _heading("rollout", stage, model_package), in_summary) as summary:
        from model_deploy import workspace
        from model_deploy.rollout.request import Request

        entered = workspace.enter(root, stage)
        arn = entered.package(model_package)
        if show_plan:
            from model_deploy.commands import plan

            planned = plan.lines(plan.make(entered, arn, force))
            summary.write_section(_heading("plan", stage, model_package), planned)
            typer.echo("\n".join(planned), err=True)
        _roll_out(entered, Request(arn, why, forced=force, timeout=timeout), as_json, summary)


@app.command()
def reject(
    stage: StageName,
    model_package: PackageArn,
    why: Why = None,
    timeout: Timeout = None,
    root: Root = None,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Roll the stage back to the version before, if this rejected package is live there; else change nothing."""
    with _reported(verbose, _heading("reject", stage, model_package), in_summary) as summary:
        from rich.console import Console

        from model_deploy import workspace
        from model_deploy.commands import reject

        entered = workspace.enter(root, stage)
        rejection = reject.run(entered, entered.package(model_package), why, Console(stderr=True), timeout)
        summary.add(reject.lines(rejection))
        print_result(reject.document(rejection) if as_json else reject.lines(rejection))
        if rejection.error is not None:
            raise rejection.error


@app.command()
def verify(
    stage: StageName,
    model_package: Annotated[
        str | None,
        typer.Option(
            "--model-package",
            envvar="MODEL_PACKAGE_ARN",
            metavar="VERSION",
            help="What should be live (a number, `latest`, or an ARN); by default whatever is live.",
        ),
    ] = None,
    root: Root = None,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Check that the package is live and does what checks/ expects, at the endpoint and the API; exit 3 if not."""
    with _reported(verbose, _heading("verify", stage, model_package), in_summary) as summary:
        from model_deploy import workspace
        from model_deploy.commands import verify

        entered = workspace.enter(root, stage)
        verified = verify.run(entered, entered.package(model_package) if model_package else None)
        if in_summary:
            set_output(os.environ, "url", entered.endpoint_url)
        summary.add(verify.lines(verified))
        print_result(verify.document(verified) if as_json else verify.lines(verified))
        error = verify.verdict(entered, verified)
        if error is not None:
            raise error


@app.command()
def status(
    stage: Annotated[
        str | None, typer.Option("--stage", help="One stage; by default all that there are.")
    ] = None,
    root: Root = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show which version runs in each stage, since when and why, and what is wrong with it, if anything is."""
    with _reported(verbose):
        from model_deploy import workspace
        from model_deploy.commands import status

        found = root or workspace.find_root(Path.cwd())
        names = [stage] if stage else workspace.stage_names(found)
        entered, broken = workspace.enter_all(found, names)
        statuses = [status.describe(each) for each in entered]
        print_result(
            status.document(statuses, broken)
            if as_json
            else [*status.lines(statuses), *status.broken_lines(broken)]
        )
        if broken:
            raise next(iter(broken.values()))


@app.command()
def history(
    stage: StageName,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of the latest deployments.")] = 20,
    root: Root = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what was deployed to the stage, when, by whom and why, and what came of it."""
    with _reported(verbose):
        from model_deploy import workspace
        from model_deploy.commands import history

        found = history.read(workspace.enter(root, stage), limit)
        print_result(history.document(stage, found) if as_json else history.lines(stage, found))


@app.command()
def rollback(
    stage: StageName,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="VERSION", help="The version; by default the one before the live one."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")] = False,
    why: Why = None,
    timeout: Timeout = None,
    root: Root = None,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Roll out an earlier version that was verified in this stage: a new rollout, with all its gates and checks."""
    with _reported(verbose, _heading("rollback", stage), in_summary) as summary:
        from model_deploy import workspace
        from model_deploy.commands import plan, rollback
        from model_deploy.rollout.request import Request

        entered = workspace.enter(root, stage)
        choice = rollback.choose(entered, to, why)
        summary.heading = _heading("rollback", stage, choice.arn)
        if dry_run:
            made = plan.make(entered, choice.arn, returning=True)
            summary.add(plan.lines(made))
            print_result(plan.document(made) if as_json else plan.lines(made))
            return
        request = Request(choice.arn, choice.why, "rollback", timeout=timeout)
        _roll_out(entered, request, as_json, summary)


@app.command()
def teardown(
    stage: StageName,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    timeout: Timeout = None,
    root: Root = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List everything of the stage, what costs first, and delete it. Records, captured requests and logs stay."""
    with _reported(verbose):
        from rich.console import Console

        from model_deploy import workspace
        from model_deploy.commands import teardown

        entered = workspace.enter(root, stage)
        inventory = teardown.take_inventory(entered)
        for line in teardown.lines(inventory):
            typer.echo(line, err=as_json)
        if inventory:
            teardown.confirm(inventory, yes, confirmed)
        left = teardown.run(entered, inventory, Console(stderr=True), timeout) if inventory else inventory
        if as_json:
            print_result(teardown.document(inventory, left))


@app.command()
def batch(
    stage: StageName,
    source: Annotated[
        str, typer.Option("--input", metavar="URI", help='An S3 file of JSON lines: {"text": "..."}.')
    ],
    output: Annotated[
        str | None, typer.Option("--output", metavar="URI", help="The S3 prefix that the answers go to.")
    ] = None,
    instance_type: Annotated[
        str, typer.Option("--instance-type", help="What the job runs on.")
    ] = "ml.m5.large",
    timeout: Timeout = None,
    root: Root = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Classify a whole file with the stage's live model, by a batch transform job."""
    with _reported(verbose):
        from rich.console import Console

        from model_deploy import workspace
        from model_deploy.commands import batch

        request = batch.Request(source, output, instance_type, timeout)
        result = batch.run(workspace.enter(root, stage), request, Console(stderr=True))
        print_result(batch.document(result) if as_json else batch.lines(result))


@app.command("end-waits")
def end_waits(
    model_package: Annotated[
        str,
        typer.Option(
            "--model-package",
            envvar="MODEL_PACKAGE_ARN",
            metavar="ARN",
            help="The package that was decided on.",
        ),
    ],
    rejected: Annotated[
        bool,
        typer.Option("--rejected", help="It was rejected: end the wait for it. By default it was approved."),
    ] = False,
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """End earlier runs of this workflow that wait for a review of production, which this run's decision replaces."""
    with _reported(verbose, "end-waits: production", in_summary) as summary:
        from model_deploy.commands import end_waits
        from model_deploy.core.workflow_run import OwnRun
        from model_deploy.github import GitHub

        own = OwnRun.load(os.environ)
        ended = end_waits.run(GitHub.connect(os.environ), own, model_package, rejected=rejected)
        summary.add(ended.lines())
        print_result(ended.document() if as_json else ended.lines())


@app.command()
def incident(
    model_package: Annotated[
        str,
        typer.Option(
            "--model-package", envvar="MODEL_PACKAGE_ARN", metavar="ARN", help="The package of this run."
        ),
    ],
    as_json: Json = False,
    in_summary: InSummary = False,
    verbose: Verbose = False,
) -> None:
    """Keep one issue about what fails in this workflow: opened with the reason, closed when it is solved."""
    with _reported(verbose, "incident", in_summary) as summary:
        from model_deploy.commands import incident
        from model_deploy.core.workflow_run import OwnRun
        from model_deploy.github import GitHub

        done = incident.report(GitHub.connect(os.environ), OwnRun.load(os.environ), model_package)
        summary.add(done.lines())
        print_result(done.document() if as_json else done.lines())


def main() -> None:
    """The console script."""
    start(app)


def _heading(command: str, stage: str, arn: str | None = None) -> str:
    """The heading of a summary; an ARN ends with the version."""
    return f"{command}: {stage}" + (f", version {arn.rpartition('/')[2]}" if arn else "")


def _roll_out(entered: Any, request: Any, as_json: bool, summary: Summary) -> None:
    from rich.console import Console

    from model_deploy.commands import rollout

    result = rollout.run(entered, request, Console(stderr=True))
    summary.add(rollout.lines(result))
    print_result(
        rollout.document(result)
        if as_json
        else [*rollout.lines(result), *rollout.next_lines(entered, result)]
    )
    if result.error is not None:
        raise result.error


@contextmanager
def _reported(verbose: bool, heading: str = "", in_summary: bool = False) -> Iterator[Summary]:
    """Like `reported`; the printed lines and the error are also written to the job's summary."""
    summary = Summary(heading)

    def note(message: str) -> None:
        summary.add(message.splitlines())
        if in_summary:
            annotate(os.environ, message)

    with reported(verbose, ADVICE):  # of writing the summary
        try:
            with reported(verbose, ADVICE, note):
                if in_summary:
                    summary = Summary.on_github(heading, os.environ)
                yield summary
        finally:
            summary.write()
