"""The present state of a stage, as AWS describes it: its stack with the template, and its endpoint with the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_deploy.core.plan.stack_status import is_running

IN_SERVICE = "InService"
_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it. `changed` is when its last operation began.

    `change_set` is the name of the change set that was executed last.
    """

    name: str
    id: str
    status: str
    changed: datetime
    reason: str = ""
    change_set: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether CloudFormation is working on the stack."""
        return is_running(self.status)


@dataclass(frozen=True)
class Phase:
    """A step of an endpoint's update: SageMaker's status and its words for it, and when it began."""

    status: str
    message: str
    since: datetime | None = None

    def __str__(self) -> str:
        if not self.message or self.message.startswith(self.status):
            return self.message or self.status
        return f"{self.status}: {self.message}"

    def seconds_left(self, bake_seconds: int, now: datetime) -> float | None:
        """How long it still bakes, when each bake takes that long; None in a phase whose length is not known."""
        if self.status != "Baking" or self.since is None:
            return None
        return max(0.0, bake_seconds - (now - self.since).total_seconds())


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as SageMaker describes it. `phases` are those of a running update, each once.

    `pending_config` is the endpoint configuration that an update moves to, empty if no update is under way.

    `alarms` are the names of those that roll its deployments back. `reason` is SageMaker's reason of a failure.
    `modified` is the time of its last change.
    """

    name: str
    status: str
    config: str
    reason: str = ""
    phases: tuple[Phase, ...] = ()
    alarms: tuple[str, ...] = ()
    modified: datetime | None = None
    pending_config: str = ""

    @property
    def changing(self) -> bool:
        """Whether SageMaker is working on the endpoint."""
        return self.status in _CHANGING


@dataclass(frozen=True)
class Live:
    """An endpoint with the model behind it. `package_arn` is None if the model was not made from a package.

    `model_sha256` is the hash of the served artifact; None if it is not the stage's copy, as in old deployments.
    """

    endpoint: Endpoint
    model: str
    package_arn: str | None
    model_sha256: str | None = None

    @property
    def serves(self) -> bool:
        """Whether the endpoint answers requests. It does during an update, too."""
        return self.endpoint.status in {IN_SERVICE, "Updating", "SystemUpdating", "RollingBack"}


@dataclass(frozen=True)
class Observed:
    """The stack with its template, and the endpoint with its model; None for those that do not exist."""

    stack: Stack | None = None
    template: str | None = None
    live: Live | None = None

    @property
    def live_arn(self) -> str | None:
        """The ARN of the live package; None if nothing is live, or the model was not made from a package."""
        return self.live.package_arn if self.live else None
