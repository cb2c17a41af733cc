"""Whom a command of `local-aws exec` works as, and what a project's roles may do.

On AWS nobody works as root: a notebook of Studio has a session of its execution role. Roles are granted their policies when
they are made, and keep what somebody changes in them afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.identities import Identity
from local_aws.kernel.account import ACCOUNT_ID, Clients
from local_aws.kernel.environment import for_command
from local_aws.kernel.sessions import Session
from local_aws.kernel.signing.keys import AccessKey
from local_aws.project import DEFAULT, Project, prepare

HOURS = 12
"""The seconds of a session: the longest that a role can allow."""

_MANAGED = "arn:aws:iam::aws:policy/"
_SAGEMAKER = f"{_MANAGED}AmazonSageMakerFullAccess"
_POWER_USER = f"{_MANAGED}PowerUserAccess"


def environment_of(
    base: Mapping[str, str],
    clients: Clients,
    identity: Identity,
    extra: Mapping[str, str] | None = None,
    name: str = DEFAULT,
) -> dict[str, str]:
    """The whole environment of a command that works as `identity` in the project `name`, which is made where it is missing.

    `base` is the environment of whoever runs the command, `extra` are variables beside the project's.
    """
    project = granted_project(clients, name)
    variables = project.variables() | dict(extra or {})
    return for_command(base, clients, variables, credentials(clients, project, identity))


def credentials(clients: Clients, project: Project, identity: Identity) -> AccessKey | Session:
    """The administrator's key, or a new session of the identity's role, which is made where it is missing."""
    if identity is Identity.ROOT:
        return clients.keys.administrator
    arn = _role(clients, project, identity)
    made = clients.client("sts").assume_role(
        RoleArn=arn, RoleSessionName=identity.value, DurationSeconds=HOURS * 3600
    )["Credentials"]
    return Session(
        made["AccessKeyId"],
        made["SecretAccessKey"],
        made["SessionToken"],
        arn,
        identity.value,
        made["Expiration"],
    )


def granted_project(clients: Clients, name: str = DEFAULT) -> Project:
    """The project of that name, made where it is missing. What a made project's roles may do, its roles may do.

    Jobs and models act under them, in SageMaker's name and on the project's bucket. A pull request's jobs write below `pr/`
    and register nothing.
    """
    project = prepare(clients, name)
    data = _project_policy(project)
    for arn in (project.pipeline_role_arn, project.endpoint_role_arn, project.trial_role_arn):
        _put_policies(clients, arn, [_SAGEMAKER], data)
    for arn in (project.pull_request_role_arn, project.pull_request_trial_role_arn):
        _put_policies(clients, arn, [_SAGEMAKER], data + _restrictions(project))
    return project


def _role(clients: Clients, project: Project, identity: Identity) -> str:
    iam, name = clients.client("iam"), f"{project.name}-{identity.value}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        "Action": "sts:AssumeRole",
    }
    try:
        made = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_document([trust]),
            MaxSessionDuration=HOURS * 3600,
            Description=_DESCRIPTIONS[identity],
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    arn = str(made["Arn"])
    if identity is Identity.DEVELOPER:
        _put_policies(clients, arn, [_POWER_USER], _IAM_OF_DEVELOPERS)
    else:
        _put_policies(clients, arn, [_SAGEMAKER], _project_policy(project) + _user_policy(project))
    return arn


_DESCRIPTIONS = {
    Identity.DEVELOPER: "A developer: PowerUserAccess, and IAM's roles and policies",
    Identity.STUDIO_USER: "A user of SageMaker Studio: AmazonSageMakerFullAccess, the project, and S3 templates",
}


def _put_policies(
    clients: Clients, role_arn: str, managed: Sequence[str], statements: list[dict[str, Any]]
) -> None:
    iam, name = clients.client("iam"), role_arn.rpartition("/")[2]
    if iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        return
    for arn in managed:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(statements))


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(actions: str | list[str], resources: str | list[str], **conditions: Any) -> dict[str, Any]:
    stated = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return stated | ({"Condition": conditions} if conditions else {})


def _project_policy(project: Project) -> list[dict[str, Any]]:
    bucket = f"arn:aws:s3:::{project.bucket}"
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    key = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    return [
        _allow("s3:ListBucket", bucket),
        _allow(objects, f"{bucket}/*"),
        _allow(key, project.kms_key_arn),
    ]


def _restrictions(project: Project) -> list[dict[str, Any]]:
    writes = ["s3:PutObject", "s3:DeleteObject"]
    registers = ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"]
    return [
        {"Effect": "Deny", "Action": writes, "NotResource": f"arn:aws:s3:::{project.bucket}/pr/*"},
        {"Effect": "Deny", "Action": registers, "Resource": "*"},
    ]


def _user_policy(project: Project) -> list[dict[str, Any]]:
    """The publication's policy for users of the S3 form (docs/publish.md), for every bucket and launch role here."""
    stacks = [f"cloudformation:{verb}Stack" for verb in ("Create", "Delete", "Update")]
    stacks += ["cloudformation:DescribeStacks", "cloudformation:TagResource", "cloudformation:UntagResource"]
    return [
        _allow("iam:PassRole", "*", StringEquals={"iam:PassedToService": "cloudformation.amazonaws.com"}),
        _allow(["s3:GetObject", "s3:GetObjectTagging"], "arn:aws:s3:::*/templates/*"),
        _allow(stacks, f"arn:aws:cloudformation:*:{ACCOUNT_ID}:stack/SP-*"),
        _allow(["iam:GetRole"], f"arn:aws:iam::{ACCOUNT_ID}:role/{project.name}-*"),
    ]


_IAM_OF_DEVELOPERS = [
    _allow(
        [
            "iam:Attach*",
            "iam:Create*Polic*",
            "iam:CreateRole",
            "iam:Delete*Polic*",
            "iam:DeleteRole",
            "iam:Detach*",
            "iam:Get*",
            "iam:List*",
            "iam:PassRole",
            "iam:PutRole*",
            "iam:SimulatePrincipalPolicy",
            "iam:SimulateCustomPolicy",
            "iam:Tag*",
            "iam:Untag*",
            "iam:Update*Role*",
            "iam:UpdateAssumeRolePolicy",
        ],
        "*",
    )
]
