"""A pipeline definition: JSON once, frozen dataclasses from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import Shape

from local_aws.kernel import json_text
from local_aws.kernel.shapes import problems
from local_aws.kernel.wire import service_model
from local_aws.sagemaker.workflow import cache, conditions, expressions, outputs, parameters, retries
from local_aws.sagemaker.workflow.cache import CacheConfig
from local_aws.sagemaker.workflow.conditions import Condition
from local_aws.sagemaker.workflow.errors import unparsable
from local_aws.sagemaker.workflow.parameters import Parameter
from local_aws.sagemaker.workflow.resources import RESOURCES, STEP_TYPES
from local_aws.sagemaker.workflow.retries import RetryPolicy

VERSION = "2020-12-01"

_TOP = frozenset({"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps"})
_COMMON = frozenset({"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"})
_MORE = {
    "Processing": frozenset({"RetryPolicies", "CacheConfig", "PropertyFiles"}),
    "Training": frozenset({"RetryPolicies", "CacheConfig"}),
    "Transform": frozenset({"RetryPolicies", "CacheConfig"}),
    "Tuning": frozenset({"RetryPolicies", "CacheConfig"}),
    "Lambda": frozenset({"CacheConfig", "FunctionArn", outputs.MEMBER}),
    "Callback": frozenset({"CacheConfig", "SqsQueueUrl", outputs.MEMBER}),
    "Model": frozenset({"RetryPolicies"}),
    "RegisterModel": frozenset({"RetryPolicies"}),
}
_TARGETS = {"Lambda": "FunctionArn", "Callback": "SqsQueueUrl"}
"""The member with the target of a step that a function or queue carries out."""


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file among a processing step's outputs: the output's name, and the path below it."""

    output: str
    path: str


@dataclass(frozen=True)
class Branch:
    """Where a step stands inside a Condition step: it runs if the condition's outcome is this one."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class Step:
    """A step of any type. `arguments` hold parsed expressions; a Condition's branches are steps of their own.

    `target` is a Lambda step's function or a Callback step's queue, `outputs` the types of what they give, by name.
    """

    name: str
    type: str
    arguments: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    branch: Branch | None = None
    display_name: str | None = None
    description: str | None = None
    conditions: tuple[Condition, ...] = ()
    property_files: Mapping[str, PropertyFile] = field(default_factory=dict)
    cache: CacheConfig | None = None
    retries: tuple[RetryPolicy, ...] = ()
    target: Any = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> Any:
        """All that the step looks at when it starts, as parsed expressions."""
        if self.type == "Condition":
            return [value for condition in self.conditions for value in conditions.values(condition)]
        return self.arguments if self.target is None else [self.arguments, self.target]


@dataclass(frozen=True)
class Definition:
    """`steps` are all of them, those in branches included, each after the Condition it stands in."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step]
    experiment: Mapping[str, Any]


def parse(text: str) -> Definition:
    """The definition in `text`. Raises ServiceError (ValidationException) naming what is wrong and where."""
    try:
        content = json_text.loads(text)
    except ValueError as error:
        raise unparsable(f"Not valid JSON: {error}.") from error
    _check_members(content, _TOP, "The definition")
    if content.get("Version") != VERSION:
        raise unparsable(f"Version must be '{VERSION}'; found {content.get('Version')!r}.")
    if content.get("MlflowConfig") is not None:
        raise unparsable("This embedded AWS has no MLflow: leave MlflowConfig out.")
    steps: dict[str, Step] = {}
    for step in _steps(content.get("Steps"), None):
        if step.name in steps:
            raise unparsable(f"Duplicate step name '{step.name}'; names are unique, across branches too.")
        steps[step.name] = step
    return Definition(
        parameters=parameters.parse(content.get("Parameters") or []),
        steps=steps,
        experiment=expressions.parse(content.get("PipelineExperimentConfig") or {}),
    )


def _steps(items: Any, branch: Branch | None) -> Iterator[Step]:
    if not isinstance(items, list) or (branch is None and not items):
        raise unparsable("Steps must be a list, and not an empty one.")
    for item in items:
        yield from _step(item, branch)


def _step(item: Any, branch: Branch | None) -> Iterator[Step]:
    """A step and, after a Condition, the steps of its branches."""
    name = item.get("Name") if isinstance(item, dict) else None
    if not name or list(problems(name, _shape("StepName"))):
        raise unparsable(f"A step must have a Name of 1 to 64 letters, digits, '-' and '_'; found {name!r}.")
    step_type = item.get("Type")
    if step_type not in STEP_TYPES:
        raise unparsable(
            f"Step '{name}' is of type '{step_type}'; this embedded AWS runs steps of type {', '.join(STEP_TYPES)}."
        )
    _check_members(item, _COMMON | _MORE.get(step_type, frozenset()), f"Step '{name}'")
    arguments = item.get("Arguments")
    if not isinstance(arguments, dict):
        raise unparsable(f"Step '{name}' must have Arguments, an object.")
    if step_type == "Condition":
        _check_members(
            arguments, frozenset({"Conditions", "IfSteps", "ElseSteps"}), f"Arguments of step '{name}'"
        )
    yield Step(
        name=name,
        type=step_type,
        arguments={} if step_type == "Condition" else expressions.parse(arguments),
        depends_on=_depends_on(item.get("DependsOn") or [], name),
        branch=branch,
        display_name=_optional_text(item, "DisplayName"),
        description=_optional_text(item, "Description"),
        conditions=_conditions(arguments, name) if step_type == "Condition" else (),
        property_files=_property_files(item.get("PropertyFiles") or [], name),
        cache=cache.parse(item.get("CacheConfig"), name),
        retries=retries.parse(item.get("RetryPolicies") or [], name) if step_type in RESOURCES else (),
        target=_target(item),
        outputs=outputs.parse(item.get(outputs.MEMBER) or [], name),
    )
    if step_type == "Condition":
        yield from _steps(arguments.get("IfSteps") or [], Branch(name, True))
        yield from _steps(arguments.get("ElseSteps") or [], Branch(name, False))


def _target(item: Mapping[str, Any]) -> Any:
    member = _TARGETS.get(item["Type"])
    if member is None:
        return None
    if not item.get(member):
        raise unparsable(f"Step '{item['Name']}' must have {member}.")
    return expressions.parse(item[member])


def _optional_text(item: Mapping[str, Any], member: str) -> str | None:
    text: str | None = item.get(member)
    for problem in [] if text is None else problems(text, _shape(f"Step{member}"), member):
        raise unparsable(f"Step '{item['Name']}': Model Validation failed: {problem}")
    return text


def _conditions(arguments: Mapping[str, Any], name: str) -> tuple[Condition, ...]:
    items = arguments.get("Conditions")
    if not isinstance(items, list) or not items:
        raise unparsable(f"Step '{name}' must have Conditions, a list with at least one.")
    return tuple(conditions.parse(item) for item in items)


def _depends_on(items: Any, name: str) -> tuple[str, ...]:
    if not isinstance(items, list):
        raise unparsable(f"DependsOn of step '{name}' must be a list of step names.")
    for item in items:
        if isinstance(item, dict) and "Trigger" in item:
            raise unparsable(
                f"Step '{name}' depends on '{item.get('Step')}' with Trigger '{item['Trigger']}'; "
                "this embedded AWS runs a step only after those it depends on have completed."
            )
        if not isinstance(item, str):
            raise unparsable(
                f"DependsOn of step '{name}' must be a list of step names; found {json.dumps(item)}."
            )
    return tuple(items)


def _property_files(items: Any, name: str) -> dict[str, PropertyFile]:
    found: dict[str, PropertyFile] = {}
    for item in items if isinstance(items, list) else [items]:
        match item:
            case {"PropertyFileName": str(file), "OutputName": str(output), "FilePath": str(path)}:
                if file in found:
                    raise unparsable(f"Step '{name}' has two property files named '{file}'.")
                found[file] = PropertyFile(output, path)
            case _:
                raise unparsable(
                    f"A property file of step '{name}' must have PropertyFileName, OutputName and FilePath; "
                    f"found {json.dumps(item)}."
                )
    return found


def _shape(name: str) -> Shape:
    return service_model("sagemaker").shape_for(name)


def _check_members(value: Any, known: frozenset[str], what: str) -> None:
    if not isinstance(value, dict):
        raise unparsable(f"{what} must be an object.")
    unknown = [member for member in value if member not in known]
    if unknown:
        raise unparsable(
            f"Cannot parse object, unknown property '{unknown[0]}'. {what} can have {', '.join(sorted(known))}."
        )
