"""What there is of a stage, as AWS describes it: its stack with the template, and its endpoint with the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_deploy.core.stack_status import is_running

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
class Endpoint:
    """An endpoint as SageMaker describes it. `phases` say how far an update is, a line per variant.

    `alarms` are the names of those that take its deployments back. `reason` is SageMaker's own for a failure.
    `modified` is when it last became what it is.
    """

    name: str
    status: str
    config: str
    reason: str = ""
    phases: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    modified: datetime | None = None

    @property
    def changing(self) -> bool:
        """Whether SageMaker is working on the endpoint."""
        return self.status in _CHANGING


@dataclass(frozen=True)
class Live:
    """An endpoint with the model behind it. `package_arn` is None when the model was not made from a package.

    `model_sha256` is the hash of the artifact that it serves; None where that is no copy of the stage's, as in deployments of
    before there were any.
    """

    endpoint: Endpoint
    model: str
    package_arn: str | None
    model_sha256: str | None = None

    @property
    def serves(self) -> bool:
        """Whether requests are answered; an endpoint that is being updated answers too."""
        return self.endpoint.status in {IN_SERVICE, "Updating", "SystemUpdating", "RollingBack"}


@dataclass(frozen=True)
class Observed:
    """What is there: the stack with its template, and the endpoint with its model; None where there is none."""

    stack: Stack | None = None
    template: str | None = None
    live: Live | None = None

    @property
    def live_arn(self) -> str | None:
        """The ARN of the package that is live; None when nothing is, or a model of no package."""
        return self.live.package_arn if self.live else None
