"""Where the command works: the project's variables, the same on a laptop, in CI and in Studio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from model_deploy.errors import SettingsError

_ORIGIN = (
    "it is one of the project's variables: GitHub has it as a repository variable, `local-aws exec -- CMD` sets it for "
    "CMD, and in a shell you export it"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+")
_POLICY = re.compile(r"arn:aws[a-z\-]*:iam::(\d{12}|aws):policy/.+")
_PROJECT = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@dataclass(frozen=True)
class Settings:
    """The project that a command works in, and the account's resources that belong to it.

    `endpoint_role_arn` is what models run as. `service_role_arn` is what CloudFormation acts as; without one it acts as
    whoever calls it. `permissions_boundary` bounds the roles that stacks create.
    """

    project_name: str
    project_id: str
    bucket: str
    model_package_group: str
    endpoint_role_arn: str
    region: str
    service_role_arn: str | None = None
    permissions_boundary: str | None = None

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
            "endpoint_role_arn": "ENDPOINT_ROLE_ARN",
            "region": "AWS_REGION",
        }
        values = {field: environment.get(name, "").strip() for field, name in variables.items()}
        missing = [variables[field] for field, value in values.items() if not value]
        if missing:
            raise SettingsError(
                f"{', '.join(missing)} is not set; {_ORIGIN}." if len(missing) == 1 else _many(missing)
            )
        service_role = environment.get("DEPLOY_SERVICE_ROLE_ARN", "").strip() or None
        boundary = environment.get("PERMISSIONS_BOUNDARY_ARN", "").strip() or None
        settings = cls(**values, service_role_arn=service_role, permissions_boundary=boundary)
        _check(
            "SAGEMAKER_PROJECT_NAME", settings.project_name, _PROJECT, "up to 32 letters, digits and hyphens"
        )
        _check("ARTIFACT_BUCKET", settings.bucket, _BUCKET, "the name of a bucket, without s3://")
        _check("ENDPOINT_ROLE_ARN", settings.endpoint_role_arn, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME")
        if service_role is not None:
            _check("DEPLOY_SERVICE_ROLE_ARN", service_role, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME")
        if boundary is not None:
            _check("PERMISSIONS_BOUNDARY_ARN", boundary, _POLICY, "arn:aws:iam::ACCOUNT:policy/NAME")
        return settings

    def s3(self, key: str) -> str:
        """The URI of `key` in the artifact bucket."""
        return f"s3://{self.bucket}/{key}"


def _many(missing: list[str]) -> str:
    return f"{', '.join(missing)} are not set; {_ORIGIN.replace('it is one of', 'they are')}."


def _check(variable: str, value: str, allowed: re.Pattern[str], expected: str) -> None:
    if not allowed.fullmatch(value):
        raise SettingsError(f"{variable} is {value!r}; expected {expected}.")
