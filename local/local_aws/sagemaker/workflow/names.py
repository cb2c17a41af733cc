"""The names that SageMaker gives to what pipelines make."""

from __future__ import annotations

import secrets
import string

_LOWER = string.ascii_lowercase + string.digits
_LETTERS = string.ascii_letters + string.digits
_LONGEST_STEP, _LONGEST = 20, 63
_LONGEST_TUNING_STEP = 7


def execution_id() -> str:
    """Twelve lower-case letters and digits."""
    return _random(12, _LOWER)


def job(execution: str, step: str, attempt: int, prefix: str | None = None) -> str:
    """The name of a step's job or model: `pipelines-<execution id>-<step>-<10 random characters>`, 63 at most.

    Names of later attempts end with their number. `prefix` is what the step's own arguments say (the SDK's
    use_custom_job_prefix): `<prefix>-<execution id>`.
    """
    again = f"-{attempt - 1}" if attempt > 1 else ""
    if prefix is None:
        # An underscore is fine in a step's name, not in a job's.
        start = step.replace("_", "-")[:_LONGEST_STEP].strip("-") or "step"
        return f"pipelines-{execution}-{start}-{_random(10, _LETTERS)}{again}"
    tail = f"-{execution}{again}"
    return prefix[: _LONGEST - len(tail)].rstrip("-") + tail


def tuning_job(execution: str, step: str, attempt: int) -> str:
    """The name of a step's tuning job: `<execution id>-<step>-<10 random characters>`, 32 at most, as the API allows."""
    again = f"-{attempt - 1}" if attempt > 1 else ""
    start = step.replace("_", "-")[:_LONGEST_TUNING_STEP].strip("-") or "step"
    return f"{execution}-{start}-{_random(10 - len(again), _LETTERS)}{again}"


def _random(length: int, characters: str) -> str:
    return "".join(secrets.choice(characters) for _ in range(length))
