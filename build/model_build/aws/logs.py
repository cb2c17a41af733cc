"""A step's log in CloudWatch Logs: one stream for each container of the job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient

    from model_build.core.execution import Step

_TRAINING = "/aws/sagemaker/TrainingJobs"
GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": _TRAINING,
    "TuningJob": _TRAINING,
}


def lines(logs: CloudWatchLogsClient, step: Step) -> Iterator[str]:
    """The whole log of a step's job, oldest line first; empty for a step without a job or a log."""
    for group, stream in _streams(logs, step):
        request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        token = None
        while True:
            page = logs.get_log_events(**request)
            yield from (event["message"] for event in page["events"])
            # At the end, GetLogEvents repeats the token.
            if page.get("nextForwardToken") == token:
                break
            token = request["nextToken"] = page["nextForwardToken"]


def tail(logs: CloudWatchLogsClient, step: Step, count: int = 20) -> tuple[str, ...]:
    """The last lines of a step's log."""
    last: list[str] = []
    for group, stream in _streams(logs, step):
        events = logs.get_log_events(
            logGroupName=group, logStreamName=stream, limit=count, startFromHead=False
        )
        last += [event["message"] for event in events["events"]]
    return tuple(last[-count:])


def _streams(logs: CloudWatchLogsClient, step: Step) -> list[tuple[str, str]]:
    group = GROUPS.get(step.kind)
    if group is None or step.job_name is None:
        return []
    # A tuning job's log are those of its training jobs, whose names begin with its own.
    prefix = f"{step.job_name}-" if step.kind == "TuningJob" else f"{step.job_name}/"
    try:
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
    except ClientError as error:
        if not is_missing(error):
            raise
        return []
    return [(group, stream["logStreamName"]) for stream in found["logStreams"]]
