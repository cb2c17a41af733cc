"""Metric math, as far as alarms on rates need it: + - * / on metric ids and numbers, and FILL(id, number).

    Expression.parse("100 * errors / FILL(calls, 0)").value({"errors": 1.0, "calls": 4.0})   # 25.0

A value that is missing, and a division by zero, make the result missing, as on CloudWatch.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Values = Mapping[str, float | None]

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ExpressionError(ValueError):
    """The expression is none, or uses what is not embedded. The message quotes it."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression. `names` are the ids that it uses."""

    text: str
    names: frozenset[str]
    _tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Raises ExpressionError for anything but arithmetic and FILL."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise ExpressionError(f"Error in expression '{text}': it cannot be parsed") from error
        names: set[str] = set()
        _check(tree, text, names)
        return cls(text, frozenset(names), tree)

    def value(self, values: Values) -> float | None:
        """The result for one period. Raises ExpressionError where `values` lacks an id."""
        for name in self.names - values.keys():
            raise ExpressionError(f"Error in expression '{self.text}': no metric has the id {name}")
        return _value(self._tree, values)


def _check(node: ast.expr, text: str, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            pass
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, text, names)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, text, names)
            _check(right, text, names)
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int() | float())]):
            _check(filled, text, names)
        case _:
            raise ExpressionError(
                f"Error in expression '{text}': the embedded CloudWatch has + - * /, numbers, metric ids and "
                f"FILL(id, number), not {ast.unparse(node)!r}"
            )


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            value = _value(operand, values)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _value(left, values), _value(right, values)
            if first is None or second is None or (isinstance(op, ast.Div) and second == 0):
                return None
            return _OPERATORS[type(op)](first, second)
        case ast.Call(args=[filled, default]):
            value = _value(filled, values)
            return _value(default, values) if value is None else value
    raise AssertionError(f"_check lets no {type(node).__name__} pass")
