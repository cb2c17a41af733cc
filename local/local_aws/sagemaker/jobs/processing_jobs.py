"""Processing jobs."""

from __future__ import annotations

from typing import Any

from local_aws.containers.container import DEFAULT_MAX_RUNTIME
from local_aws.containers.processing import ProcessingContainer
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.sagemaker.jobs.jobs import Job, JobStore, without_none
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags

_STATED = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
)


class ProcessingJobs:
    """CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._jobs = JobStore(account, tags, "processing-job", ProcessingContainer)

    def create_processing_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a processing job and start its container.

        Raises ResourceInUse, ValidationException. Source: Amazon SageMaker API reference, CreateProcessingJob.
        """
        return {"ProcessingJobArn": self._jobs.start(request["ProcessingJobName"], request).arn}

    def describe_processing_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one processing job.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeProcessingJob.
        """
        job = self._jobs.find(request["ProcessingJobName"])
        stated = {name: job.request[name] for name in _STATED if name in job.request}
        limit = job.request.get("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME})
        started = {"ProcessingStartTime": job.record.started} if job.record.started else {}
        return stated | {"StoppingCondition": limit} | started | _summary(job)

    def list_processing_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List processing jobs, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListProcessingJobs.
        """
        summaries = [_summary(job) for job in self._jobs.all()]
        chosen = select(summaries, request, name="ProcessingJobName", status="ProcessingJobStatus")
        shown, token = page(chosen, request, key=lambda summary: summary["ProcessingJobName"])
        return paged({"ProcessingJobSummaries": shown}, token)

    def stop_processing_job(self, request: dict[str, Any]) -> None:
        """Stop a running processing job.

        Raises ValidationException. Source: Amazon SageMaker API reference, StopProcessingJob.
        """
        self._jobs.stop(request["ProcessingJobName"])

    def close(self) -> None:
        """Stop all processing jobs."""
        self._jobs.close()


def _summary(job: Job[ProcessingContainer]) -> dict[str, Any]:
    record = job.record
    return without_none(
        {
            "ProcessingJobName": job.name,
            "ProcessingJobArn": job.arn,
            "ProcessingJobStatus": record.status,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "ProcessingEndTime": record.ended,
            "FailureReason": record.failure_reason,
            "ExitMessage": record.exit_message,
        }
    )
