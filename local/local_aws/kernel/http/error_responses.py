"""Errors in the words and the protocol of the service that a request is for, whoever refuses it before it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

from local_aws.kernel.wire import ServiceError, error_response, service_model

_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}
"""The codes of errors that every service has, in the JSON protocol."""

_QUERY_CODES = {"RequestTimeTooSkewed": "SignatureDoesNotMatch"}
_S3_CODES = {
    "ExpiredToken": "ExpiredToken",
    "IncompleteSignature": "AuthorizationHeaderMalformed",
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "RequestEntityTooLargeException": "EntityTooLarge",
}
_FORM = "application/x-www-form-urlencoded"


def refusal(service: str, error: ServiceError, environ: Mapping[str, Any]) -> Response:
    """`error` as the client of `service`, a boto3 or signing name, that sent the request can read it."""
    protocol = protocol_of(service, environ)
    if protocol in ("s3", "query", "ec2", "rest-xml"):
        codes = _S3_CODES if protocol == "s3" else _QUERY_CODES
        return error_response(_renamed(error, codes), protocol)
    status = 400 if protocol == "json" and error.status == 403 else error.status
    return error_response(_renamed(error, _JSON_CODES, status), protocol, environ.get("CONTENT_TYPE", ""))


def protocol_of(service: str, environ: Mapping[str, Any]) -> str:
    """The protocol that a request speaks: by its service where that has one, by its form where it has several.

    "s3" is S3's own kind of rest-xml. Of a service that nobody knows, only the form tells.
    """
    if service.startswith("s3"):  # s3express and s3-object-lambda, too
        return "s3"
    try:
        protocol = str(service_model(service).protocol)
    except UnknownServiceError:
        protocol = ""
    if protocol == "ec2" or protocol.startswith("rest-"):
        return protocol
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    is_form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    if is_form or "Action=" in environ.get("QUERY_STRING", ""):
        return "query"
    return "query" if protocol == "query" else "json"


def _renamed(error: ServiceError, codes: Mapping[str, str], status: int = 0) -> ServiceError:
    return ServiceError(codes.get(error.code, error.code), error.message, status or error.status)
