"""The expressions of a pipeline definition: `Get`, `Std:Join` and `Std:JsonGet`, anywhere inside a step's arguments.

`parse` turns JSON into the same structure with expressions in place of the objects that stood for them, `references`
finds what they refer to, `resolve` gives them their values when a step starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.sagemaker.workflow import paths
from local_aws.sagemaker.workflow.errors import UnresolvedError, unparsable

PARAMETERS, EXECUTION, STEPS, EXPERIMENT = "Parameters", "Execution", "Steps", "PipelineExperimentConfig"
PROPERTY_FILES = "PropertyFiles"


@dataclass(frozen=True)
class Reference:
    """`{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}`: the `name` of a `kind`, and a path inside it."""

    kind: str
    name: str
    path: paths.Path
    text: str


@dataclass(frozen=True)
class Join:
    """`{"Std:Join": {"On": "/", "Values": [...]}}`."""

    on: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class JsonGet:
    """`{"Std:JsonGet": {...}}`: a value in a JSON document, which is a step's property file or an S3 object."""

    source: Any
    path: paths.Path
    text: str


@dataclass(frozen=True)
class Scope:
    """The values that expressions can refer to while a step starts.

    `properties` answers with a finished step's Describe answer, `property_file` with the S3 URI of a step's property
    file, `read` with the bytes at an S3 URI (raising botocore's ClientError).
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    experiment: Mapping[str, Any]
    properties: Callable[[str], Mapping[str, Any]]
    property_file: Callable[[str, str], str]
    read: Callable[[str], bytes]


def parse(value: Any) -> Any:
    """`value`, from JSON, with its expressions parsed. Raises ServiceError naming the one that is not understood."""
    match value:
        case {"Get": text} if len(value) == 1:
            return _reference(text)
        case {"Std:Join": arguments} if len(value) == 1:
            return _join(arguments)
        case {"Std:JsonGet": arguments} if len(value) == 1:
            return _json_get(arguments)
        case dict():
            for key in value:
                if key.startswith("Std:"):
                    raise unparsable(f"Unknown function '{key}'; known are Get, Std:Join and Std:JsonGet.")
            return {key: parse(item) for key, item in value.items()}
        case list():
            return [parse(item) for item in value]
    return value


def references(value: Any) -> Iterator[Reference]:
    """Every reference inside what `parse` gave."""
    match value:
        case Reference():
            yield value
        case JsonGet():
            yield from references(value.source)
        case Join(values=items):
            for item in items:
                yield from references(item)
        case dict():
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)


def resolve(value: Any, scope: Scope) -> Any:
    """`value`, from `parse`, with every expression's value in its place. Raises UnresolvedError."""
    match value:
        case Reference():
            return _get(value, scope)
        case Join(on=on, values=items):
            return on.join(_text(resolve(item, scope)) for item in items)
        case JsonGet():
            return _read(value, scope)
        case dict():
            return {key: resolve(item, scope) for key, item in value.items()}
        case list():
            return [resolve(item, scope) for item in value]
    return value


def is_expression(value: Any) -> bool:
    """Whether a parsed value is an expression and not a literal."""
    return isinstance(value, Reference | Join | JsonGet)


def _reference(text: Any) -> Reference:
    kind, _, rest = str(text).partition(".")
    name, _, path = rest.partition(".")
    if kind not in (PARAMETERS, EXECUTION, STEPS, EXPERIMENT) or not name:
        raise unparsable(
            f"Unknown reference '{text}'; it must begin with Parameters., Execution., Steps. or PipelineExperimentConfig."
        )
    if bool(path) != (kind == STEPS):
        raise unparsable(f"Invalid reference '{text}': a step's property has a path, nothing else has one.")
    try:
        return Reference(kind, name, paths.parse(path) if path else (), text)
    except ValueError as error:
        raise unparsable(f"Invalid reference '{text}': {error}.") from error


def _join(arguments: Any) -> Join:
    match arguments:
        case {"On": str(on), "Values": list(values)} if len(arguments) == 2:
            return Join(on, tuple(parse(value) for value in values))
        case {"Values": list(values)} if len(arguments) == 1:
            return Join("", tuple(parse(value) for value in values))
    raise unparsable(f"Std:Join takes On, a string, and Values, a list; found {json.dumps(arguments)}.")


def _json_get(arguments: Any) -> JsonGet:
    match arguments:
        case {"PropertyFile": source, "Path": str(text)} if len(arguments) == 2:
            parsed = parse(source)
            if not (isinstance(parsed, Reference) and _names_property_file(parsed)):
                raise unparsable(
                    f"Std:JsonGet's PropertyFile must get Steps.<step>.PropertyFiles.<name>; found {json.dumps(source)}."
                )
        case {"S3Uri": source, "Path": str(text)} if len(arguments) == 2:
            parsed = parse(source)
        case _:
            raise unparsable(
                f"Std:JsonGet takes Path and one of PropertyFile and S3Uri; found {json.dumps(arguments)}."
            )
    try:
        return JsonGet(parsed, paths.parse(text), text)
    except ValueError as error:
        raise unparsable(f"Invalid json path '{text}': {error}.") from error


def _names_property_file(reference: Reference) -> bool:
    return reference.kind == STEPS and len(reference.path) == 2 and reference.path[0] == PROPERTY_FILES


def _get(reference: Reference, scope: Scope) -> Any:
    found: Mapping[str, Any]
    match reference.kind:
        case "Parameters":
            found = scope.parameters
        case "Execution":
            found = scope.execution
        case "PipelineExperimentConfig":
            found = scope.experiment
        case _:
            found = {reference.name: scope.properties(reference.name)}
    try:
        return paths.follow(found, (reference.name, *reference.path))
    except LookupError as error:
        raise UnresolvedError(f"{json.dumps({'Get': reference.text})} is undefined.") from error


def _read(expression: JsonGet, scope: Scope) -> Any:
    if isinstance(expression.source, Reference) and _names_property_file(expression.source):
        uri = scope.property_file(expression.source.name, str(expression.source.path[1]))
    else:
        uri = str(resolve(expression.source, scope))
    try:
        return paths.follow(json.loads(scope.read(uri)), expression.path)
    except ClientError as error:
        answer = error.response["Error"]
        raise UnresolvedError(
            f"Received an error while reading file {uri} from S3: {answer['Code']}: {answer['Message']}"
        ) from error
    except ValueError as error:
        raise UnresolvedError(f"Contents of file {uri} are not in valid JSON format.") from error
    except LookupError as error:
        raise UnresolvedError(
            f"Invalid json path '{expression.text}': file {uri} has no such value."
        ) from error


def _text(value: Any) -> str:
    """A value inside a string: true and false in lower case, as SageMaker writes them."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
