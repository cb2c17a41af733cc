"""AWS::S3: buckets and their policies."""

from __future__ import annotations

from typing import Any

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    as_text,
    unchangeable,
    words,
)
from local_aws.cloudformation.resources.bucket_settings import SETTINGS
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, own, tags_of

NAME_LENGTH = 63


class Bucket(ResourceType):
    """A bucket. It is deleted only when it is empty, as on AWS."""

    name = "AWS::S3::Bucket"
    create_only = words("BucketName BucketNamePrefix BucketNamespace")
    properties = words("BucketName ObjectLockEnabled Tags") | set(SETTINGS)
    attributes = words("Arn DomainName DualStackDomainName RegionalDomainName WebsiteURL")
    named_by = "BucketName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("BucketName") or context.name(NAME_LENGTH, lower=True)
        request: dict[str, Any] = {"Bucket": name}
        if context.account.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": context.account.region}
        if "ObjectLockEnabled" in properties:
            request["ObjectLockEnabledForBucket"] = properties["ObjectLockEnabled"]
        context.call("s3", "CreateBucket", request)
        context.report(name)
        self._apply_settings({}, properties, name, context)
        return Physical(name, _addresses(name, context.account.region))

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        unchangeable(self.name, old, new, "ObjectLockEnabled")
        self._apply_settings(old, new, physical_id, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("s3", "DeleteBucket", {"Bucket": physical_id})

    @staticmethod
    def _apply_settings(old: Properties, new: Properties, name: str, context: Context) -> None:
        for key, setting in SETTINGS.items():
            if old.get(key) == new.get(key):
                continue
            if key in new:
                context.call("s3", setting.put, {"Bucket": name, **setting.request(new[key])})
            else:
                setting.clear(name, context)
        if tags_of(old) != tags_of(new):
            tagging = {"TagSet": as_list(own(tags_of(new)))}
            context.call("s3", "PutBucketTagging", {"Bucket": name, "Tagging": tagging})


class BucketPolicy(ResourceType):
    """The policy of a bucket."""

    name = "AWS::S3::BucketPolicy"
    create_only = words("Bucket")
    properties = words("Bucket PolicyDocument")
    required = properties

    def create(self, properties: Properties, context: Context) -> Physical:
        self._put(properties, context)
        return Physical(properties["Bucket"])

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("s3", "DeleteBucketPolicy", {"Bucket": properties["Bucket"]})

    @staticmethod
    def _put(properties: Properties, context: Context) -> None:
        policy = as_text(properties["PolicyDocument"])
        context.call("s3", "PutBucketPolicy", {"Bucket": properties["Bucket"], "Policy": policy})


def _addresses(name: str, region: str) -> dict[str, str]:
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
    }
