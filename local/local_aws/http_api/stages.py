"""Stages: under which path an API answers, how fast, and where it logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_aws.http_api.errors import bad_request, conflict
from local_aws.http_api.store import Members, Store, found, stated

_KNOWN = frozenset(
    {
        "AccessLogSettings",
        "AutoDeploy",
        "DefaultRouteSettings",
        "Description",
        "RouteSettings",
        "StageVariables",
    }
)


class Stages:
    """CreateStage, GetStage, UpdateStage, DeleteStage. The embedded API Gateway deploys automatically only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_stage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a stage of an API.

        Raises BadRequestException, ConflictException, NotFoundException. Source: Amazon API Gateway V2 API reference, CreateStage.
        """
        name = request["StageName"]
        now = datetime.now(UTC)
        with self._store.lock:
            api = self._store.find(request)
            if name in api.stages:
                raise conflict("Stage already exists")
            api.stages[name] = {
                "RouteSettings": {},
                "StageVariables": {},
                "Tags": dict(request.get("Tags", {})),
                "StageName": name,
                "CreatedDate": now,
                "LastUpdatedDate": now,
                **_checked(request),
            }
            return api.stages[name]

    def get_stage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one stage.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetStage.
        """
        with self._store.lock:
            return found(self._store.find(request).stages, "Stage", request["StageName"])

    def update_stage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change members of a stage.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, UpdateStage.
        """
        with self._store.lock:
            api = self._store.find(request)
            name = request["StageName"]
            before = found(api.stages, "Stage", name)
            changed = _checked({"AutoDeploy": before["AutoDeploy"], **request})
            api.stages[name] = {**before, **changed, "LastUpdatedDate": datetime.now(UTC)}
            return api.stages[name]

    def delete_stage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a stage.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, DeleteStage.
        """
        with self._store.lock:
            stages = self._store.find(request).stages
            found(stages, "Stage", request["StageName"])
            del stages[request["StageName"]]
        return {}


def _checked(request: dict[str, Any]) -> Members:
    members = stated(request, _KNOWN)
    if not members.get("AutoDeploy"):
        raise bad_request("The embedded API Gateway has no deployments: AutoDeploy must be true.")
    settings = members.get("AccessLogSettings")
    if settings and not (":log-group:" in settings.get("DestinationArn", "") and settings.get("Format")):
        raise bad_request("AccessLogSettings need the DestinationArn of a log group, and a Format.")
    return members
