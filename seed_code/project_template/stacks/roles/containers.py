"""What every role needs that containers of jobs and endpoints run as."""

from __future__ import annotations

from collections.abc import Sequence

from project_template.stacks.policies import Statement, allow, arn

LOG_NAMES = (
    "The log groups are SageMaker's, one for the whole account. The streams begin with a job's name, in which the id of an "
    "execution is random."
)


def container(
    images: Sequence[str], log_groups: Sequence[str], streams: str, kinds: Sequence[str]
) -> list[Statement]:
    """The permissions that SageMaker needs in a container's role: pull AWS's image, write the log, send metrics.

    Log groups, and the metrics' namespaces, begin with /aws/sagemaker/; an endpoint's log group is its own.
    """
    repositories = [arn("ecr", f"repository/{image}", account="*") for image in images]
    groups = [arn("logs", f"log-group:/aws/sagemaker/{group}") for group in log_groups]
    namespaces = [f"/aws/sagemaker/{kind}" for kind in kinds]
    return [
        allow("SignsInToEcr", "ecr:GetAuthorizationToken", "*", because="The action knows no resource."),
        allow(
            "FetchesImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories,
            because="AWS's images lie in accounts of AWS, another one in each region.",
        ),
        allow(
            "MakesLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"],
            [f"{group}:*" for group in groups],
            because=LOG_NAMES,
        ),
        allow(
            "WritesLogs",
            "logs:PutLogEvents",
            [f"{group}:log-stream:{streams}" for group in groups],
            because=LOG_NAMES,
        ),
        allow(
            "SendsMetrics",
            "cloudwatch:PutMetricData",
            "*",
            because="The action knows no resource, but its namespace.",
            StringEquals={"cloudwatch:namespace": namespaces},
        ),
    ]
