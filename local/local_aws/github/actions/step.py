"""One step of a job: its condition, its environment, bash or an action's equivalent, and what it left in files."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local_aws.github.actions import commands, equivalents, workflow
from local_aws.github.actions.commands import Log
from local_aws.github.actions.contexts import Scope
from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.errors import ActionsError, StepFailed
from local_aws.github.actions.language import Status
from local_aws.github.actions.machine import Folders, Machine, environment
from local_aws.github.actions.runs import Step
from local_aws.github.actions.shell import Shell

_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
_LARGEST_SUMMARY = 1024 * 1024


@dataclass
class Surroundings:
    """The state that a job's steps share: `environment` and `path` grow with what steps write to GITHUB_ENV and GITHUB_PATH."""

    machine: Machine
    folders: Folders
    scope: Scope
    action: ActionCall
    log_masks: set[str]
    annotations: list[tuple[str, str]]
    stopped: threading.Event
    oidc: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    outcomes: dict[str, Any] = field(default_factory=dict)
    shells: list[Shell] = field(default_factory=list)

    def scope_of(self, status: Status, env: Mapping[str, str]) -> Scope:
        """The scope in which the step's expressions are evaluated."""
        job = {"status": "cancelled" if status.cancelled else "failure" if status.failure else "success"}
        known = dict(self.scope.contexts["job"]) | job
        return self.scope.with_(status, env={**self.environment, **env}, steps=self.outcomes, job=known)


def perform(step: Step, definition: workflow.Step, around: Surroundings, status: Status) -> None:
    """Run a step whatever comes of it: its outcome, conclusion, outputs, summary and log are in `step` afterwards."""
    log = Log(step.log, around.log_masks, around.annotations)
    step.status = "in_progress"
    try:
        scope = around.scope_of(status, {})
        if not scope.holds(definition.condition):
            step.outcome = step.conclusion = "skipped"
            return
        env = scope.texts(definition.env)
        scope = around.scope_of(status, env)
        step.name = _title(definition, scope)
        log.say(f"##[group]{step.name}")
        _carry_out(step, definition, around, scope, env, log)
        step.outcome = "success"
    except ActionsError as error:
        log.fail(str(error))
        step.outcome = "failure"
    finally:
        if step.outcome == "failure" and around.stopped.is_set():
            log.say("##[error]The operation was canceled.")
            step.outcome = "cancelled"
        _conclude(step, definition, around, status)


def _title(definition: workflow.Step, scope: Scope) -> str:
    """As GitHub names a step without a name: by its action or the first line of its script."""
    if definition.name is not None:
        return scope.text(definition.name)
    return f"Run {definition.uses or scope.text(definition.run).strip().partition(chr(10))[0]}"


def _conclude(step: Step, definition: workflow.Step, around: Surroundings, status: Status) -> None:
    excused = step.outcome == "failure" and around.scope_of(status, {}).truth(definition.continue_on_error)
    step.conclusion = "success" if excused else step.outcome
    step.status = "completed"
    if not step.id.startswith("__"):
        around.outcomes[step.id] = {
            "outputs": step.outputs,
            "outcome": step.outcome,
            "conclusion": step.conclusion,
        }


def _carry_out(
    step: Step,
    definition: workflow.Step,
    around: Surroundings,
    scope: Scope,
    env: Mapping[str, str],
    log: Log,
) -> None:
    if definition.uses is not None:
        step.outputs.update(_run_action(definition, around, scope, log))
        return
    files = _files(around.folders, step)
    variables = {
        **environment(around.machine, around.folders, around.path),
        **around.environment,
        **env,
        **_github(scope.contexts["github"], step),
        **around.oidc,
        **{name: str(file) for name, file in files.items()},
    }
    try:
        _run_script(definition, around, scope, variables, files["GITHUB_ENV"].parent, log)
    finally:
        _read_files(step, files, around)


def _run_script(
    definition: workflow.Step,
    around: Surroundings,
    scope: Scope,
    variables: Mapping[str, str],
    folder: Path,
    log: Log,
) -> None:
    """The script of a `run:`. Raises StepFailed."""
    script = folder / "script.sh"
    script.write_text(scope.text(definition.run), encoding="utf-8")
    where = around.folders.workspace / scope.text(definition.working_directory)
    shell = Shell(around.machine.patience)
    around.shells.append(shell)
    if around.stopped.is_set() and not scope.status.cancelled:
        raise StepFailed("The operation was canceled.")
    minutes = definition.timeout_minutes and float(scope.text(definition.timeout_minutes))
    timer = threading.Timer(60 * minutes, shell.stop) if minutes else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        code = shell.run(script, scope.text(definition.shell), variables, where, log.take)
    finally:
        if timer is not None:
            timer.cancel()
    if code and shell.was_stopped and not around.stopped.is_set():
        raise StepFailed(f"The action '{_title(definition, scope)}' has timed out after {minutes:g} minutes.")
    if code:
        raise StepFailed(f"Process completed with exit code {code}.")


def _run_action(definition: workflow.Step, around: Surroundings, scope: Scope, log: Log) -> Mapping[str, str]:
    """An action's equivalent. Raises StepFailed."""
    assert definition.uses is not None
    equivalent = equivalents.find(definition.uses)
    inputs = equivalents.given(definition.uses, equivalent, scope.texts(definition.inputs))
    name, _, ref = definition.uses.partition("@")
    if equivalent.commit and ref not in {equivalent.commit, equivalent.release}:
        log.say(f"The embedded runner stands for {name}@{equivalent.release}, not for {ref}.")

    def warn(message: str) -> None:
        log.take(f"::warning::{message}")

    call = replace(
        around.action,
        inputs=inputs,
        say=log.say,
        warn=warn,
        mask=around.log_masks.add,
        environment=around.environment,
        path=around.path,
    )
    return equivalent.run(call)


def _files(folders: Folders, step: Step) -> dict[str, Path]:
    folder = folders.temp / f"step-{step.number}"
    folder.mkdir()
    files = {name: folder / name.lower() for name in _FILES}
    for file in files.values():
        file.touch()
    return files


def _read_files(step: Step, files: Mapping[str, Path], around: Surroundings) -> None:
    """Read the files that the step wrote: outputs, environment, path, summary. Raises StepFailed."""
    texts = {name: file.read_text(encoding="utf-8", errors="replace") for name, file in files.items()}
    step.outputs.update(commands.assignments(texts["GITHUB_OUTPUT"], "GITHUB_OUTPUT"))
    added = commands.assignments(texts["GITHUB_ENV"], "GITHUB_ENV")
    commands.check_environment(added)
    around.environment.update(added)
    for line in filter(None, texts["GITHUB_PATH"].splitlines()):
        around.path.insert(0, line)
    if len(texts["GITHUB_STEP_SUMMARY"].encode()) > _LARGEST_SUMMARY:
        raise StepFailed("$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k")
    step.summary = texts["GITHUB_STEP_SUMMARY"]


def _github(github: Mapping[str, Any], step: Step) -> dict[str, str]:
    """The variables that mirror the `github` context: texts of it, all but the token."""
    shown = {f"GITHUB_{name.upper()}": value for name, value in github.items() if isinstance(value, str)}
    shown["GITHUB_REF_PROTECTED"] = str(github["ref_protected"]).lower()
    shown["GITHUB_ACTION"] = step.id
    for hidden in ("GITHUB_TOKEN", "GITHUB_REPOSITORYURL"):
        shown.pop(hidden, None)
    return shown
