"""What to do about a stack, by the status that it is in. Each status of CloudFormation has exactly one answer.

Source: "Stack status codes", CloudFormation user guide; a test compares the table with the API's own list.
"""

from __future__ import annotations

from enum import Enum

from model_deploy.errors import StackError


class Action(Enum):
    """The next thing to do before, or in order that, a stack becomes what it is to be."""

    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait for what is under way"
    DELETE = "delete, then create anew"
    CONTINUE_ROLLBACK = "continue the rollback, then update"


_ACTIONS = {
    # In review: a change set was made for a stack that never came to be.
    Action.CREATE: {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"},
    Action.UPDATE: {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    },
    Action.WAIT: {
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
    },
    # Nothing of such a stack serves: its creation failed, or its deletion did.
    Action.DELETE: {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"},
    Action.CONTINUE_ROLLBACK: {"UPDATE_ROLLBACK_FAILED"},
}
_BY_STATUS = {status: action for action, statuses in _ACTIONS.items() for status in statuses}

STATUSES = frozenset(_BY_STATUS) | {"IMPORT_ROLLBACK_FAILED"}
"""Every status that is known here."""

_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def decide(stack: str, status: str | None) -> Action:
    """What to do about the stack named `stack` in `status`; None is a stack that does not exist.

    Raises StackError for a status that only a person can resolve.
    """
    if status is None:
        return Action.CREATE
    action = _BY_STATUS.get(status)
    if action is None:
        raise StackError(
            f"The stack {stack} is {status}; model-deploy has no answer to that. Look at its events in the CloudFormation "
            "console, bring it to a state that ends in COMPLETE, and run the same command again."
        )
    return action


def is_running(status: str | None) -> bool:
    """Whether an operation is under way in `status`."""
    return status is not None and _BY_STATUS.get(status) is Action.WAIT


def has_succeeded(status: str | None) -> bool:
    """Whether the last operation did what it was asked for, as far as CloudFormation knows."""
    return status in _SUCCEEDED
