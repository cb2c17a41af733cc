"""Transform jobs: batch inference by a model server that lives as long as the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.hosting.transform.transform import DEFAULT_PAYLOAD_MB, TransformContainer, hosting
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.endpoints import variant_rules
from local_aws.sagemaker.jobs.jobs import Job, JobStore, without_none
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags

PAYLOADS_MB = 100
"""The largest sum of concurrent payloads, in MB."""


class TransformJobs:
    """CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._jobs = JobStore(account, tags, "transform-job", TransformContainer)

    def create_transform_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a transform job and start its model server.

        Raises ResourceInUse, ValidationException. Source: Amazon SageMaker API reference, CreateTransformJob.
        """
        variant_rules.check(self._account, hosting(request))
        _check_payloads(request)
        return {"TransformJobArn": self._jobs.start(request["TransformJobName"], request).arn}

    def describe_transform_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one transform job.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeTransformJob.
        """
        job = self._jobs.find(request["TransformJobName"])
        stated = {name: value for name, value in job.request.items() if name != "Tags"}
        known = {"TransformStartTime": job.record.started}
        # LastModifiedTime is the list's alone.
        own = {name: value for name, value in _summary(job).items() if name != "LastModifiedTime"}
        return stated | without_none(known) | own

    def list_transform_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List transform jobs, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListTransformJobs.
        """
        summaries = [_summary(job) for job in self._jobs.all()]
        chosen = select(
            summaries, request, name="TransformJobName", status="TransformJobStatus", order="Descending"
        )
        shown, token = page(chosen, request, key=lambda summary: summary["TransformJobName"])
        return paged({"TransformJobSummaries": shown}, token)

    def stop_transform_job(self, request: dict[str, Any]) -> None:
        """Stop a running transform job.

        Raises ValidationException. Source: Amazon SageMaker API reference, StopTransformJob.
        """
        self._jobs.stop(request["TransformJobName"])

    def close(self) -> None:
        """Stop all transform jobs."""
        self._jobs.close()


def _check_payloads(request: Mapping[str, Any]) -> None:
    concurrency = request.get("MaxConcurrentTransforms") or 1
    payload = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    if concurrency * payload > PAYLOADS_MB:
        raise ServiceError(
            "ValidationException",
            f"MaxConcurrentTransforms ({concurrency}) times MaxPayloadInMB ({payload}) must not exceed {PAYLOADS_MB} MB.",
        )


def _summary(job: Job[TransformContainer]) -> dict[str, Any]:
    record = job.record
    return without_none(
        {
            "TransformJobName": job.name,
            "TransformJobArn": job.arn,
            "TransformJobStatus": record.status,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "TransformEndTime": record.ended,
            "FailureReason": record.failure_reason,
        }
    )
