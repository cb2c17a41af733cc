"""The rules of the default bus, and what they are aimed at. There is no other bus here."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.events.errors import not_found
from local_aws.events.pattern import Pattern
from local_aws.kernel.account import Account

DEFAULT_BUS = "default"

Target = Mapping[str, Any]
"""The API's Target, as stated."""


@dataclass(frozen=True)
class Rule:
    """A rule. `stated` is what PutRule said of it, `targets` are by their id."""

    name: str
    arn: str
    pattern: Pattern
    stated: Mapping[str, Any]
    enabled: bool
    targets: Mapping[str, Target] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """The rule in the answer of ListRules."""
        return {
            **self.stated,
            "Name": self.name,
            "Arn": self.arn,
            "State": "ENABLED" if self.enabled else "DISABLED",
            "EventPattern": self.pattern.text,
            "EventBusName": DEFAULT_BUS,
        }


class Store:
    """Rules by name. `lock` guards them and their tags."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.lock = threading.RLock()
        self.rules: dict[str, Rule] = {}
        self.tags: dict[str, dict[str, str]] = {}
        """By the rule's ARN."""

    def arn(self, name: str) -> str:
        """The ARN of the rule with this name."""
        return self.account.arn("events", f"rule/{name}")

    def find(self, name: str) -> Rule:
        """Raises ServiceError (ResourceNotFoundException)."""
        with self.lock:
            if name not in self.rules:
                raise not_found(f"Rule {name} does not exist on EventBus {DEFAULT_BUS}.")
            return self.rules[name]

    def matching(self, event: Mapping[str, Any]) -> list[Rule]:
        """The enabled rules that want `event`."""
        with self.lock:
            rules = list(self.rules.values())
        return [rule for rule in rules if rule.enabled and rule.pattern.matches(event)]

    def require_bus(self, request: Mapping[str, Any]) -> None:
        """Raise ServiceError (ResourceNotFoundException) for another bus than the default one."""
        named = request.get("EventBusName", DEFAULT_BUS)
        if named not in (DEFAULT_BUS, self.account.arn("events", f"event-bus/{DEFAULT_BUS}")):
            raise not_found(
                f"Event bus {named} does not exist. The embedded EventBridge has the default bus."
            )
