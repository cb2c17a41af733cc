import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def group_arn(aws, name):
    return f"arn:aws:sagemaker:{aws.region}:123456789012:model-package-group/{name}"


def test_a_group_is_described_by_name_and_by_arn(aws, sagemaker):
    name = f"{aws.name}-Reviews"
    arn = sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Reviews, three classes"
    )["ModelPackageGroupArn"]
    assert arn == group_arn(aws, name)
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    assert described["ModelPackageGroupName"] == name
    assert described["ModelPackageGroupArn"] == arn
    assert described["ModelPackageGroupDescription"] == "Reviews, three classes"
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert described["CreatedBy"]["IamIdentity"]["Arn"] == "arn:aws:iam::123456789012:root"
    by_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=arn)
    assert by_arn["CreationTime"] == described["CreationTime"]


def test_a_name_is_taken_once(aws, sagemaker):
    assert refusal(sagemaker.create_model_package_group, ModelPackageGroupName=aws.group) == (
        "ValidationException",
        f"Model Package Group already exists: {group_arn(aws, aws.group)}",
    )


@pytest.mark.parametrize("operation", ["describe_model_package_group", "delete_model_package_group"])
def test_a_group_that_does_not_exist_is_named_in_the_error(aws, sagemaker, operation):
    assert refusal(getattr(sagemaker, operation), ModelPackageGroupName="nobody") == (
        "ValidationException",
        f"ModelPackageGroup {group_arn(aws, 'nobody')} does not exist.",
    )


def test_the_arn_of_another_region_is_refused(aws, sagemaker):
    elsewhere = f"arn:aws:sagemaker:ap-south-1:123456789012:model-package-group/{aws.group}"
    assert refusal(sagemaker.describe_model_package_group, ModelPackageGroupName=elsewhere) == (
        "ValidationException",
        f"ARN should be scoped to correct region: {aws.region}",
    )


def test_the_arn_of_another_account_names_nothing_here(aws, sagemaker):
    elsewhere = group_arn(aws, aws.group).replace("123456789012", "999999999999")
    _, message = refusal(sagemaker.describe_model_package_group, ModelPackageGroupName=elsewhere)
    assert message == f"ModelPackageGroup {elsewhere} does not exist."


def test_groups_are_listed_oldest_first_and_filtered_by_name(aws, sagemaker):
    for name in ("beta", "alpha"):
        sagemaker.create_model_package_group(ModelPackageGroupName=f"{aws.name}-g-{name}")

    def listed(**request):
        found = sagemaker.list_model_package_groups(NameContains=f"{aws.name}-g-", **request)
        return [
            group["ModelPackageGroupName"][-5:].strip("-") for group in found["ModelPackageGroupSummaryList"]
        ]

    assert listed() == ["beta", "alpha"]
    assert listed(SortBy="Name") == ["alpha", "beta"]
    assert listed(SortBy="CreationTime", SortOrder="Descending") == ["alpha", "beta"]
    first = sagemaker.list_model_package_groups(NameContains=f"{aws.name}-g-", MaxResults=1)
    assert listed(NextToken=first["NextToken"]) == ["alpha"]


def test_a_group_with_packages_is_not_deleted(aws, sagemaker):
    package = sagemaker.create_model_package(ModelPackageGroupName=aws.group)["ModelPackageArn"]
    code, message = refusal(sagemaker.delete_model_package_group, ModelPackageGroupName=aws.group)
    assert code == "ConflictException"
    assert group_arn(aws, aws.group) in message
    sagemaker.delete_model_package(ModelPackageName=package)
    sagemaker.delete_model_package_group(ModelPackageGroupName=aws.group)
    _, message = refusal(sagemaker.describe_model_package_group, ModelPackageGroupName=aws.group)
    assert message.endswith("does not exist.")
