"""Retry policies: which failures of a step are tried again, how often, and after which wait.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.sagemaker.workflow.errors import unparsable

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR, RESOURCE_LIMIT = "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"
TYPES = (SERVICE_FAULT, THROTTLING, INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)

_THROTTLES = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)
_BOUNDS: dict[str, tuple[float, float]] = {
    "IntervalSeconds": (0, 43_200),
    "BackoffRate": (0, float("inf")),
    "MaxAttempts": (0, 20),
    "ExpireAfterMin": (0, 14_400),
}


@dataclass(frozen=True)
class RetryPolicy:
    """One of a step's RetryPolicies. `interval` and `expire_after` are seconds; one of the limits is None."""

    types: frozenset[str]
    interval: float = 1.0
    rate: float = 2.0
    attempts: int | None = 5
    expire_after: float | None = None

    def wait(self, retried: int, elapsed: float) -> float | None:
        """Seconds before the next retry, after `retried` of them and `elapsed` seconds; None when it gives up."""
        wait = self.interval * self.rate**retried
        if self.attempts is not None:
            return wait if retried < self.attempts else None
        if self.expire_after is not None:
            return wait if elapsed < self.expire_after else None
        return None


# SageMaker retries these by itself; a policy that names one takes its place.
_AUTOMATIC = tuple(RetryPolicy(frozenset({type})) for type in (SERVICE_FAULT, THROTTLING))


def policy_for(policies: Sequence[RetryPolicy], retry_type: str) -> RetryPolicy | None:
    """The first policy for this exception type, the step's own before SageMaker's."""
    return next((policy for policy in (*policies, *_AUTOMATIC) if retry_type in policy.types), None)


def type_of_error(error: ClientError) -> str | None:
    """The exception type of a call that failed, such as CreateTrainingJob's."""
    code = error.response["Error"]["Code"]
    if code == "ResourceLimitExceeded":
        return RESOURCE_LIMIT
    if code in _THROTTLES:
        return THROTTLING
    return SERVICE_FAULT if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500 else None


def type_of_failure(reason: str) -> str | None:
    """The exception type of a job's FailureReason, which begins with the error's name."""
    if reason.startswith("InternalServerError"):
        return INTERNAL_ERROR
    return CAPACITY_ERROR if reason.startswith(("CapacityError", "InsufficientCapacityError")) else None


def parse(items: Any, step_name: str) -> tuple[RetryPolicy, ...]:
    """A step's RetryPolicies. Raises ServiceError naming what is wrong."""
    if not isinstance(items, list):
        raise unparsable(f"RetryPolicies of step '{step_name}' must be a list.")
    return tuple(_parse(item, step_name) for item in items)


def _parse(item: Any, step_name: str) -> RetryPolicy:
    def refused(why: str) -> Exception:
        return unparsable(f"A retry policy of step '{step_name}' {why}; found {json.dumps(item)}.")

    if not isinstance(item, dict):
        raise refused("must be an object")
    unknown = set(item) - set(_BOUNDS) - {"ExceptionType"}
    if unknown:
        raise unparsable(f"Cannot parse object, unknown property '{min(unknown)}'.")
    types = item.get("ExceptionType")
    if not isinstance(types, list) or not types or not set(types) <= set(TYPES):
        raise refused(f"needs ExceptionType, a list of {', '.join(TYPES)}")
    for name, (low, high) in _BOUNDS.items():
        if name in item and not (isinstance(item[name], int | float) and low <= item[name] <= high):
            raise refused(f"has {name} out of its range of {low:g} to {high:g}")
    if "MaxAttempts" in item and "ExpireAfterMin" in item:
        raise refused("can have one of MaxAttempts and ExpireAfterMin only")
    minutes = item.get("ExpireAfterMin")
    return RetryPolicy(
        types=frozenset(types),
        interval=float(item.get("IntervalSeconds", 1)),
        rate=float(item.get("BackoffRate", 2)),
        attempts=None if minutes is not None else int(item.get("MaxAttempts", 5)),
        expire_after=None if minutes is None else minutes * 60.0,
    )
