"""An approval or a rejection reaches the deploy repository; what does not raises, so that EventBridge tries again."""

import logging

import pytest

from dispatch.errors import DispatchError, EventError, SettingsError
from dispatch.event import parse
from dispatch.handler import Dispatch
from github.errors import AnswerError, GitHubError, RateLimitedError, TokenRefusedError, UnreachableError
from local_aws.github import Down, Dropped, RateLimited

GROUP = "reviews-models"
ARN = f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{GROUP}/2"


def event(approval="Approved", *, updated=("ModelApprovalStatus",), **detail):
    """As SageMaker sends it."""
    fields = {} if updated is None else {"UpdatedModelPackageFields": list(updated)}
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": "123456789012",
        "time": "2026-11-21T12:00:00Z",
        "region": "eu-west-1",
        "resources": [ARN],
        "detail": {
            "ModelPackageGroupName": GROUP,
            "ModelPackageVersion": 2,
            "ModelPackageArn": ARN,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": approval,
            **fields,
            **detail,
        },
    }


@pytest.fixture
def deploy(project, github):
    """A deploy repository, and what dispatches to it: `deploy(event)`."""
    name = f"{project.owner}/{project.name}-deploy"
    github.add_repository(name, files={"README.md": b"# Deploy"})
    settings = {**project.environment, "DEPLOY_REPOSITORY": name, "MODEL_PACKAGE_GROUP_NAME": GROUP}

    def deploy(given, **more):
        environment = {key: value for key, value in (settings | more).items() if value}
        return Dispatch(environment, project.aws.client, None, project.clock).handle(given, project.context)

    deploy.received = lambda: [each for each in github.dispatches if each.repository == name]
    return deploy


@pytest.mark.parametrize(
    "approval, event_type", [("Approved", "model-approved"), ("Rejected", "model-rejected")]
)
def test_the_deploy_repository_is_told_which_model_package(deploy, approval, event_type):
    answer = deploy(event(approval))
    (received,) = deploy.received()
    assert received.event_type == event_type
    assert received.client_payload == {
        "model_package_arn": ARN,
        "model_package_group_name": GROUP,
        "version": 2,
        "event_id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "time": "2026-11-21T12:00:00Z",
    }
    assert answer == {"dispatched": True, "event_type": event_type, "client_payload": received.client_payload}


def test_an_event_that_does_not_say_what_was_updated_is_dispatched(deploy):
    assert deploy(event(updated=None))["dispatched"]


@pytest.mark.parametrize(
    "given, why",
    [
        (event(updated=["ModelLifeCycle"]), "only ModelLifeCycle was updated"),
        (
            event(updated=["CustomerMetadataProperties", "ApprovalDescription"]),
            "only CustomerMetadataProperties",
        ),
        (event(updated=[]), "only nothing was updated"),
        (event("PendingManualApproval"), "PendingManualApproval"),
        (
            event(ModelPackageGroupName="other", ModelPackageArn=ARN.replace(GROUP, "other")),
            "it is about the group other",
        ),
    ],
)
def test_what_is_no_news_for_this_repository_is_dropped(deploy, given, why):
    answer = deploy(given)
    assert not answer["dispatched"] and why in answer["reason"]
    assert deploy.received() == []


def test_the_same_event_twice_says_the_same_twice(deploy):
    for _ in range(2):
        deploy(event())
    first, second = deploy.received()
    assert (first.event_type, first.client_payload) == (second.event_type, second.client_payload)


def test_out_of_order_events_are_told_apart_by_their_times(deploy):
    deploy(event("Rejected") | {"time": "2026-11-21T12:05:00Z"})
    deploy(event("Approved") | {"time": "2026-11-21T12:00:00Z"})
    assert [each.client_payload["time"][11:16] for each in deploy.received()] == ["12:05", "12:00"]


def changed(**changes):
    return {**event(), **changes}


@pytest.mark.parametrize(
    "given",
    [
        {},
        changed(source="aws.s3"),
        changed(**{"detail-type": "SageMaker Training Job State Change"}),
        changed(detail=None),
        changed(id=""),
        changed(account="210987654321"),
        changed(region="us-east-1"),
        changed(time="2" * 1_000_000),
        changed(id="a\ud800"),
        changed(id="a\nb"),
        event(ModelPackageArn=f"{ARN}{'0' * 5000}", ModelPackageVersion="2" + "0" * 5000),
        event(ModelPackageArn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/alone"),
        event(ModelPackageArn=f"{ARN}; rm -rf /"),
        event(ModelPackageArn=None),
        event(ModelPackageVersion=3),
        event(ModelPackageGroupName="other"),
        event(ModelApprovalStatus=None),
        event(UpdatedModelPackageFields="ModelApprovalStatus"),
    ],
)
def test_a_malformed_event_is_raised_for_the_dead_letter_queue(deploy, given):
    with pytest.raises(EventError):
        deploy(given)
    assert deploy.received() == []


def test_partitions_other_than_aws_are_understood():
    arn = ARN.replace("arn:aws:", "arn:aws-us-gov:")
    assert parse(event(ModelPackageArn=arn)).arn == arn


@pytest.mark.parametrize("name", ["DEPLOY_REPOSITORY", "MODEL_PACKAGE_GROUP_NAME"])
def test_a_missing_setting_is_named(deploy, name):
    with pytest.raises(SettingsError, match=name):
        deploy(event(), **{name: ""})


def test_a_repository_that_is_none_is_named(deploy):
    with pytest.raises(SettingsError, match="owner/name"):
        deploy(event(), DEPLOY_REPOSITORY="https://github.com/a/b")


def test_github_that_comes_back_gets_it(deploy, github):
    github.faults.add(Down(times=2))
    assert deploy(event())["dispatched"]
    assert len(deploy.received()) == 1


@pytest.mark.parametrize(
    "fault, error",
    [
        (Down(), UnreachableError),
        (Down(status=500), UnreachableError),
        (RateLimited(reset_in=4000), RateLimitedError),
        (Down(status=401), TokenRefusedError),
        (Down(status=422), AnswerError),
    ],
)
def test_what_keeps_it_from_github_is_raised(deploy, github, fault, error):
    github.faults.add(fault)
    with pytest.raises(error):
        deploy(event())


def test_an_answer_that_is_lost_is_sent_again(deploy, github):
    github.faults.add(Dropped(path="/dispatches$"))
    assert deploy(event())["dispatched"]
    assert len(deploy.received()) == 2  # the same twice, which is harmless


def test_a_repository_that_is_gone_is_raised(deploy, project):
    with pytest.raises(AnswerError, match="is gone, or these credentials may not write"):
        deploy(event(), DEPLOY_REPOSITORY=f"{project.owner}/gone")


def test_an_archived_repository_is_raised(deploy, project, github):
    github.repository(f"{project.owner}/{project.name}-deploy").archived = True
    with pytest.raises(AnswerError, match="403"):
        deploy(event())


def test_the_token_is_in_no_log_and_no_error(deploy, project, github, caplog):
    caplog.set_level(logging.DEBUG)
    deploy(event())
    github.revoke(project.token)
    with pytest.raises(GitHubError) as caught:
        deploy(event())
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name in {"dispatch", "github"}
    )
    assert "did not reach" in ours
    assert project.token not in ours + repr(caught.value) + str(caught.value)
    assert issubclass(EventError, DispatchError)
