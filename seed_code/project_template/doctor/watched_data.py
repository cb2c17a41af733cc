"""Whether news of training data can reach a project that watches it: the bucket's region, its events, and the prefix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import is_denied, is_missing
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, ok, warn

_CHECK = "watched data"
_DEFAULT_REGION = "us-east-1"
"""The region of a bucket for which S3 names none."""


def check(aws: Aws, project: str, stack: str) -> Iterator[Finding]:
    """The findings about watched data; none if the project watches no data.

    Source: "Enabling Amazon EventBridge", Amazon S3 user guide; "Sending and receiving events between AWS accounts",
    Amazon EventBridge user guide.
    """
    described: Any = aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    data, prefix = given.get("TrainingData", ""), given.get("WatchedPrefix", "")
    if not prefix:
        return
    bucket, _, key = data.removeprefix("s3://").partition("/")
    if not prefix.startswith(key):
        yield warn(
            _CHECK,
            f"{prefix} is watched, and {data} is trained on: news of other objects than those begin a run",
            f"`project-template update {project} --watch-data` watches the training data.",
        )
    try:
        location = aws.s3.get_bucket_location(Bucket=bucket, ExpectedBucketOwner=aws.account)
        notified = aws.s3.get_bucket_notification_configuration(
            Bucket=bucket, ExpectedBucketOwner=aws.account
        )
    except ClientError as error:
        if is_missing(error):
            yield fail(_CHECK, f"there is no bucket {bucket}", f"Name another: {_update(project)}.")
            return
        if not is_denied(error):
            raise
        yield _of_another_account(aws, bucket)
        return
    region = location.get("LocationConstraint") or _DEFAULT_REGION
    if region != aws.region:
        yield fail(
            _CHECK,
            f"{bucket} is in {region}, where its events stay; the project is in {aws.region}",
            f"Forward them by a rule in {region} to {_bus(aws)}, or keep the data in {aws.region}.",
        )
    elif "EventBridgeConfiguration" in notified:
        yield ok(_CHECK, f"new objects below s3://{bucket}/{prefix} have main train")
    else:
        yield fail(
            _CHECK,
            f"{bucket} sends no events to EventBridge: nobody hears of new objects",
            f"In S3's console: {bucket}, Properties, Amazon EventBridge, On. (`aws s3api put-bucket-notification-configuration` "
            "with EventBridgeConfiguration={} does so, too, but replaces the bucket's other notifications.)",
        )


def _of_another_account(aws: Aws, bucket: str) -> Finding:
    return warn(
        _CHECK,
        f"{bucket} is another account's, or you may not look at its notifications",
        "There, turn on Amazon EventBridge in the bucket's properties, and forward its events (source aws.s3) by a rule to "
        f"{_bus(aws)}; here, let that account: aws events put-permission --statement-id training-data --principal ACCOUNT "
        "--action events:PutEvents. If the bucket is yours: allow yourself s3:GetBucketNotification and "
        "s3:GetBucketLocation, and ask again.",
    )


def _bus(aws: Aws) -> str:
    return f"arn:{aws.partition}:events:{aws.region}:{aws.account}:event-bus/default"


def _update(project: str) -> str:
    return f"`project-template update {project} --training-data s3://BUCKET/PREFIX/`"
