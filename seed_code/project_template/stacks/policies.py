"""The policy documents in the templates.

Texts may name parameters and pseudo parameters as `${Name}`: `text` makes them Fn::Sub. A policy variable, which IAM fills
in and not CloudFormation, is `${!aws:PrincipalTag/...}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

Statement = dict[str, Any]


@dataclass(frozen=True)
class OnlyIf:
    """A statement where a condition of the template holds; elsewhere another one, or none."""

    condition: str
    then: Statement
    otherwise: Statement | None = None


Stated = Statement | OnlyIf | cdk.IResolvable
"""A statement, or a condition of the template with one."""

_BECAUSE = "Because"
Texts = str | Sequence[str]

NAME_TAG, ID_TAG, STAGE_TAG = (
    "sagemaker:project-name",
    "sagemaker:project-id",
    "sagemaker:deployment-stage",
)
PULL_REQUEST_TAG = "model-build:pull-request"
"""The tag of pull requests' jobs, which the build repository's commands set."""
PROJECT = "${SageMakerProjectName}"
ROLES_PATH = f"/sagemaker-projects/{PROJECT}/"
ENDPOINT_ROLES_PATH = f"{ROLES_PATH}endpoints/"
"""Of the roles that the endpoints' stacks make: apart, so that what makes them cannot touch the project's own."""

SAGEMAKER_WRITES = tuple(
    f"sagemaker:{verb}*" for verb in ("Add", "Create", "Delete", "Invoke", "Start", "Stop", "Update")
)


def text(template: str) -> str:
    """A text with `${...}` places filled in by CloudFormation."""
    return cdk.Fn.sub(template) if "${" in template else template


def arn(
    service: str, resource: str, *, region: str = "${AWS::Region}", account: str = "${AWS::AccountId}"
) -> str:
    """`arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of this account, with places."""
    return f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}"


def objects_below(bucket_arn: str, prefix: str) -> str:
    """The ARN of all objects of a bucket whose keys begin with the prefix."""
    return cdk.Fn.join("", [bucket_arn, f"/{prefix}*"])


def sagemaker(*resources: str) -> list[str]:
    """The ARNs of these SageMaker resources."""
    return [arn("sagemaker", resource) for resource in resources]


def document(*statements: Stated) -> dict[str, Any]:
    """The policy document of the statements, without their reasons."""
    return {"Version": "2012-10-17", "Statement": [_rendered(each) for each in statements]}


def reasons(*statements: Stated) -> dict[str, Any]:
    """Metadata of the resource that holds the statements: by Sid, why one reaches beyond what has the project's name.

    A test looks for one wherever it is needed, so that nothing is wide without a word about it.
    """
    written = [each.then if isinstance(each, OnlyIf) else each for each in statements]
    found = {each["Sid"]: each[_BECAUSE] for each in written if isinstance(each, dict) and _BECAUSE in each}
    return {"Reasons": found} if found else {}


def allow(
    sid: str, actions: Texts, resources: Any, *, because: str | None = None, **conditions: Mapping[str, Any]
) -> Statement:
    """A statement that allows. `conditions` are operators with their keys and values; `because`: see `reasons`."""
    statement = _statement("Allow", sid, actions, resources, conditions)
    return statement | {_BECAUSE: because} if because else statement


def deny(sid: str, actions: Texts, resources: Any = "*", **conditions: Mapping[str, Any]) -> Statement:
    """A statement that denies the actions."""
    return _statement("Deny", sid, actions, resources, conditions)


def deny_elsewhere(sid: str, actions: Texts, resources: Any) -> Statement:
    """A statement that denies the actions on everything but `resources`."""
    statement = _statement("Deny", sid, actions, resources, {})
    statement["NotResource"] = statement.pop("Resource")
    return statement


def tagged_as_project(key: str = "ResourceTag") -> dict[str, str]:
    """Keys of a condition: tagged as this project's. `RequestTag` is what a creating request brings."""
    return {f"aws:{key}/{NAME_TAG}": text(PROJECT)}


def deny_other_projects() -> Statement:
    """Deny access to another project's resources, whatever their names: see the package's docstring.

    Reading is left out where the product looks through what an account has: prune lists endpoint configurations and
    models, and sees by their tags which are its own.
    """
    return deny(
        "NothingOfAnotherProject",
        [*SAGEMAKER_WRITES, "sagemaker:DescribePipeline*", "sagemaker:DescribeModelPackage*"],
        StringNotEquals=tagged_as_project(),
        Null={f"aws:ResourceTag/{NAME_TAG}": "false"},
    )


def via_s3(sid: str, actions: Sequence[str], key_arn: Any) -> Statement:
    """Use of the key for objects alone."""
    return allow(
        sid, actions, key_arn, StringEquals={"kms:ViaService": text("s3.${AWS::Region}.${AWS::URLSuffix}")}
    )


def encrypts(key_arn: Any) -> Statement:
    """The KMS permissions that SageMaker requires of a role for outputs with a customer key, beside those for S3.

    Source: OutputDataConfig and TransformOutput, Amazon SageMaker API reference.
    """
    return allow("EncryptsOutputs", "kms:Encrypt", key_arn)


def passes(sid: str, role_arns: Any, *services: str, because: str | None = None) -> Statement:
    """A statement that allows these services to be passed the roles."""
    hosts = [f"{service}.amazonaws.com" for service in services]
    return allow(
        sid, "iam:PassRole", role_arns, because=because, StringEquals={"iam:PassedToService": _one(hosts)}
    )


def trusts_service(service: str, *, same_account: bool = True) -> dict[str, Any]:
    """A trust policy for a service, on behalf of this account where the service says on whose behalf it calls."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if same_account:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    return document(statement)


def _statement(
    effect: str, sid: str, actions: Texts, resources: Any, conditions: Mapping[str, Mapping[str, Any]]
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": effect,
        "Action": actions if isinstance(actions, str) else _one(sorted(actions)),
        "Resource": _filled(resources),
    }
    if conditions:
        statement["Condition"] = {operator: dict(keys) for operator, keys in conditions.items()}
    return statement


def _rendered(stated: Stated) -> Any:
    if isinstance(stated, OnlyIf):
        otherwise = cdk.Aws.NO_VALUE if stated.otherwise is None else _rendered(stated.otherwise)
        return cdk.Fn.condition_if(stated.condition, _rendered(stated.then), otherwise)
    if isinstance(stated, dict):
        return {key: value for key, value in stated.items() if key != _BECAUSE}
    return stated


def _filled(resources: Any) -> Any:
    if isinstance(resources, str):
        return resources if cdk.Token.is_unresolved(resources) else text(resources)
    if isinstance(resources, Sequence):
        return _one([_filled(resource) for resource in resources])
    return resources


def _one(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items
