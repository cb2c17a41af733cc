"""What Amazon S3 refuses in the policy of a bucket, beside what no policy may have.

The words are S3's: https://repost.aws/knowledge-center/s3-bucket-policy-error names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.s3_actions import OF_BUCKETS, OF_OBJECTS, matching
from local_aws.identity.policies.conditions import like


def problems(document: str, bucket: str) -> Iterator[str]:
    """What is wrong with a policy, whose form is right, as that of a bucket."""
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        yield from _resources(statement, bucket)
        yield from _actions(statement, bucket)
        yield from _conditions(statement)


def _resources(statement: Mapping[str, Any], bucket: str) -> Iterator[str]:
    """A bucket's policy is about the bucket and its objects."""
    for resource in _texts(statement.get("Resource", statement.get("NotResource"))):
        if not like(bucket, resource.rpartition(":::")[2].partition("/")[0]):
            yield "Policy has invalid resource"


def _actions(statement: Mapping[str, Any], bucket: str) -> Iterator[str]:
    """Each action is one of S3's, and about a resource of its statement."""
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    for action in actions:
        if not matching(action, OF_BUCKETS | OF_OBJECTS):
            yield "Policy has invalid action"
    if "Action" not in statement or "Resource" not in statement:
        return
    names = [resource.rpartition(":::")[2] for resource in _texts(statement["Resource"])]
    possible = set(OF_BUCKETS) if any(like(bucket, name) for name in names) else set()
    if any("/" in name or name.endswith("*") for name in names):
        possible |= OF_OBJECTS
    for action in actions:
        if not matching(action, possible):
            yield "Action does not apply to any resource(s) in statement"


def _conditions(statement: Mapping[str, Any]) -> Iterator[str]:
    """A denial that could never hold here is refused. What a bucket's policy allows is not looked at."""
    if statement["Effect"] != "Deny":
        return
    for keys in statement.get("Condition", {}).values():
        for key in keys:
            if not condition_keys.is_set_for_s3(key):
                yield f"The embedded S3 does not set the condition key {key}: leave the condition out"


def _texts(stated: Any) -> list[str]:
    return [stated] if isinstance(stated, str) else list(stated)
