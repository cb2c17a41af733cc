"""Projects on the embedded AWS: what `CreateProject` would have made, and the variables that name it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.errors import UsageError

if TYPE_CHECKING:  # it takes the command line a second to import botocore
    from local_aws.kernel.account import Clients

DEFAULT = "local"
"""The project of a command that names none."""

_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){0,31}")

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True)
class Project:
    """The resources that a build repository is configured with."""

    name: str
    id: str
    bucket: str
    pipeline_role_arn: str
    endpoint_role_arn: str
    model_package_group: str
    pull_request_role_arn: str
    kms_key_arn: str
    trial_role_arn: str
    pull_request_trial_role_arn: str

    def variables(self) -> dict[str, str]:
        """The same variables that a poured GitHub repository has."""
        return {
            "SAGEMAKER_PROJECT_NAME": self.name,
            "SAGEMAKER_PROJECT_ID": self.id,
            "ARTIFACT_BUCKET": self.bucket,
            "MODEL_PACKAGE_GROUP_NAME": self.model_package_group,
            "PIPELINE_ROLE_ARN": self.pipeline_role_arn,
            "PULL_REQUEST_ROLE_ARN": self.pull_request_role_arn,
            "ENDPOINT_ROLE_ARN": self.endpoint_role_arn,
            "KMS_KEY_ARN": self.kms_key_arn,
            "TRIAL_ROLE_ARN": self.trial_role_arn,
            "PULL_REQUEST_TRIAL_ROLE_ARN": self.pull_request_trial_role_arn,
        }


def check_name(name: str) -> str:
    """The name, if a project can have it: SageMaker's rule for projects, and S3's for the bucket that is called after it.

    Raises UsageError.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--project {name!r}: up to 32 small letters and digits, with single hyphens between them, as the project's bucket "
            "is called after it"
        )
    return name


def require_no_template(clients: Clients, name: str) -> None:
    """Raises UsageError where `project-template create` made a project of that name, which has resources of its own."""
    found = clients.client("sagemaker").list_projects(NameContains=name)["ProjectSummaryList"]
    if any(each["ProjectName"] == name and each["ProjectStatus"] != "DeleteCompleted" for each in found):
        raise UsageError(
            f"--project {name}: that project was made from a template. Its variables are printed by `project-template env {name}`; "
            "choose another name here"
        )


def prepare(clients: Clients, name: str = DEFAULT) -> Project:
    """Make the project's bucket, key, roles and model package group where they are missing."""
    return Project(
        name=name,
        id=f"p-{name}",
        bucket=bucket(clients, name),
        pipeline_role_arn=pipeline_role(clients, name),
        endpoint_role_arn=_role(clients, f"{name}-endpoint"),
        model_package_group=group(clients, name),
        pull_request_role_arn=_role(clients, f"{name}-pull-request"),
        kms_key_arn=_key(clients, f"alias/{name}-artifacts"),
        trial_role_arn=_role(clients, f"{name}-trial"),
        pull_request_trial_role_arn=_role(clients, f"{name}-pull-request-trial"),
    )


def bucket(clients: Clients, name: str) -> str:
    """Make the bucket of the project `name` where it is missing; returns what it is called."""
    s3, bucket = clients.client("s3"), f"{name}-artifacts"
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": clients.region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def group(clients: Clients, name: str) -> str:
    """Make the model package group of the project `name` where it is missing; returns what it is called."""
    sagemaker, group = clients.client("sagemaker"), f"{name}-models"
    groups = sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    if group not in [found["ModelPackageGroupName"] for found in groups]:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    return group


def pipeline_role(clients: Clients, name: str) -> str:
    """Make the role of the pipelines of the project `name` where it is missing; returns its ARN."""
    return _role(clients, f"{name}-pipeline")


def _key(clients: Clients, alias: str) -> str:
    """The ARN of the key with that alias, which is made where it is missing."""
    kms = clients.client("kms")
    try:
        described = kms.describe_key(KeyId=alias)
    except kms.exceptions.NotFoundException:
        described = kms.create_key(Description="Encrypts the artifacts of a project")
        kms.create_alias(AliasName=alias, TargetKeyId=described["KeyMetadata"]["KeyId"])
    return str(described["KeyMetadata"]["Arn"])


def _role(clients: Clients, name: str) -> str:
    iam = clients.client("iam")
    try:
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName=name)
    return str(made["Role"]["Arn"])
