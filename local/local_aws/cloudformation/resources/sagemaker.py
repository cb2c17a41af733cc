"""AWS::SageMaker: models, endpoint configurations and endpoints."""

from __future__ import annotations

from typing import Any

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, only, words
from local_aws.cloudformation.resources.context import Context, handler_message
from local_aws.cloudformation.resources.tagging import as_list, tag_changes

NAME_LENGTH = 63
_CHANGING = frozenset({"Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"})
_FOR_UPDATE = (
    "DeploymentConfig",
    "ExcludeRetainedVariantProperties",
    "RetainAllVariantProperties",
    "RetainDeploymentConfig",
)


def _update_tags(arn: str, old: Properties, new: Properties, context: Context) -> None:
    put, gone = tag_changes(old, new)
    if put:
        context.call("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": as_list(put)})
    if gone:
        context.call("sagemaker", "DeleteTags", {"ResourceArn": arn, "TagKeys": gone})


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


class Model(ResourceType):
    """A model."""

    name = "AWS::SageMaker::Model"
    create_only = words(
        "Containers EnableNetworkIsolation ExecutionRoleArn InferenceExecutionConfig ModelName PrimaryContainer VpcConfig"
    )
    properties = create_only | {"Tags"}
    attributes = words("ModelArn ModelName")
    named_by = "ModelName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("ModelName") or context.name(NAME_LENGTH, stack=False)
        arn = context.call("sagemaker", "CreateModel", {**properties, "ModelName": name})["ModelArn"]
        return Physical(arn, {"ModelArn": arn, "ModelName": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        _update_tags(physical_id, old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("sagemaker", "DeleteModel", {"ModelName": _name(physical_id)})


class EndpointConfig(ResourceType):
    """An endpoint configuration."""

    name = "AWS::SageMaker::EndpointConfig"
    create_only = words(
        "AsyncInferenceConfig DataCaptureConfig EnableNetworkIsolation EndpointConfigName ExecutionRoleArn"
        " ExplainerConfig KmsKeyId MetricsConfig ProductionVariants ShadowProductionVariants VpcConfig"
    )
    properties = create_only | {"Tags"}
    required = words("ProductionVariants")
    attributes = words("EndpointConfigArn EndpointConfigName")
    named_by = "EndpointConfigName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("EndpointConfigName") or context.name(NAME_LENGTH, stack=False)
        request = {**properties, "EndpointConfigName": name}
        arn = context.call("sagemaker", "CreateEndpointConfig", request)["EndpointConfigArn"]
        return Physical(arn, {"EndpointConfigArn": arn, "EndpointConfigName": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        _update_tags(physical_id, old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": _name(physical_id)})


class Endpoint(ResourceType):
    """An endpoint. Its update waits for the deployment, with all its bakes and shifts, and judges it.

    SageMaker may roll a deployment back by itself: the endpoint is InService with the configuration it had. AWS is
    known to fail the update then, and to report success: `account.faults.endpoint_rollback` says which.
    """

    name = "AWS::SageMaker::Endpoint"
    create_only = words("EndpointName")
    properties = words("EndpointConfigName EndpointName Tags") | set(_FOR_UPDATE)
    required = words("EndpointConfigName")
    attributes = words("EndpointArn EndpointName")
    named_by = "EndpointName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("EndpointName") or context.name(NAME_LENGTH, stack=False)
        request = only(properties, "EndpointConfigName", "DeploymentConfig", "Tags")
        arn = context.call("sagemaker", "CreateEndpoint", {**request, "EndpointName": name})["EndpointArn"]
        context.report(arn)
        endpoint = self._wait_until_stable(name, context)
        if endpoint["EndpointStatus"] != "InService":
            raise _not_stable(endpoint)
        return Physical(arn, {"EndpointArn": arn, "EndpointName": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        _update_tags(physical_id, old, new, context)
        name, wanted = _name(physical_id), new["EndpointConfigName"]
        endpoint = self._wait_until_stable(name, context)
        if (endpoint["EndpointConfigName"], endpoint["EndpointStatus"]) == (wanted, "InService"):
            return
        request = {"EndpointName": name, **only(new, "EndpointConfigName", *_FOR_UPDATE)}
        context.call("sagemaker", "UpdateEndpoint", request)
        endpoint = self._wait_until_stable(name, context)
        if endpoint["EndpointStatus"] != "InService":
            raise _not_stable(endpoint)
        rolled_back = endpoint["EndpointConfigName"] != wanted
        if rolled_back and context.account.faults.endpoint_rollback == "fails":
            raise _not_stable(endpoint)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        name = _name(physical_id)
        if self._find(name, context) is None:
            return
        context.wait(lambda: self._is_stable(name, context))
        context.drop("sagemaker", "DeleteEndpoint", {"EndpointName": name})
        context.wait(lambda: self._find(name, context) is None or None)

    def _wait_until_stable(self, name: str, context: Context) -> dict[str, Any]:
        """The endpoint, once it is neither being created nor updated."""

        def look() -> dict[str, Any] | None:
            endpoint = context.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
            return None if endpoint["EndpointStatus"] in _CHANGING else endpoint

        return context.wait(look)

    def _is_stable(self, name: str, context: Context) -> bool | None:
        endpoint = self._find(name, context)
        return endpoint is None or endpoint["EndpointStatus"] not in _CHANGING or None

    @staticmethod
    def _find(name: str, context: Context) -> dict[str, Any] | None:
        return context.find("sagemaker", "DescribeEndpoint", {"EndpointName": name})


def _not_stable(endpoint: dict[str, Any]) -> ResourceError:
    reason = endpoint.get("FailureReason") or (
        f"The endpoint {endpoint['EndpointName']} is {endpoint['EndpointStatus']} with the configuration"
        f" {endpoint.get('EndpointConfigName')}: the update was rolled back."
    )
    return ResourceError(handler_message(reason, "NotStabilized"))
