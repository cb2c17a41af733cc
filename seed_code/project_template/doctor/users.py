"""The users of the S3 form: whether those that were published to may make projects, by IAM's simulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code, is_missing
from project_template.account.publication import Published
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, ok, warn
from project_template.stacks.publication_values import STACK_ACTIONS, TEMPLATE_ACTIONS

_CHECK = "users"


@dataclass(frozen=True)
class _Query:
    """Actions on one resource, with the services that a role is passed to."""

    actions: Sequence[str]
    resource: str
    passed_to: str = ""

    @property
    def context(self) -> list[dict[str, Any]]:
        if not self.passed_to:
            return []
        return [
            {
                "ContextKeyName": "iam:PassedToService",
                "ContextKeyValues": [self.passed_to],
                "ContextKeyType": "string",
            }
        ]


def check(aws: Aws, found: Published) -> Iterator[Finding]:
    """The permissions that users need beside AmazonSageMakerFullAccess, for each principal."""
    policy = found.user_policy_arn
    if not policy:
        yield ok(_CHECK, "not needed: the Service Catalog form is published alone")
        return
    principals: Sequence[str] = found.record.get("principals", ())
    if not principals:
        yield warn(
            _CHECK,
            "no user was named when the template was published",
            f"`project-template publish --principal ARN ...`, or attach {policy} to the roles of Studio's users.",
        )
    for principal in principals:
        yield _principal(aws, found, principal, policy)


def _principal(aws: Aws, found: Published, principal: str, policy: str) -> Finding:
    lacking = []
    try:
        for query in _needed(aws, found):
            lacking += _denied(aws, principal, query)
    except ClientError as error:
        if is_missing(error):
            return fail(
                _CHECK, f"{principal} does not exist", "Publish again with the --principal that is meant."
            )
        return warn(
            _CHECK,
            f"IAM's simulator could not be asked about {principal} ({error_code(error)})",
            "Allow iam:SimulatePrincipalPolicy, and ask again.",
        )
    if lacking:
        return fail(
            _CHECK,
            f"{principal} may not {', '.join(dict.fromkeys(lacking))}: CreateProject in Studio fails",
            f"Attach {policy} to it (`publish --principal` does); what another policy denies, its owner has to allow.",
        )
    return ok(_CHECK, f"{principal} may make projects in Studio, with {found.launch_role_arn} as the role")


def _needed(aws: Aws, found: Published) -> list[_Query]:
    stack = f"arn:{aws.partition}:cloudformation:{aws.region}:{aws.account}:stack/SP-p-000000000000/0"
    template = f"arn:{aws.partition}:s3:::{found.bucket}/{found.template_key}"
    passed = [
        _Query(["iam:PassRole"], found.launch_role_arn, f"{service}.amazonaws.com")
        for service in ("cloudformation", "sagemaker")
    ]
    return [*passed, _Query(TEMPLATE_ACTIONS, template), _Query(STACK_ACTIONS, stack)]


def _denied(aws: Aws, principal: str, query: _Query) -> list[str]:
    answer: Any = aws.iam.simulate_principal_policy(
        PolicySourceArn=principal,
        ActionNames=list(query.actions),
        ResourceArns=[query.resource],
        ContextEntries=query.context,  # type: ignore[arg-type]
    )
    return [
        each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"
    ]
