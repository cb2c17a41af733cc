"""The caller of a request: the access key of its signature, in the header or the query string."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local_aws.kernel.sessions import Session


@dataclass(frozen=True)
class Signature:
    """The parts of a SigV4 credential, `KEY/20261121/eu-west-1/sagemaker/aws4_request`, and the session token.

    The region is empty where the signature has none: version 2.
    """

    access_key: str = ""
    service: str = ""
    token: str = ""
    region: str = ""


SIGNATURE = "local_aws.signature"
"""Where the signature of a request that was verified stands in its WSGI environment."""


def signature(environ: Mapping[str, Any]) -> Signature:
    """The verified signature of a WSGI request; an empty one where nobody signed it."""
    found: Signature = environ.get(SIGNATURE, Signature())
    return found


_current: ContextVar[Session | None] = ContextVar("local_aws_caller", default=None)
_operation: ContextVar[str] = ContextVar("local_aws_operation", default="")


@contextmanager
def calling(session: Session | None, operation: str = "") -> Iterator[None]:
    """While a request is answered: whose it is, and what it asks for."""
    before, asked = _current.set(session), _operation.set(operation)
    try:
        yield
    finally:
        _current.reset(before)
        _operation.reset(asked)


def operation() -> str:
    """The API's operation that this thread answers: "PutObject"."""
    return _operation.get()


def current() -> Session | None:
    """The session whose request this thread answers; None for the administrator's."""
    return _current.get()
