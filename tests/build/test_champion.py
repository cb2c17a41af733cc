"""The champion: whom a candidate is measured against."""

import pytest

from model_build.aws import champion
from model_build.errors import CommandError


@pytest.fixture
def register(aws):
    """A function that registers a version in the test's group and returns its ARN."""
    sagemaker = aws.client("sagemaker")

    def make(name, approval="Approved", stage=None, metadata=None):
        aws.client("s3").put_object(Bucket=aws.bucket, Key=f"models/{name}/model.tar.gz", Body=b"a model")
        request = {
            "ModelPackageGroupName": aws.group,
            "ModelApprovalStatus": approval,
            "InferenceSpecification": {
                "Containers": [
                    {"Image": "image:1", "ModelDataUrl": f"s3://{aws.bucket}/models/{name}/model.tar.gz"}
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            "CustomerMetadataProperties": metadata
            or {"contract": f"s3://{aws.bucket}/contracts/{name}/", "contract-sha256": "c" * 64},
        }
        if stage:
            request["ModelLifeCycle"] = {"Stage": stage, "StageStatus": "Live"}
        return sagemaker.create_model_package(**request)["ModelPackageArn"]

    return make


def resolve(aws):
    return champion.resolve(aws.client("sagemaker"), aws.group, "reviews")


def test_an_empty_group_has_no_champion(aws):
    assert resolve(aws) is None


def test_versions_that_nobody_approved_are_no_champions(aws, register):
    register("waiting", "PendingManualApproval")
    register("rejected", "Rejected")
    assert resolve(aws) is None


def test_the_newest_approved_version_is_the_champion(aws, register):
    register("old")
    newest = register("new")
    register("waiting", "PendingManualApproval")
    found = resolve(aws)
    assert found == champion.Champion(
        arn=newest,
        model_uri=f"s3://{aws.bucket}/models/new/model.tar.gz",
        model_sha256="none",
        contract_uri=f"s3://{aws.bucket}/contracts/new/",
        contract_sha256="c" * 64,
        stage=None,
    )
    assert found.version == "2"


def test_what_is_live_in_production_goes_before_what_is_newer(aws, register):
    live = register("live", stage="Production")
    register("newer", stage="Staging")
    register("newest")
    found = resolve(aws)
    assert (found.arn, found.stage) == (live, "Production")


def test_a_rejected_version_is_no_champion_even_where_it_was_live(aws, register):
    live = register("live", stage="Production")
    approved = register("approved")
    aws.client("sagemaker").update_model_package(ModelPackageArn=live, ModelApprovalStatus="Rejected")
    assert resolve(aws).arn == approved


def test_all_pages_of_the_registry_are_read(aws, register):
    live = register("live", stage="Production")
    for number in range(12):
        register(f"later-{number}")
    assert resolve(aws).arn == live


def test_a_version_that_model_build_did_not_register_cannot_be_compared_with(aws, register):
    foreign = register("foreign", metadata={"team": "other"})
    with pytest.raises(CommandError, match=r"no `contract`.*Reject it in the registry") as caught:
        resolve(aws)
    assert foreign in caught.value.message


def test_another_problem_has_another_champion(aws, register):
    contract = {"contract": f"s3://{aws.bucket}/contracts/x/", "contract-sha256": "c" * 64}
    other = {**contract, "problem": "spam", "recipe": "reviews"}
    ours = register("ours", metadata={**contract, "problem": "reviews", "recipe": "reviews-tfidf"})
    register("live elsewhere", stage="Production", metadata=other)
    register("before problems were stored", metadata={**contract, "recipe": "spam"})

    assert resolve(aws).arn == ours
    assert champion.resolve(aws.client("sagemaker"), aws.group, "weather") is None
