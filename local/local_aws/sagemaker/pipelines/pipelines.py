"""Pipelines: a validated definition, and what was run of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError, invalid
from local_aws.sagemaker import arns
from local_aws.sagemaker.caller import USER_CONTEXT
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags
from local_aws.sagemaker.workflow import definition, validation
from local_aws.sagemaker.workflow.definition import Definition
from local_aws.sagemaker.workflow.errors import unparsable
from local_aws.sagemaker.workflow.history import History

PIPELINE = "pipeline"
VERSIONS = ("PipelineVersionId", "PipelineVersionAlias", "PipelineVersionAliases")
"""Request members that only make sense where earlier versions of a pipeline are kept."""

_STATED = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's latest version. `stated` are the members of requests that describe it as they are."""

    arn: str
    name: str
    token: str
    created: datetime
    modified: datetime
    stated: dict[str, Any]
    text: str
    definition: Definition
    version: int = 1
    history: History = field(default_factory=History)

    def summary(self) -> dict[str, Any]:
        shown = {name: value for name, value in self.stated.items() if name != "ParallelismConfiguration"}
        last = self.history.last_start
        return {**self._common(), **shown, **({"LastExecutionTime": last} if last else {})}

    def description(self) -> dict[str, Any]:
        last = self.history.last_start
        return {
            **self._common(),
            **self.stated,
            **({"LastRunTime": last} if last else {}),
            "PipelineDefinition": self.text,
            "PipelineStatus": "Active",
            "CreatedBy": USER_CONTEXT,
            "LastModifiedBy": USER_CONTEXT,
        }

    def _common(self) -> dict[str, Any]:
        return {
            "PipelineArn": self.arn,
            "PipelineName": self.name,
            "PipelineDisplayName": self.name,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }


class Pipelines:
    """CreatePipeline, UpdatePipeline, DescribePipeline, ListPipelines, DeletePipeline."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._lock = threading.Lock()
        self._pipelines: dict[str, Pipeline] = {}

    def create_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        refuse(request, *VERSIONS)
        name, token, now = request["PipelineName"], request["ClientRequestToken"], datetime.now(UTC)
        arn = arns.make(self._account, PIPELINE, name)
        text = self._text(request)
        parsed = _checked(text)
        with self._lock:
            known = self._pipelines.get(arn)
            if known is None:
                self._pipelines[arn] = Pipeline(arn, name, token, now, now, _stated(request), text, parsed)
                self._tags.put(arn, request.get("Tags"))
            elif known.token != token:
                raise invalid(
                    "Pipeline names must be unique within an AWS account and region. "
                    f"Pipeline with name ({name}) already exists."
                )
        return {"PipelineArn": arn}

    def update_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        refuse(request, *VERSIONS)
        arn = self.find(request["PipelineName"]).arn
        changes: dict[str, Any] = {"modified": datetime.now(UTC)}
        if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
            text = self._text(request)
            changes |= {"text": text, "definition": _checked(text)}
        with self._lock:
            known = self._known(arn)
            changes |= {"stated": known.stated | _stated(request), "version": known.version + 1}
            updated = self._pipelines[arn] = replace(known, **changes)
        return {"PipelineArn": arn, "PipelineVersionId": updated.version}

    def describe_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        refuse(request, *VERSIONS)
        return self.find(request["PipelineName"]).description()

    def list_pipelines(self, request: dict[str, Any]) -> dict[str, Any]:
        refuse(request, "ManagedBy")
        with self._lock:
            summaries = [pipeline.summary() for pipeline in self._pipelines.values()]
        chosen = select(summaries, request, name="PipelineName", order="Descending")
        shown, token = page(chosen, request, key=lambda summary: str(summary["PipelineArn"]))
        return paged({"PipelineSummaries": shown}, token)

    def delete_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = arns.make(self._account, PIPELINE, request["PipelineName"])
        with self._lock:
            active = self._known(arn).history.active
            if active:
                raise ServiceError(
                    "ConflictException",
                    f"Pipeline {arn} cannot be deleted while {active[0].start.arn} runs. "
                    "Stop it with StopPipelineExecution first.",
                )
            del self._pipelines[arn]
            self._tags.drop(arn)
        return {"PipelineArn": arn}

    def find(self, name_or_arn: str) -> Pipeline:
        """The pipeline that a request names. Raises ServiceError (ResourceNotFound)."""
        with self._lock:
            return self._known(arns.resolve(self._account, PIPELINE, name_or_arn))

    def _known(self, arn: str) -> Pipeline:
        if arn not in self._pipelines:
            raise ServiceError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
        return self._pipelines[arn]

    def _text(self, request: dict[str, Any]) -> str:
        """The definition that a request brings, in itself or as an object in S3."""
        text, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
        if (text is None) == (location is None):
            raise invalid(
                "Exactly one of PipelineDefinition and PipelineDefinitionS3Location should be provided."
            )
        if location is None:
            return str(text)
        version = {"VersionId": location["VersionId"]} if "VersionId" in location else {}
        try:
            found = self._account.client_of_caller("s3").get_object(
                Bucket=location["Bucket"], Key=location["ObjectKey"], **version
            )
            return str(found["Body"].read().decode())
        except UnicodeDecodeError as error:
            raise unparsable(f"Not valid UTF-8: {error}.") from error
        except ClientError as error:
            answer, uri = error.response["Error"], f"s3://{location['Bucket']}/{location['ObjectKey']}"
            raise invalid(
                f"Unable to read pipeline definition {uri}: {answer['Code']}: {answer['Message']}"
            ) from error


def refuse(request: dict[str, Any], *members: str) -> None:
    """Raises ServiceError where a request asks for what this embedded AWS does not have, rather than ignore it."""
    for member in members:
        if request.get(member) is not None:
            raise invalid(f"This embedded AWS does not have {member}: leave it out.")


def _checked(text: str) -> Definition:
    parsed = definition.parse(text)
    validation.check(parsed)
    return parsed


def _stated(request: dict[str, Any]) -> dict[str, Any]:
    return {member: request[member] for member in _STATED if member in request}
