"""Dashboards: their bodies are kept, nobody draws them."""

from __future__ import annotations

import threading
from typing import Any

from local_aws.cloudwatch.tags import Tags
from local_aws.kernel import json_text
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.wire import ServiceError


class Dashboards:
    """PutDashboard, GetDashboard, DeleteDashboards."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._bodies: dict[str, str] = {}
        self._lock = threading.Lock()

    def put_dashboard(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a dashboard or replace its body.

        Raises InvalidParameterInput. Source: Amazon CloudWatch API reference, PutDashboard.
        """
        try:
            json_text.loads(request["DashboardBody"])
        except ValueError as error:
            raise ServiceError(
                "InvalidParameterInput", f"The dashboard body is invalid: it is not JSON ({error})"
            ) from error
        with self._lock:
            self._bodies[request["DashboardName"]] = request["DashboardBody"]
            self._tags.keep(_arn(request["DashboardName"]), request.get("Tags"))
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, request: dict[str, Any]) -> dict[str, Any]:
        """The body of a dashboard.

        Raises ResourceNotFound. Source: Amazon CloudWatch API reference, GetDashboard.
        """
        name = request["DashboardName"]
        with self._lock:
            self._require(name)
            return {
                "DashboardName": name,
                "DashboardArn": _arn(name),
                "DashboardBody": self._bodies[name],
            }

    def delete_dashboards(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete dashboards, all of them or none.

        Raises ResourceNotFound. Source: Amazon CloudWatch API reference, DeleteDashboards.
        """
        with self._lock:
            for name in request["DashboardNames"]:
                self._require(name)
            for name in request["DashboardNames"]:
                self._bodies.pop(name, None)
                self._tags.drop(_arn(name))
        return {}

    def _require(self, name: str) -> None:
        if name not in self._bodies:
            raise ServiceError("ResourceNotFound", f"Dashboard {name} does not exist", 404)


def _arn(name: str) -> str:
    return f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/{name}"
