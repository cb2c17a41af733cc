"""A publication as it is in the account: looked at without changing anything, and brought to its plan."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from model_common.aws import objects
from model_common.aws.errors import is_missing
from model_common.cli.progress import Progress
from project_template.aws import change_sets, cloudformation
from project_template.aws.clients import Aws, bucket_exists, sagemaker_tags
from project_template.aws.waiting import Watch
from project_template.core import template
from project_template.core.blueprint import RECORD, Place, stack_name, template_key, version_key
from project_template.core.plan import (
    LOCATION_TAG,
    ApplyStack,
    DeleteStack,
    Observed,
    Step,
    Stored,
    TagDomain,
    TagObject,
    Upload,
)
from project_template.core.stack import Stack
from project_template.errors import NotPublishedError, UsageError

PUBLICATION_TAG = "project-template:publication"


@dataclass(frozen=True)
class Published:
    """A publication that is there. `record` is what `publish` wrote when it was done, {} when it never was.

    `launch_role_arn`, `user_policy_arn`, `product_id` and `portfolio_id` are "" where the publication has none.
    """

    name: str
    stack: Stack
    bucket: str
    launch_role_arn: str
    user_policy_arn: str
    boundary_arn: str
    product_id: str
    portfolio_id: str
    record: Mapping[str, Any]

    @property
    def template_key(self) -> str:
        """The URL of the template for Studio."""
        return template_key(self.name)


def find(aws: Aws, name: str) -> Published:
    """The publication of that name. Raises NotPublishedError."""
    found = cloudformation.describe(aws, stack_name(name))
    if found is None or "TemplateBucketName" not in found.outputs:
        raise NotPublishedError(name, aws.region)
    bucket = found.outputs["TemplateBucketName"]
    body = read(aws, bucket, RECORD)
    return Published(
        name=name,
        stack=found,
        bucket=bucket,
        launch_role_arn=found.outputs.get("LaunchRoleArn", ""),
        user_policy_arn=found.outputs.get("UserPolicyArn", ""),
        boundary_arn=found.outputs.get("PermissionsBoundaryArn", ""),
        product_id=found.outputs.get("ProductId", ""),
        portfolio_id=found.outputs.get("PortfolioId", ""),
        record=json.loads(body) if body else {},
    )


def template_text(aws: Aws, found: Published) -> str:
    """The project template that was published last, "" where publishing did not complete."""
    digest = found.record.get("template_sha256")
    return read(aws, found.bucket, version_key(digest)) if digest else ""


def project_template(aws: Aws, found: Published) -> dict[str, Any]:
    """The same as data. Raises NotPublishedError where there is none."""
    text = template_text(aws, found)
    if not text:
        raise NotPublishedError(found.name, aws.region)
    return template.parse(text)


def provider(aws: Aws, found: Published, values: list[dict[str, str]]) -> dict[str, Any]:
    """The S3 form's template provider, without the role, which only CreateProject takes."""
    url = Place(aws.account, aws.region, aws.partition).url(found.bucket, found.template_key)
    return {"TemplateName": found.name, "TemplateURL": url, "Parameters": values}


def read(aws: Aws, bucket: str, key: str) -> str:
    """An object's text, "" where there is none."""
    try:
        return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except ClientError as error:
        if not is_missing(error):
            raise
        return ""


def observe(aws: Aws, name: str, bucket: str, keys: Iterable[str], domains: Iterable[str]) -> Observed:
    """Describe a publication. `domains` are ARNs."""
    found = cloudformation.describe(aws, name)
    in_review = found is not None and found.status == "REVIEW_IN_PROGRESS"
    there = None if in_review else found
    held = {each.physical_id for each in cloudformation.resources(aws, name)} if there else set()
    exists = bucket_exists(aws, bucket)
    return Observed(
        stack=there,
        template=cloudformation.template(aws, name) if there else None,
        bucket_exists=exists,
        holds_bucket=bucket in held,
        objects=_objects(aws, bucket, keys) if exists else {},
        domains={arn: _required_location(aws, arn) for arn in domains},
    )


def stored(aws: Aws, bucket: str, key: str) -> Stored | None:
    """The object with its tags, or None."""
    sha256 = objects.sha256(aws.s3, bucket, key)
    if sha256 is None:
        return None
    tags = aws.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return Stored(sha256, {tag["Key"]: tag["Value"] for tag in tags})


def domain_location(aws: Aws, arn: str) -> str:
    """The location in which a Studio domain looks for templates, "" without one."""
    return sagemaker_tags(aws, arn).get(LOCATION_TAG, "")


def oidc_provider(aws: Aws, issuer: str) -> str:
    """The ARN of the account's OIDC provider for an issuer, "" where there is none: an account has one for each URL."""
    host = issuer.partition("://")[2].rstrip("/")
    arns = [each["Arn"] for each in aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    return next((arn for arn in arns if arn.partition(":oidc-provider/")[2] == host), "")


def settle(aws: Aws, name: str, watch: Watch) -> None:
    """Wait for what is under way on the stack, which an interrupted command may have begun."""
    found = cloudformation.describe(aws, name)
    if found is not None and found.running:
        watch.stack(found.id)


def execute(
    aws: Aws, steps: Iterable[Step], tags: Mapping[str, str], watch: Watch, progress: Progress
) -> None:
    """Carry the steps out, in their order; the first one that fails ends it, and the same plan can be made again."""
    for step in steps:
        progress.say(f"{str(step)[:1].upper()}{str(step)[1:]}")
        match step:
            case DeleteStack():
                change_sets.delete(aws, step.name, watch)
            case ApplyStack():
                change_sets.apply(aws, step, tags, watch)
            case Upload():
                _upload(aws, step)
            case TagObject():
                tag_set: Any = [{"Key": key, "Value": value} for key, value in step.tags.items()]
                aws.s3.put_object_tagging(Bucket=step.bucket, Key=step.key, Tagging={"TagSet": tag_set})
            case TagDomain():
                aws.sagemaker.add_tags(
                    ResourceArn=step.arn,
                    Tags=[{"Key": key, "Value": value} for key, value in step.tags.items()],
                )


def _required_location(aws: Aws, arn: str) -> str:
    try:
        return domain_location(aws, arn)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UsageError(f"There is no Studio domain {arn.rpartition('/')[2]} in {aws.region}.") from error


def _objects(aws: Aws, bucket: str, keys: Iterable[str]) -> dict[str, Stored]:
    found = {key: stored(aws, bucket, key) for key in keys}
    return {key: each for key, each in found.items() if each is not None}


def _upload(aws: Aws, step: Upload) -> None:
    if step.once:
        objects.put(aws.s3, step.bucket, step.object.key, step.object.content)
        return
    tagging: Any = {"Tagging": urlencode(step.object.tags)} if step.object.tags else {}
    aws.s3.put_object(
        Bucket=step.bucket,
        Key=step.object.key,
        Body=step.object.content,
        ContentType=step.object.content_type,
        ChecksumSHA256=base64.b64encode(bytes.fromhex(step.object.sha256)).decode(),
        **tagging,
    )
