"""Checks of a definition when a pipeline is created, beyond its syntax.

Every reference leads somewhere, and every step's arguments are a request that the API could take.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.kernel.limits import LIMITS
from local_aws.kernel.shapes import problems
from local_aws.sagemaker.workflow import expressions, graph, outputs
from local_aws.sagemaker.workflow.definition import Definition, Step
from local_aws.sagemaker.workflow.errors import unparsable
from local_aws.sagemaker.workflow.expressions import PROPERTY_FILES, Reference
from local_aws.sagemaker.workflow.resources import RESOURCES

EXECUTION_VARIABLES = (
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "PipelineName",
    "PipelineArn",
    "StartDateTime",
    "CurrentDateTime",
)
JOB_VARIABLES = {"Processing": "ProcessingJobName", "Training": "TrainingJobName"}
"""Variables that only steps of a type have: the name of the job that the step starts."""


def check(definition: Definition) -> None:
    """Raises ServiceError (ValidationException) for the first thing that could never run."""
    for name, found in (
        ("pipeline_steps", len(definition.steps)),
        ("pipeline_parameters", len(definition.parameters)),
    ):
        limit = LIMITS[f"sagemaker.{name}"]
        if found > limit.maximum:
            raise unparsable(f"{found} {limit.unit}, and {limit.maximum} is the maximum.")
    graph.check(definition.steps)
    for step in definition.steps.values():
        for reference in expressions.references(step.inputs):
            if reference.kind == expressions.STEPS:
                _property(reference, step, definition.steps[reference.name])
            else:
                _value(reference, f"Step '{step.name}'", definition, step.type)
        if step.type in RESOURCES:
            _arguments(step)
        elif step.type == "Fail" and set(step.arguments) - {"ErrorMessage"}:
            raise unparsable(f"Step '{step.name}': a Fail step's only argument is ErrorMessage.")
    for reference in expressions.references(definition.experiment):
        if reference.kind not in (expressions.PARAMETERS, expressions.EXECUTION):
            raise unparsable(f"PipelineExperimentConfig cannot refer to '{reference.text}'.")
        _value(reference, "PipelineExperimentConfig", definition)


def _value(reference: Reference, who: str, definition: Definition, step_type: str = "") -> None:
    """A reference to a parameter or variable has to name one that there is."""
    match reference.kind:
        case "Parameters":
            known = tuple(definition.parameters)
        case "Execution":
            known = EXECUTION_VARIABLES + ((JOB_VARIABLES[step_type],) if step_type in JOB_VARIABLES else ())
        case _:
            known = tuple(definition.experiment)
    if reference.name not in known:
        raise unparsable(
            f"{who} refers to unknown '{reference.text}'; known are {', '.join(known) or 'none'}."
        )


def _property(reference: Reference, step: Step, other: Step) -> None:
    """A reference to another step's property has to be in that resource's Describe answer."""
    if reference.path[0] == PROPERTY_FILES:
        _property_file(str(reference.path[-1]), step, other)
        return
    known = other.type == "Condition" and reference.path == ("Outcome",)
    if other.type in ("Callback", "Lambda"):
        known = reference.path[0] == outputs.MEMBER and reference.path[1:] in {
            (each,) for each in other.outputs
        }
    if other.type in RESOURCES:
        shapes = RESOURCES[other.type].description_shapes
        known = any(_reaches(shape, reference) for shape in shapes)
    if not known:
        raise unparsable(
            f"Step '{step.name}' refers to '{reference.text}', which a {other.type} step does not have."
        )


def _property_file(name: str, step: Step, other: Step) -> None:
    if name not in other.property_files:
        raise unparsable(
            f"Step '{step.name}' refers to property file '{name}' of step '{other.name}', which has "
            f"{', '.join(other.property_files) or 'none'}."
        )
    outputs = other.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    output = other.property_files[name].output
    if output not in [item.get("OutputName") for item in outputs]:
        raise unparsable(
            f"Processing output name '{output}' defined in property file '{name}' not found in processing step "
            f"'{other.name}'."
        )


def _reaches(shape: Shape, reference: Reference) -> bool:
    for part in reference.path:
        match shape, part:
            case StructureShape(), str() if part in shape.members:
                shape = shape.members[part]
            case ListShape(), _:
                shape = shape.member
            case MapShape(), str():
                shape = shape.value
            case _:
                return False
    return True


def _arguments(step: Step) -> None:
    resource = RESOURCES[step.type]
    shape = resource.request_shape
    unknown = [name for name in step.arguments if name not in shape.members or name in resource.withheld]
    if unknown:
        raise unparsable(f"Step '{step.name}': Unknown Argument member '{unknown[0]}'.")
    for name in shape.required_members:
        if name not in step.arguments and name != resource.name_member:
            raise unparsable(f"Step '{step.name}': Missing required Argument member '{name}'.")
    for name, value in step.arguments.items():
        for problem in _problems(value, shape.members[name], name):
            raise unparsable(f"Step '{step.name}': Model Validation failed: {problem}")


def _problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """The problems of a value that are known before its expressions have values."""
    if expressions.is_expression(value):
        return
    match shape, value:
        case StructureShape(), dict():
            yield from _member_problems(value, shape, path)
        case ListShape(), list():
            for index, item in enumerate(value):
                yield from _problems(item, shape.member, f"{path}[{index}]")
        case MapShape(), dict():
            for name, item in value.items():
                yield from _problems(item, shape.value, f"{path}.{name}")
        case _:
            yield from problems(value, shape, path)


def _member_problems(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"Value null at '{path}.{name}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name in shape.members:
            yield from _problems(item, shape.members[name], f"{path}.{name}")
        else:
            yield f"Unknown member '{path}.{name}'; known are {', '.join(sorted(shape.members))}"
