"""Versions of a model package group, and how a command line names one."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from model_common.aws import registry
from model_common.errors import UsageError

GROUP = "shop-models"
ARN = f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{GROUP}"
NEWEST_FIRST = {
    "ModelPackageGroupName": GROUP,
    "ModelPackageType": "Versioned",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
}


def summary(version):
    return {
        "ModelPackageArn": f"{ARN}/{version}",
        "ModelPackageVersion": version,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
    }


@pytest.fixture(scope="module")
def client():
    return boto3.client(
        "sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def stubbed(client):
    """Answers, in turn, that botocore's model of the API validates, like the requests for them."""
    with Stubber(client) as made:
        yield made


def lists(stubbed, *pages):
    """Answer with the versions of these pages."""
    for number, versions in enumerate(pages):
        answer = {"ModelPackageSummaryList": [summary(version) for version in versions]}
        if number + 1 < len(pages):
            answer["NextToken"] = f"page-{number + 1}"
        asked = NEWEST_FIRST | ({"NextToken": f"page-{number}"} if number else {})
        stubbed.add_response("list_model_packages", answer, asked)


def test_versions_come_from_every_page_the_newest_first(client, stubbed):
    lists(stubbed, [12, 9], [], [3])
    assert [each["ModelPackageVersion"] for each in registry.versions(client, GROUP)] == [12, 9, 3]


def test_a_group_that_does_not_exist_has_no_versions(client, stubbed):
    said = f"ModelPackageGroup {GROUP} does not exist."
    stubbed.add_client_error("list_model_packages", "ValidationException", said)
    assert list(registry.versions(client, GROUP)) == []


def test_a_group_that_may_not_be_listed_is_an_error(client, stubbed):
    stubbed.add_client_error("list_model_packages", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        list(registry.versions(client, GROUP))


@pytest.mark.parametrize(
    ("named", "version"),
    [("3", 3), (" 12\n", 12), ("003", 3), ("latest", 12), (" latest ", 12)],
)
def test_a_version_is_named_by_its_number_or_as_the_latest(client, stubbed, named, version):
    lists(stubbed, [12, 9, 3])
    assert registry.resolve(client, GROUP, named) == f"{ARN}/{version}"


def test_no_more_pages_are_read_than_are_needed(client, stubbed):
    lists(stubbed, [12], [3])
    assert registry.resolve(client, GROUP, "latest") == f"{ARN}/12"
    assert registry.resolve(client, GROUP, f" {ARN}-of-others/1 ") == f"{ARN}-of-others/1"


@pytest.mark.parametrize(
    "named", ["", " ", "-3", "3.0", "+3", "v3", "Latest", "shop-models/3", "३", "²", "all"]
)
def test_what_names_no_version_is_shown_with_what_does(client, stubbed, named):
    with pytest.raises(UsageError) as refused:
        registry.resolve(client, GROUP, named)
    assert refused.value.message == (
        f"{named!r} names no model package: expected the number of a version of {GROUP}, `latest`, or an ARN."
    )


@pytest.mark.parametrize("named", ["4", "0", "1", "33", "9" * 5000], ids=lambda named: named[:5])
def test_a_version_that_there_is_not_is_answered_with_those_that_there_are(client, stubbed, named):
    lists(stubbed, [12, 9], [3])
    with pytest.raises(UsageError) as refused:
        registry.resolve(client, GROUP, named)
    assert refused.value.message == f"{GROUP} has no version {named}. It has 12, 9, 3."


@pytest.mark.parametrize("named", ["1", "latest"])
def test_in_an_empty_group_the_command_that_registers_is_named(client, stubbed, named):
    lists(stubbed, [])
    with pytest.raises(UsageError) as refused:
        registry.resolve(client, GROUP, named)
    assert refused.value.message == f"{GROUP} has no version yet: `model-build run` registers one."
