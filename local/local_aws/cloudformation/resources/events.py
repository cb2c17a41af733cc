"""AWS::Events: rules and their targets."""

from __future__ import annotations

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    as_text,
    only,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes

NAME_LENGTH = 64


class Rule(ResourceType):
    """A rule with its targets."""

    name = "AWS::Events::Rule"
    create_only = words("Name")
    conditionally_create_only = words("EventBusName")
    properties = words(
        "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
    )
    attributes = words("Arn")
    named_by = "Name"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("Name") or context.name(NAME_LENGTH)
        physical_id = "|".join([*filter(None, [properties.get("EventBusName")]), name])
        arn = self._put(name, properties, context, tags=properties.get("Tags", []))
        context.report(physical_id)
        self._put_targets({}, properties, name, context)
        return Physical(physical_id, {"Arn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        name = physical_id.rpartition("|")[2]
        arn = self._put(name, new, context)
        self._put_targets(old, new, name, context)
        put, gone = tag_changes(old, new)
        if put:
            context.call("events", "TagResource", {"ResourceARN": arn, "Tags": as_list(put)})
        if gone:
            context.call("events", "UntagResource", {"ResourceARN": arn, "TagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        name, bus = physical_id.rpartition("|")[2], only(properties, "EventBusName")
        found = context.find("events", "ListTargetsByRule", {"Rule": name, **bus})
        ids = [target["Id"] for target in found["Targets"]] if found else []
        if ids:
            context.drop("events", "RemoveTargets", {"Rule": name, "Ids": ids, **bus})
        context.drop("events", "DeleteRule", {"Name": name, **bus})

    @staticmethod
    def _put(
        name: str, properties: Properties, context: Context, tags: list[dict[str, str]] | None = None
    ) -> str:
        stated = only(properties, "Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")
        request = {**stated, "Name": name}
        if "EventPattern" in properties:
            request["EventPattern"] = as_text(properties["EventPattern"])
        if tags:
            request["Tags"] = tags
        return str(context.call("events", "PutRule", request)["RuleArn"])

    @staticmethod
    def _put_targets(old: Properties, new: Properties, name: str, context: Context) -> None:
        bus = only(new, "EventBusName")
        before = {target["Id"] for target in old.get("Targets", ())}
        after = {target["Id"] for target in new.get("Targets", ())}
        if new.get("Targets") and old.get("Targets") != new["Targets"]:
            request = {"Rule": name, "Targets": new["Targets"], **bus}
            failed = context.call("events", "PutTargets", request)["FailedEntries"]
            if failed:
                raise ResourceError(f"{failed[0]['ErrorMessage']} (target {failed[0]['TargetId']})")
        if before - after:
            request = {"Rule": name, "Ids": sorted(before - after), **bus}
            context.drop("events", "RemoveTargets", request)
