"""A job on its runner: folders of its own, a token of its own, its steps one after the other."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local_aws.github.actions import files, workflow
from local_aws.github.actions.contexts import Scope
from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.language import Status
from local_aws.github.actions.machine import Folders, Machine
from local_aws.github.actions.runs import Conclusion, Job, Step
from local_aws.github.actions.step import Surroundings, perform


@dataclass(frozen=True)
class Grants:
    """The credentials of a job: its token, its secrets, and OIDC tokens if it has `id-token: write`.

    `oidc_variables` tell steps where to ask for the last; they are empty elsewhere.
    """

    token: str
    secrets: dict[str, str]
    oidc_token: Callable[[str], str | None]
    oidc_variables: dict[str, str]
    clone_url: Callable[[str], str]
    new_id: Callable[[], int]


_LOST = (
    "The hosted runner lost communication with the server. Anything in your workflow that terminates the runner process, "
    "starves it for CPU/Memory, or blocks its network access can cause this error."
)


class Execution:
    """One job while it runs. `stop` may be called from any thread."""

    def __init__(self, job: Job, scope: Scope, grants: Grants, machine: Machine, folder: Path) -> None:
        self._job = job
        self._grants = grants
        self._machine = machine
        self._folders = Folders(
            folder / f"{job.run.id}-{job.run.attempt}-{job.definition.id}", job.run.repository.name
        )
        self._artifacts = folder / f"{job.run.id}-artifacts"
        self._stopped = threading.Event()
        self._lost = threading.Event()
        self._around = self._surroundings(scope)

    def stop(self) -> None:
        """Cancel: the step that runs is ended; steps that run whatever happened still do."""
        self._stopped.set()
        for shell in list(self._around.shells):
            shell.stop()

    def lose(self) -> None:
        """The machine is gone once the step that runs has ended: no other runs, whatever its condition."""
        self._lost.set()

    def kill(self) -> None:
        """End everything at once: the server closes."""
        self._stopped.set()
        for shell in list(self._around.shells):
            shell.kill()

    def run(self) -> Conclusion:
        """Run the steps; the outputs of the job are in its record afterwards."""
        self._folders.make()
        job, around = self._job, self._around
        (self._folders.temp / "event.json").write_text(json.dumps(job.run.event.payload))
        try:
            around.environment.update(around.scope.texts(job.run.workflow.env))
            around.environment.update(around.scope.texts(job.definition.env))
            for definition, step in zip(job.definition.steps, job.steps, strict=True):
                if self._lost.is_set():
                    job.annotations.append(("error", _LOST))
                    return "failure"
                perform(step, _with_defaults(definition, job.definition), around, self._status())
            job.outputs = around.scope_of(self._status(), {}).texts(job.definition.outputs)
            if job.definition.environment is not None:
                url = job.definition.environment[1]
                job.environment_url = around.scope_of(self._status(), {}).text(url)
        finally:
            for shell in around.shells:
                shell.kill()
            shutil.rmtree(self._folders.root, ignore_errors=True)
        status = self._status()
        return "cancelled" if status.cancelled else "failure" if status.failure else "success"

    def _status(self) -> Status:
        cancelled = self._stopped.is_set()
        failed = any(step.conclusion == "failure" for step in self._job.steps)
        return Status(
            success=not failed and not cancelled, failure=failed and not cancelled, cancelled=cancelled
        )

    def _surroundings(self, scope: Scope) -> Surroundings:
        folders, machine, grants = self._folders, self._machine, self._grants
        workspace, secrets = folders.workspace, {**grants.secrets, "GITHUB_TOKEN": grants.token}
        own: dict[str, Any] = self._contexts(scope)
        scope = scope.with_(**own, secrets=secrets, env={}, steps={})
        masks = {each for each in secrets.values() if each.strip()}
        masks |= {each for name, each in grants.oidc_variables.items() if name.endswith("_TOKEN")}
        return Surroundings(
            machine,
            folders,
            Scope(
                scope.language,
                scope.contexts,
                hash_files=lambda patterns: files.hash_files(workspace, patterns),
            ),
            self._action_call(),
            masks,
            self._job.annotations,
            self._stopped,
            grants.oidc_variables,
        )

    def _contexts(self, scope: Scope) -> dict[str, dict[str, Any]]:
        """The contexts `github`, `runner` and `job` of the job's steps."""
        folders = self._folders
        return {
            "github": {
                **scope.contexts["github"],
                "event_path": str(folders.temp / "event.json"),
                "job": self._job.definition.id,
                "token": self._grants.token,
                "workspace": str(folders.workspace),
            },
            "runner": {
                "name": "local-aws",
                "os": "Linux",
                "arch": self._machine.architecture,
                "temp": str(folders.temp),
                "tool_cache": str(folders.tools),
                "environment": "github-hosted",
            },
            "job": {"status": "success", "check_run_id": self._job.id},
        }

    def _action_call(self) -> ActionCall:
        """The arguments of an action's equivalent, without those of one step."""
        grants = self._grants
        return ActionCall(
            inputs={},
            run=self._job.run,
            machine=self._machine,
            folders=self._folders,
            token=grants.token,
            clone_url=grants.clone_url,
            oidc_token=grants.oidc_token,
            say=_discard,
            warn=_discard,
            mask=_discard,
            new_id=grants.new_id,
            artifacts=self._artifacts,
        )


def steps_of(job: Job) -> list[Step]:
    """The steps of a job, not yet run."""
    return [
        Step(
            each.id,
            str(each.name or each.uses or "run"),
            number,
            command=None if each.run is None else str(each.run),
            action=each.uses,
        )
        for number, each in enumerate(job.definition.steps, 1)
    ]


def _with_defaults(step: workflow.Step, job: workflow.Job) -> workflow.Step:
    """A step with the shell and folder of `defaults.run` where it names none."""
    return replace(
        step,
        shell=job.defaults.get("shell") if step.shell is None else step.shell,
        working_directory=(
            job.defaults.get("working-directory")
            if step.working_directory is None
            else step.working_directory
        ),
    )


def _discard(_: str) -> None:
    """An action's equivalent is given the log of its step."""
