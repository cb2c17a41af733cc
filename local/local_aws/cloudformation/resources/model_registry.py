"""AWS::SageMaker::ModelPackageGroup: where the versions of a model are registered."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes


class ModelPackageGroup(ResourceType):
    """A group. It is deleted only when no version is left in it, as on AWS."""

    name = "AWS::SageMaker::ModelPackageGroup"
    create_only = words("ModelPackageGroupDescription ModelPackageGroupName")
    properties = create_only | {"Tags"}
    required = words("ModelPackageGroupName")
    attributes = words("CreationTime ModelPackageGroupArn ModelPackageGroupStatus")
    named_by = "ModelPackageGroupName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        arn = context.call("sagemaker", "CreateModelPackageGroup", properties)["ModelPackageGroupArn"]
        context.report(arn)
        found = context.call("sagemaker", "DescribeModelPackageGroup", {"ModelPackageGroupName": arn})
        attributes = {
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
            "CreationTime": found["CreationTime"].isoformat(),
        }
        return Physical(arn, attributes)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        put, gone = tag_changes(old, new)
        if put:
            context.call("sagemaker", "AddTags", {"ResourceArn": physical_id, "Tags": as_list(put)})
        if gone:
            context.call("sagemaker", "DeleteTags", {"ResourceArn": physical_id, "TagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = {"ModelPackageGroupName": physical_id}
        if context.find("sagemaker", "DescribeModelPackageGroup", request):
            context.drop("sagemaker", "DeleteModelPackageGroup", request)
