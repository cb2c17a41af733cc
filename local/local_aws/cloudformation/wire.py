"""CloudFormation on the wire, where it differs from its own model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.model import OperationModel
from werkzeug.wrappers import Request

from local_aws.kernel.wire import Route, Service, ServiceError, loader


class CloudFormationService(Service):
    """A stack's own events have stack statuses, which the model leaves out; its code for bad requests is its own, too."""

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        super().__init__(name, handlers)
        description = loader().load_service_model(name, "service-2")
        shapes = description["shapes"]
        statuses = dict.fromkeys(shapes["ResourceStatus"]["enum"] + shapes["StackStatus"]["enum"])
        shapes = shapes | {"ResourceStatus": shapes["ResourceStatus"] | {"enum": list(statuses)}}
        self.model = type(self.model)(description | {"shapes": shapes}, name)

    def _call(self, operation: OperationModel, request: Request, route: Route) -> dict[str, Any]:
        try:
            return super()._call(operation, request, route)
        except ServiceError as error:
            if error.code != "ValidationException":
                raise
            raise ServiceError("ValidationError", error.message) from error
