"""Checksums of what is uploaded, as Amazon S3 checks, keeps and tells them. moto stores what it is given.

Source: "Checking object integrity for data uploads in Amazon S3", Amazon S3 user guide.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.identity.actions.s3_requests import recognise, require_embedded
from local_aws.kernel.http.error_responses import refusal
from local_aws.kernel.moto_internals import upload_key
from local_aws.kernel.wire import ServiceError

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}
"""The embedded checksum algorithms. A checksum by another one is refused."""

_HEADER = "HTTP_X_AMZ_CHECKSUM_"
_SETTINGS = frozenset({f"{_HEADER}ALGORITHM", f"{_HEADER}MODE", f"{_HEADER}TYPE"})
_STATED_ALGORITHM = "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"
_CHUNKED = "aws-chunked"
_BODIES = frozenset({"PutObject", "UploadPart"})
_READS = frozenset({"GetObject", "HeadObject"})
_OF_PARTS = re.compile(r'-(\d+)"?$')


class Integrity:
    """Stands before a WSGI application that answers S3's requests."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request after checking its body against its checksums."""
        recognised = recognise(environ, lambda: _body(environ))
        operation = recognised[0] if recognised else ""
        try:
            if recognised:
                require_embedded(operation)
                _check_upload(recognised[1])
            if operation in _BODIES:
                _check_body(environ)
            elif operation == "CreateMultipartUpload":
                _check_type(environ)
            elif operation == "CompleteMultipartUpload":
                _check_parts(_body(environ))
        except ServiceError as error:
            return refusal("s3", error, environ)(environ, start_response)
        if operation in _READS and environ.get("HTTP_X_AMZ_CHECKSUM_MODE") == "ENABLED":
            return self._application(environ, _with_checksum_type(start_response))
        return self._application(environ, start_response)


def _check_upload(parameters: Mapping[str, Any]) -> None:
    """Raises ServiceError (NoSuchUpload) for a multipart upload of another key, which moto would write to."""
    upload = parameters.get("UploadId")
    if upload is not None and upload_key(parameters["Bucket"], upload) != parameters.get("Key"):
        raise ServiceError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
        )


def _check_body(environ: dict[str, Any]) -> None:
    """Raises ServiceError where the body is not what its headers say that it is."""
    stated = {
        name.removeprefix(_HEADER).replace("_", ""): value
        for name, value in environ.items()
        if name.startswith(_HEADER) and name not in _SETTINGS
    }
    md5 = environ.get("HTTP_CONTENT_MD5")
    if _CHUNKED in environ.get("HTTP_CONTENT_ENCODING", "") or not (stated or md5):
        return
    body = _body(environ)
    if (
        md5 is not None
        and base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()) != md5.encode()
    ):
        raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    if len(stated) > 1:
        raise ServiceError(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    for algorithm, value in stated.items():
        _check_digest(algorithm, value, body)
        # Who states a checksum and not its algorithm means that of the checksum; moto would not keep it.
        environ.setdefault(_STATED_ALGORITHM, algorithm)


def _check_digest(algorithm: str, value: str, body: bytes) -> None:
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise ServiceError("NotImplemented", f"Checksums by {algorithm} are not embedded; {known} are.", 501)
    digest = ALGORITHMS[algorithm](body)
    try:
        given = base64.b64decode(value, validate=True)
    except binascii.Error:
        given = b""
    if len(given) != len(digest):
        raise ServiceError(
            "InvalidRequest", f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
        )
    if given != digest:
        raise ServiceError(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )


def _check_type(environ: Mapping[str, Any]) -> None:
    algorithm = environ.get(f"{_HEADER}ALGORITHM", "")
    kind = environ.get(f"{_HEADER}TYPE", "")
    if kind == "FULL_OBJECT" and algorithm.startswith("SHA"):
        raise ServiceError(
            "InvalidRequest",
            f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
        )


def _check_parts(body: bytes) -> None:
    """Either every part has its checksum, or none."""
    parts = re.findall(r"<Part>(.*?)</Part>", body.decode("utf-8", "replace"), re.DOTALL)
    without = [part for part in parts if "<Checksum" not in part]
    if without and len(without) != len(parts):
        number = re.search(r"<PartNumber>(\d+)<", without[0])
        raise ServiceError(
            "InvalidRequest",
            "The complete request must include the checksum for each part. It was missing for part "
            f"{number[1] if number else '?'} in the request.",
        )


def _with_checksum_type(start_response: StartResponse) -> StartResponse:
    """Whether a checksum is the object's or its parts', which has their number behind it."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        names = {name.lower(): value for name, value in headers}
        of_parts = _OF_PARTS.search(names.get("etag", ""))
        kept = [pair for pair in headers if pair[0].lower() != "x-amz-checksum-type"]
        told = [(name, _with_number(name, value, of_parts)) for name, value in kept]
        if any(name.lower().startswith("x-amz-checksum-") for name, _ in kept):
            told.append(("x-amz-checksum-type", "COMPOSITE" if of_parts else "FULL_OBJECT"))
        return start_response(status, told, *rest)

    return start


def _with_number(name: str, value: str, of_parts: re.Match[str] | None) -> str:
    if of_parts is None or not name.lower().startswith("x-amz-checksum-"):
        return value
    return f"{value.partition('-')[0]}-{of_parts[1]}"


def _body(environ: dict[str, Any]) -> bytes:
    """The whole body, which can be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body
