"""Malformed policies are refused where they enter, by the error of the API that they are given to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.policies.conditions import like
from local_aws.identity.policy_documents import IDENTITY, RESOURCE, TRUST, Kind, problem
from local_aws.kernel.wire import ServiceError


@dataclass(frozen=True)
class Entry:
    """A member of a request in which a policy enters, what kind it is, and the error for one that is malformed."""

    service: str
    operation: str
    member: str
    kind: Kind
    code: str
    words: str = "{problem}"


def _attribute_policy(request: ApiRequest) -> str | None:
    """A policy among the attributes of a queue or topic; an empty one takes it away."""
    given = request.parameters
    if given.get("AttributeName") == "Policy":
        return str(given.get("AttributeValue") or "")
    attributes = given.get("Attributes") or {}
    return str(attributes.get("Policy") or "") if isinstance(attributes, Mapping) else None


def _parameter_policy(member: str) -> Callable[[ApiRequest], str | None]:
    return lambda request: request.parameters.get(member)


_QUEUE = "Invalid value for the parameter Policy. Reason: {problem}"
_TOPIC = "Invalid parameter: Policy Error: {problem}"

ENTRIES = (
    Entry("iam", "CreateRole", "AssumeRolePolicyDocument", TRUST, "MalformedPolicyDocument"),
    Entry("iam", "UpdateAssumeRolePolicy", "PolicyDocument", TRUST, "MalformedPolicyDocument"),
    Entry("iam", "PutRolePolicy", "PolicyDocument", IDENTITY, "MalformedPolicyDocument"),
    Entry("iam", "PutUserPolicy", "PolicyDocument", IDENTITY, "MalformedPolicyDocument"),
    Entry("iam", "PutGroupPolicy", "PolicyDocument", IDENTITY, "MalformedPolicyDocument"),
    Entry("iam", "CreatePolicy", "PolicyDocument", IDENTITY, "MalformedPolicyDocument"),
    Entry("iam", "CreatePolicyVersion", "PolicyDocument", IDENTITY, "MalformedPolicyDocument"),
    Entry("s3", "PutBucketPolicy", "Policy", RESOURCE, "MalformedPolicy"),
    Entry("kms", "CreateKey", "Policy", RESOURCE, "MalformedPolicyDocumentException"),
    Entry("kms", "PutKeyPolicy", "Policy", RESOURCE, "MalformedPolicyDocumentException"),
    Entry(
        "secretsmanager", "PutResourcePolicy", "ResourcePolicy", RESOURCE, "MalformedPolicyDocumentException"
    ),
    Entry("logs", "PutResourcePolicy", "policyDocument", RESOURCE, "InvalidParameterException"),
    Entry("sqs", "CreateQueue", "Attributes", RESOURCE, "InvalidAttributeValue", _QUEUE),
    Entry("sqs", "SetQueueAttributes", "Attributes", RESOURCE, "InvalidAttributeValue", _QUEUE),
    Entry("sns", "CreateTopic", "Attributes", RESOURCE, "InvalidParameter", _TOPIC),
    Entry("sns", "SetTopicAttributes", "AttributeValue", RESOURCE, "InvalidParameter", _TOPIC),
)
"""Every operation of a service here that takes a policy as a document."""

_BY_OPERATION = {(each.service, each.operation): each for each in ENTRIES}


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a request that brings a malformed policy."""
    entry = _BY_OPERATION.get((request.service, request.operation))
    if entry is None:
        return
    document = (
        _attribute_policy(request)
        if entry.service in ("sns", "sqs")
        else _parameter_policy(entry.member)(request)
    )
    if not document and entry.service in ("sns", "sqs", "kms"):
        return  # no policy: the service's own default
    for said in _problems(str(document or ""), entry, request):
        raise ServiceError(entry.code, entry.words.format(problem=said))


def _problems(document: str, entry: Entry, request: ApiRequest) -> Iterator[str]:
    if said := problem(document, entry.kind):
        yield said
    elif entry.service == "s3":
        yield from _bucket_policy_problems(document, str(request.parameters["Bucket"]))


def _bucket_policy_problems(document: str, bucket: str) -> Iterator[str]:
    """A bucket's policy is about the bucket and its objects, under conditions that can hold here."""
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        stated: Any = statement.get("Resource", statement.get("NotResource"))
        for resource in [stated] if isinstance(stated, str) else stated:
            name = str(resource).rpartition(":::")[2].partition("/")[0]
            if not like(bucket, name):
                yield "Policy has invalid resource"
        # What a bucket's policy allows is not looked at here.
        for keys in (statement.get("Condition", {}) if statement["Effect"] == "Deny" else {}).values():
            for key in keys:
                if not condition_keys.is_set_for_s3(key):
                    yield f"The embedded S3 does not set the condition key {key}: leave the condition out"
