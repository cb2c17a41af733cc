"""The tags of resources that their services name themselves: of keys, and of HTTP APIs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.identity.actions.known import Tags
from local_aws.kernel.moto_internals import key_age_and_tags
from local_aws.kernel.wire import ServiceError

TAG_LAG_SECONDS = 1.0
"""How long conditions do not see the tags of a new key. On AWS it is up to five minutes.

Source: "ABAC for AWS KMS", KMS developer guide.
"""


def tags(get_api_tags: Callable[[dict[str, Any]], Mapping[str, Any]]) -> dict[str, Callable[[str], Tags]]:
    """What tells tags by ARN, for each of the services. `get_api_tags` is API Gateway's GetTags."""

    def api_tags(arn: str) -> Tags:
        try:
            found: Tags = get_api_tags({"ResourceArn": arn})["Tags"]
        except ServiceError:
            return {}
        return found

    return {"kms": _key_tags, "apigateway": api_tags}


def _key_tags(arn: str) -> Tags:
    age, tags = key_age_and_tags(arn, time.time())
    return {} if age is not None and age < TAG_LAG_SECONDS else dict(tags)
