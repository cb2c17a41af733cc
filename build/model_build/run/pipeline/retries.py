"""Retry policies of the steps: only for errors that another attempt can solve, never for a job whose code failed."""

from __future__ import annotations

from typing import Any


def service() -> Any:
    """The policy for faults and throttling of the service, for steps that call its API."""
    from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy

    faults = [StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING]
    return StepRetryPolicy(exception_types=faults, interval_seconds=5, backoff_rate=2.0, max_attempts=5)


def job() -> list[Any]:
    """The policies for steps that start a job: `service`, and no capacity or an internal error of the job."""
    from sagemaker.mlops.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy

    capacity = SageMakerJobStepRetryPolicy(
        exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
        failure_reason_types=[
            SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
            SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
        ],
        interval_seconds=60,
        backoff_rate=2.0,
        max_attempts=4,
    )
    return [service(), capacity]
