"""Whether a request is signed by who it says it is: Signature Version 4, in the header or in the address.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and, for S3,
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html. S3's older presigned addresses (Signature
Version 2), which boto3 still makes, are verified too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from botocore.auth import HmacV1Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path

from local_aws.kernel.caller import Signature
from local_aws.kernel.signing import aws_chunked
from local_aws.kernel.wire import ServiceError

SKEW = timedelta(minutes=15)
"""The largest difference between a client's clock and the server's."""
LONGEST = 7 * 24 * 3600
"""Seconds for which an address can be presigned."""

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-"
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()
_S3 = "s3"
_SCOPE_PARTS = 5
_DIGITS = 12
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>\S+)"
)

SecretOf = Callable[[str, str], str]
"""Gives the secret of an access key with its session token, "" where there is none.

Raises ServiceError for unknown ones.
"""


@dataclass(frozen=True)
class Stated:
    """A signature as a request states it.

    `expires` is None but in presigned addresses: there it is a number of seconds, or, in version 2, the time in seconds
    since 1970 at which the address ends. Version 2 has no scope, and is S3's.
    """

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str
    token: str = ""
    expires: int | None = None
    version: int = 4

    @property
    def scope(self) -> str:
        """The credential scope: date, region and service."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query string."""
        return self.expires is not None


class Signatures:
    """Verifies requests by what `secret_of` knows. `now` is the server's clock."""

    def __init__(self, secret_of: SecretOf, now: Callable[[], datetime] | None = None) -> None:
        self._secret_of = secret_of
        self._now = now or (lambda: datetime.now(UTC))

    def verify(self, environ: Mapping[str, Any], body: Callable[[], bytes]) -> Signature:
        """The verified signature of the request. Raises ServiceError for a wrong one.

        `body` gives the request's body. It is not asked for where the headers alone are wrong.
        """
        stated = read(environ)
        secret = self._secret_of(stated.access_key, stated.token)
        if stated.version == 2:
            self._verify_version_2(environ, stated, secret)
        else:
            self._verify_version_4(environ, stated, secret, body)
        return Signature(stated.access_key, stated.service, stated.token, stated.region)

    def _verify_version_4(
        self, environ: Mapping[str, Any], stated: Stated, secret: str, body: Callable[[], bytes]
    ) -> None:
        self._check_time(stated)
        payload = _payload(environ, stated, body)
        canonical = _canonical_request(environ, stated, payload)
        key = _signing_key(secret, stated.date, stated.region, stated.service)
        to_sign = "\n".join((_ALGORITHM, stated.time, stated.scope, _sha256(canonical.encode())))
        if not hmac.compare_digest(sign(key, to_sign).hex().encode(), stated.signature.encode()):
            raise mismatch()
        if payload.startswith(_SIGNED_CHUNKS):
            with_trailer = payload.endswith("-TRAILER")
            aws_chunked.verify(body(), key, stated.scope, stated.time, stated.signature, trailer=with_trailer)
        elif _DIGEST.fullmatch(payload) and payload != _sha256(body()):
            raise _error(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400,
            )

    def _check_time(self, stated: Stated) -> None:
        try:
            signed = datetime.strptime(stated.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise _incomplete(f"X-Amz-Date is {stated.time!r}, and not as in 20261129T065200Z") from error
        if stated.time[:8] != stated.date:
            raise mismatch(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {stated.date} != {stated.time[:8]}"
            )
        now = self._now()
        if stated.expires is None:
            if abs(now - signed) > SKEW:
                earlier = signed < now
                raise _error(
                    "RequestTimeTooSkewed",
                    f"Signature {'expired' if earlier else 'not yet current'}: {stated.time} is "
                    f"{'now earlier' if earlier else 'still later'} than {now:%Y%m%dT%H%M%SZ} by more than 15 min.",
                )
            return
        if not 0 < stated.expires <= LONGEST:
            raise _error(
                "AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds", 400
            )
        if signed - now > SKEW:
            raise _error("AccessDenied", "Request is not valid yet")
        if now > signed + timedelta(seconds=stated.expires):
            raise _error("AccessDenied", "Request has expired")

    def _verify_version_2(self, environ: Mapping[str, Any], stated: Stated, secret: str) -> None:
        expires = stated.expires or 0
        if expires < self._now().timestamp():
            raise _error("AccessDenied", "Request has expired")
        query = dict(_pairs(environ))
        headers: Any = HTTPHeaders()
        for name, value in query.items():
            if name.lower().startswith("x-amz-"):
                headers[name] = value
        for key, value in environ.items():
            if key.startswith("HTTP_X_AMZ_"):
                headers[key.removeprefix("HTTP_").replace("_", "-").lower()] = value
        for name, key in (("content-md5", "HTTP_CONTENT_MD5"), ("content-type", "CONTENT_TYPE")):
            stated_value = query.get(name) or environ.get(key)
            if stated_value:
                headers[name] = stated_value
        signer = _Version2(Credentials(stated.access_key, secret), str(expires))
        expected = signer.get_signature(environ["REQUEST_METHOD"], urlsplit(environ["REQUEST_URI"]), headers)
        if not hmac.compare_digest(expected.encode(), stated.signature.encode()):
            raise mismatch()


class _Version2(HmacV1Auth):
    """botocore's signer, with the time that the address states."""

    def __init__(self, credentials: Credentials, expires: str) -> None:
        super().__init__(credentials)
        self._stated = expires

    def _get_date(self) -> str:
        return self._stated


def is_signed(environ: Mapping[str, Any]) -> bool:
    """Whether a request states a signature, right or wrong."""
    query = environ.get("QUERY_STRING", "")
    return "HTTP_AUTHORIZATION" in environ or "X-Amz-Algorithm=" in query or "AWSAccessKeyId=" in query


def read(environ: Mapping[str, Any]) -> Stated:
    """The one signature that a request states.

    Raises ServiceError where it states none, several, or one that is incomplete.
    """
    pairs = _pairs(environ)
    query = dict(pairs)
    in_query = sum(name in query for name in ("X-Amz-Algorithm", "AWSAccessKeyId"))
    if in_query + ("HTTP_AUTHORIZATION" in environ) > 1 or (in_query and len(query) < len(pairs)):
        raise _error("InvalidArgument", "Only one auth mechanism allowed, and each parameter once", 400)
    if "AWSAccessKeyId" in query:
        return _version_2(query)
    if in_query:
        return _presigned(query)
    return _in_header(environ)


def mismatch(message: str = "") -> ServiceError:
    """The error for a signature that does not match."""
    return _error(
        "SignatureDoesNotMatch",
        message
        or "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. `local-aws exec` and `local-aws env` hand out the keys of a running server.",
    )


def _in_header(environ: Mapping[str, Any]) -> Stated:
    found = _HEADER.fullmatch(environ.get("HTTP_AUTHORIZATION", "").strip())
    if found is None:
        raise _incomplete(
            "Authorization must be 'AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...'"
        )
    return _with_scope(
        found["credential"],
        found["headers"],
        found["signature"],
        environ.get("HTTP_X_AMZ_DATE", ""),
        environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
    )


def _presigned(query: Mapping[str, str]) -> Stated:
    try:
        if query["X-Amz-Algorithm"] != _ALGORITHM:
            raise _incomplete(f"X-Amz-Algorithm is {query['X-Amz-Algorithm']!r}, and has to be {_ALGORITHM}")
        expires = query.get("X-Amz-Expires", "")
        return _with_scope(
            query["X-Amz-Credential"],
            query["X-Amz-SignedHeaders"],
            query["X-Amz-Signature"],
            query["X-Amz-Date"],
            query.get("X-Amz-Security-Token", ""),
            int(expires) if expires.isascii() and expires.isdecimal() and len(expires) < _DIGITS else 0,
        )
    except KeyError as error:
        raise _incomplete(f"a presigned address needs {error.args[0]}") from error


def _version_2(query: Mapping[str, str]) -> Stated:
    expires, signature = query.get("Expires", ""), query.get("Signature", "")
    if not (expires.isascii() and expires.isdecimal() and len(expires) < _DIGITS and signature):
        raise _incomplete("a presigned address needs AWSAccessKeyId, Signature and Expires")
    return Stated(
        access_key=query["AWSAccessKeyId"],
        date="",
        region="",
        service="s3",
        signed_headers=(),
        signature=signature,
        time="",
        token=query.get("x-amz-security-token", ""),
        expires=int(expires),
        version=2,
    )


def _with_scope(
    credential: str, headers: str, signature: str, time: str, token: str, expires: int | None = None
) -> Stated:
    parts = credential.rsplit("/", _SCOPE_PARTS - 1)
    if len(parts) != _SCOPE_PARTS or parts[-1] != "aws4_request" or not all(parts):
        raise _incomplete(f"Credential is {credential!r}, and has to be KEY/DATE/REGION/SERVICE/aws4_request")
    key, date, region, service, _ = parts
    return Stated(key, date, region, service, tuple(headers.split(";")), signature, time, token, expires)


def _payload(environ: Mapping[str, Any], stated: Stated, body: Callable[[], bytes]) -> str:
    """The hash of the body in the canonical request, or the literal that stands for it."""
    if stated.is_presigned:
        in_query = dict(_pairs(environ)).get("X-Amz-Content-Sha256")
        return in_query or (UNSIGNED_PAYLOAD if stated.service == _S3 else _sha256(body()))
    header = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if header is None:
        if stated.service == _S3:
            raise _error(
                "MissingSecurityHeader",
                "Your request was missing a required header: x-amz-content-sha256",
                400,
            )
        return _sha256(body())
    unsigned = header == UNSIGNED_PAYLOAD or header.startswith(STREAMING)
    if not _DIGEST.fullmatch(header) and not (unsigned and stated.service == _S3):
        raise _error(
            "InvalidArgument",
            f"x-amz-content-sha256 is {header!r}; it must be UNSIGNED-PAYLOAD, STREAMING-..., or a valid sha256 value.",
            400,
        )
    return str(header)


def _canonical_request(environ: Mapping[str, Any], stated: Stated, payload: str) -> str:
    return "\n".join(
        (
            environ["REQUEST_METHOD"],
            _canonical_path(environ["REQUEST_URI"].partition("?")[0], stated.service),
            _canonical_query(environ, stated),
            _canonical_headers(environ, stated),
            ";".join(stated.signed_headers),
            payload,
        )
    )


def _canonical_path(path: str, service: str) -> str:
    if service == _S3:
        return quote(unquote(path), safe="/~")
    return quote(normalize_url_path(path), safe="/~")


def _canonical_query(environ: Mapping[str, Any], stated: Stated) -> str:
    encoded = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in _pairs(environ)
        if not (stated.is_presigned and name == "X-Amz-Signature")
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def _canonical_headers(environ: Mapping[str, Any], stated: Stated) -> str:
    """The signed headers. Raises ServiceError where one is missing that has to be signed, as S3 does."""
    signed = set(stated.signed_headers)
    if "host" not in signed or list(stated.signed_headers) != sorted(signed):
        raise mismatch("SignedHeaders must be in order, lower case, and have host")
    if stated.service == _S3:
        loose = {
            name
            for key in environ
            if key.startswith("HTTP_X_AMZ_") and (name := key.removeprefix("HTTP_").replace("_", "-").lower())
        } - {name.replace("_", "-") for name in signed}
        if loose:
            raise _error(
                "AccessDenied",
                f"There were headers present in the request which were not signed: {', '.join(sorted(loose))}",
            )
    lines = []
    for name in stated.signed_headers:
        key = name.upper().replace("-", "_")
        value = environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}", "")
        lines.append(f"{name}:{' '.join(value.split())}\n")
    return "".join(lines)


def _pairs(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The query's parameters, in which, as for AWS, a plus is a plus."""
    pairs = (pair.partition("=") for pair in environ.get("QUERY_STRING", "").split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = sign(key, part)
    return key


def sign(key: bytes, text: str) -> bytes:
    """The HMAC-SHA256 of a text."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else EMPTY


def _incomplete(message: str) -> ServiceError:
    return _error("IncompleteSignature", message, 400)


def _error(code: str, message: str, status: int = 403) -> ServiceError:
    return ServiceError(code, message, status)
