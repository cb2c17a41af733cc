"""The Conditions block: each condition's truth, from the parameters alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.templates.intrinsics import Evaluator, calls, function_of, text_of


class Conditions:
    """Evaluates conditions by name. `values` evaluates what they compare: parameters, mappings, pure functions."""

    def __init__(self, declared: Mapping[str, Any], values: Evaluator) -> None:
        self._declared = declared
        self._values = values
        self._asked: list[str] = []

    def holds(self, name: str) -> bool:
        """Raises ServiceError (ValidationError) for an unknown condition, and for one that depends on itself."""
        if name not in self._declared:
            raise invalid(f"Template format error: Unresolved condition dependency {name} in the template")
        if name in self._asked:
            raise invalid(f"Template error: Circular dependency between conditions: {self._asked}")
        self._asked.append(name)
        try:
            return self.truth(self._declared[name])
        finally:
            self._asked.pop()

    def truth(self, node: Any) -> bool:
        """Of a condition that stands in the template. Raises ServiceError where it is none."""
        match node:
            case {"Condition": str(name)} if len(node) == 1:
                return self.holds(name)
            case {"Fn::Equals": [left, right]}:
                return text_of(self._values.evaluate(left)) == text_of(self._values.evaluate(right))
            case {"Fn::Not": [operand]}:
                return not self.truth(operand)
            case {"Fn::And": list(operands)} if 2 <= len(operands) <= 10:
                return all(self.truth(operand) for operand in operands)
            case {"Fn::Or": list(operands)} if 2 <= len(operands) <= 10:
                return any(self.truth(operand) for operand in operands)
        function = function_of(node) or node
        raise invalid(
            f"Template validation error: Template error: every Conditions member must be a condition; {function} is"
            " none, or has other arguments than it takes"
        )


def check_references(declared: Mapping[str, Any], known: set[str], block: str = "Conditions") -> None:
    """Raises ServiceError where a condition in that block refers to anything but the `known` names: parameters and pseudo ones."""
    for node in declared.values():
        unknown = [str(name) for name in calls(node, "Ref") if not isinstance(name, str) or name not in known]
        unknown += [f"{name}" for name in calls(node, "Fn::GetAtt")]
        if unknown:
            raise invalid(
                f"Template format error: Unresolved dependencies [{', '.join(unknown)}]. Cannot reference resources in"
                f" the {block} block of the template"
            )
