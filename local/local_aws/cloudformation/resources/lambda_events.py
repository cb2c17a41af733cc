"""AWS::Lambda::EventInvokeConfig: what becomes of a function's asynchronous invocations."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, only, words
from local_aws.cloudformation.resources.context import Context


class EventInvokeConfig(ResourceType):
    """The settings of a function's asynchronous invocations."""

    name = "AWS::Lambda::EventInvokeConfig"
    create_only = words("FunctionName Qualifier")
    properties = create_only | words("DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts")
    required = create_only

    def create(self, properties: Properties, context: Context) -> Physical:
        context.call("lambda", "PutFunctionEventInvokeConfig", properties)
        return Physical(f"{properties['FunctionName']}|{properties['Qualifier']}")

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        # What a put leaves out is as Lambda has it by itself.
        context.call("lambda", "PutFunctionEventInvokeConfig", new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = only(properties, "FunctionName", "Qualifier")
        context.drop("lambda", "DeleteFunctionEventInvokeConfig", request)
