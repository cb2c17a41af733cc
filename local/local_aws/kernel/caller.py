"""Who sends a request: the access key that it is signed with, in its header or in its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local_aws.kernel.sessions import Session

_SCOPE_PARTS = 5


@dataclass(frozen=True)
class Signature:
    """The parts of a SigV4 credential, `KEY/20261121/eu-west-1/sagemaker/aws4_request`, and the session token."""

    access_key: str = ""
    service: str = ""
    token: str = ""


def signature(environ: Mapping[str, Any]) -> Signature:
    """The signature of a WSGI request; an empty one where it has none that can be read."""
    stated: str = environ.get("HTTP_AUTHORIZATION", "")
    token: str = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    credential = stated.partition("Credential=")[2].partition(",")[0]
    if not credential and "Signature=" in environ.get("QUERY_STRING", ""):
        query = {name.lower(): values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        credential = query.get("x-amz-credential", "")
        token = query.get("x-amz-security-token", "")
        if "awsaccesskeyid" in query:  # as boto3 presigns for S3 still
            return Signature(query["awsaccesskeyid"], "s3", token)
    parts = credential.rsplit("/", _SCOPE_PARTS - 1)
    return Signature(parts[0], parts[3], token) if len(parts) == _SCOPE_PARTS else Signature()


_current: ContextVar[Session | None] = ContextVar("local_aws_caller", default=None)


@contextmanager
def calling(session: Session | None) -> Iterator[None]:
    """While a request is answered: whose it is."""
    before = _current.set(session)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> Session | None:
    """The session whose request this thread answers; None for the administrator's."""
    return _current.get()
