"""`model-build run`: updates the pipeline, runs it, and reports the result."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rich.console import Console

from model_build.aws import champion, code, data, logs, pipelines, pretrained, wheels
from model_build.aws.data import Data
from model_build.commands import check_data, report
from model_build.commands.models import APPROVAL, next_place, next_step
from model_build.commands.report import ReportFiles
from model_build.core.execution import Execution
from model_build.core.provenance import UNKNOWN, Provenance
from model_build.core.settings import Settings
from model_build.errors import CommandError, DataError, RefusedError, StepFailedError, UsageError
from model_build.run import blueprint, results, reused_training
from model_build.run.attempt import Attempt
from model_build.run.blueprint import Blueprint
from model_build.run.launch import How, Launched
from model_build.run.pipeline import APPROVAL_STATUS, names
from model_build.run.progress import progress
from model_build.run.results import Results
from model_build.run.reused_training import NotReusable
from model_build.run.watch import watch
from model_build.workspace import Workspace
from model_common.commit import commit

Say = Callable[[str], None]

PASSED_OVER = "A pull request registers nothing."
_LAUNCHED = {
    How.STARTED: "Started",
    How.ATTACHED: "Re-attached to",
    How.FOUND: "Nothing to run: the same commit, data, recipe and champion have been through",
}


@dataclass(frozen=True)
class Outcome:
    """A run that has ended: succeeded, refused, failed or stopped.

    `training` says of a merged pull request whether its model was taken, or why main trained again; empty without one.
    """

    workspace: Workspace
    data: Data
    how: How
    execution: Execution
    results: Results
    report: ReportFiles
    seconds: float
    training: str = ""
    provenance: Provenance = UNKNOWN


def run(
    workspace: Workspace,
    source: str,
    *,
    force_reason: str | None,
    timeout: float | None,
    console: Console,
    gate: Mapping[str, float] = MappingProxyType({}),
    provenance: Provenance = UNKNOWN,
    approved: bool = False,
) -> Outcome:
    """Upload what is missing, update the pipeline, start or re-attach, watch, and collect.

    If `provenance` names a pull request that trained the same, its artifact is taken. `timeout` limits the watching, in
    seconds. Raises CommandError if the execution cannot be started or watched to its end. `verdict` turns the end into an error.
    """
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    aws, settings = workspace.aws, workspace.settings
    _check_options(settings, force_reason, approved)
    workspace.check_problem()
    found = data.locate(aws.s3, settings.bucket, source, settings.home)
    check_first_rows(workspace, found, say)
    current = champion.resolve(aws.sagemaker, settings.model_package_group, workspace.recipe.problem_name)
    revision = commit(workspace.root, os.environ)
    say(f"Champion: {f'version {current.version} ({current.arn})' if current else 'none'}")

    def attempt_in(place: Workspace) -> Attempt:
        planned = blueprint.of(place, place.settings)
        given = blueprint.parameters(planned, place.settings, found, current, revision, force_reason, gate)
        return Attempt(place, planned, given | ({APPROVAL_STATUS: "Approved"} if approved else {}))

    attempt, launched, training = _launch(attempt_in, workspace, provenance, found, say)
    workspace = attempt.workspace
    with progress(console, names(workspace.recipe)) as show:
        execution = watch(aws.sagemaker, launched.arn, show, timeout)
    collected = results.collect(aws, execution)
    written = report.write(workspace, execution, collected, source)
    seconds = time.monotonic() - began
    outcome = Outcome(
        workspace, found, launched.how, execution, collected, written, seconds, training, provenance
    )
    # Beside the report, so that whoever gets the report of a workflow has the figures for machines, too.
    written.html.with_name("run.json").write_text(json.dumps(document(outcome), indent=2), encoding="utf-8")
    return outcome


def _check_options(settings: Settings, force_reason: str | None, approved: bool) -> None:
    blueprint.check_force_reason(force_reason)
    if force_reason is not None and settings.pull_request is not None:
        raise UsageError("--force has nothing to register in a pull request; leave it out.")
    if approved and settings.pull_request is not None:
        raise UsageError("--approved has nothing to register in a pull request; leave it out.")


def _launch(
    attempt_in: Callable[[Workspace], Attempt],
    workspace: Workspace,
    provenance: Provenance,
    found: Data,
    say: Say,
) -> tuple[Attempt, Launched, str]:
    """The attempt, its execution, which is found or started, and a sentence on a pull request's training."""
    own = attempt = attempt_in(workspace)
    launched = attempt.find()
    training = ""
    if launched is None and provenance.pull_request is not None:
        attempt, launched, training = _reuse_training(attempt, attempt_in, provenance.pull_request, found)
        say(training)
    if launched is None:
        upload(attempt.workspace, attempt.planned, found, say)
        if attempt is not own:
            # The next pull request is compared with the project's own pipeline.
            _upsert(own.workspace, own.planned, say)
        launched = attempt.start(provenance)
    say(f"{_LAUNCHED[launched.how]} {launched.arn}")
    return attempt, launched, training


def _reuse_training(
    attempt: Attempt, attempt_in: Callable[[Workspace], Attempt], number: int, found: Data
) -> tuple[Attempt, Launched | None, str]:
    """The attempt that registers what pull request `number` trained, else the one that trains; and a sentence on it."""
    if attempt.workspace.recipe.tune is not None:
        return attempt, None, f"Trains again: what a search of pull request {number} made is not taken over."
    merged_attempt = attempt_in(attempt.workspace.for_merged())
    launched = merged_attempt.find()
    if launched is None:
        taken = reused_training.reuse(attempt.workspace, number, found)
        if isinstance(taken, NotReusable):
            return attempt, None, f"Trains again: {taken.reason}."
        merged_attempt = merged_attempt.with_candidate(taken)
    return merged_attempt, launched, f"Does not train again: pull request {number} trained the same."


def check_first_rows(workspace: Workspace, found: Data, say: Say) -> None:
    """Read the first rows of local data before it is uploaded.

    Raises DataError when Prepare would refuse it.
    """
    if found.local is None or workspace.recipe.prepare.script is not None:
        return
    checked = check_data.check(workspace.steps, workspace.recipe, found.local, check_data.FIRST_BYTES)
    if checked.problem is not None:
        raise DataError(f"Prepare would refuse {found.source}: {checked.problem}")
    if checked.sampled and checked.dropped:
        say(f"In the first rows of {found.source}: {checked.dropped}")


def upload(workspace: Workspace, planned: Blueprint, found: Data, say: Say) -> None:
    """Upload the missing files of definition and parameters, and update the pipeline."""
    s3, bucket, home = workspace.aws.s3, workspace.settings.bucket, workspace.settings.home
    uploaded = sum(len(code.upload(s3, bucket, folder, home)) for folder in planned.code.folders)
    if uploaded:
        say(f"Uploaded {uploaded} files of code and contract")
    if not wheels.are_uploaded(s3, bucket, planned.wheels, home):
        say(
            "Uploading the wheels that Evaluate installs (50 MB; fetched by pip where this user has not got them yet)"
        )
        wheels.upload(s3, bucket, planned.wheels, wheels.cache_folder(os.environ), home)
    if planned.libraries and not wheels.are_uploaded(s3, bucket, planned.libraries, home):
        say(
            "Uploading the wheels that Train installs (22 MB; fetched by pip where this user has not got them yet)"
        )
        wheels.upload(s3, bucket, planned.libraries, wheels.cache_folder(os.environ), home)
    if planned.pretrained and not pretrained.is_uploaded(s3, bucket, planned.pretrained, home):
        say(f"Uploading the pretrained model {planned.pretrained.source}")
        pretrained.upload(s3, bucket, planned.pretrained, pretrained.cache_folder(os.environ), home)
    if data.upload(s3, found):
        say(f"Uploaded {found.source} to {found.uri}")
    _upsert(workspace, planned, say)


def _upsert(workspace: Workspace, planned: Blueprint, say: Say) -> None:
    description = workspace.recipe.description
    sagemaker, settings = workspace.aws.sagemaker, workspace.settings
    if pipelines.upsert(sagemaker, settings, workspace.pipeline, planned.definition, description):
        say(f"Pipeline {workspace.pipeline} brought up to date")


def verdict(outcome: Outcome) -> CommandError | None:
    """The error that sets the run's exit code; None if the candidate passed the gate."""
    execution, gate = outcome.execution, outcome.results.gate
    if execution.status == "Succeeded":
        return None
    if results.was_refused(execution):
        return RefusedError(f"The gate refused the candidate: {gate['reason'] if gate else execution.reason}")
    return failure(outcome.workspace, execution)


def failure(workspace: Workspace, execution: Execution) -> CommandError:
    """The error of a failed execution: its first failed step, with the end of the step's log."""
    failed = [step for step in execution.failed if step.name != "Fail"]
    if not failed:
        reason = execution.reason or "it says no more"
        return CommandError(f"The execution {execution.arn} ended as {execution.status}: {reason}")
    step = failed[0]
    tail = logs.tail(workspace.aws.logs, step)
    # Of another pipeline than the recipe's own, the id alone says too little.
    named = execution.arn if workspace.settings.reuses_training else execution.id
    whole = workspace.command("logs", "--step", step.name, "--execution", named)
    advice = f"The whole log: {whole}" if tail else ""
    return StepFailedError(step.name, step.reason, tail, advice)


def document(outcome: Outcome) -> dict[str, Any]:
    """The outcome for machines."""
    counts = outcome.results.preparation or {}
    execution = outcome.execution
    return {
        "data": {
            "source": outcome.data.source,
            "uri": outcome.data.uri,
            "sha256": outcome.data.sha256,
            "rows": counts.get("rows"),
            "used": counts.get("used"),
            "dropped": {reason: rows["count"] for reason, rows in counts.get("dropped", {}).items()},
        },
        "training": outcome.training or None,
        "pull_request": outcome.provenance.pull_request,
        "author": outcome.provenance.author or None,
        "pipeline": {
            "name": outcome.workspace.pipeline,
            "execution_arn": execution.arn,
            "status": execution.status,
            "launched": outcome.how.name.lower(),
            "steps": [
                {
                    "name": step.name,
                    "status": step.status,
                    "seconds": step.seconds,
                    "cache_hit": step.cache_hit,
                }
                for step in execution.steps
            ],
        },
        "metrics": outcome.results.metrics,
        "search": outcome.results.search and outcome.results.search.document(),
        "trial": outcome.results.evaluation and outcome.results.evaluation.get("trial"),
        "gate": outcome.results.gate,
        "model_package_arn": outcome.results.model_package_arn,
        "report": outcome.report.document(),
        "seconds": outcome.seconds,
    }


def summary(outcome: Outcome) -> str:
    """The report as Markdown, for the job summary, with a word on what a merged pull request trained."""
    return outcome.report.text + (f"\n{outcome.training}\n" if outcome.training else "")


def lines(outcome: Outcome) -> list[str]:
    """The outcome for people: figures, verdict, package, report."""
    evaluation = outcome.results.evaluation
    printed: list[str] = []
    if evaluation:
        printed += [*_figures(evaluation), "", _decision(evaluation["gate"])]
    arn, approval = outcome.results.model_package_arn, outcome.results.approval or ""
    if arn:
        printed.append(f"Model package: {arn} ({APPROVAL.get(approval, approval)})")
        if outcome.how is How.FOUND:
            printed.append(
                f"That is version {arn.rpartition('/')[2]}, which an earlier run registered; this one registered nothing. "
                "--force with a reason that was not given before registers it once more."
            )
    elif evaluation:
        printed.append(
            "No model was registered." if outcome.workspace.settings.pull_request is None else PASSED_OVER
        )
    if outcome.training:
        printed.append(outcome.training)
    printed.append(f"Report: {outcome.report.html}")
    following = next_step(arn, approval) if arn else ""
    return [*printed, f"Next{next_place(approval)}: {following}"] if following else printed


def _figures(evaluation: dict[str, Any]) -> list[str]:
    candidate = evaluation["candidate"]["metrics"]
    champion_metrics = (evaluation["champion"] or {}).get("metrics", {})
    printed = [f"{'':<28}candidate" + (f"{'champion':>12}" if champion_metrics else "")]
    for name, value in candidate.items():
        other = champion_metrics.get(name)
        printed.append(f"{name:<28}{value:>9.4f}" + (f"{other:>12.4f}" if other is not None else ""))
    comparison = evaluation["comparison"]
    if comparison:
        low, high = comparison["interval"]
        printed.append(
            f"{comparison['metric']} differs by {comparison['difference']:+.4f} "
            f"({comparison['confidence']:.0%} interval {low:+.4f} to {high:+.4f})"
        )
    return printed


def _decision(gate: dict[str, Any]) -> str:
    words = "passed by force" if gate["forced"] else "passed" if gate["passed"] else "refused"
    return f"Gate {words}: {gate['reason']}"
