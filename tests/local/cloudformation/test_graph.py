"""The dependency graph: order, circles, and walking it with independent nodes at the same time."""

import threading

import pytest

from local_aws.cloudformation.templates.graph import ordered, reverse, walk
from local_aws.kernel.wire import ServiceError

DIAMOND = {"d": frozenset("bc"), "b": frozenset("a"), "c": frozenset("a"), "a": frozenset()}


class Walk:
    """Walks a graph and notes who was visited. `failing` do not succeed."""

    def __init__(self, failing=()):
        self.visited = []
        self.failing = failing
        self.halt = threading.Event()

    def visit(self, node):
        self.visited.append(node)
        return node not in self.failing

    def __call__(self, graph, **how):
        return walk(graph, self.visit, **{"halt": self.halt, "fail_fast": True, **how})


def test_everything_comes_after_what_it_depends_on():
    order = ordered(DIAMOND)

    assert sorted(order) == ["a", "b", "c", "d"]
    assert (order[0], order[-1]) == ("a", "d")


def test_a_circle_is_named_without_those_that_only_lead_to_it():
    with pytest.raises(ServiceError, match=r"Circular dependency between resources: \[b, c\]"):
        ordered({"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("b"), "d": frozenset()})


def test_reversed_everything_comes_before_what_it_depends_on():
    order = ordered(reverse(DIAMOND))

    assert (order[0], order[-1]) == ("d", "a")


def test_a_walk_visits_everything_once_in_order():
    each = Walk()

    assert each(DIAMOND)
    assert (each.visited[0], sorted(each.visited[1:3]), each.visited[3]) == ("a", ["b", "c"], "d")


def test_independent_nodes_are_visited_at_the_same_time():
    meeting = threading.Barrier(2, timeout=10)

    def visit(node):
        meeting.wait()
        return True

    assert walk({"a": (), "b": ()}, visit, halt=threading.Event(), fail_fast=True)


def test_what_depends_on_a_failure_is_not_visited():
    each = Walk(failing="b")

    assert not each(DIAMOND, fail_fast=False)
    assert sorted(each.visited) == ["a", "b", "c"]
    assert not each.halt.is_set()


def test_failing_fast_halts_the_walk():
    each = Walk(failing="a")

    assert not each({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")})
    assert (each.visited, each.halt.is_set()) == (["a"], True)


def test_a_walk_that_was_halted_begins_nothing():
    each = Walk()
    each.halt.set()

    assert not each(DIAMOND)
    assert each.visited == []


def test_the_end_of_the_time_halts_the_walk_and_waits_for_what_is_under_way():
    halt, ended = threading.Event(), []

    def visit(node):
        halt.wait(10)
        ended.append(node)
        return True

    assert not walk({"a": frozenset(), "b": frozenset("a")}, visit, halt=halt, fail_fast=True, seconds=0.01)
    assert ended == ["a"]
