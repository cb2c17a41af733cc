"""The tags of resources that their services name themselves: of keys, and of HTTP APIs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from moto.kms.models import kms_backends

from local_aws.http_api.tags import Tags as ApiTags
from local_aws.identity.actions.known import Tags
from local_aws.kernel.wire import ServiceError

TAG_LAG_SECONDS = 1.0
"""How long conditions do not see the tags of a new key. On AWS it is up to five minutes.

Source: "ABAC for AWS KMS", KMS developer guide.
"""


def tags(http_apis: Iterable[object]) -> dict[str, Callable[[str], Tags]]:
    """What tells tags by ARN, for each of the services. `http_apis` are the handlers of apigatewayv2."""
    of_apis = next(handler for handler in http_apis if isinstance(handler, ApiTags))

    def api_tags(arn: str) -> Tags:
        try:
            found: Tags = of_apis.get_tags({"ResourceArn": arn})["Tags"]
        except ServiceError:
            return {}
        return found

    return {"kms": _key_tags, "apigateway": api_tags}


def _key_tags(arn: str) -> Tags:
    region, account_id, resource = arn.split(":")[3:6]
    backend, name = kms_backends[account_id][region], resource.removeprefix("key/")
    key = backend.keys.get(name)
    if key is not None and time.time() - key.creation_date < TAG_LAG_SECONDS:
        return {}
    found: Tags = backend.tagger.get_tag_dict_for_resource(name)
    return found
