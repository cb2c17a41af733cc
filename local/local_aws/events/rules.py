"""Rules: put, switched on and off, described, tagged, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local_aws.events.errors import not_found
from local_aws.events.pattern import Pattern, PatternError
from local_aws.events.store import Rule, Store
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError, invalid

_STATED = ("Description", "RoleArn")
PAGE = 100


class Rules:
    """PutRule, DescribeRule, ListRules, DeleteRule, EnableRule, DisableRule, TagResource, UntagResource,

    ListTagsForResource. Rules on a schedule are refused: there is no clock behind them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a rule or replace its definition.

        Raises InvalidEventPatternException, ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, PutRule.
        """
        self._store.require_bus(request)
        if request.get("ScheduleExpression"):
            raise invalid(
                "The embedded EventBridge has no schedules: state an EventPattern, and no ScheduleExpression."
            )
        if not request.get("EventPattern"):
            raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        try:
            pattern = Pattern.parse(request["EventPattern"])
        except PatternError as error:
            raise ServiceError("InvalidEventPatternException", str(error)) from error
        name = request["Name"]
        arn = self._store.arn(name)
        stated = {member: request[member] for member in _STATED if request.get(member)}
        with self._store.lock:
            before = self._store.rules.get(name)
            enabled = request.get("State", "ENABLED") != "DISABLED"
            targets = before.targets if before else {}
            self._store.rules[name] = Rule(name, arn, pattern, stated, enabled, targets)
            # Those of a rule that exists have operations of their own.
            self._store.tags.setdefault(arn, _as_dict(request.get("Tags", [])))
        return {"RuleArn": arn}

    def describe_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, DescribeRule.
        """
        self._store.require_bus(request)
        rule = self._store.find(request["Name"])
        return {**rule.described(), "CreatedBy": rule.arn.split(":")[4]}

    def list_rules(self, request: dict[str, Any]) -> dict[str, Any]:
        """List rules by name prefix, one page at a time.

        Raises ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, ListRules.
        """
        self._store.require_bus(request)
        with self._store.lock:
            rules = sorted(self._store.rules.values(), key=lambda rule: rule.name)
        found = [rule.described() for rule in rules if rule.name.startswith(request.get("NamePrefix", ""))]
        question = {"MaxResults": request.get("Limit"), **request}
        shown, token = page(found, question, key=lambda rule: str(rule["Name"]), default=PAGE)
        return paged({"Rules": shown}, token)

    def delete_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a rule that has no targets.

        Raises ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, DeleteRule.
        """
        self._store.require_bus(request)
        with self._store.lock:
            rule = self._store.rules.get(request["Name"])
            if rule is None:
                return {}
            if rule.targets:
                raise invalid("Rule can't be deleted since it has targets.")
            del self._store.rules[rule.name]
            self._store.tags.pop(rule.arn, None)
        return {}

    def enable_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Enable a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, EnableRule.
        """
        return self._switch(request, on=True)

    def disable_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Disable a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, DisableRule.
        """
        return self._switch(request, on=False)

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, TagResource.
        """
        with self._store.lock:
            self._tagged(request).update(_as_dict(request["Tags"]))
        return {}

    def untag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, UntagResource.
        """
        with self._store.lock:
            tags = self._tagged(request)
            for key in request["TagKeys"]:
                tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, ListTagsForResource.
        """
        with self._store.lock:
            return {"Tags": [{"Key": key, "Value": value} for key, value in self._tagged(request).items()]}

    def _switch(self, request: dict[str, Any], *, on: bool) -> dict[str, Any]:
        self._store.require_bus(request)
        with self._store.lock:
            rule = self._store.find(request["Name"])
            self._store.rules[rule.name] = replace(rule, enabled=on)
        return {}

    def _tagged(self, request: dict[str, Any]) -> dict[str, str]:
        arn = request["ResourceARN"]
        if arn not in self._store.tags:
            raise not_found(f"Rule {arn.rpartition('/')[2]} does not exist on EventBus default.")
        return self._store.tags[arn]


def _as_dict(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
