"""`model-build clean`: what it removes, in which order, what it says, and how it ends where something refuses."""

from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from model_build.aws.clients import Aws
from model_build.commands.pull_requests import clean
from model_build.commands.pull_requests.clean import Cleaned
from model_build.core.settings import Settings
from model_build.errors import CommandError, TimedOutError

HOME = "s3://shop-artifacts/pr/7/"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
SETTINGS = replace(
    Settings("shop", "p-1", "shop-artifacts", "shop-models", "arn:aws:iam::123456789012:role/p", "eu-west-1"),
    pull_request=7,
)


@pytest.mark.parametrize(
    ("cleaned", "lines", "document"),
    [
        (
            Cleaned(("shop-pr-7-a", "shop-pr-7-b"), 3, HOME),
            [
                "removed the pipeline shop-pr-7-a",
                "removed the pipeline shop-pr-7-b",
                f"removed 3 objects under {HOME}",
            ],
            {"pipelines": ["shop-pr-7-a", "shop-pr-7-b"], "objects": 3, "home": HOME},
        ),
        (
            Cleaned(("p",), 0, HOME, trials=("b",)).with_trials(("a",)),
            [
                "removed the pipeline p",
                "removed the trial endpoint a",
                "removed the trial endpoint b",
                f"removed 0 objects under {HOME}",
            ],
            {"pipelines": ["p"], "objects": 0, "home": HOME, "trials": ["a", "b"]},
        ),
        (
            Cleaned((), 0, HOME, kept=True, trials=("a",)),
            [
                "removed the trial endpoint a",
                f"stopped what ran; {HOME} is kept until main has registered what was trained",
            ],
            {"pipelines": [], "objects": 0, "home": HOME, "trials": ["a"], "kept": True},
        ),
        (
            Cleaned((), 0, ""),
            ["No trial endpoint was left: there is nothing to remove."],
            {"pipelines": [], "objects": 0, "home": ""},
        ),
        (
            Cleaned.nothing_merged(()),
            ["The commit merged no pull request: there is nothing to remove."],
            {"pipelines": [], "objects": 0, "home": ""},
        ),
        (
            Cleaned.nothing_merged(("a",)),
            ["removed the trial endpoint a"],
            {"pipelines": [], "objects": 0, "home": "", "trials": ["a"]},
        ),
    ],
    ids=["pipelines", "trials", "kept", "no trial", "nothing merged", "a trial was left"],
)
def test_what_was_removed_is_said(cleaned, lines, document):
    assert (cleaned.lines(), cleaned.document()) == (lines, document)


@pytest.fixture(scope="module")
def aws():
    """Clients whose answers each test states."""
    return Aws(boto3.Session("x", "x", region_name="eu-west-1"))


@pytest.fixture
def stubs(aws, monkeypatch):
    monkeypatch.setattr(clean, "_PAUSE", 0.0)
    with Stubber(aws.sagemaker) as sagemaker, Stubber(aws.s3) as s3:
        yield sagemaker, s3
        sagemaker.assert_no_pending_responses()
        s3.assert_no_pending_responses()


def pipelines(sagemaker, *names):
    listed = [{"PipelineArn": f"{ARN}:pipeline/{name}", "PipelineName": name} for name in names]
    sagemaker.add_response(
        "list_pipelines", {"PipelineSummaries": listed}, {"PipelineNamePrefix": "shop-pr-7"}
    )


def running(sagemaker, *statuses, pipeline="shop-pr-7-garments"):
    listed = [
        {
            "PipelineExecutionArn": f"{ARN}:pipeline/{pipeline}/execution/e{number}",
            "PipelineExecutionStatus": status,
        }
        for number, status in enumerate(statuses)
    ]
    sagemaker.add_response("list_pipeline_executions", {"PipelineExecutionSummaries": listed})


def test_pipelines_of_other_pull_requests_whose_number_begins_alike_are_left(aws, stubs):
    sagemaker, s3 = stubs
    pipelines(sagemaker, "shop-pr-7-garments", "shop-pr-70-garments", "shop-pr-7")
    running(sagemaker)
    sagemaker.add_response(
        "delete_pipeline",
        {"PipelineArn": f"{ARN}:pipeline/x"},
        {"PipelineName": "shop-pr-7-garments", "ClientRequestToken": ANY},
    )
    s3.add_response("list_objects_v2", {}, {"Bucket": "shop-artifacts", "Prefix": "pr/7/"})
    assert clean.clean(aws, SETTINGS, 60) == Cleaned(("shop-pr-7-garments",), 0, HOME)


def test_what_runs_is_stopped_once_and_waited_for_before_anything_is_deleted(aws, stubs):
    sagemaker, s3 = stubs
    pipelines(sagemaker, "shop-pr-7-garments")
    running(sagemaker, "Executing", "Stopping", "Succeeded")
    arn = f"{ARN}:pipeline/shop-pr-7-garments/execution/e0"
    sagemaker.add_response(
        "stop_pipeline_execution",
        {"PipelineExecutionArn": arn},
        {"PipelineExecutionArn": arn, "ClientRequestToken": ANY},
    )
    running(sagemaker, "Executing", "Stopped", "Succeeded")
    running(sagemaker, "Stopped", "Stopped", "Succeeded")
    sagemaker.add_response("delete_pipeline", {"PipelineArn": f"{ARN}:pipeline/x"})
    contents = [{"Key": f"pr/7/{number}"} for number in range(2)]
    s3.add_response("list_objects_v2", {"Contents": contents})
    s3.add_response(
        "delete_objects",
        {},
        {"Bucket": "shop-artifacts", "Delete": {"Objects": contents, "Quiet": True}},
    )
    assert clean.clean(aws, SETTINGS, 60).objects == 2


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_an_execution_that_ended_before_it_could_be_stopped_is_no_error(aws, stubs, code):
    sagemaker, _ = stubs
    pipelines(sagemaker, "shop-pr-7-garments")
    running(sagemaker, "Executing")
    sagemaker.add_client_error("stop_pipeline_execution", code, "it has ended")
    running(sagemaker, "Succeeded")
    assert clean.clean(aws, SETTINGS, 60, keep=True) == Cleaned((), 0, HOME, kept=True)


def test_an_execution_that_may_not_be_stopped_is_one(aws, stubs):
    sagemaker, _ = stubs
    pipelines(sagemaker, "shop-pr-7-garments")
    running(sagemaker, "Executing")
    sagemaker.add_client_error("stop_pipeline_execution", "AccessDeniedException", "not you")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        clean.clean(aws, SETTINGS, 60)


def test_patience_with_what_does_not_stop_has_an_end(aws, stubs):
    sagemaker, _ = stubs
    pipelines(sagemaker, "shop-pr-7-garments")
    running(sagemaker, "Stopping")
    with pytest.raises(TimedOutError) as caught:
        clean.clean(aws, SETTINGS, -1)
    assert caught.value.message == (
        f"{ARN}:pipeline/shop-pr-7-garments/execution/e0 is still stopping. Run the same command again later."
    )


def test_an_object_that_cannot_be_removed_is_named_with_why(aws, stubs):
    sagemaker, s3 = stubs
    pipelines(sagemaker)
    s3.add_response("list_objects_v2", {"Contents": [{"Key": "pr/7/a"}]})
    refused = {"Key": "pr/7/a", "Code": "AccessDenied", "Message": "Access Denied"}
    s3.add_response("delete_objects", {"Errors": [refused]})
    with pytest.raises(CommandError) as caught:
        clean.clean(aws, SETTINGS, 60)
    assert caught.value.message == (
        "s3://shop-artifacts/pr/7/a could not be removed: AccessDenied, Access Denied."
    )
