"""A pipeline's definition as a graph: which step waits for which, and where each is drawn. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 136, 54
"""Of a step's box, in pixels."""
_GAP_X, _GAP_Y, _MARGIN = 44, 20, 6
_BRANCHES = ("IfSteps", "ElseSteps")


@dataclass(frozen=True)
class Node:
    """A step, and the top left corner of its box."""

    name: str
    type: str
    x: int
    y: int

    @property
    def middle(self) -> int:
        """The height at which edges reach the box."""
        return self.y + HEIGHT // 2


@dataclass(frozen=True)
class Edge:
    """From a step to one that waits for it, as the path of an SVG. `word` is `if` or `else` below a condition."""

    begin: str
    end: str
    path: str
    word: str
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    """Boxes, the edges between them, and the size of the drawing in pixels."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


@dataclass(frozen=True)
class _Step:
    name: str
    type: str
    needs: tuple[str, ...]
    branch_of: str = ""
    word: str = ""


def of_definition(definition: str) -> Graph:
    """The graph of a definition as DescribePipeline answers it. Raises ValueError for text that is none."""
    steps = list(_steps(json.loads(definition).get("Steps", [])))
    columns = _columns(steps)
    nodes = tuple(_place(steps, columns))
    by_name = {node.name: node for node in nodes}
    edges = tuple(
        _edge(by_name[begin], by_name[step.name], step.word if begin == step.branch_of else "")
        for step in steps
        for begin in _direct_needs(step, steps)
    )
    width = max((node.x + WIDTH for node in nodes), default=0) + _MARGIN
    height = max((node.y + HEIGHT for node in nodes), default=0) + _MARGIN
    return Graph(nodes, edges, width, height)


def _steps(stated: Sequence[Mapping[str, Any]], branch_of: str = "", word: str = "") -> Iterator[_Step]:
    for each in stated:
        branches = {name: each.get("Arguments", {}).get(name) or [] for name in _BRANCHES}
        condition = each.get("Type") == "Condition"
        asked = {"Conditions": each.get("Arguments", {}).get("Conditions")} if condition else each
        found = [*(each.get("DependsOn") or []), *_references(asked)]
        needs = tuple(dict.fromkeys(name for name in [branch_of, *found] if name and name != each["Name"]))
        yield _Step(each["Name"], each.get("Type", ""), needs, branch_of, word)
        if condition:
            for name, inner in branches.items():
                yield from _steps(inner, each["Name"], name.removesuffix("Steps").lower())


def _references(stated: Any) -> Iterator[str]:
    """The names of steps whose properties or files a part of a definition reads."""
    if isinstance(stated, Mapping):
        got = stated.get("Get")
        if isinstance(got, str) and got.startswith("Steps."):
            yield got.split(".")[1]
        read = stated.get("Std:JsonGet")
        if isinstance(read, Mapping) and isinstance(read.get("PropertyFile"), Mapping):
            file = str(read["PropertyFile"].get("Get", ""))
            if file.startswith("Steps."):
                yield file.split(".")[1]
        for each in stated.values():
            yield from _references(each)
    elif isinstance(stated, list):
        for each in stated:
            yield from _references(each)


def _needs(step: _Step, steps: Sequence[_Step]) -> tuple[str, ...]:
    known = {each.name for each in steps}
    return tuple(name for name in step.needs if name in known)


def _direct_needs(step: _Step, steps: Sequence[_Step]) -> tuple[str, ...]:
    """The direct predecessors of the step, without those that its other predecessors wait for."""
    by_name = {each.name: each for each in steps}
    needs = _needs(step, steps)
    implied: set[str] = set()
    ahead = [name for need in needs for name in _needs(by_name[need], steps)]
    while ahead:
        name = ahead.pop()
        if name not in implied:
            implied.add(name)
            ahead += _needs(by_name[name], steps)
    return tuple(name for name in needs if name not in implied)


def _columns(steps: Sequence[_Step]) -> dict[str, int]:
    """The length of the longest way to each step."""
    columns = {step.name: 0 for step in steps}
    for _ in steps:
        for step in steps:
            columns[step.name] = max((columns[name] + 1 for name in _needs(step, steps)), default=0)
    return columns


def _place(steps: Sequence[_Step], columns: Mapping[str, int]) -> Iterator[Node]:
    rows: dict[int, int] = {}
    tallest = max((list(columns.values()).count(column) for column in columns.values()), default=0)
    for step in steps:
        column = columns[step.name]
        row = rows.get(column, 0)
        rows[column] = row + 1
        in_column = list(columns.values()).count(column)
        indent = (tallest - in_column) * (HEIGHT + _GAP_Y) // 2
        x = _MARGIN + column * (WIDTH + _GAP_X)
        yield Node(step.name, step.type, x, _MARGIN + indent + row * (HEIGHT + _GAP_Y))


def _edge(begin: Node, end: Node, word: str) -> Edge:
    x1, y1, x2, y2 = begin.x + WIDTH, begin.middle, end.x - 5, end.middle
    bend = (x1 + x2) // 2
    path = f"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}"
    return Edge(begin.name, end.name, path, word, bend, (y1 + y2) // 2)
