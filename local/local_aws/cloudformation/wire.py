"""CloudFormation on the wire, where it differs from its own model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.loaders import create_loader
from botocore.model import OperationModel
from werkzeug.wrappers import Request

from local_aws.wire import Route, Service, ServiceError


class CloudFormationService(Service):
    """A stack's own events have stack statuses, which the model leaves out; its code for bad requests is its own, too."""

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        super().__init__(name, handlers)
        description: dict[str, Any] = create_loader().load_service_model(name, "service-2")
        statuses = description["shapes"]["ResourceStatus"]["enum"]
        statuses += [each for each in description["shapes"]["StackStatus"]["enum"] if each not in statuses]
        self.model = type(self.model)(description, name)

    def _call(self, operation: OperationModel, request: Request, route: Route) -> dict[str, Any]:
        try:
            return super()._call(operation, request, route)
        except ServiceError as error:
            if error.code != "ValidationException":
                raise
            raise ServiceError("ValidationError", error.message) from error
