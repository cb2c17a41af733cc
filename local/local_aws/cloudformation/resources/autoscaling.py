"""AWS::ApplicationAutoScaling: scalable targets and their policies."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, only, without, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import tags_of

_SERVICE = "application-autoscaling"
_PLACE = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class ScalableTarget(ResourceType):
    """A scalable target."""

    name = "AWS::ApplicationAutoScaling::ScalableTarget"
    create_only = words("ResourceId ScalableDimension ServiceNamespace")
    properties = create_only | words("MaxCapacity MinCapacity RoleARN SuspendedState Tags")
    required = create_only | words("MaxCapacity MinCapacity")
    attributes = words("Id")
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        request = {**properties, "Tags": tags_of(properties)}
        context.call(_SERVICE, "RegisterScalableTarget", request)
        target = "|".join(
            str(properties[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
        )
        return Physical(target, {"Id": target})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        # Changed tags are lost: moto keeps none of a target, and has no operation for them.
        context.call(_SERVICE, "RegisterScalableTarget", without(new, "Tags"))

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop(_SERVICE, "DeregisterScalableTarget", only(properties, *_PLACE))


class ScalingPolicy(ResourceType):
    """A scaling policy."""

    name = "AWS::ApplicationAutoScaling::ScalingPolicy"
    create_only = words("PolicyName ResourceId ScalableDimension ScalingTargetId ServiceNamespace")
    properties = create_only | words(
        "PolicyType StepScalingPolicyConfiguration TargetTrackingScalingPolicyConfiguration"
    )
    required = words("PolicyName PolicyType")
    attributes = words("Arn")

    def create(self, properties: Properties, context: Context) -> Physical:
        arn = self._put(properties, context)
        return Physical(arn, {"Arn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = {"PolicyName": properties["PolicyName"], **_scalable_target(properties)}
        context.drop(_SERVICE, "DeleteScalingPolicy", request)

    @staticmethod
    def _put(properties: Properties, context: Context) -> str:
        configuration = only(
            properties,
            "PolicyName",
            "PolicyType",
            "StepScalingPolicyConfiguration",
            "TargetTrackingScalingPolicyConfiguration",
        )
        answer = context.call(_SERVICE, "PutScalingPolicy", {**configuration, **_scalable_target(properties)})
        return str(answer["PolicyARN"])


def _scalable_target(properties: Properties) -> dict[str, str]:
    """The target of the policy: stated, or as a reference to a scalable target."""
    if "ScalingTargetId" not in properties:
        return only(properties, *_PLACE)
    resource, dimension, namespace = properties["ScalingTargetId"].split("|")
    return {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}
