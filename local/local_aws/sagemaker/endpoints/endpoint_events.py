"""The EventBridge events of an endpoint: its status, and each phase of a deployment.

After https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html: statuses in capitals
(`IN_SERVICE`), times in milliseconds, tags as an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.hosting.endpoint import Endpoint
from local_aws.kernel.account import Account
from local_aws.kernel.service_events import ServiceEvent
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.endpoints.endpoint_description import describe
from local_aws.sagemaker.tags import Tags

STATE = "SageMaker Endpoint State Change"
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"

_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "EndpointStatus",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
)


class EndpointEvents:
    """Told by endpoints of what becomes of them."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags

    def status(self, endpoint: Endpoint) -> None:
        """The endpoint has another status."""
        self._emit(STATE, endpoint, _MEMBERS)

    def phase(self, endpoint: Endpoint) -> None:
        """The endpoint's deployment is in another phase."""
        self._emit(DEPLOYMENT, endpoint, (*_MEMBERS, "PendingDeploymentSummary"))

    def _emit(self, detail_type: str, endpoint: Endpoint, members: tuple[str, ...]) -> None:
        described = describe(endpoint)
        detail = {name: _plain(described[name]) for name in members if name in described}
        detail["EndpointStatus"] = _upper_snake_case(described["EndpointStatus"])
        try:
            detail["Tags"] = {tag["Key"]: tag["Value"] for tag in self._tags.get(endpoint.arn)}
        except ServiceError:  # it has just gone
            detail["Tags"] = {}
        self._account.events.emit(ServiceEvent("aws.sagemaker", detail_type, (endpoint.arn,), detail))


def _upper_snake_case(status: str) -> str:
    """`RollingBack` -> `ROLLING_BACK`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", status).upper()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
