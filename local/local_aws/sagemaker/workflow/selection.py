"""Selective execution: some of a pipeline's steps run, and take what they need of the others from an earlier execution.

After https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-selective-ex.html: the steps have to be connected in the
pipeline's graph, and every step on a path between two of them has to be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.kernel.wire import invalid
from local_aws.sagemaker.workflow import graph
from local_aws.sagemaker.workflow.definition import Step
from local_aws.sagemaker.workflow.execution import FAILED, SUCCEEDED, Execution, StepRun

Steps = Mapping[str, Step]


@dataclass(frozen=True)
class Selection:
    """The names of the steps that run, and the runs that the source execution has of the steps that they need."""

    steps: frozenset[str]
    reused: Mapping[str, StepRun]


def select(steps: Steps, stated: Mapping[str, Any], find: Callable[[str], Execution | None]) -> Selection:
    """The selection of a SelectiveExecutionConfig from `steps`. `find` returns an execution of the pipeline by its ARN.

    The branches of a Condition step come with it. Raises ServiceError (ValidationException) for steps that are unknown
    or not connected, and where the source execution is missing or lacks a step that is needed.
    """
    named = [each["StepName"] for each in stated["SelectedSteps"]]
    for name in named:
        if name not in steps:
            raise invalid(
                f"Selected step '{name}' does not exist in the pipeline; it has {', '.join(steps)}."
            )
        branch = steps[name].branch
        if branch and branch.condition not in named:
            raise invalid(
                f"Selected step '{name}' is in a branch of '{branch.condition}': select that Condition step instead."
            )
    selected = _with_branches(steps, named)
    before = graph.dependencies(steps)
    _require_paths(selected, before)
    _require_connection(selected, before)
    needed = {other for name in selected for other in before[name]} - selected
    source = _source(stated, sorted(needed), find)
    runs = source.runs() if source else {}
    for name in sorted(needed):
        if name not in runs or runs[name].status != SUCCEEDED:
            raise invalid(
                f"Step '{name}', which the selected steps depend on, has not succeeded in the source execution "
                f"{stated['SourcePipelineExecutionArn']}."
            )
    return Selection(frozenset(selected), {name: runs[name] for name in needed})


def _with_branches(steps: Steps, named: list[str]) -> set[str]:
    selected = set(named)
    for name, step in steps.items():  # a branch's steps come after its Condition
        if step.branch and step.branch.condition in selected:
            selected.add(name)
    return selected


def _require_paths(selected: set[str], before: graph.Graph) -> None:
    below = {name: _ancestors(name, before) for name in before}
    for name in before:
        if name in selected:
            continue
        later = sorted(each for each in selected if name in below[each])
        earlier = sorted(below[name] & selected)
        if later and earlier:
            raise invalid(
                f"Step '{name}' lies between the selected steps '{earlier[0]}' and '{later[0]}': select it, too."
            )


def _require_connection(selected: set[str], before: graph.Graph) -> None:
    """Whatever the direction, each selected step is linked to each other one through selected steps."""
    links = {name: set(before[name] & selected) for name in selected}
    for name in selected:
        for other in before[name] & selected:
            links[other].add(name)
    found, waiting = set(), [min(selected)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += links[name]
    if apart := sorted(selected - found):
        raise invalid(
            f"The selected steps must be connected in the pipeline's graph: '{apart[0]}' is not connected to "
            f"'{min(found)}'."
        )


def _ancestors(name: str, before: graph.Graph) -> set[str]:
    """Every step that must come before `name`."""
    found: set[str] = set()
    waiting = list(before[name])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += before[other]
    return found


def _source(
    stated: Mapping[str, Any], needed: list[str], find: Callable[[str], Execution | None]
) -> Execution | None:
    arn = stated.get("SourcePipelineExecutionArn")
    if arn is None:
        if needed:
            raise invalid(
                "SourcePipelineExecutionArn must be given: the selected steps depend on outputs of "
                f"{', '.join(needed)}."
            )
        return None
    source = find(arn)
    if source is None:
        raise invalid(f"Source pipeline execution '{arn}' is not an execution of this pipeline.")
    if source.status not in (FAILED, SUCCEEDED):
        raise invalid(
            f"Source pipeline execution '{arn}' has status '{source.status}'; it must be '{FAILED}' or '{SUCCEEDED}'."
        )
    return source
