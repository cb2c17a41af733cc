"""Changes of an instance type: SageMaker refuses them while the variant is a scalable target.

Two rollouts are needed: the first deregisters the target, the second changes the type and registers the target again.
Pure: the functions take and return templates.

Source: terraform-provider-aws #14337 and aws-cdk #29626, which quote SageMaker's refusal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_SCALING = (_SCALABLE_TARGET, "AWS::ApplicationAutoScaling::ScalingPolicy")
_CONFIG = "AWS::SageMaker::EndpointConfig"
_TAKEN = "ScalingTakenAway"
_ALARM = "AWS::CloudWatch::Alarm"

_Resources = Mapping[str, Mapping[str, Any]]


def needs_two_rollouts(old: str, new: str) -> bool:
    """Whether the stack of the template `old` scales, and `new` has another instance type for a variant."""
    if not any(each["Type"] == _SCALABLE_TARGET for each in _resources(old).values()):
        return False
    before, after = _types(old), _types(new)
    return any(before[name] != after[name] for name in before.keys() & after.keys())


def without_scaling(template: str) -> str:
    """The template without scalable target, scaling policies, and the alarms that call them.

    They are kept in its metadata, for `with_scaling`.
    """
    document = json.loads(template)
    taken = {name: document["Resources"].pop(name) for name in sorted(_scaling(document["Resources"]))}
    document["Metadata"] = {**document.get("Metadata", {}), _TAKEN: taken}
    return json.dumps(document)


def with_scaling(template: str) -> str | None:
    """The template before `without_scaling`; None if that did not make it."""
    document = json.loads(template)
    metadata = document.get("Metadata", {})
    if _TAKEN not in metadata:
        return None
    document["Resources"] |= metadata.pop(_TAKEN)
    if not metadata:
        del document["Metadata"]
    return json.dumps(document)


def _resources(template: str) -> _Resources:
    found: _Resources = json.loads(template).get("Resources", {})
    return found


def _scaling(resources: _Resources) -> set[str]:
    own = {name for name, each in resources.items() if each["Type"] in _SCALING}
    calling = {
        name
        for name, each in resources.items()
        if each["Type"] == _ALARM and any({"Ref": policy} in _actions(each) for policy in own)
    }
    return own | calling


def _actions(alarm: Mapping[str, Any]) -> list[Any]:
    listed = alarm.get("Properties", {}).get("AlarmActions", [])
    return listed if isinstance(listed, list) else [listed]


def _types(template: str) -> dict[str, str | None]:
    """The instance type of each variant; None for a serverless one."""
    return {
        variant["VariantName"]: variant.get("InstanceType")
        for each in _resources(template).values()
        if each["Type"] == _CONFIG
        for variant in each["Properties"]["ProductionVariants"]
    }
