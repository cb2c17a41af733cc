"""Requests to a REST API that carry a credential: redirects stay at the API's address, and answers are JSON."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit


class NotJsonError(ValueError):
    """An answer is not JSON, such as the page of a proxy. The message shows its beginning."""


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows redirects of GET requests to the same scheme, host and port.

    Any other is an HTTPError with its status.
    """

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
        return (
            super().redirect_request(req, fp, code, msg, headers, newurl)
            if same and req.get_method() == "GET"
            else None
        )


def opener() -> urllib.request.OpenerDirector:
    """An opener that sends a request's credential to its own address only."""
    return urllib.request.build_opener(_SameOrigin)


def document(status: int, body: bytes) -> Any:
    """The JSON of a successful answer; None for 204. Raises NotJsonError."""
    if status == 204 and not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        start = " ".join(body[:80].decode("utf-8", "replace").split()) or "nothing"
        raise NotJsonError(f"status {status} with {start!r}, which is not JSON") from error
