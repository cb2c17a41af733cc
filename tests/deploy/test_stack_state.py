"""Every status that a stack can be in has exactly one answer."""

import botocore.session
import pytest

from model_deploy.core.plan import stack_status
from model_deploy.core.plan.stack_status import Action
from model_deploy.errors import StackError


def test_every_status_that_the_api_knows_is_known_here():
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert set(model.shape_for("StackStatus").enum) == stack_status.STATUSES


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (None, Action.CREATE),
        ("DELETE_COMPLETE", Action.CREATE),
        ("REVIEW_IN_PROGRESS", Action.CREATE),
        ("CREATE_COMPLETE", Action.UPDATE),
        ("UPDATE_COMPLETE", Action.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Action.UPDATE),
        ("CREATE_FAILED", Action.DELETE),
        ("ROLLBACK_COMPLETE", Action.DELETE),
        ("ROLLBACK_FAILED", Action.DELETE),
        ("DELETE_FAILED", Action.DELETE),
        ("UPDATE_ROLLBACK_FAILED", Action.CONTINUE_ROLLBACK),
    ],
)
def test_what_a_status_calls_for(status, action):
    assert stack_status.decide("shop", status) is action


def test_whatever_is_in_progress_is_waited_for_except_a_review():
    running = {status for status in stack_status.STATUSES if status.endswith("_IN_PROGRESS")}
    running.remove("REVIEW_IN_PROGRESS")
    assert {stack_status.decide("shop", status) for status in running} == {Action.WAIT}
    assert all(stack_status.is_running(status) for status in running)
    assert not stack_status.is_running("REVIEW_IN_PROGRESS")
    assert not stack_status.is_running(None)


@pytest.mark.parametrize("status", ["IMPORT_ROLLBACK_FAILED", "SOMETHING_NEW"])
def test_a_status_that_only_a_person_can_resolve_is_named(status):
    with pytest.raises(StackError, match=f"The stack shop is {status}.*run the same command again"):
        stack_status.decide("shop", status)


def test_a_rollback_is_no_success():
    assert stack_status.has_succeeded("UPDATE_COMPLETE")
    assert not stack_status.has_succeeded("UPDATE_ROLLBACK_COMPLETE")
    assert not stack_status.has_succeeded("ROLLBACK_COMPLETE")
