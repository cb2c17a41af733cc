"""Answers of AWS that a command takes for what they are: nothing there, not allowed, not yet, or an error of AWS."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from model_build.aws import executions, logs, pipelines, project, trials
from model_build.aws.clients import Aws
from model_build.core.execution import Step
from model_build.core.settings import Settings
from model_build.errors import SettingsError
from model_build.run import results

SETTINGS = Settings(
    "shop", "p-1", "shop-artifacts", "shop-models", "arn:aws:iam::123456789012:role/p", "eu-west-1"
)
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/7"
MISSING, DENIED, BROKEN = "ResourceNotFound", "AccessDeniedException", "InternalFailure"
STEP = Step(
    "Train", "Failed", kind="TrainingJob", job_arn="arn:aws:sagemaker:eu-west-1:123456789012:training-job/job"
)


@pytest.fixture(scope="module")
def aws():
    """Clients whose answers each test states."""
    return Aws(boto3.Session("x", "x", region_name="eu-west-1"))


CALLS: dict[str, tuple[Callable[[Aws], Any], Any]] = {
    "list_pipeline_executions": (lambda aws: list(executions.listed(aws.sagemaker, "p")), []),
    "list_pipeline_executions ": (lambda aws: executions.recent(aws.sagemaker, "p"), []),
    "describe_pipeline": (lambda aws: pipelines.deployed_definition(aws.sagemaker, "p"), None),
    "describe_model_package": (lambda aws: results.approval(aws.sagemaker, PACKAGE), "deleted"),
}


@pytest.mark.parametrize("operation", CALLS)
def test_what_is_not_there_is_nothing_and_every_other_error_is_one(aws, operation):
    call, nothing = CALLS[operation]
    for code in (MISSING, DENIED, BROKEN):
        with Stubber(aws.sagemaker) as stub:
            stub.add_client_error(operation.strip(), code, "it says so")
            if code == MISSING:
                assert call(aws) == nothing
            else:
                with pytest.raises(ClientError, match=code):
                    call(aws)


def test_a_job_that_never_logged_has_an_empty_log(aws):
    for read in (logs.tail, lambda client, step: tuple(logs.lines(client, step))):
        with Stubber(aws.logs) as stub:
            stub.add_client_error("describe_log_streams", "ResourceNotFoundException", "no group")
            assert read(aws.logs, STEP) == ()
        with Stubber(aws.logs) as stub:
            stub.add_client_error("describe_log_streams", DENIED, "not you")
            with pytest.raises(ClientError, match=DENIED):
                read(aws.logs, STEP)


@pytest.mark.parametrize(
    ("kind", "group", "prefix"),
    [
        ("TrainingJob", "/aws/sagemaker/TrainingJobs", "job/"),
        ("ProcessingJob", "/aws/sagemaker/ProcessingJobs", "job/"),
        ("TuningJob", "/aws/sagemaker/TrainingJobs", "job-"),
    ],
)
def test_a_log_is_read_from_the_streams_of_its_job_to_the_last_page(aws, kind, group, prefix):
    step = Step("Train", "Failed", kind=kind, job_arn=STEP.job_arn)
    page = {"logGroupName": group, "logStreamName": "s", "startFromHead": True}

    def events(*lines):
        return [{"message": line, "timestamp": 1} for line in lines]

    with Stubber(aws.logs) as stub:
        stub.add_response(
            "describe_log_streams",
            {"logStreams": [{"logStreamName": "s"}]},
            {"logGroupName": group, "logStreamNamePrefix": prefix},
        )
        stub.add_response("get_log_events", {"events": events("1", "2"), "nextForwardToken": "a"}, page)
        stub.add_response(
            "get_log_events", {"events": [], "nextForwardToken": "b"}, page | {"nextToken": "a"}
        )
        stub.add_response(
            "get_log_events", {"events": events("3"), "nextForwardToken": "c"}, page | {"nextToken": "b"}
        )
        stub.add_response(
            "get_log_events", {"events": [], "nextForwardToken": "c"}, page | {"nextToken": "c"}
        )
        assert list(logs.lines(aws.logs, step)) == ["1", "2", "3"]
        stub.assert_no_pending_responses()


def test_the_end_of_several_streams_is_the_end_of_the_last(aws):
    streams = [{"logStreamName": name} for name in ("a", "b")]
    with Stubber(aws.logs) as stub:
        stub.add_response("describe_log_streams", {"logStreams": streams})
        for name in ("a", "b"):
            events = [{"message": f"{name}{number}", "timestamp": 1} for number in range(2)]
            asked = {
                "logGroupName": "/aws/sagemaker/TrainingJobs",
                "logStreamName": name,
                "limit": 3,
                "startFromHead": False,
            }
            stub.add_response("get_log_events", {"events": events}, asked)
        assert logs.tail(aws.logs, STEP, count=3) == ("a1", "b0", "b1")


@pytest.mark.parametrize(
    ("service", "operation", "variable", "kind"),
    [
        ("s3", "list_objects_v2", "ARTIFACT_BUCKET is 'shop-artifacts'", "bucket"),
        ("sagemaker", "describe_model_package_group", "MODEL_PACKAGE_GROUP_NAME is 'shop-models'", "model package group"),
    ],
)  # fmt: skip
def test_a_project_that_is_not_there_or_may_not_be_read_is_named_by_its_variable(
    aws, service, operation, variable, kind
):
    with Stubber(aws.s3) as s3, Stubber(aws.sagemaker) as sagemaker:
        stub = {"s3": s3, "sagemaker": sagemaker}[service]
        said = {
            "NoSuchBucket": f"^{variable}, and there is no {kind} of that name. Compare it with the project's variables",
            "AccessDenied": f"^{variable}, which may not be read: not you. Compare it with the project's variables",
        }
        for code, message in said.items():
            if service == "sagemaker":
                s3.add_response(
                    "list_objects_v2", {}, {"Bucket": "shop-artifacts", "Prefix": "", "MaxKeys": 1}
                )
            stub.add_client_error(operation, code, "not you.")
            with pytest.raises(SettingsError, match=message):
                project.check(aws, SETTINGS)
        if service == "sagemaker":
            s3.add_response("list_objects_v2", {}, {"Bucket": "shop-artifacts", "Prefix": "", "MaxKeys": 1})
        stub.add_client_error(operation, BROKEN, "broken")
        with pytest.raises(ClientError, match=BROKEN):
            project.check(aws, SETTINGS)


def test_an_endpoint_that_is_still_being_created_is_deleted_later(aws):
    with Stubber(aws.sagemaker) as stub:
        stub.add_client_error(
            "delete_endpoint",
            "ValidationException",
            "Cannot update in-progress endpoint",
            expected_params={"EndpointName": "t"},
        )
        assert trials.delete(aws.sagemaker, "t") is False
        stub.assert_no_pending_responses()


def test_what_of_a_trial_is_gone_already_does_not_keep_the_rest(aws):
    with Stubber(aws.sagemaker) as stub:
        stub.add_client_error("delete_endpoint", "ValidationException", "Could not find endpoint t.")
        stub.add_client_error(
            "delete_endpoint_config", "ValidationException", "Could not find configuration t."
        )
        stub.add_response("delete_model", {}, {"ModelName": "t"})
        assert trials.delete(aws.sagemaker, "t") is True
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("operation", ["delete_endpoint", "delete_endpoint_config", "delete_model"])
def test_a_trial_that_may_not_be_deleted_is_an_error(aws, operation):
    with Stubber(aws.sagemaker) as stub:
        for each in ("delete_endpoint", "delete_endpoint_config", "delete_model"):
            if each == operation:
                stub.add_client_error(each, DENIED, "not you")
                break
            stub.add_response(each, {})
        with pytest.raises(ClientError, match=DENIED):
            trials.delete(aws.sagemaker, "t")


def test_a_trial_is_known_by_its_name_and_both_of_its_tags(aws):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/"
    deadline = {"Key": "model-build:trial-deadline", "Value": "2026-11-30T10:00:00Z"}
    own, other = ({"Key": "sagemaker:project-name", "Value": name} for name in ("shop", "shop-two"))
    tags = {
        "shop-trial-a": [own, deadline],
        "shop-trial-b": [deadline],
        "shop-trial-c": [own],
        "shop-trial-d": [other, deadline],
        "shop-trial-e": None,
    }
    named = [*tags, "shop-staging", "shop-trial-A"]
    with Stubber(aws.sagemaker) as stub:
        listed = [
            {
                "EndpointName": name,
                "EndpointArn": f"{arn}{name.lower()}",
                "EndpointStatus": "InService",
                "CreationTime": 0,
                "LastModifiedTime": 0,
            }
            for name in named
        ]
        stub.add_response("list_endpoints", {"Endpoints": listed}, {"NameContains": "shop-"})
        for name, found in tags.items():
            if found is None:
                stub.add_client_error("list_tags", "ValidationException", "Could not find it.")
            else:
                stub.add_response("list_tags", {"Tags": found}, {"ResourceArn": f"{arn}{name}"})
        stub.add_response("list_endpoint_configs", {"EndpointConfigs": []})
        stub.add_response("list_models", {"Models": []})
        assert trials.find(aws.sagemaker, "shop-trial-[a-z]", "shop") == {
            "shop-trial-a": "2026-11-30T10:00:00Z"
        }
        stub.assert_no_pending_responses()
