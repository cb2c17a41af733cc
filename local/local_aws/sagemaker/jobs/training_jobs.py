"""Training jobs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from local_aws.containers.container import DEFAULT_MAX_RUNTIME
from local_aws.containers.training import TrainingContainer, selected
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.sagemaker.jobs.jobs import Job, JobStore, Record, without_none
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags

_NOT_ECHOED = {"Tags", "SessionChainingConfig"}

_MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class TrainingJobs:
    """CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._jobs = JobStore(account, tags, "training-job", TrainingContainer)

    def create_training_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a training job and start its container.

        Raises ResourceInUse, ValidationException. Source: Amazon SageMaker API reference, CreateTrainingJob.
        """
        return {"TrainingJobArn": self._jobs.start(request["TrainingJobName"], request).arn}

    def describe_training_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one training job, with its final metrics.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeTrainingJob.
        """
        job = self._jobs.find(request["TrainingJobName"])
        record = job.record
        stated = {name: value for name, value in job.request.items() if name not in _NOT_ECHOED}
        stated["ResourceConfig"] = selected(stated.get("ResourceConfig", {}))
        stated.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME})
        seconds = _seconds(record)
        known = {
            "FailureReason": record.failure_reason,
            "TrainingStartTime": record.started,
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": seconds,
            "FinalMetricDataList": job.container.metrics.final() or None,
            "ModelArtifacts": {"S3ModelArtifacts": job.container.model_uri},
            "SecondaryStatusTransitions": _transitions(record),
        }
        return stated | without_none(known) | _summary(job)

    def list_training_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List training jobs, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListTrainingJobs.
        """
        summaries = [_summary(job) for job in self._jobs.all()]
        chosen = select(summaries, request, name="TrainingJobName", status="TrainingJobStatus")
        shown, token = page(chosen, request, key=lambda summary: summary["TrainingJobName"])
        return paged({"TrainingJobSummaries": shown}, token)

    def stop_training_job(self, request: dict[str, Any]) -> None:
        """Stop a running training job.

        Raises ValidationException. Source: Amazon SageMaker API reference, StopTrainingJob.
        """
        self._jobs.stop(request["TrainingJobName"])

    def close(self) -> None:
        """Stop all training jobs."""
        self._jobs.close()


def _summary(job: Job[TrainingContainer]) -> dict[str, Any]:
    record = job.record
    return without_none(
        {
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "TrainingJobStatus": record.status,
            "SecondaryStatus": record.phases[-1].status,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "TrainingEndTime": record.ended,
        }
    )


def _seconds(record: Record) -> int | None:
    """Whole seconds, as they are billed: from the first download to the end; absent while the job runs."""
    if record.started is None or record.ended is None:
        return None
    return math.ceil((record.ended - record.started).total_seconds())


def _transitions(record: Record) -> list[dict[str, Any]]:
    """Every secondary status but the last has ended when the next began."""
    ends = [later.start for _, later in pairwise(record.phases)]
    return [
        without_none(
            {
                "Status": phase.status,
                "StartTime": phase.start,
                "EndTime": end,
                "StatusMessage": _MESSAGES[phase.status],
            }
        )
        for phase, end in zip(record.phases, [*ends, record.ended], strict=True)
    ]
