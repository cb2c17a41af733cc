"""A stack's history: what an event says, and which one is the cause of a failure."""

from datetime import UTC, datetime

import pytest

from model_common import stack_events
from model_common.stack_events import STACK_TYPE, Event

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def event(status, resource="Endpoint", kind="AWS::SageMaker::Endpoint", reason=""):
    return Event("id", resource, kind, status, reason, NOON)


def test_an_answer_without_optional_members_is_an_event():
    parsed = stack_events.parse({"EventId": "1", "StackId": "s", "StackName": "n", "Timestamp": NOON})
    assert parsed == Event("1", "", "", "", "", NOON)


def test_an_answer_with_all_members_is_an_event():
    answer = {
        "EventId": "1",
        "LogicalResourceId": "Endpoint",
        "ResourceType": "AWS::SageMaker::Endpoint",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "No  capacity.\n",
        "Timestamp": NOON,
        "ClientRequestToken": "once",
    }
    parsed = stack_events.parse(answer)
    assert parsed.failed and parsed.token == "once"
    assert parsed.cause == "Endpoint (AWS::SageMaker::Endpoint): No capacity"


def test_a_reason_is_told_without_the_ids_of_requests():
    said = (
        'Resource handler returned message: "The alarm shop-Errors rang. (Service: SageMaker, Status Code: 400, Request ID: 1)" '
        "(RequestToken: 95eca387, HandlerErrorCode: GeneralServiceException)"
    )
    assert event("CREATE_FAILED", reason=said).words == "The alarm shop-Errors rang"
    assert event("CREATE_FAILED", reason="Kept (as it is).").words == "Kept (as it is)"


def test_a_failure_without_a_reason_says_that_there_is_none():
    assert event("CREATE_FAILED").cause.endswith("CloudFormation gives no reason")


@pytest.mark.parametrize("status", ["CREATE", "UPDATE", "DELETE", "REVIEW"])
def test_an_operation_begins_with_an_event_of_the_stack_itself(status):
    assert event(f"{status}_IN_PROGRESS", kind=STACK_TYPE).begins
    assert not event(f"{status}_IN_PROGRESS").begins


def test_the_cause_is_the_first_resource_that_failed_of_itself():
    history = [
        event("CREATE_FAILED", "Role", reason="Resource creation cancelled"),
        event("CREATE_FAILED", "Model", reason="Could not find the image"),
        event("CREATE_FAILED", "Api", reason="Another"),
        event("CREATE_FAILED", "stack", STACK_TYPE, reason="The following failed"),
    ]
    assert stack_events.first_failure(history) == history[1]
    assert stack_events.first_failure(history[-1:]) is None
    assert stack_events.first_failure([]) is None
