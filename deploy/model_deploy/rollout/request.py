"""The request for a rollout, and its result."""

from __future__ import annotations

from dataclasses import dataclass

from model_deploy.core.model_package.package import Package
from model_deploy.core.record import Kind
from model_deploy.errors import CommandError
from model_deploy.verify.judge import Verification


@dataclass(frozen=True)
class Request:
    """`arn` is the package. `why` goes into the record; `forced` is the reason given with --force.

    Without a `why`, the approval's description is recorded. With `leaving`, nothing is changed unless that package is live.
    """

    arn: str
    why: str | None = None
    kind: Kind = "rollout"
    forced: str | None = None
    timeout: float | None = None
    leaving: str | None = None


@dataclass(frozen=True)
class Result:
    """A rollout that has ended. `error` is the reason for an exit code other than 0, `restored` the package that serves again.

    `excused` are the alarms that were in ALARM before and did not roll it back.
    """

    stage: str
    endpoint: str
    package: Package
    plan_sha256: str
    changed: bool
    verification: Verification | None
    contract_failures: int
    excused: tuple[str, ...]
    restored: str | None
    cause: str | None
    error: CommandError | None
    seconds: float
