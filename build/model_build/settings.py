"""Where the command works: the project's variables, the same on a laptop, in CI and in Studio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_build.errors import SettingsError

_ORIGIN = (
    "it is one of the project's variables: GitHub has it as a repository variable, `local-aws exec -- CMD` sets it for "
    "CMD, and in a shell you export it"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+")


@dataclass(frozen=True)
class Settings:
    """The project that a command works in, and the account's resources that belong to it.

    For a pull request, `pipeline_role_arn` is its own role, and all that is written lies under `home`.
    """

    project_name: str
    project_id: str
    bucket: str
    model_package_group: str
    pipeline_role_arn: str
    region: str
    pull_request: int | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from `environment` (usually `os.environ`).

        Raises SettingsError naming every variable that is missing, or the one that is malformed.
        """
        variables = {
            "project_name": "SAGEMAKER_PROJECT_NAME",
            "project_id": "SAGEMAKER_PROJECT_ID",
            "bucket": "ARTIFACT_BUCKET",
            "model_package_group": "MODEL_PACKAGE_GROUP_NAME",
            "pipeline_role_arn": "PIPELINE_ROLE_ARN",
            "region": "AWS_REGION",
        }
        values = {field: environment.get(name, "").strip() for field, name in variables.items()}
        missing = [variables[field] for field, value in values.items() if not value]
        if missing:
            raise SettingsError(
                f"{', '.join(missing)} is not set; {_ORIGIN}." if len(missing) == 1 else _many(missing)
            )
        settings = cls(**values, pull_request=None)
        _check("ARTIFACT_BUCKET", settings.bucket, _BUCKET, "the name of a bucket, without s3://")
        _check("PIPELINE_ROLE_ARN", settings.pipeline_role_arn, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME")
        return settings

    def for_pull_request(self, number: int, environment: Mapping[str, str]) -> Settings:
        """The same project as a pull request sees it. Raises SettingsError when its role is missing or malformed.

        That role may write under `home` and register nothing: what a pull request cannot do is IAM's business, not ours.
        """
        variable = "PULL_REQUEST_ROLE_ARN"
        role = environment.get(variable, "").strip()
        if not role:
            raise SettingsError(f"{variable} is not set; {_ORIGIN}.")
        _check(variable, role, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME")
        return replace(self, pipeline_role_arn=role, pull_request=number)

    @property
    def home(self) -> str:
        """The prefix in the artifact bucket of all that is written: empty, or pr/NUMBER/."""
        return "" if self.pull_request is None else f"pr/{self.pull_request}/"

    @property
    def pipeline_prefix(self) -> str:
        """What the names of the pipelines begin with. No recipe's name begins with pr-: see RecipeName."""
        number = "" if self.pull_request is None else f"pr-{self.pull_request}-"
        return f"{self.project_name}-{number}"

    def pipeline_name(self, recipe: str) -> str:
        """The name of the pipeline of the recipe with that name."""
        return f"{self.pipeline_prefix}{recipe}"

    def s3(self, key: str) -> str:
        """The URI of `key` below `home` in the artifact bucket."""
        return f"s3://{self.bucket}/{self.home}{key}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags by which SageMaker counts a resource to its project."""
        return {"sagemaker:project-name": self.project_name, "sagemaker:project-id": self.project_id}


def _many(missing: list[str]) -> str:
    return f"{', '.join(missing)} are not set; {_ORIGIN.replace('it is one of', 'they are')}."


def _check(variable: str, value: str, allowed: re.Pattern[str], expected: str) -> None:
    if not allowed.fullmatch(value):
        raise SettingsError(f"{variable} is {value!r}; expected {expected}.")
