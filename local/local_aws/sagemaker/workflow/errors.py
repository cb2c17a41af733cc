"""The errors of a pipeline.

ServiceError (local_aws.kernel.wire)   a definition or request that is refused; made by `unparsable` and `invalid`
StepFailedError                 a step ends as Failed, with a reason
├── UnresolvedError             a reference or JSON path leads nowhere
└── StepStoppedError            a step ends as Stopped, because its execution is being stopped
"""

from __future__ import annotations

from local_aws.kernel.wire import ServiceError, invalid


def unparsable(message: str) -> ServiceError:
    """A pipeline definition that SageMaker would not take."""
    return invalid(f"Unable to parse pipeline definition. {message}")


class StepFailedError(Exception):
    """A step's failure. `retry_type` is the exception type of retry policies that it belongs to, if any."""

    def __init__(self, reason: str, retry_type: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_type = retry_type


class UnresolvedError(StepFailedError):
    """The target of an expression's reference does not exist."""


class StepStoppedError(StepFailedError):
    """The execution was stopped while the step ran."""
