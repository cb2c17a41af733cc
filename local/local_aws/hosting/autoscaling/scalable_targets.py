"""Application Auto Scaling, as far as endpoints go: what may be scaled within which limits, and by which policies.

moto's knows instances only, and refuses the concurrency that a serverless variant keeps provisioned. Policies on instances
are acted on by `scaling`; those on provisioned concurrency are kept and shown.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError, invalid

DIMENSIONS = ("sagemaker:variant:DesiredInstanceCount", "sagemaker:variant:DesiredProvisionedConcurrency")
PAGE = 50

_VARIANT = re.compile(r"endpoint/[^/]+/variant/[^/]+")
_PLACE = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}

Place = tuple[str, str, str]


class ScalableTargets:
    """RegisterScalableTarget, PutScalingPolicy, and what describes and removes them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._targets: dict[Place, dict[str, Any]] = {}
        self._policies: dict[tuple[Place, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def register_scalable_target(self, request: dict[str, Any]) -> dict[str, Any]:
        """A target that is registered already keeps what the request leaves out. Raises ValidationException."""
        place = place_of(request)
        with self._lock:
            before = self._targets.get(place)
            target = (before or self._new(place)) | {
                name: request[name]
                for name in ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")
                if name in request
            }
            if "MinCapacity" not in target or "MaxCapacity" not in target:
                raise invalid("Both a minimum and a maximum capacity must be specified")
            if target["MinCapacity"] > target["MaxCapacity"]:
                raise invalid("Maximum capacity cannot be less than minimum capacity")
            self._targets[place] = target
        return {"ScalableTargetARN": target["ScalableTargetARN"]}

    def describe_scalable_targets(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe scalable targets, one page at a time.

        Raises ValidationException. Source: Application Auto Scaling API reference, DescribeScalableTargets.
        """
        wanted = request.get("ResourceIds")
        with self._lock:
            found = [
                target
                for target in self._targets.values()
                if is_at(target, request) and (not wanted or target["ResourceId"] in wanted)
            ]
        return listed("ScalableTargets", found, request, lambda target: str(target["ScalableTargetARN"]))

    def deregister_scalable_target(self, request: dict[str, Any]) -> None:
        """The target's policies go with it. Raises ObjectNotFoundException."""
        place = place_of(request)
        with self._lock:
            if self._targets.pop(place, None) is None:
                raise _missing(f"No scalable target found for {_description(place)}")
            self._policies = {key: policy for key, policy in self._policies.items() if key[0] != place}

    def put_scaling_policy(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a target tracking policy or replace its definition.

        Raises ObjectNotFoundException, ValidationException. Source: Application Auto Scaling API reference, PutScalingPolicy.
        """
        place, name = place_of(request), request["PolicyName"]
        with self._lock:
            if place not in self._targets:
                raise _missing(f"No scalable target registered for {_description(place)}")
            before = self._policies.get((place, name))
            kind = request.get("PolicyType") or (before["PolicyType"] if before else "StepScaling")
            configuration = _CONFIGURATIONS.get(kind)
            if configuration is None or configuration not in request:
                raise invalid(f"A policy of the type {kind} needs its {configuration or 'configuration'}")
            policy = (before or self._new_policy(place, name)) | {
                "PolicyType": kind,
                configuration: request[configuration],
            }
            self._policies[place, name] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": []}

    def describe_scaling_policies(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe scaling policies, one page at a time.

        Raises ValidationException. Source: Application Auto Scaling API reference, DescribeScalingPolicies.
        """
        names = request.get("PolicyNames")
        with self._lock:
            found = [
                policy
                for policy in self._policies.values()
                if is_at(policy, request) and (not names or policy["PolicyName"] in names)
            ]
        return listed("ScalingPolicies", found, request, lambda policy: str(policy["PolicyARN"]))

    def delete_scaling_policy(self, request: dict[str, Any]) -> None:
        """Delete a scaling policy and its alarms.

        Raises ObjectNotFoundException, ValidationException. Source: Application Auto Scaling API reference, DeleteScalingPolicy.
        """
        place, name = place_of(request), request["PolicyName"]
        with self._lock:
            if self._policies.pop((place, name), None) is None:
                raise _missing(f"No scaling policy found for {_description(place)}, policy name: {name}")

    def has(self, place: Place) -> bool:
        """Whether a target is registered for this resource and dimension."""
        with self._lock:
            return place in self._targets

    def require(self, place: Place) -> None:
        """Raises ServiceError (ObjectNotFoundException) for what is no scalable target."""
        if not self.has(place):
            raise _missing(f"No scalable target registered for {_description(place)}")

    def set_limits(self, place: Place, stated: Mapping[str, int]) -> tuple[int, int]:
        """Change a target's capacities; returns both. Raises ServiceError where they contradict each other."""
        with self._lock:
            target = {**self._targets[place], **stated}
            least, most = int(target["MinCapacity"]), int(target["MaxCapacity"])
            if least > most:
                raise invalid("Maximum capacity cannot be less than minimum capacity")
            self._targets[place] = target
            return least, most

    def _new(self, place: Place) -> dict[str, Any]:
        role = (
            f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
            + ("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
        )
        return {
            **dict(zip(_PLACE, place, strict=True)),
            "RoleARN": role,
            "CreationTime": datetime.now(UTC),
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScalableTargetARN": self._account.arn(
                "application-autoscaling", f"scalable-target/{uuid.uuid4().hex}"
            ),
        }

    def _new_policy(self, place: Place, name: str) -> dict[str, Any]:
        resource = f"scalingPolicy:{uuid.uuid4()}:resource/{place[0]}/{place[1]}:policyName/{name}"
        return {
            **dict(zip(_PLACE, place, strict=True)),
            "PolicyName": name,
            "PolicyARN": self._account.arn("autoscaling", resource),
            "CreationTime": datetime.now(UTC),
            "Alarms": [],
        }


def place_of(request: Mapping[str, Any]) -> Place:
    """The scaled resource of a request. Raises ServiceError for anything but a variant of an endpoint."""
    namespace, resource, dimension = (request[name] for name in _PLACE)
    if namespace != "sagemaker":
        raise invalid(
            "The embedded Application Auto Scaling scales endpoints, whose ServiceNamespace is sagemaker; "
            f"{namespace} is not embedded."
        )
    if dimension not in DIMENSIONS or not _VARIANT.fullmatch(resource):
        raise invalid("Unsupported service namespace, resource type or scalable dimension")
    return namespace, resource, dimension


def is_at(item: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether an item belongs to the resource and dimension that the request names."""
    return all(item[name] == request[name] for name in _PLACE if name in request)


def listed(
    member: str, found: list[dict[str, Any]], request: dict[str, Any], key: Callable[[dict[str, Any]], str]
) -> dict[str, Any]:
    """One page of the found items, under the answer's `member`."""
    shown, token = page(found, request, key=key, default=PAGE)
    return paged({member: shown}, token)


def _description(place: Place) -> str:
    namespace, resource, dimension = place
    return f"service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"


def _missing(message: str) -> ServiceError:
    return ServiceError("ObjectNotFoundException", message)
