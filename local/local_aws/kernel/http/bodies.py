"""Bodies of requests: read whole, with limits, before anything else has to wait for them."""

from __future__ import annotations

import io
import zlib
from typing import Any

from local_aws.kernel.wire import ServiceError

LONGEST = 70_167_211
"""Bytes of a request to any service but S3: Lambda's limit for CreateFunction, which is the largest of all."""
LONGEST_OBJECT = 5 * 1024**3
"""Bytes that S3 takes in one request, https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html."""

_STEP = 1024 * 1024


def take(environ: dict[str, Any], longest: int = LONGEST) -> bytes:
    """The body of a WSGI request, which whoever answers it can read once more.

    Raises ServiceError where it is longer than `longest` bytes, shorter than it says, or says its length wrongly, and
    TimeoutError where its client takes too long.
    """
    read = _read_chunked if environ.get("wsgi.input_terminated") else _read_with_length
    data = read(environ, longest)
    environ["wsgi.input"] = io.BytesIO(data)
    environ["CONTENT_LENGTH"] = str(len(data))
    return data


def unpacked(data: bytes, longest: int = LONGEST) -> bytes:
    """`data`, which is gzip. Raises ServiceError where it is not, or becomes longer than `longest` bytes."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = stream.decompress(data, longest + 1)
    except zlib.error as error:
        raise ServiceError("SerializationException", f"The body is no gzip: {error}") from error
    if len(found) > longest:
        raise _too_long(longest)
    if not stream.eof:
        raise ServiceError("SerializationException", "The body's gzip is cut off")
    return found


def _read_with_length(environ: dict[str, Any], longest: int) -> bytes:
    stated = environ.get("CONTENT_LENGTH") or "0"
    if not (stated.isascii() and stated.isdecimal()):
        raise ServiceError("InvalidRequest", f"Content-Length is {stated!r}, and must be a number of bytes")
    length = int(stated)
    if length > longest:
        raise _too_long(longest)
    data: bytes = environ["wsgi.input"].read(length) if length else b""
    if len(data) < length:
        raise ServiceError(
            "IncompleteBody",
            f"The body ends after {len(data)} bytes of the {length} that Content-Length says",
        )
    return data


def _read_chunked(environ: dict[str, Any], longest: int) -> bytes:
    if environ.get("CONTENT_LENGTH"):
        raise ServiceError(
            "InvalidRequest", "A request has Content-Length or Transfer-Encoding, and not both"
        )
    parts, length = [], 0
    try:
        while part := environ["wsgi.input"].read(_STEP):
            parts.append(part)
            length += len(part)
            if length > longest:
                raise _too_long(longest)
    except TimeoutError:
        raise
    except OSError as error:
        raise ServiceError("IncompleteBody", f"The chunked body is malformed: {error}") from error
    for name in ("wsgi.input_terminated", "HTTP_TRANSFER_ENCODING"):
        environ.pop(name, None)
    return b"".join(parts)


def _too_long(longest: int) -> ServiceError:
    return ServiceError(
        "RequestEntityTooLargeException", f"The body is longer than {longest} bytes, which is the limit", 413
    )
