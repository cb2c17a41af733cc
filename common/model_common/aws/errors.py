"""Reads AWS's errors, and translates them into errors of the commands."""

from __future__ import annotations

from collections.abc import Callable

from boto3.exceptions import Boto3Error
from botocore import exceptions as botocore
from botocore.exceptions import BotoCoreError, ClientError

from model_common.cli.advice import Advice
from model_common.errors import AwsError

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_MISSING = {
    "404",
    "NoSuchBucket",
    "NoSuchEntity",
    "NoSuchKey",
    "NotFound",
    "NotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
_BAD_KEYS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {
    # S3 throttles with 503. The answer to a HEAD request has no body, so only its status says so.
    "503",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_QUOTA = {"LimitExceeded", "LimitExceededException", "ResourceLimitExceeded"}
_CREDENTIALS = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
)


def error_code(error: ClientError) -> str:
    """The service's code, such as `ResourceNotFound`; empty where there is none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_text(error: ClientError) -> str:
    """The service's message, as one line without a full stop."""
    return _sentence(str(error.response.get("Error", {}).get("Message", "")))


def is_missing(error: ClientError) -> bool:
    """Whether the error says that the requested resource does not exist.

    CloudFormation, among others, uses the code ValidationError, and only the message says so.
    """
    text = error_text(error).lower()
    return error_code(error) in _MISSING or any(
        words in text for words in ("does not exist", "could not find", "not found")
    )


def names_nothing(error: ClientError) -> bool:
    """Whether SageMaker knows nothing by the ARN of the request.

    It has one code, ValidationException, for the ARN of a model package that does not exist and for that of something else.
    """
    return is_missing(error) or error_code(error) == "ValidationException"


def unless_missing(call: Callable[..., object], **request: str) -> None:
    """Make a call of a boto3 client; returns None if the resource does not exist. Raises its other errors."""
    try:
        call(**request)
    except ClientError as error:
        if not is_missing(error):
            raise


def is_denied(error: ClientError) -> bool:
    """Whether the caller may not make that call."""
    return error_code(error) in _DENIED


def explain(error: BaseException, advice: Advice) -> AwsError | None:
    """The message for `error` on the command line, or None if it is not an error of AWS or of its client."""
    if isinstance(error, ClientError):
        return _refusal(error, advice)
    if isinstance(error, _CREDENTIALS):
        return _explained(
            error,
            f"There are no AWS credentials that work ({_sentence(str(error))}). Sign in (aws sso login, or the "
            "credentials step of the workflow), or run inside `local-aws exec -- CMD`.",
        )
    if isinstance(error, botocore.HTTPClientError | botocore.ConnectionError):
        return _unreachable(error, advice)
    if isinstance(error, BotoCoreError):
        return _explained(error, f"The AWS client gave up: {_sentence(str(error))}.")
    if isinstance(error, Boto3Error):
        # An upload's error has its cause as text only; the cause itself can be explained.
        inner = error.__cause__ or error.__context__
        explained = explain(inner, advice) if inner else None
        return explained or _explained(error, f"The transfer failed: {_sentence(str(error))}.")
    return None


def _explained(error: BaseException, message: str) -> AwsError:
    return AwsError(message, type(error).__name__)


def _unreachable(error: BotoCoreError, advice: Advice) -> AwsError:
    endpoint = error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "AWS"
    return _explained(
        error,
        f"{endpoint} cannot be reached: {_sentence(str(error))}. Check the network, and AWS_ENDPOINT_URL if it is set: "
        f"is the server behind it still running? {advice.work} goes on by itself; the same command re-attaches to it.",
    )


def _refusal(error: ClientError, advice: Advice) -> AwsError:
    code, operation, text = error_code(error), error.operation_name, error_text(error)
    if code in _DENIED:
        message = f"AWS denied {operation}: {text}. {advice.denied}"
    elif code in _BAD_KEYS:
        message = f"AWS does not accept these credentials ({operation}: {text}). Sign in again."
    elif code in _THROTTLED:
        message = f"AWS throttled {operation} beyond all retries: {text}. Wait a minute and run the same command again."
    elif code == "NoSuchBucket":
        bucket = error.response.get("Error", {}).get("BucketName", advice.bucket_name)
        message = f"The bucket {bucket} does not exist ({operation}). {advice.bucket}"
    elif code in _QUOTA:
        message = (
            f"The account's quota is used up ({operation}): {text}. Ask for more in Service Quotas, or wait."
        )
    else:
        message = f"AWS refused {operation} with {code}: {text}."
    return AwsError(message, code)


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "no reason was given"
