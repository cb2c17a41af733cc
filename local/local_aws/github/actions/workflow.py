"""A workflow as a file states it, read by GitHub's parser. What this runner lacks is refused by name.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.github.actions.errors import InvalidWorkflow
from local_aws.github.actions.language import Language

Value = Any
"""JSON whose leaves may be `Expression`s."""

_WORKFLOW = frozenset({"name", "run-name", "on", "permissions", "env", "concurrency", "defaults", "jobs"})
_JOB = frozenset(
    {
        "name", "needs", "if", "runs-on", "environment", "concurrency", "permissions", "outputs", "env", "defaults",
        "steps", "timeout-minutes", "continue-on-error",
    }
)  # fmt: skip
_STEP = frozenset(
    {"id", "name", "if", "uses", "run", "with", "env", "shell", "working-directory", "continue-on-error"}
    | {"timeout-minutes"}
)
_ALL_PERMISSIONS = (
    "actions",
    "checks",
    "contents",
    "deployments",
    "id-token",
    "issues",
    "pull-requests",
    "statuses",
)
_RESTRICTED = {"contents": "read"}
"""The permissions of a token if the workflow names none, in organisations created since 2023."""
_MINUTES = 360


@dataclass(frozen=True)
class Step:
    """`id` begins with two underscores where the file gives none; `condition` is an expression's text."""

    id: str
    condition: str
    name: Value = None
    uses: str | None = None
    run: Value = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    env: Mapping[str, Value] = field(default_factory=dict)
    shell: Value = None
    working_directory: Value = None
    continue_on_error: Value = False
    timeout_minutes: Value = None


@dataclass(frozen=True)
class Concurrency:
    """https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency"""

    group: Value
    cancel_in_progress: Value = False
    queue: str = "single"


@dataclass(frozen=True)
class Job:
    """`environment` is (name, URL)."""

    id: str
    condition: str
    steps: tuple[Step, ...]
    permissions: Mapping[str, str]
    name: Value = None
    needs: tuple[str, ...] = ()
    environment: tuple[Value, Value] | None = None
    concurrency: Concurrency | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)
    env: Mapping[str, Value] = field(default_factory=dict)
    defaults: Mapping[str, Value] = field(default_factory=dict)
    timeout_minutes: Value = _MINUTES
    continue_on_error: Value = False


@dataclass(frozen=True)
class Workflow:
    """`path` is below the repository's root; `on` maps events to what they are limited to."""

    path: str
    name: str
    on: Mapping[str, Any]
    jobs: Mapping[str, Job]
    run_name: Value = None
    env: Mapping[str, Value] = field(default_factory=dict)
    concurrency: Concurrency | None = None


def read(language: Language, path: str, text: str) -> Workflow:
    """A workflow's file. Raises InvalidWorkflow for what GitHub refuses and for what this runner lacks."""
    stated = language.parse(path, text)
    problems = _unknown_keys("the workflow", stated, _WORKFLOW)
    for name, job in stated["jobs"].items():
        problems += _unknown_keys(f"the job {name}", job, _JOB)
        for number, step in enumerate(job.get("steps", ()), 1):
            problems += _unknown_keys(f"step {number} of the job {name}", step, _STEP)
    if problems:
        raise InvalidWorkflow(path, problems)
    permissions = stated.get("permissions", _RESTRICTED)
    defaults = (stated.get("defaults") or {}).get("run", {})
    return Workflow(
        path=path,
        name=stated.get("name") or path,
        on={event: limits or {} for event, limits in stated["on"].items()},
        jobs={name: _job(name, job, permissions, defaults) for name, job in stated["jobs"].items()},
        run_name=stated.get("run-name"),
        env=stated.get("env") or {},
        concurrency=_concurrency(stated.get("concurrency")),
    )


def _unknown_keys(where: str, stated: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    lacking = sorted(set(stated) - known)
    return [f"{where} has `{name}`, which the embedded runner does not know" for name in lacking]


def _job(name: str, stated: Mapping[str, Any], permissions: Any, defaults: Mapping[str, Value]) -> Job:
    needs = stated.get("needs", ())
    return Job(
        id=name,
        condition=stated["if"],
        steps=tuple(_step(each) for each in stated["steps"]),
        permissions=_permissions(stated.get("permissions", permissions)),
        name=stated.get("name"),
        needs=(needs,) if isinstance(needs, str) else tuple(needs),
        environment=_environment(stated.get("environment")),
        concurrency=_concurrency(stated.get("concurrency")),
        outputs=stated.get("outputs") or {},
        env=stated.get("env") or {},
        defaults={**defaults, **(stated.get("defaults") or {}).get("run", {})},
        timeout_minutes=stated.get("timeout-minutes", _MINUTES),
        continue_on_error=stated.get("continue-on-error", False),
    )


def _step(stated: Mapping[str, Any]) -> Step:
    return Step(
        id=stated["id"],
        condition=stated["if"],
        name=stated.get("name"),
        uses=stated.get("uses"),
        run=stated.get("run"),
        inputs=stated.get("with") or {},
        env=stated.get("env") or {},
        shell=stated.get("shell"),
        working_directory=stated.get("working-directory"),
        continue_on_error=stated.get("continue-on-error", False),
        timeout_minutes=stated.get("timeout-minutes"),
    )


def _environment(stated: Value) -> tuple[Value, Value] | None:
    if isinstance(stated, dict):
        return stated["name"], stated.get("url")
    return None if stated is None else (stated, None)


def _concurrency(stated: Value) -> Concurrency | None:
    if stated is None:
        return None
    if not isinstance(stated, dict):
        return Concurrency(stated)
    return Concurrency(
        stated["group"], stated.get("cancel-in-progress", False), stated.get("queue", "single")
    )


def _permissions(stated: Any) -> Mapping[str, str]:
    """The permissions of the job's token: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions"""
    if stated in ("read-all", "write-all"):
        return dict.fromkeys(_ALL_PERMISSIONS, stated.removesuffix("-all"))
    return {name: level for name, level in (stated or {}).items() if level != "none"}
