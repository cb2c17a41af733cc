"""The dependency graph of resources: order, cycles, and a walk that runs independent resources in parallel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from local_aws.cloudformation.errors import invalid

Graph = Mapping[str, frozenset[str]]
"""Each resource's logical id, and those that it depends on."""

Node = TypeVar("Node", bound=Hashable)

WORKERS = 8


def ordered(graph: Graph) -> list[str]:
    """Every resource after those that it depends on. Raises ServiceError for a circle, naming those in it."""
    order: list[str] = []
    left = {name: set(dependencies) for name, dependencies in graph.items()}
    while left:
        free = [name for name, dependencies in left.items() if not dependencies & left.keys()]
        if not free:
            raise invalid(f"Circular dependency between resources: [{', '.join(_cycle(left))}]")
        order += free
        for name in free:
            del left[name]
    return order


def require_acyclic(graph: Graph) -> None:
    """Raises ServiceError (ValidationError) for a circle, naming those in it."""
    ordered(graph)


def _cycle(left: Mapping[str, Collection[str]]) -> list[str]:
    """One circle of a graph in which everything depends on something."""
    path = [next(iter(left))]
    while True:
        following = next(name for name in left[path[-1]] if name in left)
        if following in path:
            return sorted(path[path.index(following) :])
        path.append(following)


def reverse(graph: Mapping[Node, Collection[Node]]) -> dict[Node, frozenset[Node]]:
    """Each node, and those that depend on it: the order of deletion."""
    return {
        node: frozenset(each for each, dependencies in graph.items() if node in dependencies)
        for node in graph
    }


def walk(
    graph: Mapping[Node, Collection[Node]],
    visit: Callable[[Node], bool],
    *,
    halt: threading.Event,
    fail_fast: bool,
    seconds: float | None = None,
) -> bool:
    """Visit each node after those that it depends on; independent ones at the same time. Whether all succeeded.

    `visit` says whether it succeeded; what depends on a failure is not visited. Once `halt` is set nothing new begins:
    the first failure sets it where `fail_fast`, and so does the end of `seconds`. Returns when nothing is under way.
    """
    left = {node: set(dependencies) & set(graph) for node, dependencies in graph.items()}
    running: dict[Future[bool], Node] = {}
    end = None if seconds is None else time.monotonic() + seconds
    complete = True
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="cloudformation") as pool:
        while True:
            for node in [node for node, waits_for in left.items() if not waits_for and not halt.is_set()]:
                del left[node]
                running[pool.submit(visit, node)] = node
            if not running:
                return complete and not left
            remaining = None if end is None else max(0.0, end - time.monotonic())
            done, _ = wait(running, timeout=remaining, return_when=FIRST_COMPLETED)
            if not done:
                halt.set()
                end, complete = None, False
            for future in done:
                node = running.pop(future)
                if future.result():
                    for waits_for in left.values():
                        waits_for.discard(node)
                    continue
                complete = False
                if fail_fast:
                    halt.set()
