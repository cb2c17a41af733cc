"""Parses and checks a client's request."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

PATH, METHOD = "/classify", "POST"

MOST_TEXTS = 100
LONGEST_TEXT = 10_000
"""The longest text in characters; the text rules read its first few hundred words."""
LARGEST_BODY = 1_000_000
"""The largest body in bytes."""


class Problem(Exception):
    """An error response: the status, a code for machines, a message for people.

    `headers` go with the response, `details` into the log. None of them quotes a text.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.details = headers or {}, details or {}


@dataclass(frozen=True)
class Request:
    """The texts of a request, and whom they are for; None for a request that does not say."""

    texts: list[str]
    audience: str | None = None


def parse(event: dict[str, Any], audiences: Collection[str] = ()) -> Request:
    """The request in an event of an HTTP API or a function URL, payload format 2.0. Raises Problem.

    A request names one of the `audiences`, or none.
    """
    context = event.get("requestContext", {})
    http = context.get("http", {})
    # A named stage of an HTTP API precedes the path of the route.
    if event.get("rawPath") not in {PATH, f"/{context.get('stage')}{PATH}"}:
        raise Problem(404, "not_found", f"There is only {METHOD} {PATH} here.")
    if http.get("method") != METHOD:
        raise Problem(
            405, "method_not_allowed", f"{PATH} takes {METHOD} requests only.", headers={"allow": METHOD}
        )
    document = _document(_body(event))
    audience = document.pop("audience", None) if audiences else None
    texts = _checked(document, ("texts", "audience") if audiences else ("texts",))
    if audience is not None and not (isinstance(audience, str) and audience in audiences):
        raise Problem(400, "unknown_audience", f'"audience" is one of {", ".join(sorted(audiences))}.')
    return Request(texts, audience)


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if len(body) > LARGEST_BODY * (4 / 3 if event.get("isBase64Encoded") else 1) + 4:
        raise _too_large()
    try:
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8")
    except ValueError as error:
        raise _not_json() from error
    if len(content) > LARGEST_BODY:
        raise _too_large()
    return content


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _not_json() from error
    if not isinstance(document, dict):
        raise _not_json()
    return document


def _checked(document: dict[str, Any], keys: tuple[str, ...]) -> list[str]:
    texts = document.get("texts")
    if not isinstance(texts, list):
        raise Problem(400, "texts_missing", 'The body needs "texts": a list of strings to classify.')
    if len(document) > 1:
        others = ", ".join(sorted(str(key)[:40] for key in document if key != "texts")[:5])
        raise Problem(
            400,
            "unknown_key",
            f'The body has only {" and ".join(map(json.dumps, keys))}; found also: {others}.',
        )
    if not texts:
        raise Problem(400, "texts_missing", '"texts" is empty: it needs at least one text.')
    if len(texts) > MOST_TEXTS:
        raise Problem(
            413, "too_many_texts", f"Found {len(texts)} texts; at most {MOST_TEXTS} go into one request."
        )
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise Problem(400, "text_not_a_string", f"texts[{index}] is not a string.")
        if len(text) > LONGEST_TEXT:
            words = f"texts[{index}] has {len(text)} characters; at most {LONGEST_TEXT} are read."
            raise Problem(413, "text_too_long", words)
    return texts


def _too_large() -> Problem:
    return Problem(
        413, "body_too_large", f"The body is larger than {LARGEST_BODY} bytes. Send fewer texts at once."
    )


def _not_json() -> Problem:
    return Problem(
        400, "not_json", 'The body is not a JSON object in UTF-8; expected {"texts": ["...", ...]}.'
    )
