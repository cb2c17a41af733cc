"""The values that a step's expressions refer to, while its execution runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker.workflow import paths
from local_aws.sagemaker.workflow.errors import UnresolvedError
from local_aws.sagemaker.workflow.execution import SUCCEEDED, Execution
from local_aws.sagemaker.workflow.expressions import Scope


def of(execution: Execution, read: Callable[[str], bytes], **variables: str) -> Scope:
    """The scope of a step that starts now. `variables` are those of its type: TrainingJobName, ProcessingJobName."""

    def properties(name: str) -> Mapping[str, Any]:
        run = execution.runs().get(name)
        if run is None or run.status != SUCCEEDED:
            raise UnresolvedError(f"Step '{name}' has no properties: it did not run.")
        return run.properties

    def property_file(name: str, file: str) -> str:
        wanted = execution.start.definition.steps[name].property_files[file]
        path = ("ProcessingOutputConfig", "Outputs", wanted.output, "S3Output", "S3Uri")
        return f"{str(paths.follow(dict(properties(name)), path)).rstrip('/')}/{wanted.path.lstrip('/')}"

    start = execution.start
    outer = before_steps(start.arn, start.pipeline_arn, start.created, start.parameters)
    return replace(
        outer,
        execution={**outer.execution, **variables},
        experiment=start.experiment,
        properties=properties,
        property_file=property_file,
        read=read,
    )


def before_steps(arn: str, pipeline_arn: str, created: datetime, parameters: Mapping[str, Any]) -> Scope:
    """The scope of what an execution is started with: parameters and `Execution.*`."""

    def no_steps(*_: str) -> Any:
        raise UnresolvedError("No step has run yet.")

    variables = {
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineExecutionArn": arn,
        "PipelineName": pipeline_arn.rpartition("/")[2],
        "PipelineArn": pipeline_arn,
        "StartDateTime": _text(created),
        "CurrentDateTime": _text(datetime.now(UTC)),
    }
    return Scope(parameters, variables, {}, properties=no_steps, property_file=no_steps, read=no_steps)


def s3_reader(s3: Any) -> Callable[[str], bytes]:
    """Reads the object at an S3 URI. The returned function raises UnresolvedError if the object cannot be read."""

    def read(uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not key:
            raise UnresolvedError(f"'{uri}' is not the S3 URI of an object.")
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    return read


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
