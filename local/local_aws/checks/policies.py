"""Malformed policies are refused where they enter, by the error of the API that they are given to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from local_aws.checks import bucket_policies, unset_keys
from local_aws.checks.principals import Principals
from local_aws.identity.actions.api_request import ApiRequest
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


class Policies:
    """Checks every policy that enters. `principals` finds those of its principals that do not exist."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def __call__(self, request: ApiRequest) -> None:
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
        for said in self._problems(str(document or ""), entry, request):
            raise ServiceError(entry.code, entry.words.format(problem=said))

    def _problems(self, document: str, entry: Entry, request: ApiRequest) -> Iterator[str]:
        if said := problem(document, entry.kind):
            yield said
            return
        if entry.kind.principal:
            for each in self._principals.invalid(document):
                yield _INVALID_PRINCIPAL.get(entry.service, "Invalid principal in policy: {}").format(each)
        if entry.kind in (IDENTITY, TRUST):
            yield from unset_keys.problems(document)
        if entry.service == "s3":
            yield from bucket_policies.problems(document, str(request.parameters["Bucket"]))


_INVALID_PRINCIPAL = {"s3": "Invalid principal in policy", "sns": "PrincipalNotFound"}
"""What a service calls a principal that does not exist, where IAM's own words are not it."""
