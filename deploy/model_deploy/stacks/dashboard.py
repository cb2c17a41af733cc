"""The CloudWatch dashboard of a stage."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from model_deploy.core.plan.deployment import CONTRACT_FAILURES, METRICS, VARIANT, Deployment
from model_deploy.stage import Instances

_WIDTH, _HEIGHT = 12, 6  # of a widget; a row has 24 units


def add(stack: cdk.Stack, deployment: Deployment) -> None:
    """Add a dashboard with the endpoint's name."""
    widgets = [_widget(index, widget) for index, widget in enumerate(_widgets(deployment))]
    cloudwatch.CfnDashboard(
        stack,
        "Dashboard",
        dashboard_name=deployment.endpoint_name,
        dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
    )


def _widgets(deployment: Deployment) -> list[dict[str, Any]]:
    endpoint = ["EndpointName", deployment.endpoint_name]
    variant = [*endpoint, "VariantName", VARIANT]
    invoked, used = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
    widgets = [
        ("Requests", "Sum", [[invoked, "Invocations", *variant]]),
        (
            "Errors",
            "Sum",
            [
                [invoked, "Invocation5XXErrors", *variant],
                [invoked, "Invocation4XXErrors", *variant],
                [METRICS, CONTRACT_FAILURES, *endpoint],
            ],
        ),
        (
            "Time (microseconds)",
            "p99",
            [
                [invoked, "ModelLatency", *variant],
                [invoked, "ModelLatency", *variant, {"stat": "p50"}],
                [invoked, "OverheadLatency", *variant],
            ],
        ),
    ]
    if isinstance(deployment.stage.endpoint.capacity, Instances):
        utilisation = [[used, metric, *variant] for metric in ("CPUUtilization", "MemoryUtilization")]
        widgets.append(("Instances (percent, of each core)", "Average", utilisation))
    if deployment.stage.api is not None:
        function = ["FunctionName", deployment.function_name]
        lambda_ = [["AWS/Lambda", metric, *function] for metric in ("Invocations", "Errors", "Throttles")]
        widgets.append(("API", "Sum", lambda_))
    return [
        {
            "title": title,
            "stat": statistic,
            "metrics": metrics,
            "period": 60,
            "region": deployment.region,
            "view": "timeSeries",
        }
        for title, statistic, metrics in widgets
    ]


def _widget(index: int, properties: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(index, 2)
    return {
        "type": "metric",
        "x": column * _WIDTH,
        "y": row * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": properties,
    }
