"""Waits for AWS's operations on a stage: on its stack, its endpoint and its alarms.

They continue if the waiting ends.
"""

from __future__ import annotations

from model_common.deadline import Deadline
from model_common.stack_events import Event
from model_deploy.aws import endpoint, stack
from model_deploy.core.plan import stack_status
from model_deploy.core.plan.observed import Stack
from model_deploy.errors import OvertakenError
from model_deploy.progress import Progress
from model_deploy.workspace import Workspace

BEGINNING_SECONDS = 60.0
"""The seconds until a requested operation has to be seen in the stack's events."""


class Watch:
    """Waits for one command, and shows events and traffic while it waits."""

    def __init__(self, workspace: Workspace, progress: Progress, deadline: Deadline) -> None:
        self.deadline = deadline
        self._aws, self._progress = workspace.aws, progress
        self._stack, self._endpoint = workspace.stack_name, workspace.endpoint_name
        self._bake_seconds = workspace.stage.rollout.bake_seconds
        self._seen: set[str] = set()
        self._operations: list[tuple[str, bool]] = []
        """The events that were shown, in order: the token of the operation, and whether it is the operation's first event."""

    def stack(self, stack_id: str, operation: str | None = None) -> Stack | None:
        """Wait until no operation runs on the stack; returns the stack, None if it was deleted. Shows events and traffic.

        With `operation`, the beginning of a token, wait for that operation. Raises OvertakenError if another one
        began before its end was seen.
        """
        begun = Deadline(BEGINNING_SECONDS)
        for _ in self.deadline.looks(f"The stack {self._stack}"):
            found = stack.describe(self._aws, stack_id)
            self._show_events(stack_id)
            if found is None or found.status == "DELETE_COMPLETE":
                return None
            # Right after a request, DescribeStacks may still answer the state before it.
            if found.running or not (self._has_begun(operation, found) or begun.is_over):
                self._show_phases()
                continue
            return found
        raise AssertionError("unreachable")

    def deletion(self, stack_id: str) -> Stack | None:
        """Wait for the deletion; returns None, or the stack if it could not be deleted."""
        for _ in self.deadline.looks(f"The deletion of the stack {self._stack}"):
            found = stack.describe(self._aws, stack_id)
            self._show_events(stack_id)
            if found is None or found.status == "DELETE_COMPLETE":
                return None
            if found.status == "DELETE_FAILED":
                return found
        raise AssertionError("unreachable")

    def endpoint(self) -> None:
        """Wait until no operation runs on the endpoint."""
        for _ in self.deadline.looks(f"The endpoint {self._endpoint}"):
            if not self._show_phases():
                return

    def _show_events(self, stack_id: str) -> None:
        fresh: list[Event] = []
        for event in stack.events(self._aws, stack_id):
            if event.id in self._seen:
                break
            fresh.append(event)
            if event.begins:
                break
        for event in reversed(fresh):
            self._seen.add(event.id)
            self._progress.event(event)
            self._operations.append((event.token, event.begins))

    def _has_begun(self, operation: str | None, found: Stack) -> bool:
        """Whether the operation was seen to begin. Raises OvertakenError when another one began after it."""
        if operation is None:
            return True
        own = [number for number, (token, _) in enumerate(self._operations) if token.startswith(operation)]
        if own and any(begins for _, begins in self._operations[own[-1] + 1 :]):
            raise OvertakenError(
                f"Another rollout ({found.change_set or 'not of model-deploy'}) changed the stack {found.name} before this one "
                "could be verified. `model-deploy status` says what is live; run the same command again if it should be this."
            )
        return bool(own)

    def _show_phases(self) -> bool:
        """Show the progress of the endpoint; returns whether an operation still runs on it."""
        found = endpoint.describe(self._aws, self._endpoint)
        if found is None:
            return False
        self._progress.phases(found, self._bake_seconds)
        return found.changing


def succeeded(found: Stack | None) -> bool:
    """Whether the stack reached the requested state."""
    return found is not None and stack_status.has_succeeded(found.status)
