"""Models: containers and their artifacts, as endpoints and transform jobs take them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns, artifacts
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags


@dataclass(frozen=True)
class Model:
    """A model as created. `stated` is the request, less its tags."""

    arn: str
    created: datetime
    stated: dict[str, Any]

    def description(self) -> dict[str, Any]:
        """The model as DescribeModel answers it."""
        return {
            "EnableNetworkIsolation": False,
            **self.stated,
            "ModelArn": self.arn,
            "CreationTime": self.created,
        }

    def summary(self) -> dict[str, Any]:
        """The model as ListModels answers it."""
        return {"ModelName": self.stated["ModelName"], "ModelArn": self.arn, "CreationTime": self.created}


class Models:
    """CreateModel, DescribeModel, ListModels, DeleteModel."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._lock = threading.Lock()
        self._models: dict[str, Model] = {}

    def create_model(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a model after checking its containers and artifacts.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreateModel.
        """
        arn = arns.make(self._account, arns.MODEL, request["ModelName"])
        containers = _containers(request)
        artifacts.require(self._account, containers)
        for container in containers:
            if "ModelPackageName" in container:
                self._require_package(container["ModelPackageName"])
        stated = {name: value for name, value in request.items() if name != "Tags"}
        with self._lock:
            if arn in self._models:
                raise ServiceError("ValidationException", f'Cannot create already existing model "{arn}".')
            self._models[arn] = Model(arn, datetime.now(UTC), stated)
            self._tags.put(arn, request.get("Tags"))
        return {"ModelArn": arn}

    def describe_model(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one model.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeModel.
        """
        return self._find(request).description()

    def list_models(self, request: dict[str, Any]) -> dict[str, Any]:
        """List models, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListModels.
        """
        with self._lock:
            summaries = [model.summary() for model in self._models.values()]
        chosen = select(summaries, request, name="ModelName", order="Descending")
        shown, token = page(chosen, request, key=lambda summary: summary["ModelArn"])
        return paged({"Models": shown}, token)

    def delete_model(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a model and its tags.

        Raises ValidationException. Source: Amazon SageMaker API reference, DeleteModel.
        """
        arn = self._find(request).arn
        with self._lock:
            self._models.pop(arn, None)
            self._tags.drop(arn)
        return {}

    def _find(self, request: dict[str, Any]) -> Model:
        arn = arns.make(self._account, arns.MODEL, request["ModelName"])
        with self._lock:
            model = self._models.get(arn)
        if model is None:
            raise ServiceError("ValidationException", f'Could not find model "{arn}".')
        return model

    def _require_package(self, arn_or_name: str) -> None:
        try:
            self._account.client("sagemaker").describe_model_package(ModelPackageName=arn_or_name)
        except ClientError as error:
            answer = error.response["Error"]
            raise ServiceError(answer["Code"], answer["Message"]) from error


def _containers(request: dict[str, Any]) -> list[dict[str, Any]]:
    if ("PrimaryContainer" in request) == ("Containers" in request):
        raise ServiceError(
            "ValidationException", "Exactly one of PrimaryContainer and Containers must be specified."
        )
    containers = request.get("Containers") or [request["PrimaryContainer"]]
    for container in containers:
        if ("Image" in container) == ("ModelPackageName" in container):
            raise ServiceError(
                "ValidationException",
                "Exactly one of Image and ModelPackageName must be specified for a container.",
            )
        _refuse_what_is_not_embedded(container)
    return containers


def _refuse_what_is_not_embedded(container: dict[str, Any]) -> None:
    """Raises ServiceError for what the container would be on SageMaker, and cannot be here."""
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise ServiceError(
            "ValidationException",
            "Mode MultiModel is not embedded: a container of the embedded SageMaker has one model.",
        )
    for member in ("MultiModelConfig", "AdditionalModelDataSources", "InferenceSpecificationName"):
        if container.get(member):
            raise ServiceError("ValidationException", f"{member} is not embedded: leave it out.")
