"""A deployment: one model package on one stage, with every value in the endpoint stack's template.

Equal deployments give equal templates, byte by byte, so a rollout without changes is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_deploy.stage import Stage

VARIANT = "AllTraffic"
"""The name of every endpoint's only variant: SageMaker's guardrails need the same one before and after an update."""

METRICS = "ModelDeploy"
"""The CloudWatch namespace of this tool's own metrics."""

CONTRACT_FAILURES = "ContractFailures"
"""The metric that counts the failed cases of `checks/`, with the dimension EndpointName, and the alarm on it."""

WATCHED = "Watched"
"""The metric that a rollout publishes while it watches an update, with the dimension EndpointName."""

UNWATCHED = "Unwatched"
"""The alarm that is OK only while WATCHED is published, so that SageMaker rolls back an update that no command watches."""

MEASURED = ("ServerErrors", "ClientErrors", "Latency")
"""The alarms on SageMaker's own metrics. Both the live model and the next one can trigger them."""


def endpoint_name(project: str, stage: str) -> str:
    """The name of the endpoint of a stage; 63 characters at most, as projects have 32 and stages 20."""
    return f"{project}-{stage}"


def stack_name(project: str, stage: str) -> str:
    """The name of the stack that holds the endpoint of a stage."""
    return f"{project}-{stage}-endpoint"


@dataclass(frozen=True)
class Deployment:
    """A model package on a stage, with the project's names and roles.

    `image` and `environment` are the package's; `model_uri` is the stage's copy of its artifact. `api_archive` is the
    key of the API's archive (`archive.build`) in `bucket`, None for a stage without an API. `api_archive_version` is
    the id of its version, None before the upload or in a bucket without versions. `permissions_boundary` is the ARN
    of the boundary of the roles that the stack creates, if the account needs one. `kms_key` is the ARN of the
    project's key, None if it has none. `excused_alarms` are those of MEASURED that do not roll this deployment back,
    because they are in ALARM already.
    """

    stage: Stage
    model_package_arn: str
    image: str
    model_uri: str
    project_name: str
    project_id: str
    region: str
    bucket: str
    endpoint_role_arn: str
    api_archive: str | None = None
    api_archive_version: str | None = None
    permissions_boundary: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    kms_key: str | None = None
    excused_alarms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.stage.api is None) != (self.api_archive is None):
            raise ValueError(f"stage {self.stage.name}: an API and its archive go together")

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""
        return endpoint_name(self.project_name, self.stage.name)

    @property
    def function_name(self) -> str:
        """The name of the API's function."""
        return f"{self.endpoint_name}-api"

    @property
    def stack_name(self) -> str:
        """The name of the endpoint stack."""
        return stack_name(self.project_name, self.stage.name)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every resource: the stage's, and those that assign a resource to its SageMaker project."""
        return dict(self.stage.tags) | {
            "sagemaker:project-name": self.project_name,
            "sagemaker:project-id": self.project_id,
            "sagemaker:deployment-stage": self.stage.name,
        }

    @property
    def output_key(self) -> str | None:
        """The KMS key of the endpoint's outputs in S3: the project's, or the stage's if the project has none."""
        return self.kms_key or self.stage.kms_key

    def s3(self, key: str) -> str:
        """The URI of `key` in the artifact bucket."""
        return f"s3://{self.bucket}/{key}"
