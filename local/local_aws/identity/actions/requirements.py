"""The IAM actions that a request takes, each on one resource, with the condition keys that it sets.

Most requests take the action of their operation's name. Beside it: a role that is handed on is passed, tags that come with a
new resource are added, and an encrypted bucket makes S3 use its key as the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local_aws.identity.actions import condition_keys, s3_requests
from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.actions.condition_keys import Keys
from local_aws.identity.actions.resource_facts import request_tags
from local_aws.identity.actions.resources import Namer

FREE = frozenset({"sts:GetCallerIdentity"})
"""Actions that nobody needs a permission for."""

_PREFIXES = {
    "apigatewayv2": "apigateway",
    "resourcegroupstaggingapi": "tag",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
}
"""IAM's names of services that differ from boto3's."""

_ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}

_TAGGING = {
    "application-autoscaling": "TagResource",
    "cloudformation": "TagResource",
    "cloudwatch": "TagResource",
    "events": "TagResource",
    "kms": "TagResource",
    "lambda": "TagResource",
    "logs": "TagResource",
    "sagemaker": "AddTags",
    "secretsmanager": "TagResource",
    "sns": "TagResource",
    "sqs": "TagQueue",
    "ssm": "AddTagsToResource",
}
"""The action that tags of a new resource take, by service."""
_IAM_TAGGING = {
    "CreateRole": "TagRole",
    "CreatePolicy": "TagPolicy",
    "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
}
_TAG_OPERATIONS = frozenset(
    {"AddTags", "AddTagsToResource", "TagLogGroup", "TagQueue", "TagResource", "TagRole", "TagPolicy"}
)

_PASSED_IN = {
    "cloudformation": ("RoleARN",),
    "lambda": ("Role",),
    "sagemaker": ("RoleArn", "ExecutionRoleArn"),
    "events": ("RoleArn",),
    "scheduler": ("RoleArn",),
    "application-autoscaling": ("RoleARN",),
    "logs": ("roleArn",),
}
"""The members in which a service is handed a role."""
_PASSED_TO = {"application-autoscaling": "application-autoscaling.amazonaws.com"}

_SERVICE_LINKED = ":role/aws-service-role/"


@dataclass(frozen=True)
class Requirement:
    """An IAM action on one resource, with the condition keys of the request."""

    action: str
    resource: str
    context: Keys = field(default_factory=dict)


def of(request: ApiRequest, namer: Namer) -> list[Requirement]:
    """Everything that the caller of `request` must be allowed."""
    keys = condition_keys.of_request(request, namer.facts)
    if request.service == "s3":
        return [*_s3(request, namer, keys)]
    prefix = _PREFIXES.get(request.service, request.service)
    action = f"{prefix}:{_action(request)}"
    resources = namer.of(request)
    found = [
        Requirement(action, resource, keys | _tags_of(prefix, namer, resource)) for resource in resources
    ]
    if tagging := _tagging(request):
        creating: Keys = {"sagemaker:TaggingAction": (request.operation,)} if prefix == "sagemaker" else {}
        found.append(Requirement(f"{prefix}:{tagging}", _taggable(resources[0]), keys | creating))
    if action == "cloudformation:DescribeStacks" and not request.parameters.get("StackName"):
        # Of all stacks. Source: DescribeStacks, AWS CloudFormation API reference.
        found.append(Requirement("cloudformation:ListStacks", "*", keys))
    return [*found, *_passed_roles(request, namer)]


def whole(request: ApiRequest) -> Requirement:
    """The action of a request that does not tell what it is about: on everything."""
    prefix = _PREFIXES.get(request.service, request.service)
    return Requirement(f"{prefix}:{_action(request)}", "*")


def _action(request: ApiRequest) -> str:
    if request.service == "apigatewayv2":
        return request.method
    return _ACTIONS.get((request.service, request.operation), request.operation)


def _tagging(request: ApiRequest) -> str | None:
    if request.operation in _TAG_OPERATIONS or not request_tags(request.parameters):
        return None
    return _IAM_TAGGING.get(request.operation) if request.service == "iam" else _TAGGING.get(request.service)


def _taggable(resource: str) -> str:
    # Log groups are tagged without what follows their name.
    return resource.removesuffix(":*") if ":log-group:" in resource else resource


def _tags_of(service: str, namer: Namer, resource: str) -> Keys:
    return condition_keys.of_tags(service, namer.facts.tags(_taggable(resource)))


def _passed_roles(request: ApiRequest, namer: Namer) -> Iterator[Requirement]:
    """iam:PassRole for each role in the request. A service-linked role is not passed."""
    to = _PASSED_TO.get(request.service, f"{request.service}.amazonaws.com")
    for member in _PASSED_IN.get(request.service, ()):
        for stated in [
            request.parameters,
            request.parameters.get("TrainingJobDefinition") or {},
            *_event_targets(request),
        ]:
            role = stated.get(member)
            if isinstance(role, str) and role.startswith("arn:") and _SERVICE_LINKED not in role:
                yield _pass_role(role, to, namer)
    for provider in request.parameters.get("TemplateProviders") or ():
        if role := (provider.get("CfnTemplateProvider") or {}).get("RoleARN"):
            # What CloudFormation is passed, CreateStack passes: SageMaker calls it as the caller.
            yield _pass_role(str(role), "sagemaker.amazonaws.com", namer)


def _pass_role(role: str, to: str, namer: Namer) -> Requirement:
    tags = condition_keys.of_tags("iam", namer.facts.tags(role))
    return Requirement("iam:PassRole", role, {"iam:PassedToService": (to,), **tags})


def _event_targets(request: ApiRequest) -> list[dict[str, Any]]:
    given = request.parameters
    targets = {"events": given.get("Targets"), "scheduler": [given.get("Target")]}.get(request.service)
    return [each for each in targets or () if isinstance(each, dict)]


def _s3(request: ApiRequest, namer: Namer, keys: Keys) -> Iterator[Requirement]:
    for name, resource in s3_requests.actions(request.operation, request.parameters):
        arn = resource if resource == "*" else f"arn:aws:s3:::{resource}"
        yield Requirement(f"s3:{name}", arn, keys | _tags_of("s3", namer, arn))
        bucket = resource.partition("/")[0]
        key = namer.facts.bucket_key(bucket)
        if name in s3_requests.WRITING:
            key = request.parameters.get("SSEKMSKeyId") or key
        if key is None or (request.operation == "CompleteMultipartUpload"):
            continue
        via: Keys = {"kms:ViaService": (f"s3.{namer.region}.amazonaws.com",)}
        if name in s3_requests.WRITING:
            yield Requirement("kms:GenerateDataKey", namer.key(key), via)
        # S3 reads back the parts of a multipart upload's data key.
        if name in s3_requests.READING or request.operation in {"CreateMultipartUpload", "UploadPart"}:
            yield Requirement("kms:Decrypt", namer.key(key), via)
