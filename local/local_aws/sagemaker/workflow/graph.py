"""The order of steps: by DependsOn, by references to data, and by the branches of a Condition."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from local_aws.sagemaker.workflow import expressions
from local_aws.sagemaker.workflow.definition import Step
from local_aws.sagemaker.workflow.errors import unparsable

Graph = Mapping[str, frozenset[str]]


def dependencies(steps: Mapping[str, Step]) -> Graph:
    """The predecessors of each step: those that must have succeeded before it starts.

    A step in a branch has its own dependencies and its Condition; the Condition does not wait for its branches' data.
    """
    return {name: frozenset(_predecessors(step)) for name, step in steps.items()}


def check(steps: Mapping[str, Step]) -> None:
    """Raises ServiceError for a dependency on an unknown step or on a Fail step, and for a cycle."""
    graph = dependencies(steps)
    for name, before in graph.items():
        for other in sorted(before):
            if other not in steps:
                raise unparsable(
                    f"Step '{name}' depends on unknown step '{other}'; known are {', '.join(steps)}."
                )
            if steps[other].type == "Fail":
                raise unparsable(f"{name} can not depends on {other}: a Fail step ends the execution.")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise unparsable(f"Steps depend on each other in a cycle: {' -> '.join(error.args[1])}.") from error


def _predecessors(step: Step) -> set[str]:
    by_data = {item.name for item in expressions.references(step.inputs) if item.kind == expressions.STEPS}
    by_branch = {step.branch.condition} if step.branch else set()
    return {*step.depends_on, *by_data, *by_branch}
