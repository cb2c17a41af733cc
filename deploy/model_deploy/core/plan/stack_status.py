"""The action for each status of a stack. Each status of CloudFormation has exactly one action.

Source: "Stack status codes", CloudFormation user guide; a test compares the table with the API's own list.
"""

from __future__ import annotations

from enum import Enum

from model_deploy.errors import StackError


class Action(Enum):
    """The next action on the way to the wanted stack."""

    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait for what is under way"
    DELETE = "delete, then create again"
    CONTINUE_ROLLBACK = "continue the rollback, then update"


_ACTIONS = {
    # In review: a change set was created for a stack, and never executed.
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
    # Such a stack serves nothing: its creation or its deletion failed.
    Action.DELETE: {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"},
    Action.CONTINUE_ROLLBACK: {"UPDATE_ROLLBACK_FAILED"},
}
_BY_STATUS = {status: action for action, statuses in _ACTIONS.items() for status in statuses}

STATUSES = frozenset(_BY_STATUS) | {"IMPORT_ROLLBACK_FAILED"}
"""Every status of the API."""

_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def decide(stack: str, status: str | None) -> Action:
    """The action for the stack named `stack` in `status`; a status of None is a stack that does not exist.

    Raises StackError for a status that a person has to resolve.
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
    """Whether an operation is running in `status`."""
    return status is not None and _BY_STATUS.get(status) is Action.WAIT


def has_succeeded(status: str | None) -> bool:
    """Whether the last operation succeeded, as far as CloudFormation knows."""
    return status in _SUCCEEDED
