"""Pipelines: a validated definition, and what was run of it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
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
from local_aws.sagemaker.pipelines import pipeline_versions
from local_aws.sagemaker.pipelines.pipeline_versions import Version
from local_aws.sagemaker.tags import Tags
from local_aws.sagemaker.workflow import definition, validation
from local_aws.sagemaker.workflow.definition import Definition
from local_aws.sagemaker.workflow.errors import unparsable
from local_aws.sagemaker.workflow.history import History

PIPELINE = "pipeline"
_STATED = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline. `stated` are the members of requests that describe it as they are; the last version is current."""

    arn: str
    name: str
    token: str
    created: datetime
    modified: datetime
    stated: dict[str, Any]
    versions: tuple[Version, ...]
    history: History = field(default_factory=History)

    def at(self, request: Mapping[str, Any]) -> Version:
        """The version that a request names, by default the latest. Raises ServiceError."""
        return pipeline_versions.find(self.versions, request, self.name)

    def summary(self) -> dict[str, Any]:
        """The pipeline as ListPipelines answers it."""
        shown = {name: value for name, value in self.stated.items() if name != "ParallelismConfiguration"}
        last = self.history.last_start
        return {**self._common(), **shown, **({"LastExecutionTime": last} if last else {})}

    def description(self, version: Version) -> dict[str, Any]:
        """The pipeline with one version of its definition, as DescribePipeline answers it."""
        last = self.history.last_start
        return {
            **self._common(),
            **self.stated,
            **({"LastRunTime": last} if last else {}),
            **version.described(),
            "PipelineDefinition": version.text,
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
    """CreatePipeline, UpdatePipeline, DescribePipeline, ListPipelines, DeletePipeline, ListPipelineVersions,

    UpdatePipelineVersion.
    """

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._lock = threading.Lock()
        self._pipelines: dict[str, Pipeline] = {}

    def create_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a pipeline after validating its definition.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreatePipeline.
        """
        name, token, now = request["PipelineName"], request["ClientRequestToken"], datetime.now(UTC)
        arn = arns.make(self._account, PIPELINE, name)
        text = self._definition_text(request)
        parsed = _validated(text)
        with self._lock:
            known = self._pipelines.get(arn)
            if known is None:
                aliases = tuple(request.get("PipelineVersionAliases", ()))
                first = Version(1, text, parsed, now, aliases=aliases)
                self._pipelines[arn] = Pipeline(arn, name, token, now, now, _stated(request), (first,))
                self._tags.put(arn, request.get("Tags"))
            elif known.token != token:
                raise invalid(
                    "Pipeline names must be unique within an AWS account and region. "
                    f"Pipeline with name ({name}) already exists."
                )
        return {"PipelineArn": arn}

    def update_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change a pipeline; a new definition becomes a new version.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, UpdatePipeline.
        """
        arn, now = self.find(request["PipelineName"]).arn, datetime.now(UTC)
        has_definition = "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request
        text = self._definition_text(request) if has_definition else None
        parsed = _validated(text) if text is not None else None
        aliases = tuple(request.get("PipelineVersionAliases", ()))
        with self._lock:
            known = self._find(arn)
            last = known.versions[-1]
            newest = Version(
                last.number + 1, text or last.text, parsed or last.definition, now, aliases=aliases
            )
            versions = (*_without_aliases(known.versions, aliases), newest)
            stated = known.stated | _stated(request)
            self._pipelines[arn] = replace(known, modified=now, stated=stated, versions=versions)
        return {"PipelineArn": arn, "PipelineVersionId": newest.number}

    def update_pipeline_version(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change display name, description and aliases of a version.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, UpdatePipelineVersion.
        """
        operations = request.get("PipelineVersionAliasOperations") or {}
        members = ("PipelineVersionDisplayName", "PipelineVersionDescription")
        with self._lock:
            known = self._find(request["PipelineArn"])
            version = known.at({"PipelineVersionId": request["PipelineVersionId"]})
            added, removed = operations.get("Add") or (), set(operations.get("Remove") or ())
            kept = [alias for alias in version.aliases if alias not in removed]
            changed = replace(
                version,
                stated={**version.stated, **{name: request[name] for name in members if name in request}},
                aliases=tuple(dict.fromkeys([*kept, *added])),
            )
            others = _without_aliases(known.versions, changed.aliases)
            versions = tuple(changed if each.number == changed.number else each for each in others)
            self._pipelines[known.arn] = replace(known, versions=versions)
        return {"PipelineArn": known.arn, "PipelineVersionId": version.number}

    def list_pipeline_versions(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the versions of a pipeline, one page at a time.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, ListPipelineVersions.
        """
        pipeline = self.find(request["PipelineName"])
        summaries = [_version_summary(pipeline, version) for version in pipeline.versions]
        chosen = select(summaries, request, name="PipelineVersionId", order="Descending")
        shown, token = page(chosen, request, key=lambda summary: str(summary["PipelineVersionId"]))
        return paged({"PipelineVersionSummaries": shown}, token)

    def describe_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe a pipeline, at its latest version or the one that the request names.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, DescribePipeline.
        """
        pipeline = self.find(request["PipelineName"])
        return pipeline.description(pipeline.at(request))

    def list_pipelines(self, request: dict[str, Any]) -> dict[str, Any]:
        """List pipelines, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListPipelines.
        """
        refuse(request, "ManagedBy")
        with self._lock:
            summaries = [pipeline.summary() for pipeline in self._pipelines.values()]
        chosen = select(summaries, request, name="PipelineName", order="Descending")
        shown, token = page(chosen, request, key=lambda summary: str(summary["PipelineArn"]))
        return paged({"PipelineSummaries": shown}, token)

    def delete_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a pipeline that has no running execution.

        Raises ConflictException, ResourceNotFound. Source: Amazon SageMaker API reference, DeletePipeline.
        """
        arn = arns.make(self._account, PIPELINE, request["PipelineName"])
        with self._lock:
            active = self._find(arn).history.active
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
            return self._find(arns.resolve(self._account, PIPELINE, name_or_arn))

    def _find(self, arn: str) -> Pipeline:
        if arn not in self._pipelines:
            raise ServiceError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
        return self._pipelines[arn]

    def _definition_text(self, request: dict[str, Any]) -> str:
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


def _without_aliases(versions: Sequence[Version], aliases: Collection[str]) -> tuple[Version, ...]:
    """An alias names one version: whoever had it loses it."""
    return tuple(
        replace(each, aliases=tuple(alias for alias in each.aliases if alias not in aliases))
        for each in versions
    )


def _version_summary(pipeline: Pipeline, version: Version) -> dict[str, Any]:
    executions = [
        each.start.arn
        for each in pipeline.history.executions()
        if each.start.pipeline_version == version.number
    ]
    last = {"LastExecutionPipelineExecutionArn": executions[-1]} if executions else {}
    return {
        "PipelineArn": pipeline.arn,
        "PipelineVersionId": version.number,
        "CreationTime": version.created,
        **version.described(),
        **last,
    }


def refuse(request: dict[str, Any], *members: str) -> None:
    """Raises ServiceError where a request asks for what this embedded AWS does not have, rather than ignore it."""
    for member in members:
        if request.get(member) is not None:
            raise invalid(f"This embedded AWS does not have {member}: leave it out.")


def _validated(text: str) -> Definition:
    parsed = definition.parse(text)
    validation.check(parsed)
    return parsed


def _stated(request: dict[str, Any]) -> dict[str, Any]:
    return {member: request[member] for member in _STATED if member in request}
