"""The Rules block: what the parameters' values have to be together, looked at before anything is made or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import invalid

_MEMBERS = frozenset({"Assertions", "RuleCondition"})


@dataclass(frozen=True)
class Rule:
    """A rule as the template has it: where `condition` is true (None always is), each of `assertions` has to be.

    An assertion is a condition with what CloudFormation says where it is false.
    """

    name: str
    condition: Any
    assertions: tuple[tuple[Any, str], ...]

    @classmethod
    def declared(cls, name: str, stated: Any) -> Rule:
        """Raises ServiceError (ValidationError) for what is no rule."""
        assertions = stated.get("Assertions") if isinstance(stated, dict) else None
        if not isinstance(assertions, list) or not all(
            isinstance(each, dict) and "Assert" in each for each in assertions
        ):
            raise invalid(
                f"Template format error: Every Rules member must contain a list of Assertions, each with an Assert. ({name})"
            )
        for member in stated:
            if member not in _MEMBERS:
                raise invalid(f"Template format error: Invalid rule property '{member}' ({name})")
        described = tuple((each["Assert"], str(each.get("AssertDescription", ""))) for each in assertions)
        return cls(name, stated.get("RuleCondition"), described)


def check(rules: Mapping[str, Rule], holds: Callable[[Any], bool]) -> None:
    """Raises ServiceError (ValidationError) with the description of the first assertion that does not hold.

    `holds` tells a condition's truth: of the functions of rules the embedded CloudFormation has those of conditions.
    """
    for rule in rules.values():
        if rule.condition is not None and not holds(rule.condition):
            continue
        for assertion, description in rule.assertions:
            if not holds(assertion):
                raise invalid(f"Template validation error: Rule {rule.name} is not satisfied: {description}")
