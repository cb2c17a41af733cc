import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def group(aws, sagemaker):
    """The ARN of a group created with one tag."""
    return sagemaker.create_model_package_group(
        ModelPackageGroupName=f"{aws.name}-tagged", Tags=[{"Key": "team", "Value": "reviews"}]
    )["ModelPackageGroupArn"]


def tags(sagemaker, arn):
    return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_resource_has_the_tags_it_was_created_with(sagemaker, group):
    assert tags(sagemaker, group) == {"team": "reviews"}


def test_added_tags_join_those_there_are_and_replace_equal_keys(sagemaker, group):
    answer = sagemaker.add_tags(
        ResourceArn=group, Tags=[{"Key": "team", "Value": "search"}, {"Key": "stage", "Value": "test"}]
    )
    assert tags(sagemaker, group) == {"team": "search", "stage": "test"}
    assert {tag["Key"] for tag in answer["Tags"]} == {"team", "stage"}


def test_deleted_tags_are_gone_and_unknown_keys_do_no_harm(sagemaker, group):
    sagemaker.delete_tags(ResourceArn=group, TagKeys=["team", "never-there"])
    assert tags(sagemaker, group) == {}


def test_fifty_tags_fit_and_fifty_one_do_not(sagemaker, group):
    sagemaker.add_tags(ResourceArn=group, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(49)])
    code, message = refusal(sagemaker.add_tags, ResourceArn=group, Tags=[{"Key": "last", "Value": "v"}])
    assert code == "ValidationException"
    assert "50 at most" in message
    assert len(tags(sagemaker, group)) == 50


def test_a_page_of_tags_holds_all_that_a_resource_can_have(sagemaker, group):
    assert "NextToken" not in sagemaker.list_tags(ResourceArn=group, MaxResults=50)
    code, _ = refusal(sagemaker.list_tags, ResourceArn=group, NextToken="nonsense")
    assert code == "ValidationException"


def test_versions_of_a_group_have_its_tags(aws, sagemaker, group):
    package = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    assert tags(sagemaker, package) == {"team": "reviews"}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [("add_tags", {"Tags": []}), ("list_tags", {}), ("delete_tags", {"TagKeys": ["team"]})],
)
def test_an_unknown_resource_is_named_in_the_error(aws, sagemaker, operation, request_):
    arn = f"arn:aws:sagemaker:{aws.region}:123456789012:processing-job/nobody"
    assert refusal(getattr(sagemaker, operation), ResourceArn=arn, **request_) == (
        "ValidationException",
        f'Could not find processing job "{arn}".',
    )


def test_the_arn_of_another_region_is_refused(aws, sagemaker):
    _, message = refusal(sagemaker.list_tags, ResourceArn="arn:aws:sagemaker:ap-south-1:123456789012:model/m")
    assert message == f"ARN should be scoped to correct region: {aws.region}"
