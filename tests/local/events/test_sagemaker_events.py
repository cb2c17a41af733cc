"""What SageMaker tells EventBridge."""

import pytest

MODEL_PACKAGE = "SageMaker Model Package State Change"


@pytest.fixture
def package(aws):
    """A new version in the project's group: its ARN."""
    return aws.client("sagemaker").create_model_package(ModelPackageGroupName=aws.group)["ModelPackageArn"]


@pytest.fixture
def heard(aws, events):
    """The queue of a rule for what happens to model packages of the project's group."""
    queue = events.queue()
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [MODEL_PACKAGE],
        "detail": {"ModelPackageGroupName": [aws.group]},
    }
    events.rule(pattern, queue.arn)
    return queue


def test_a_new_package_is_told_of_as_it_is(aws, heard, package):
    event = heard.body()
    assert event["resources"] == [package]
    detail = event["detail"]
    assert detail["ModelPackageArn"] == package
    assert (detail["ModelPackageGroupName"], detail["ModelPackageVersion"]) == (aws.group, 1)
    assert detail["ModelApprovalStatus"] == "PendingManualApproval"
    assert detail["ModelPackageStatus"] == "Completed"
    assert "UpdatedModelPackageFields" not in detail
    assert "ModelPackageName" not in detail
    assert detail["CreationTime"].endswith("Z")


def test_every_update_is_told_of_with_the_fields_that_it_changed(aws, heard, package):
    heard.body()
    stage = {"Stage": "Staging", "StageStatus": "Approved"}
    for update, fields in (
        (
            {"ModelApprovalStatus": "Approved", "ApprovalDescription": "good"},
            ["ModelApprovalStatus", "ApprovalDescription"],
        ),
        ({"CustomerMetadataProperties": {"deployed": "yes"}}, ["CustomerMetadataProperties"]),
        ({"ModelLifeCycle": stage}, ["ModelLifeCycle"]),
        ({"ModelApprovalStatus": "Approved"}, []),
        ({"ModelApprovalStatus": "Rejected"}, ["ModelApprovalStatus"]),
    ):
        aws.client("sagemaker").update_model_package(ModelPackageArn=package, **update)
        detail = heard.body()["detail"]
        assert detail["UpdatedModelPackageFields"] == fields
        expected = update.get("ModelApprovalStatus", "Approved")
        assert detail["ModelApprovalStatus"] == expected
        assert "LastModifiedTime" in detail
    assert detail["ModelLifeCycle"] == stage
    assert detail["CustomerMetadataProperties"] == {"deployed": "yes"}


def test_a_refused_update_and_a_repeated_creation_are_not_told_of(aws, heard):
    sagemaker = aws.client("sagemaker")
    request = {"ModelPackageGroupName": aws.group, "ClientToken": "token"}
    package = sagemaker.create_model_package(**request)["ModelPackageArn"]
    assert sagemaker.create_model_package(**request)["ModelPackageArn"] == package
    heard.body()
    with pytest.raises(sagemaker.exceptions.ClientError):
        sagemaker.update_model_package(
            ModelPackageArn=package, CustomerMetadataProperties={str(number): "x" for number in range(51)}
        )
    assert heard.is_empty()
