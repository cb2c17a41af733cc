"""The settings of a function, checked as by CreateFunction and UpdateFunctionConfiguration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.kernel.limits import maximum
from local_aws.lambda_.errors import invalid
from local_aws.lambda_.function import DEFAULTS

ENVIRONMENT_BYTES = maximum("lambda.environment")
LONGEST_TIMEOUT = maximum("lambda.timeout")

SETTINGS = frozenset(
    {
        "Runtime",
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "VpcConfig",
        "PackageType",
        "DeadLetterConfig",
        "Environment",
        "KMSKeyArn",
        "TracingConfig",
        "Architectures",
        "EphemeralStorage",
        "LoggingConfig",
    }
)
"""Members of a request that are kept, and given back. VpcConfig, KMSKeyArn, TracingConfig, Architectures and
EphemeralStorage change nothing here."""

NOT_EMBEDDED = frozenset(
    {
        "Layers",
        "FileSystemConfigs",
        "ImageConfig",
        "CodeSigningConfigArn",
        "SnapStart",
        "TenancyConfig",
        "CapacityProviderConfig",
        "DurableConfig",
        "RuntimeConfig",
        "AcceleratorConfig",
        "PublishTo",
        "ImageUri",
        "SourceKMSKeyArn",
        "DryRun",
    }
)

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)

_REFUSED = "Lambda was unable to configure your environment variables because the environment variables you have provided "


def created(account: Account, request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a new function. Raises ServiceError."""
    _refuse_what_is_not_embedded(request)
    settings = {**DEFAULTS, **_settings_of(request)}
    missing = [name for name in ("Runtime", "Handler") if name not in settings]
    if missing:
        raise invalid(f"{' and '.join(missing)} must be given for functions whose code is a .zip archive.")
    _check(account, settings)
    return settings


def updated(account: Account, before: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings `before` with those that a request states. Raises ServiceError."""
    _refuse_what_is_not_embedded(request)
    settings = {**before, **_settings_of(request)}
    _check(account, settings)
    return settings


def _refuse_what_is_not_embedded(request: Mapping[str, Any]) -> None:
    """Raise ServiceError (InvalidParameterValueException) for a member that changes how a function runs on AWS alone."""
    stated = sorted(name for name in NOT_EMBEDDED & set(request) if request[name])
    if stated:
        raise invalid(f"The embedded Lambda does not have {', '.join(stated)}: leave it out.")


def _settings_of(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name in SETTINGS}


def _check(account: Account, settings: Mapping[str, Any]) -> None:
    if not settings["Runtime"].startswith("python3"):
        raise invalid(f"The embedded Lambda runs python3.x, and not {settings['Runtime']}.")
    if settings["PackageType"] != "Zip":
        raise invalid("The embedded Lambda has no container images: the PackageType must be Zip.")
    if settings["Timeout"] > LONGEST_TIMEOUT:
        raise invalid(f"The Timeout is {settings['Timeout']} s, but can be {LONGEST_TIMEOUT} s at most.")
    if settings.get("LoggingConfig", {}).get("LogFormat", "Text") != "Text":
        raise invalid("The embedded Lambda logs text: LogFormat must be Text.")
    _check_variables(settings.get("Environment", {}).get("Variables", {}))
    _check_role(account, settings["Role"])


def _check_variables(variables: Mapping[str, str]) -> None:
    reserved = sorted(RESERVED_VARIABLES & set(variables))
    if reserved:
        raise invalid(
            f"{_REFUSED}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"))
    if len(measured.encode()) > ENVIRONMENT_BYTES:
        raise invalid(f"{_REFUSED}exceeded the 4KB limit. String measured: {measured}")


def _check_role(account: Account, arn: str) -> None:
    """Lambda assumes the role once, when the function is set up."""
    try:
        role = account.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        raise invalid("The role defined for the function cannot be assumed by Lambda.") from error
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    trusted = [
        service
        for statement in (statements if isinstance(statements, list) else [statements])
        for service in _services(statement)
    ]
    if role["Arn"] != arn or "lambda.amazonaws.com" not in trusted:
        raise invalid("The role defined for the function cannot be assumed by Lambda.")


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    stated = principal.get("Service", []) if isinstance(principal, dict) else []
    return [stated] if isinstance(stated, str) else list(stated)
