"""The project's variables, the same on a laptop, in CI and in Studio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from model_common.settings import check, check_role, project, project_key

_POLICY = re.compile(r"arn:aws[a-z\-]*:iam::(\d{12}|aws):policy/.+")
_PROJECT = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@dataclass(frozen=True)
class Settings:
    """The project of a command, and its resources in the account.

    `endpoint_role_arn` is the role of models. `service_role_arn` is the role that CloudFormation assumes; without one
    it uses the caller's credentials. `permissions_boundary` bounds the roles that stacks create. `kms_key` is the ARN
    of the key for outputs: captures, and answers of asynchronous endpoints and batches.
    """

    project_name: str
    project_id: str
    bucket: str
    model_package_group: str
    endpoint_role_arn: str
    region: str
    service_role_arn: str | None = None
    permissions_boundary: str | None = None
    kms_key: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from `environment` (usually `os.environ`).

        Raises SettingsError naming every variable that is missing, or the one that is malformed.
        """
        name, project_id, bucket, group, role, region = project(environment, role="ENDPOINT_ROLE_ARN")
        service_role = environment.get("DEPLOY_SERVICE_ROLE_ARN", "").strip() or None
        boundary = environment.get("PERMISSIONS_BOUNDARY_ARN", "").strip() or None
        check("SAGEMAKER_PROJECT_NAME", name, _PROJECT, "up to 32 letters, digits and hyphens")
        if service_role is not None:
            check_role("DEPLOY_SERVICE_ROLE_ARN", service_role)
        key = project_key(environment)
        if boundary is not None:
            check("PERMISSIONS_BOUNDARY_ARN", boundary, _POLICY, "arn:aws:iam::ACCOUNT:policy/NAME")
        return cls(name, project_id, bucket, group, role, region, service_role, boundary, key)

    def s3(self, key: str) -> str:
        """The URI of `key` in the artifact bucket."""
        return f"s3://{self.bucket}/{key}"
