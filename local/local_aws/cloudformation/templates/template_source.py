"""The source of a request's template: the request, S3, or the stack's present template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.templates.template import MAXIMUM_BODY_BYTES, MAXIMUM_OBJECT_BYTES
from local_aws.kernel.account import Account
from local_aws.kernel.s3_addresses import place, version


def body(account: Account, request: Mapping[str, Any], previous: str | None = None) -> str:
    """The template's text, from exactly one of TemplateBody, TemplateURL and UsePreviousTemplate.

    Raises ServiceError (ValidationError) where there is none, or it cannot be read, or is too long.
    """
    text: str | None = request.get("TemplateBody")
    url: str | None = request.get("TemplateURL")
    if request.get("UsePreviousTemplate"):
        if text is not None or url is not None:
            raise invalid("Cannot specify usePreviousTemplate as true and a templateBody or templateURL.")
        if previous is None:
            raise invalid("There is no previous template to use.")
        return previous
    if (text is None) == (url is None):
        raise invalid("Either Template URL or Template Body must be specified.")
    if url is not None:
        return _fetch(account, url)
    assert text is not None
    if len(text.encode()) > MAXIMUM_BODY_BYTES:
        raise invalid(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length"
            f" less than or equal to {MAXIMUM_BODY_BYTES}"
        )
    return text


def _fetch(account: Account, url: str) -> str:
    found = place(account.endpoint_url, url)
    if found is None:
        raise invalid(f"TemplateURL must be a supported URL. ({url})")
    source = dict(zip(("Bucket", "Key"), found, strict=True)) | version(url)
    try:
        answer = account.client_of_caller("s3").get_object(**source)
    except ClientError as error:
        raise invalid(f"S3 error: {error.response['Error']['Message']} ({url})") from error
    content: bytes = answer["Body"].read()
    if len(content) > MAXIMUM_OBJECT_BYTES:
        raise invalid(f"Template may not exceed {MAXIMUM_OBJECT_BYTES} bytes in size.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise invalid(
            f"Template format error: the template is no UTF-8, at byte {error.start}. ({url})"
        ) from error
