"""One execution per fingerprint: finds a running or ended one, or starts one.

The fingerprint covers the definition (recipe, code, contract) and the parameters (commit, data, champion, reason of
--force). So a command that is killed and run again never trains or registers twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from typing import TYPE_CHECKING

from model_build.aws import executions
from model_build.aws.executions import Listed
from model_build.core.execution import Execution
from model_build.run.results import DELETED, approval, was_refused

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient


class How(Enum):
    """How a run got its execution."""

    STARTED = auto()
    ATTACHED = auto()
    FOUND = auto()


@dataclass(frozen=True)
class Launched:
    """The execution of a run: started by it, attached to while running, or found after its end."""

    arn: str
    how: How


def find(sagemaker: SageMakerClient, pipeline: str, mark: str) -> Launched | None:
    """The newest execution with that fingerprint that is running, or that has a result.

    A result is a success, or a refusal by the gate, which would be repeated. A failed or stopped execution, or one
    whose model package was deleted, is not a result; the run can be tried again.
    """
    return _search(sagemaker, mark, executions.listed(sagemaker, pipeline))


def find_or_start(
    sagemaker: SageMakerClient, pipeline: str, mark: str, parameters: Mapping[str, str]
) -> Launched:
    """The execution that `find` returns, else a new one. Two callers at the same time get the same one."""
    listed = executions.listed(sagemaker, pipeline)
    # One listing is used for the search and for `after`: see `executions.start`.
    latest = next(listed, None)
    found = _search(sagemaker, mark, chain([latest], listed)) if latest else None
    after = latest.arn if latest else ""
    return found or Launched(executions.start(sagemaker, pipeline, mark, parameters, after), How.STARTED)


def _search(sagemaker: SageMakerClient, mark: str, listed: Iterable[Listed]) -> Launched | None:
    for each in listed:
        if each.mark != mark:
            continue
        if each.status == "Executing":
            return Launched(each.arn, How.ATTACHED)
        if each.status in {"Succeeded", "Failed"}:
            ended = executions.describe(sagemaker, each.arn)
            if was_refused(ended) or (each.status == "Succeeded" and _is_still_there(sagemaker, ended)):
                return Launched(each.arn, How.FOUND)
    return None


def _is_still_there(sagemaker: SageMakerClient, execution: Execution) -> bool:
    """Whether the model package that the execution registered exists; also true if it had none to register."""
    register = execution.step("Register")
    if register is None or register.job_arn is None:
        return True
    return approval(sagemaker, register.job_arn) != DELETED
