"""Whether the project that the variables name is there, before anything is planned in it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from model_build.aws.clients import Aws
from model_build.core.settings import Settings
from model_build.errors import SettingsError
from model_common.aws.errors import error_text, is_denied, is_missing

_ADVICE = "Compare it with the project's variables: GitHub lists them in the repository's settings."


def check(aws: Aws, settings: Settings) -> None:
    """Raises SettingsError when the bucket or the model package group does not exist, or may not be read.

    The role is not asked for: no role of a project may read roles. SageMaker checks it when the pipeline is made.
    """
    try:
        aws.s3.list_objects_v2(Bucket=settings.bucket, Prefix=settings.home, MaxKeys=1)
    except ClientError as error:
        raise _problem("ARTIFACT_BUCKET", "bucket", settings.bucket, error) from error
    try:
        aws.sagemaker.describe_model_package_group(ModelPackageGroupName=settings.model_package_group)
    except ClientError as error:
        group = settings.model_package_group
        raise _problem("MODEL_PACKAGE_GROUP_NAME", "model package group", group, error) from error


def _problem(variable: str, kind: str, name: str, error: ClientError) -> Exception:
    if is_missing(error):
        return SettingsError(f"{variable} is {name!r}, and there is no {kind} of that name. {_ADVICE}")
    if is_denied(error):
        return SettingsError(f"{variable} is {name!r}, which may not be read: {error_text(error)}. {_ADVICE}")
    return error
