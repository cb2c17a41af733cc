"""Signing in to GitHub as the functions do: with the secret's token, or as the App whose key is in KMS."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code, error_text, is_denied, is_missing
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, warn
from project_template.github import GitHub, Transport, assertion

_ALGORITHM = "RSASSA_PKCS1_V1_5_SHA_256"


def sign_in(aws: Aws, record: Mapping[str, object], transport: Transport) -> GitHub | Finding:
    """A GitHub to read from, or why there is none. Neither token nor signature is shown anywhere."""
    recorded = record.get("sign_in")
    named: Mapping[str, str] = recorded if isinstance(recorded, dict) else {}
    try:
        if secret := named.get("secret_arn"):
            token = aws.secrets.get_secret_value(SecretId=secret)["SecretString"].strip()
        elif key := named.get("key_arn"):
            token = assertion(named["app_id"], lambda content: _sign(aws, key, content))
        else:
            return fail(
                "GitHub sign-in", "nothing was published to sign in with", "Publish the template first."
            )
    except ClientError as error:
        return _refused(error, named.get("secret_arn") or named.get("key_arn", ""))
    return GitHub(str(record["github_api_url"]), f"Bearer {token}", transport)


def _sign(aws: Aws, key: str, content: bytes) -> bytes:
    signature: bytes = aws.kms.sign(
        KeyId=key, Message=content, MessageType="RAW", SigningAlgorithm=_ALGORITHM
    )["Signature"]
    return signature


def _refused(error: ClientError, arn: str) -> Finding:
    reason = f"{error_code(error)}: {error_text(error)}"
    if is_denied(error):
        return warn(
            "GitHub sign-in",
            f"you may not use {arn}, so GitHub was not asked ({reason})",
            "The functions may, by their own role. To check it, allow yourself secretsmanager:GetSecretValue or kms:Sign.",
        )
    fix = (
        "Publish again with the ARN of one that is there."
        if is_missing(error)
        else "Put it right, and ask again."
    )
    return fail("GitHub sign-in", f"{arn} cannot be used ({reason})", fix)
