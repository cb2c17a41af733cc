"""The first check of every request of the server: the guard, the reading of its body, its signature."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ParamValidationError
from werkzeug.wrappers import Response

from local_aws.identity.actions.api_request import recognise
from local_aws.identity.gate import StartResponse, Wsgi
from local_aws.identity.signers import secrets_of
from local_aws.kernel.account import Account
from local_aws.kernel.caller import SIGNATURE, Signature
from local_aws.kernel.http import bodies, json_bodies
from local_aws.kernel.http.error_responses import refusal
from local_aws.kernel.http.guard import Admitted, CorsRule, CorsRules, Guard, Refused
from local_aws.kernel.signing import signatures
from local_aws.kernel.signing.signatures import Signatures
from local_aws.kernel.wire import ServiceError

log = logging.getLogger(__name__)

GATEWAYS = "/_"
"""The prefixes of gateways' paths. A gateway decides which of its requests have to be signed."""

_MOTO_PATHS = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
"""Paths that moto answers to anybody, with its whole state, with credentials, or by forgetting everything."""
_GLOBAL_SERVICES = ("iam", "sts")
"""Services that answer alike in every region: IAM's requests are signed for us-east-1."""
_LONGEST_PUSH = 2 * 1024**3
"""Bytes of a push that GitHub takes, https://docs.github.com/en/get-started/using-git/troubleshooting-the-2-gb-push-limit."""
_LONGEST_TOKEN = 64 * 1024
"""Bytes of a request that nobody signs: the token of a web identity has 20,000 characters at most."""
_CORS = "access-control-"
_FORM = "application/x-www-form-urlencoded"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Admission:
    """A WSGI application before `application`, which is called with a request that may pass.

    It is called with the whole body in memory, so that it never waits for a client, and with a verified signature or none.
    """

    def __init__(self, application: Wsgi, guard: Guard, signatures: Signatures, region: str) -> None:
        self.application = application
        self._guard = guard
        self._signatures = signatures
        self._region = region

    @classmethod
    def of(cls, account: Account, application: Wsgi) -> Admission:
        """The admission of the server at the account's endpoint, which takes the account's credentials."""
        guard = Guard(urlsplit(account.endpoint_url).port or 0, cors_rules(account))
        signed = Signatures(secrets_of(account.clients.keys, account.sessions))
        return cls(application, guard, signed, account.region)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or refuse it before the application sees it."""
        try:
            _check_target(environ)
            admitted = self._guard.admit(environ)
        except Refused as refused:
            return _refusal(refused, environ)(environ, start_response)
        if admitted.preflight:
            return Response(status=200, headers=list(admitted.headers))(environ, start_response)
        try:
            if environ["PATH_INFO"].startswith(GATEWAYS):
                self._read_for_gateway(environ)
                return self.application(environ, start_response)
            self._authenticate(environ)
        except ServiceError as error:
            return refusal(_service(environ), error, environ)(environ, start_response)
        except TimeoutError as error:
            late = ServiceError("RequestTimeout", f"The body did not arrive in time: {error}", 400)
            return refusal(_service(environ), late, environ)(environ, start_response)
        try:
            return self.application(environ, _with_cors_headers(admitted, start_response))
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return refusal(_service(environ), _disk_full(), environ)(environ, start_response)

    def _read_for_gateway(self, environ: dict[str, Any]) -> None:
        """Read the body, and verify the signature where there is one: its absence is for the gateway to judge.

        A signature for another region is none here: each API and function URL is in one.
        """
        body = bodies.take(
            environ, _LONGEST_PUSH if environ["PATH_INFO"].startswith("/_github/git/") else bodies.LONGEST
        )
        try:
            if signatures.is_signed(environ):
                signature = self._signatures.verify(environ, lambda: body)
                self._check_region(signature)
                environ[SIGNATURE] = signature
        except ServiceError:
            pass

    def _authenticate(self, environ: dict[str, Any]) -> None:
        if environ["PATH_INFO"].startswith(_MOTO_PATHS):
            raise ServiceError("AccessDenied", f"{environ['PATH_INFO']} is no address of AWS's", 403)
        if not signatures.is_signed(environ):
            self._check_unsigned(environ)
            return
        longest = bodies.LONGEST_OBJECT if _service(environ) == "s3" else bodies.LONGEST
        taken: list[bytes] = []

        def body() -> bytes:
            if not taken:
                taken.append(bodies.take(environ, longest))
            return taken[0]

        signature = self._signatures.verify(environ, body)
        data = body()
        self._check_region(signature)
        kind, is_target = environ.get("CONTENT_TYPE", ""), "HTTP_X_AMZ_TARGET" in environ
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip" and (is_target or kind.startswith(_FORM)):
            data = bodies.unpacked(data)
        if is_target and "json" in kind:
            json_bodies.parsed(data)
        environ[SIGNATURE] = signature
        _state_signature(environ)

    def _check_region(self, signature: Signature) -> None:
        """Raises ServiceError for a request to another region: there is one here, and nothing is in two."""
        if signature.service in _GLOBAL_SERVICES or signature.region in ("", self._region):
            return
        raise ServiceError(
            "InvalidRegion",
            f"The embedded AWS has the region {self._region} alone, and this client of {signature.service} is for "
            f"{signature.region}: give it region_name={self._region!r}, or none, so that AWS_REGION counts.",
        )

    def _check_unsigned(self, environ: dict[str, Any]) -> None:
        """Raises ServiceError for all but the operations that nobody signs.

        S3's buckets block public access by default.
        """
        form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
        if environ["REQUEST_METHOD"] == "POST" and form:
            bodies.take(environ, _LONGEST_TOKEN)
            if recognise(environ, Signature()) is not None:
                return
        if _service(environ) == "s3":
            raise ServiceError("AccessDenied", "Access Denied", 403)
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", 403)


def cors_rules(account: Account) -> CorsRules:
    """Asks S3 for the CORS rules of a bucket."""
    s3 = account.client("s3")

    def rules(bucket: str) -> list[CorsRule]:
        try:
            stated = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
        except (ClientError, ParamValidationError):
            return []
        return [
            CorsRule(
                tuple(rule["AllowedOrigins"]),
                tuple(rule["AllowedMethods"]),
                tuple(rule.get("AllowedHeaders", ())),
                tuple(rule.get("ExposeHeaders", ())),
                rule.get("MaxAgeSeconds"),
            )
            for rule in stated
        ]

    return rules


def _refusal(refused: Refused, environ: dict[str, Any]) -> Response:
    """The response to a request that the guard refuses: the service's error for an SDK, text for any other client."""
    if environ["PATH_INFO"].startswith(GATEWAYS):
        return Response(f"{refused}\n", 403, content_type="text/plain; charset=utf-8")
    return refusal(_service(environ), ServiceError("AccessDenied", str(refused), 403), environ)


def _disk_full() -> ServiceError:
    """An error with a status that no client tries again: it would be full again."""
    log.error("The disk of %s is full: calls that store something fail until there is room", gettempdir())
    return ServiceError(
        "InsufficientStorage",
        f"The disk of the embedded AWS ({gettempdir()}) is full, and nothing was stored. Make room, then try again.",
        507,
    )


def _check_target(environ: dict[str, Any]) -> None:
    """Raises Refused for a request line that one reader takes for another path than the next."""
    target = environ["REQUEST_URI"]
    if not target.startswith("/") or "#" in target or "\\" in target or not target.isascii():
        raise Refused(
            f"The request's target is {target[:200]!r}; it must be an encoded path with a query, as in /bucket/key?tagging."
        )


def _service(environ: dict[str, Any]) -> str:
    """The service whose protocol an unverified request speaks, to be refused in: S3 where there is no other sign."""
    try:
        return signatures.read(environ).service
    except ServiceError:
        pass
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return "sagemaker" if target.startswith("SageMaker.") else "events"
    form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    return "sts" if form or "Action=" in environ.get("QUERY_STRING", "") else "s3"


def _state_signature(environ: dict[str, Any]) -> None:
    """Make the signature the only sign of the service that a request is for, also where it came in the address."""
    if "HTTP_AUTHORIZATION" in environ:
        return
    stated = signatures.read(environ)
    scope = stated.scope if stated.version != 2 else "20000101/us-east-1/s3/aws4_request"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={stated.access_key}/{scope}, SignedHeaders=host, Signature=verified"
    )


def _with_cors_headers(admitted: Admitted, start_response: StartResponse) -> StartResponse:
    """moto lets every origin read its answers: only those headers stay that a bucket's rules gave."""

    def answer(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        kept = [each for each in headers if not each[0].lower().startswith(_CORS)]
        return start_response(status, [*kept, *admitted.headers], *rest)

    return answer
