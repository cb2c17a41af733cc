"""Bodies that are uploaded in signed chunks (`aws-chunked`): whether each chunk is signed as the one before says.

After https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html. A chunk is
`SIZE;chunk-signature=SIGNATURE`, a line break, SIZE bytes and a line break; the last one has none, and trailers may follow it.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from local_aws.kernel.wire import ServiceError

_EMPTY = hashlib.sha256(b"").hexdigest()
_HEAD = re.compile(rb"(?P<size>[0-9a-fA-F]{1,10});chunk-signature=(?P<signature>[0-9a-f]{64})\r\n")
_TRAILERS = re.compile(
    rb"(?P<headers>(?:[A-Za-z0-9-]+:[^\r\n]*\r?\n)+)x-amz-trailer-signature:(?P<signature>[0-9a-f]{64})\r?\n(?:\r\n)?",
    re.IGNORECASE,
)


def verify(body: bytes, key: bytes, scope: str, time: str, seed: str, *, trailer: bool) -> None:
    """Raises ServiceError for a chunk, or, with `trailer`, for trailers, that are malformed or signed by another key.

    `seed` is the signature of the request's headers, to which that of the first chunk is tied.
    """
    before, place = seed, 0
    while True:
        head = _HEAD.match(body, place)
        if head is None:
            raise _malformed(place)
        size, place = int(head["size"], 16), head.end()
        data = body[place : place + size]
        if len(data) < size:
            raise ServiceError("IncompleteBody", "The request body terminated unexpectedly", 400)
        digest = hashlib.sha256(data).hexdigest()
        before = _check(
            key, ("AWS4-HMAC-SHA256-PAYLOAD", time, scope, before, _EMPTY, digest), head["signature"]
        )
        place += size
        if not size:
            break
        if body[place : place + 2] != b"\r\n":
            raise _malformed(place)
        place += 2
    if trailer:
        found = _TRAILERS.fullmatch(body, place)
        if found is None:
            raise _malformed(place)
        digest = hashlib.sha256(found["headers"].replace(b"\r\n", b"\n")).hexdigest()
        _check(key, ("AWS4-HMAC-SHA256-TRAILER", time, scope, before, digest), found["signature"])
    elif body[place:] not in {b"\r\n", b""}:
        raise _malformed(place)


def _check(key: bytes, parts: tuple[str, ...], stated: bytes) -> str:
    expected = hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), stated):
        raise ServiceError(
            "SignatureDoesNotMatch", "The signature of a chunk does not match the chunk and the key", 403
        )
    return expected


def _malformed(place: int) -> ServiceError:
    return ServiceError("InvalidRequest", f"The aws-chunked body is malformed at byte {place}", 400)
