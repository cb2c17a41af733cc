from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def specification(aws):
    """An InferenceSpecification whose artifact is in S3."""
    aws.client("s3").put_object(Bucket=aws.bucket, Key="models/model.tar.gz", Body=b"model")
    return serving(f"s3://{aws.bucket}/models/model.tar.gz")


@pytest.fixture
def register(aws, sagemaker, specification):
    """Register a version in the test's group; returns its ARN."""

    def register(**request):
        return sagemaker.create_model_package(
            ModelPackageGroupName=aws.group, InferenceSpecification=specification, **request
        )["ModelPackageArn"]

    return register


@pytest.fixture
def describe(sagemaker):
    return lambda arn: sagemaker.describe_model_package(ModelPackageName=arn)


def serving(artifact):
    return {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def package_arn(aws, identity):
    return f"arn:aws:sagemaker:{aws.region}:123456789012:model-package/{identity}"


# --- creating ---


def test_versions_are_numbered_within_their_group(aws, register, describe):
    assert [register(), register()] == [package_arn(aws, f"{aws.group}/{n}") for n in (1, 2)]
    second = describe(package_arn(aws, f"{aws.group}/2"))
    assert second["ModelPackageGroupName"] == aws.group
    assert second["ModelPackageVersion"] == 2


def test_a_group_can_be_named_by_its_arn(aws, sagemaker):
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=aws.group)["ModelPackageGroupArn"]
    created = sagemaker.create_model_package(ModelPackageGroupName=group)
    assert created["ModelPackageArn"] == package_arn(aws, f"{aws.group}/1")


def test_a_deleted_versions_number_is_never_given_again(aws, sagemaker, register):
    register()
    sagemaker.delete_model_package(ModelPackageName=register())
    assert register() == package_arn(aws, f"{aws.group}/3")


def test_versions_registered_at_the_same_time_get_numbers_of_their_own(aws, register):
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: register(), range(16)))
    assert arns == {package_arn(aws, f"{aws.group}/{n}") for n in range(1, 17)}


def test_a_package_is_described_with_all_it_was_registered_with(aws, register, specification, describe):
    metrics = {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/quality.json"}}
    }
    arn = register(
        ModelPackageDescription="three classes",
        ModelMetrics=metrics,
        MetadataProperties={"CommitId": "abc", "GeneratedBy": "arn:of:an:execution"},
        CustomerMetadataProperties={"recipe": "clothing-reviews"},
        ModelLifeCycle={"Stage": "Development", "StageStatus": "Registered"},
    )
    described = describe(arn)
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ModelPackageStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageDescription"] == "three classes"
    assert described["InferenceSpecification"] == specification
    assert described["ModelMetrics"] == metrics
    assert described["MetadataProperties"] == {"CommitId": "abc", "GeneratedBy": "arn:of:an:execution"}
    assert described["CustomerMetadataProperties"] == {"recipe": "clothing-reviews"}
    assert described["ModelLifeCycle"] == {"Stage": "Development", "StageStatus": "Registered"}
    assert described["CreatedBy"]["IamIdentity"]["PrincipalId"] == "123456789012"
    assert "LastModifiedTime" not in described
    assert "LastModifiedBy" not in described


def test_a_package_without_a_group_is_unversioned(aws, sagemaker, specification, describe):
    name = f"{aws.name}-single"
    arn = sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=specification)[
        "ModelPackageArn"
    ]
    assert arn == package_arn(aws, name)
    described = describe(name)
    assert described["ModelPackageName"] == name
    assert {"ModelPackageGroupName", "ModelPackageVersion", "ModelApprovalStatus"}.isdisjoint(described)
    assert refusal(sagemaker.create_model_package, ModelPackageName=name) == (
        "ValidationException",
        f"ModelPackage already exists: {arn}",
    )


@pytest.mark.parametrize("member", ["InferenceSpecification", "AdditionalInferenceSpecifications"])
def test_an_artifact_that_is_not_there_registers_nothing(aws, sagemaker, member):
    missing = f"s3://{aws.bucket}/models/nothing.tar.gz"
    value = serving(missing)
    if member == "AdditionalInferenceSpecifications":
        value = [{"Name": "other", **value}]
    refused = refusal(sagemaker.create_model_package, ModelPackageGroupName=aws.group, **{member: value})
    assert refused == ("ValidationException", f"Could not find model data at {missing}.")
    assert sagemaker.list_model_packages(ModelPackageGroupName=aws.group)["ModelPackageSummaryList"] == []
    created = sagemaker.create_model_package(ModelPackageGroupName=aws.group)
    assert created["ModelPackageArn"].endswith("/1")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"ModelPackageName": "a", "ModelPackageGroupName": "b"},
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
            "Cannot determine which one to use.",
        ),
        ({}, "Missing ARN."),
        (
            {"ModelPackageName": "a", "ModelApprovalStatus": "Approved"},
            "ModelApprovalStatus cannot be specified when using non-versioned ModelPackages",
        ),
        (
            {"ModelPackageGroupName": "b", "Tags": [{"Key": "k", "Value": "v"}]},
            "Tags cannot be specified when using versioned ModelPackages: the group's apply.",
        ),
    ],
    ids=["name-and-group", "neither", "approval-of-unversioned", "tags-of-versioned"],
)
def test_what_does_not_go_together_is_refused(sagemaker, request_, message):
    assert refusal(sagemaker.create_model_package, **request_) == ("ValidationException", message)


def test_a_group_that_does_not_exist_is_named(aws, sagemaker):
    _, message = refusal(sagemaker.create_model_package, ModelPackageGroupName="nobody")
    arn = f"arn:aws:sagemaker:{aws.region}:123456789012:model-package-group/nobody"
    assert message == f"ModelPackageGroup {arn} does not exist."


def test_a_repeated_request_with_the_same_client_token_registers_once(register, sagemaker):
    first = register(ClientToken="once")
    assert register(ClientToken="once") == first
    assert register() != first
    code, message = refusal(register, ClientToken="once", ModelPackageDescription="another")
    assert code == "ConflictException"
    assert first in message


# --- finding ---


def test_a_package_that_does_not_exist_is_named_in_the_error(aws, sagemaker, register):
    register()
    missing = package_arn(aws, f"{aws.group}/2")
    gone = ("ValidationException", f"ModelPackage {missing} does not exist.")
    assert refusal(sagemaker.describe_model_package, ModelPackageName=missing) == gone
    assert refusal(sagemaker.delete_model_package, ModelPackageName=missing) == gone
    update = sagemaker.update_model_package
    assert refusal(update, ModelPackageArn=missing, ModelApprovalStatus="Approved") == gone


def test_a_listing_has_unversioned_packages_unless_asked_otherwise(aws, sagemaker, register):
    name = f"{aws.name}-lonely"
    single = sagemaker.create_model_package(ModelPackageName=name)["ModelPackageArn"]
    version = register()

    def listed(**request):
        found = sagemaker.list_model_packages(NameContains=aws.name, **request)
        return [package["ModelPackageArn"] for package in found["ModelPackageSummaryList"]]

    assert listed() == listed(ModelPackageType="Unversioned") == [single]
    assert listed(ModelPackageType="Versioned") == listed(ModelPackageGroupName=aws.group) == [version]
    assert listed(ModelPackageType="Both") == [single, version]
    assert listed(ModelPackageType="Both", SortBy="Name", SortOrder="Descending") == [version, single]


def test_a_version_is_listed_without_a_name_as_sagemaker_does(aws, sagemaker, register):
    register(ModelPackageDescription="first", ModelApprovalStatus="Approved")
    (summary,) = sagemaker.list_model_packages(ModelPackageGroupName=aws.group)["ModelPackageSummaryList"]
    del summary["CreationTime"]
    assert summary == {
        "ModelPackageGroupName": aws.group,
        "ModelPackageVersion": 1,
        "ModelPackageArn": package_arn(aws, f"{aws.group}/1"),
        "ModelPackageDescription": "first",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
    }


def test_the_newest_approved_version_is_one_listing_away(aws, sagemaker, register):
    for status in ("Approved", "Approved", "Rejected", "PendingManualApproval"):
        register(ModelApprovalStatus=status)
    found = sagemaker.list_model_packages(
        ModelPackageGroupName=aws.group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )
    assert [package["ModelPackageVersion"] for package in found["ModelPackageSummaryList"]] == [2]


def test_a_listing_can_be_read_in_pages_while_versions_are_added(aws, sagemaker, register):
    for _ in range(3):
        register()
    request = {"ModelPackageGroupName": aws.group, "SortOrder": "Descending", "MaxResults": 2}
    first = sagemaker.list_model_packages(**request)
    register()
    second = sagemaker.list_model_packages(**request, NextToken=first["NextToken"])
    versions = [
        [package["ModelPackageVersion"] for package in page["ModelPackageSummaryList"]]
        for page in (first, second)
    ]
    assert versions == [[3, 2], [1]]
    assert "NextToken" not in second


def test_a_listing_can_be_limited_by_time(aws, sagemaker, register):
    register()
    hour = timedelta(hours=1)

    def count(**request):
        found = sagemaker.list_model_packages(ModelPackageGroupName=aws.group, **request)
        return len(found["ModelPackageSummaryList"])

    now = datetime.now(UTC)
    assert count(CreationTimeAfter=now - hour, CreationTimeBefore=now + hour) == 1
    assert count(CreationTimeAfter=now + hour) == 0
    assert count(CreationTimeBefore=now - hour) == 0


# --- updating and deleting ---


def test_approving_keeps_everything_else(sagemaker, register, describe):
    arn = register(CustomerMetadataProperties={"commit": "abc", "recipe": "clothing-reviews"})
    before = describe(arn)
    sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="better by 0.02"
    )
    after = describe(arn)
    assert after.pop("ModelApprovalStatus") == "Approved"
    assert after.pop("ApprovalDescription") == "better by 0.02"
    assert after.pop("LastModifiedTime") >= before["CreationTime"]
    assert after.pop("LastModifiedBy") == before["CreatedBy"]
    for described in (before, after):
        described.pop("ModelApprovalStatus", None)
        described.pop("ResponseMetadata")
    assert after == before


def test_properties_are_merged_and_removed_one_by_one(sagemaker, register, describe):
    arn = register(
        CustomerMetadataProperties={"commit": "abc", "recipe": "clothing-reviews", "note": "draft"}
    )
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"recipe": "toys", "forced": "known bad week"},
        CustomerMetadataPropertiesToRemove=["note", "never-there"],
    )
    assert describe(arn)["CustomerMetadataProperties"] == {
        "commit": "abc",
        "recipe": "toys",
        "forced": "known bad week",
    }


def test_the_last_property_can_be_removed(sagemaker, register, describe):
    arn = register(CustomerMetadataProperties={"note": "draft"})
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["note"])
    assert "CustomerMetadataProperties" not in describe(arn)


def test_more_than_fifty_properties_are_refused_and_change_nothing(sagemaker, register, describe):
    fifty = {f"k{n}": "v" for n in range(50)}
    arn = register(CustomerMetadataProperties=fifty)
    code, message = refusal(
        sagemaker.update_model_package,
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"more": "v"},
    )
    assert (code, "50 is the maximum" in message) == ("ValidationException", True)
    assert describe(arn)["CustomerMetadataProperties"] == fifty
    assert describe(arn)["ModelApprovalStatus"] == "PendingManualApproval"


def test_life_cycle_source_and_card_are_replaced(sagemaker, register, describe):
    arn = register(
        ModelLifeCycle={"Stage": "Staging", "StageStatus": "Verified", "StageDescription": "all well"}
    )
    changes = {
        "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
        "SourceUri": "arn:aws:sagemaker:eu-west-1:123456789012:model/m",
        "ModelCard": {"ModelCardContent": "{}", "ModelCardStatus": "Draft"},
    }
    sagemaker.update_model_package(ModelPackageArn=arn, **changes)
    described = describe(arn)
    assert {name: described[name] for name in changes} == changes


def test_inference_specifications_are_added_to_those_there_are(
    aws, sagemaker, register, specification, describe
):
    arn = register(AdditionalInferenceSpecifications=[{"Name": "first", **specification}])
    sagemaker.update_model_package(
        ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[{"Name": "second", **specification}]
    )
    names = [added["Name"] for added in describe(arn)["AdditionalInferenceSpecifications"]]
    assert names == ["first", "second"]
    fourteen = [{"Name": f"n{n}", **specification} for n in range(14)]
    update = sagemaker.update_model_package
    code, message = refusal(update, ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=fourteen)
    assert (code, "15 is the maximum" in message) == ("ValidationException", True)


def test_an_update_to_an_artifact_that_is_not_there_is_refused(
    aws, sagemaker, register, specification, describe
):
    arn = register()
    missing = f"s3://{aws.bucket}/models/nothing.tar.gz"
    update = sagemaker.update_model_package
    _, message = refusal(update, ModelPackageArn=arn, InferenceSpecification=serving(missing))
    assert message == f"Could not find model data at {missing}."
    assert describe(arn)["InferenceSpecification"] == specification


def test_an_unversioned_package_cannot_be_approved(aws, sagemaker):
    arn = sagemaker.create_model_package(ModelPackageName=f"{aws.name}-free")["ModelPackageArn"]
    update = sagemaker.update_model_package
    code, message = refusal(update, ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert code == "ValidationException"
    assert message == "ModelApprovalStatus cannot be specified when using non-versioned ModelPackages"


def test_a_deleted_package_leaves_the_others(aws, sagemaker, register):
    register(), register()
    sagemaker.delete_model_package(ModelPackageName=package_arn(aws, f"{aws.group}/1"))
    left = sagemaker.list_model_packages(ModelPackageGroupName=aws.group)["ModelPackageSummaryList"]
    assert [package["ModelPackageVersion"] for package in left] == [2]
