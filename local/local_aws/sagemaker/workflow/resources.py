"""The SageMaker resources that steps make, and how the API names their operations and members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import Shape, StructureShape

from local_aws.kernel.wire import service_model
from local_aws.sagemaker.workflow import retries
from local_aws.sagemaker.workflow.errors import StepFailedError


@dataclass(frozen=True)
class Resource:
    """The resource that a type of step creates: `noun` is the API's ("TrainingJob"), `metadata` its name in a step's Metadata.

    `service_named` resources get their name from the pipeline. `withheld` members of the Create request cannot be in
    a step's arguments. A resource without a status is done once created. `listed` is the shape of a list that is part
    of the resource's description, too.
    """

    noun: str
    metadata: str
    described: str
    service_named: bool = True
    has_status: bool = True
    stoppable: bool = False
    taggable: bool = True
    withheld: frozenset[str] = frozenset()
    listed: str | None = None

    @property
    def create(self) -> str:
        """The name of the operation that creates the resource."""
        return f"Create{self.noun}"

    @property
    def name_member(self) -> str:
        """The member of requests that holds the resource's name."""
        return f"{self.noun}Name"

    @property
    def arn_member(self) -> str:
        """The member of answers that holds the resource's ARN."""
        return f"{self.noun}Arn"

    @property
    def request_shape(self) -> StructureShape:
        """The shape of the create request, from botocore's model."""
        shape = service_model("sagemaker").operation_model(self.create).input_shape
        assert shape is not None, self.create
        return shape

    @property
    def description_shape(self) -> Shape:
        """The shape of the description, from botocore's model."""
        return service_model("sagemaker").shape_for(self.described)

    @property
    def description_shapes(self) -> tuple[Shape, ...]:
        """The shapes of all that a step's properties can refer to."""
        more = () if self.listed is None else (service_model("sagemaker").shape_for(self.listed),)
        return (self.description_shape, *more)


RESOURCES: dict[str, Resource] = {
    "Processing": Resource("ProcessingJob", "ProcessingJob", "DescribeProcessingJobResponse", stoppable=True),
    "Training": Resource("TrainingJob", "TrainingJob", "DescribeTrainingJobResponse", stoppable=True),
    "Transform": Resource("TransformJob", "TransformJob", "DescribeTransformJobResponse", stoppable=True),
    "Tuning": Resource(
        "HyperParameterTuningJob",
        "TuningJob",
        "DescribeHyperParameterTuningJobResponse",
        stoppable=True,
        listed="ListTrainingJobsForHyperParameterTuningJobResponse",
    ),
    "Model": Resource("Model", "Model", "DescribeModelOutput", has_status=False),
    "RegisterModel": Resource(
        "ModelPackage",
        "RegisterModel",
        "DescribeModelPackageOutput",
        service_named=False,
        taggable=False,  # a version of a group has the group's tags
        withheld=frozenset({"ModelPackageName", "CertifyForMarketplace", "ClientToken"}),
    ),
}
"""By type of step."""

BEST_TRAINING_JOBS = 50
"""So many training jobs of a tuning job are properties of its step. Source: TuningStep, SageMaker Python SDK."""

STEP_TYPES = tuple(sorted({*RESOURCES, "Callback", "Condition", "Fail", "Lambda"}))


@dataclass(frozen=True)
class Made:
    """A resource that exists: `key` is what the API's other operations call it by, name or ARN."""

    resource: Resource
    key: str
    arn: str

    def describe(self, client: Any) -> dict[str, Any]:
        """The description of the resource that the step made."""
        answer = self._call(client, "Describe")
        answer.pop("ResponseMetadata", None)
        if self.resource.listed is not None and self.status(answer) == "Completed":
            answer["TrainingJobSummaries"] = self._best_training_jobs(client, answer)
        return answer

    def _best_training_jobs(self, client: Any, description: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The training jobs of a tuning job, the best first."""
        objective = description["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        listed = client.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=self.key,
            SortBy="FinalObjectiveMetricValue",
            SortOrder="Descending" if objective["Type"] == "Maximize" else "Ascending",
            MaxResults=BEST_TRAINING_JOBS,
        )
        found: list[dict[str, Any]] = listed["TrainingJobSummaries"]
        return found

    def status(self, description: Mapping[str, Any]) -> str:
        """Completed, Failed, Stopped, or what else it is that has not ended."""
        return str(description[f"{self.resource.noun}Status"]) if self.resource.has_status else "Completed"

    def reason(self, description: Mapping[str, Any]) -> str:
        """Why it failed, or was stopped by someone else than the pipeline."""
        stopped = (
            description.get("SecondaryStatus") or description.get("ExitMessage") or self.status(description)
        )
        return str(
            description.get("FailureReason") or f"{self.resource.noun} {self.key} ended early: {stopped}"
        )

    def stop(self, client: Any) -> None:
        """Ask for its end, where that can be asked for. One that ended meanwhile is fine."""
        if not self.resource.stoppable:
            return
        try:
            self._call(client, "Stop")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise

    def _call(self, client: Any, verb: str) -> dict[str, Any]:
        operation = getattr(client, xform_name(f"{verb}{self.resource.noun}"))
        answer: dict[str, Any] = operation(**{self.resource.name_member: self.key})
        return answer


def make(client: Any, resource: Resource, request: dict[str, Any]) -> Made:
    """Create a resource; of a model package that is to be in a group, the group too where there is none.

    Raises StepFailedError in SageMaker's words.
    """
    try:
        return _made(client, resource, request)
    except StepFailedError:
        if not (resource.noun == "ModelPackage" and _make_group(client, request)):
            raise
    return _made(client, resource, request)


def _make_group(client: Any, request: Mapping[str, Any]) -> bool:
    """Make the group that a model package is to be in; whether it was missing. Raises StepFailedError."""
    group = request.get("ModelPackageGroupName", "")
    if not group or group.startswith("arn:"):
        return False
    try:
        client.create_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if "already exists" in error.response["Error"]["Message"]:
            return False
        why = error.response["Error"]["Message"]
        raise StepFailedError(
            f"ClientError: Failed to invoke sagemaker:CreateModelPackageGroup. Error Details: {why}"
        ) from error
    return True


def _made(client: Any, resource: Resource, request: dict[str, Any]) -> Made:
    try:
        answer = getattr(client, xform_name(resource.create))(**request)
    except ClientError as error:
        raise _failed(resource, error.response["Error"]["Message"], retries.type_of_error(error)) from error
    except ParamValidationError as error:
        raise _failed(resource, str(error)) from error
    arn = answer[resource.arn_member]
    return Made(resource, request.get(resource.name_member, arn), arn)


def _failed(resource: Resource, message: str, retry_type: str | None = None) -> StepFailedError:
    return StepFailedError(
        f"ClientError: Failed to invoke sagemaker:{resource.create}. Error Details: {message}", retry_type
    )
