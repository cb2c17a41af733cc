"""Functions that read the tags of resources whose names their services make up: KMS keys and HTTP APIs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.identity.actions.resource_facts import Tags
from local_aws.kernel.moto_internals import key_age_and_tags
from local_aws.kernel.wire import ServiceError

TAG_LAG_SECONDS = 1.0
"""How long conditions do not see the tags of a new key. On AWS it is up to five minutes.

Source: "ABAC for AWS KMS", KMS developer guide.
"""


def by_service(
    get_api_tags: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> dict[str, Callable[[str], Tags]]:
    """The function of each service that returns the tags of an ARN. `get_api_tags` is API Gateway's GetTags."""

    def api_tags(arn: str) -> Tags:
        try:
            found: Tags = get_api_tags({"ResourceArn": arn})["Tags"]
        except ServiceError:
            return {}
        return found

    return {"kms": _tags_of_key, "apigateway": api_tags}


def _tags_of_key(arn: str) -> Tags:
    age, tags = key_age_and_tags(arn, time.time())
    return {} if age is not None and age < TAG_LAG_SECONDS else dict(tags)
