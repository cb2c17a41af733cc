"""Checks of the variables that a command reads from its environment. Each problem names the variable."""

from __future__ import annotations

import re
from collections.abc import Mapping

from model_common.errors import SettingsError

_SOURCE = (
    "it is one of the project's variables: GitHub has it as a repository variable, `local-aws exec -- CMD` sets it for "
    "CMD, and in a shell you export it"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
KMS_KEY = "KMS_KEY_ARN"
"""The variable with the ARN of the project's KMS key. Without it, the bucket's default encryption applies."""

_KEY = re.compile(r"arn:aws[a-z\-]*:kms:[a-z0-9\-]+:\d{12}:key/.+")
_ENDPOINT = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:(?P<port>[0-9]{1,9}))?(/\S*)?")
_LAST_PORT = 65535
_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+")


def required(environment: Mapping[str, str], *variables: str) -> list[str]:
    """The values of `variables`, in that order, without spaces around them.

    Raises SettingsError naming all those that are missing or empty.
    """
    values = {variable: environment.get(variable, "").strip() for variable in variables}
    missing = [variable for variable, value in values.items() if not value]
    if len(missing) == 1:
        raise SettingsError(f"{missing[0]} is not set; {_SOURCE}.")
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} are not set; {_SOURCE.replace('it is one of', 'they are')}."
        )
    return list(values.values())


def project(environment: Mapping[str, str], role: str) -> tuple[str, str, str, str, str, str]:
    """The variables of a project: name, id, bucket, model package group, role and region, in that order.

    `role` is the variable that holds the ARN of the role. Raises SettingsError naming every variable that is missing, or
    the first that is malformed.
    """
    name, project_id, bucket, group, role_arn, region = required(
        environment,
        "SAGEMAKER_PROJECT_NAME",
        "SAGEMAKER_PROJECT_ID",
        "ARTIFACT_BUCKET",
        "MODEL_PACKAGE_GROUP_NAME",
        role,
        "AWS_REGION",
    )
    check_bucket("ARTIFACT_BUCKET", bucket)
    check_role(role, role_arn)
    return name, project_id, bucket, group, role_arn, region


def check(variable: str, value: str, allowed: re.Pattern[str], expected: str) -> None:
    """Raises SettingsError unless the whole of `value` matches; `expected` says in words what is allowed."""
    if not allowed.fullmatch(value):
        raise SettingsError(f"{variable} is {value!r}; expected {expected}.")


def check_bucket(variable: str, value: str) -> None:
    """Raises SettingsError unless `value` can be the name of an S3 bucket."""
    check(variable, value, _BUCKET, "the name of a bucket, without s3://")


def check_key(variable: str, value: str) -> None:
    """Raises SettingsError unless `value` is the ARN of a KMS key."""
    check(variable, value, _KEY, "arn:aws:kms:REGION:ACCOUNT:key/ID")


def project_key(environment: Mapping[str, str]) -> str | None:
    """The ARN of the project's key, None where KMS_KEY is not set.

    Raises SettingsError when it is malformed, or in another region than AWS_REGION: a project is in one region with its key.
    """
    key = environment.get(KMS_KEY, "").strip() or None
    if key is not None:
        check_key(KMS_KEY, key)
        check_region(environment.get("AWS_REGION", "").strip(), key)
    return key


def check_region(region: str, arn: str) -> None:
    """Raises SettingsError when `arn` names a resource of the project in another region than AWS_REGION, which is `region`."""
    own = arn.split(":")[3]
    if region and region != own:
        raise SettingsError(
            f"AWS_REGION is {region!r}, and {arn} is in {own}: the project is there. Set AWS_REGION={own}, or take the "
            f"variables of a project in {region}."
        )


def check_endpoints(environment: Mapping[str, str]) -> None:
    """Raises SettingsError unless each AWS_ENDPOINT_URL, also that of one service, is an address that can be called."""
    for variable in sorted(environment):
        if variable.startswith("AWS_ENDPOINT_URL") and environment[variable]:
            value = environment[variable]
            check(variable, value, _ENDPOINT, "an address with its scheme, such as http://127.0.0.1:5577")
            found = _ENDPOINT.fullmatch(value)
            if found is not None and found["port"] and not 0 < int(found["port"]) <= _LAST_PORT:
                raise SettingsError(f"{variable} is {value!r}; expected a port from 1 to {_LAST_PORT}.")


def check_role(variable: str, value: str) -> None:
    """Raises SettingsError unless `value` is the ARN of an IAM role."""
    check(variable, value, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME")
