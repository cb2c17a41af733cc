"""Where people read on about an execution: the run of the workflow, and AWS's console."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")


def of_run(environment: Mapping[str, str]) -> dict[str, str]:
    """The run of the workflow that this is a step of; empty outside GitHub Actions."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name, "") for name in names)
    if not server.startswith(("https://", "http://")) or not repository or not run:
        return {}
    return {"workflow run, with the report": f"{server}/{repository}/actions/runs/{run}"}


def of_console(
    endpoint: str, execution_arn: str, bucket: str, report_key: str, training_job: str | None
) -> dict[str, str]:
    """The page of the report and of the training job in AWS's console; empty where `endpoint` is not AWS's own."""
    _, partition, _, region, *_ = execution_arn.split(":")
    host = urlsplit(endpoint).hostname or ""
    if not host.endswith(_OF_AWS) or partition not in _CONSOLES:
        return {}
    console = f"https://{region}.{_CONSOLES[partition]}"
    found = {"HTML report": f"{console}/s3/object/{bucket}?region={region}&prefix={quote(report_key)}"}
    if training_job:
        found["training job"] = f"{console}/sagemaker/home?region={region}#/jobs/{quote(training_job)}"
    return found
