"""The project's variables, the same on a laptop, in CI and in Studio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_common.settings import check_role, project, project_key, required

_TRIAL_ROLE, _PULL_REQUEST_TRIAL_ROLE = "TRIAL_ROLE_ARN", "PULL_REQUEST_TRIAL_ROLE_ARN"

PULL_REQUEST_TAG = "model-build:pull-request"
"""The tag of a pull request's resources: its number. Its role may stop only resources with it."""


@dataclass(frozen=True)
class Settings:
    """The project of a command, and its resources in the account.

    `kms_key` is the ARN of the key for outputs of jobs; None uses the bucket's default. For a pull request,
    `pipeline_role_arn` is its own role, and everything is written under `home`. With `reuses_training` the pipeline
    measures and registers a model that a merged pull request trained. `trial_role_arn` is the role of
    trials, None in a project without TrialEndpoint=yes.
    """

    project_name: str
    project_id: str
    bucket: str
    model_package_group: str
    pipeline_role_arn: str
    region: str
    pull_request: int | None = None
    kms_key: str | None = None
    reuses_training: bool = False
    trial_role_arn: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from `environment` (usually `os.environ`).

        Raises SettingsError as `settings.project` does.
        """
        return cls(
            *project(environment, role="PIPELINE_ROLE_ARN"),
            kms_key=project_key(environment),
            trial_role_arn=_trial_role(environment, _TRIAL_ROLE),
        )

    def for_pull_request(self, number: int, environment: Mapping[str, str]) -> Settings:
        """The same project as a pull request sees it. Raises SettingsError when its role is missing or malformed.

        IAM restricts that role: it may write under `home` only, and register nothing.
        """
        [role] = required(environment, "PULL_REQUEST_ROLE_ARN")
        check_role("PULL_REQUEST_ROLE_ARN", role)
        trial_role = _trial_role(environment, _PULL_REQUEST_TRIAL_ROLE)
        return replace(self, pipeline_role_arn=role, trial_role_arn=trial_role, pull_request=number)

    def for_merged(self) -> Settings:
        """The same project for the pipelines that register what a merged pull request trained."""
        return replace(self, reuses_training=True)

    @property
    def home(self) -> str:
        """The prefix of everything that is written to the artifact bucket: empty, or pr/NUMBER/."""
        return "" if self.pull_request is None else f"pr/{self.pull_request}/"

    @property
    def pipeline_prefix(self) -> str:
        """The first part of the pipelines' names. No recipe's name begins with pr- or merged-: see RecipeName."""
        if self.pull_request is not None:
            return f"{self.project_name}-pr-{self.pull_request}-"
        return f"{self.project_name}-{'merged-' if self.reuses_training else ''}"

    @property
    def trial_variable(self) -> str:
        """The variable of the role that trials run as. Projects without TrialEndpoint=yes have none."""
        return _TRIAL_ROLE if self.pull_request is None else _PULL_REQUEST_TRIAL_ROLE

    @property
    def trial_prefix(self) -> str:
        """What the names of trial endpoints begin with: the roles of the project may make others by no name."""
        if self.pull_request is not None:
            return f"{self.project_name}-pr-{self.pull_request}-trial"
        return f"{self.project_name}-trial"

    def pipeline_name(self, recipe: str) -> str:
        """The name of the pipeline of the recipe with that name."""
        return f"{self.pipeline_prefix}{recipe}"

    def s3(self, key: str) -> str:
        """The URI of `key` below `home` in the artifact bucket."""
        return f"s3://{self.bucket}/{self.home}{key}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags that assign a resource to its SageMaker project and, in a pull request, to its number."""
        own = {} if self.pull_request is None else {PULL_REQUEST_TAG: str(self.pull_request)}
        return {
            "sagemaker:project-name": self.project_name,
            "sagemaker:project-id": self.project_id,
            **own,
        }


def _trial_role(environment: Mapping[str, str], variable: str) -> str | None:
    """The role that trials run as, None without one. Raises SettingsError for what is no ARN of a role."""
    role = environment.get(variable, "").strip()
    if not role:
        return None
    check_role(variable, role)
    return role
