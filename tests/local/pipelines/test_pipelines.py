"""Pipelines by their API: created once, updated, listed, described and deleted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

STOP = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
TOKEN = "t" * 32


def text(*steps, **top):
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps) or [STOP], **top})


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def create(aws, sagemaker):
    """Creates a pipeline of the test's own project; answers its name."""

    def make(name="", definition=None, **request):
        name = f"{aws.name}-p{name}"
        request.setdefault("PipelineDefinition", definition or text())
        sagemaker.create_pipeline(PipelineName=name, RoleArn=aws.role_arn, **request)
        return name

    return make


def refusal(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_a_pipeline_is_described_as_it_was_created(aws, sagemaker, create):
    name = create(
        PipelineDescription="about",
        PipelineDisplayName="shown",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
        Tags=[{"Key": "team", "Value": "reviews"}],
    )
    described = sagemaker.describe_pipeline(PipelineName=name)
    assert described["PipelineArn"] == f"arn:aws:sagemaker:{aws.region}:123456789012:pipeline/{name}"
    assert described["PipelineDefinition"] == text()
    assert (described["PipelineDescription"], described["PipelineDisplayName"]) == ("about", "shown")
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    assert (described["PipelineStatus"], described["RoleArn"]) == ("Active", aws.role_arn)
    assert "LastRunTime" not in described
    assert sagemaker.describe_pipeline(PipelineName=described["PipelineArn"])["PipelineName"] == name
    assert sagemaker.list_tags(ResourceArn=described["PipelineArn"])["Tags"] == [
        {"Key": "team", "Value": "reviews"}
    ]


def test_a_definition_can_lie_in_s3(aws, sagemaker, create):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="definition.json", Body=text().encode())
    location = {"Bucket": aws.bucket, "ObjectKey": "definition.json"}
    name = f"{aws.name}-p"
    sagemaker.create_pipeline(PipelineName=name, RoleArn=aws.role_arn, PipelineDefinitionS3Location=location)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == text()


def test_a_definition_that_is_not_in_s3_is_refused_naming_it(aws, sagemaker):
    location = {"Bucket": aws.bucket, "ObjectKey": "none.json"}
    request = {"PipelineName": "x", "RoleArn": aws.role_arn, "PipelineDefinitionS3Location": location}
    code, message = refusal(sagemaker.create_pipeline, **request)
    assert code == "ValidationException"
    assert f"s3://{aws.bucket}/none.json: NoSuchKey" in message


def test_one_definition_is_needed_and_only_one(aws, sagemaker):
    code, message = refusal(sagemaker.create_pipeline, PipelineName="x", RoleArn=aws.role_arn)
    assert (code, "Exactly one of" in message) == ("ValidationException", True)


def test_creating_again_is_refused_unless_the_client_token_is_the_same(create):
    create(ClientRequestToken=TOKEN)
    create(ClientRequestToken=TOKEN)
    code, message = refusal(create)
    assert code == "ValidationException"
    assert "Pipeline names must be unique within an AWS account" in message


def test_a_bad_definition_makes_no_pipeline(aws, sagemaker, create):
    code, message = refusal(create, definition=text({**STOP, "Type": "QualityCheck"}))
    assert code == "ValidationException"
    assert "Step 'Stop' is of type 'QualityCheck'; this embedded AWS runs steps of type" in message
    assert refusal(sagemaker.describe_pipeline, PipelineName=f"{aws.name}-p")[0] == "ResourceNotFound"


def test_an_update_changes_what_it_names_and_nothing_else(aws, sagemaker, create):
    name = create(PipelineDescription="old")
    before = sagemaker.describe_pipeline(PipelineName=name)
    assert sagemaker.update_pipeline(PipelineName=name, PipelineDescription="new")["PipelineVersionId"] == 2
    changed = text({**STOP, "DisplayName": "changed"})
    assert sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=changed)["PipelineVersionId"] == 3
    after = sagemaker.describe_pipeline(PipelineName=name)
    assert (after["PipelineDescription"], after["PipelineDefinition"]) == ("new", changed)
    assert after["CreationTime"] == before["CreationTime"] < after["LastModifiedTime"]
    assert after["RoleArn"] == before["RoleArn"]


def test_a_bad_update_leaves_the_pipeline_as_it_was(sagemaker, create):
    name = create()
    assert (
        refusal(sagemaker.update_pipeline, PipelineName=name, PipelineDefinition="{")[0]
        == "ValidationException"
    )
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == text()


def test_pipelines_are_listed_by_prefix_time_and_order_page_by_page(aws, sagemaker, create):
    names = [create(letter) for letter in "bac"]

    def listed(**request):
        pages = sagemaker.get_paginator("list_pipelines").paginate(
            PipelineNamePrefix=f"{aws.name}-p", PaginationConfig={"PageSize": 2}, **request
        )
        return [summary["PipelineName"] for page in pages for summary in page["PipelineSummaries"]]

    assert listed() == names[::-1]
    assert listed(SortOrder="Ascending") == names
    assert listed(SortBy="Name", SortOrder="Ascending") == sorted(names)
    now = datetime.now(UTC)
    assert listed(CreatedAfter=now + timedelta(minutes=1)) == []
    assert listed(CreatedBefore=now - timedelta(minutes=1)) == []


def test_a_deleted_pipeline_is_gone_with_what_it_ran(sagemaker, create):
    name = create()
    execution = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    while (
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
        == "Executing"
    ):
        pass
    sagemaker.delete_pipeline(PipelineName=name)
    assert refusal(sagemaker.describe_pipeline, PipelineName=name)[0] == "ResourceNotFound"
    assert (
        refusal(sagemaker.describe_pipeline_execution, PipelineExecutionArn=execution)[0]
        == "ResourceNotFound"
    )
    create()


def test_an_unknown_pipeline_is_not_found_naming_it(sagemaker):
    for call in (sagemaker.describe_pipeline, sagemaker.delete_pipeline, sagemaker.start_pipeline_execution):
        code, message = refusal(call, PipelineName="nobody")
        assert (code, "pipeline/nobody' does not exist" in message) == ("ResourceNotFound", True)


def test_a_version_that_there_is_none_of_is_refused(sagemaker, create):
    name = create()
    code, message = refusal(sagemaker.describe_pipeline, PipelineName=name, PipelineVersionId=2)
    assert (code, "has no version 2; it has 1 to 1" in message) == ("ValidationException", True)
