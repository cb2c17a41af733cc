"""Step caching: a step that was run before with the same attributes answers what it answered then.

The attributes, and that only successful runs in the same pipeline count, are AWS's:
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.sagemaker.workflow.errors import unparsable

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
    "Transform": (
        "BatchStrategy",
        "DataProcessing",
        "Environment",
        "MaxConcurrentTransforms",
        "MaxPayloadInMB",
        "ModelName",
        "TransformInput",
        "TransformOutput",
    ),
}
"""The arguments that decide whether two runs of a step are the same; of Lambda and Callback steps all of them do."""

_OF_MEMBERS = {
    "TrainingJobDefinition": (
        "AlgorithmSpecification",
        "HyperParameterRanges",
        "InputDataConfig",
        "StaticHyperParameters",
        "TuningObjective",
    )
}
"""Of these arguments not all members decide."""

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CacheConfig:
    """A step's CacheConfig. Without `expire_after` an earlier run never becomes too old."""

    enabled: bool
    expire_after: timedelta | None = None


@dataclass(frozen=True)
class Hit:
    """A successful run of a step: where it ran, when it ended, and what it answered."""

    execution_arn: str
    ended: datetime
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


class StepCache:
    """The successful runs of one pipeline's steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: dict[str, Hit] = {}

    def add(self, key: str, hit: Hit) -> None:
        """Keep the outcome of a step under its cache key."""
        with self._lock:
            self._hits[key] = hit

    def find(self, key: str, config: CacheConfig, now: datetime | None = None) -> Hit | None:
        """The latest run with this key that is not older than the step allows."""
        with self._lock:
            hit = self._hits.get(key)
        if hit is None or config.expire_after is None:
            return hit
        return hit if (now or datetime.now(UTC)) - hit.ended <= config.expire_after else None


def key(step_name: str, step_type: str, arguments: Mapping[str, Any]) -> str:
    """The cache key of a step, from its resolved arguments. Runs with an equal key are the same."""
    attributes = {
        name: _cache_key_part(name, arguments.get(name))
        for name in ATTRIBUTES.get(step_type, sorted(arguments))
    }
    text = json.dumps([step_name, step_type, attributes], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _cache_key_part(name: str, value: Any) -> Any:
    if name in _OF_MEMBERS and isinstance(value, dict):
        return {member: value.get(member) for member in _OF_MEMBERS[name]}
    return value


def parse(value: Any, step_name: str) -> CacheConfig | None:
    """A step's CacheConfig. Raises ServiceError."""
    match value:
        case None:
            return None
        case {"Enabled": bool(enabled), **rest} if set(rest) <= {"ExpireAfter"}:
            expire_after = rest.get("ExpireAfter")
            return CacheConfig(enabled, None if expire_after is None else _duration(expire_after, step_name))
    raise unparsable(f"Step '{step_name}' has a malformed CacheConfig {json.dumps(value)}.")


def _duration(text: Any, step_name: str) -> timedelta:
    """ISO 8601, in any case and with or without its P: P30D, PT1H, 30d, T16m, 30dT5h. A year has 365 days, a month 30."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    parts = {name: int(number) for name, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise unparsable(
            f"Step '{step_name}' has ExpireAfter {text!r}, which is not an ISO 8601 duration such as P30D or PT1H."
        )
    days = 365 * parts.pop("years", 0) + 30 * parts.pop("months", 0) + parts.pop("days", 0)
    return timedelta(days=days, **parts)
