"""The threads in which stacks' operations run, one at a time for each stack."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from local_aws.cloudformation.exports import Exports
from local_aws.cloudformation.operation import Operation
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Attempt, Settings, Stack
from local_aws.kernel import caller
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

CLOSING_SECONDS = 10

SESSION_NAME = "AWSCloudFormation"
"""The session of a stack's role."""


def _nothing() -> None: ...


class Engine:
    """Starts operations, and puts stacks into the status that they begin with."""

    def __init__(self, account: Account, types: Types, exports: Exports) -> None:
        self.types = types
        self.exports = exports
        self._account = account
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Operation, threading.Thread]] = {}

    def create(
        self, stack: Stack, settings: Settings, token: str | None, then: Callable[[], None] = _nothing
    ) -> None:
        """Create what `settings` say. `then` is called in the end."""
        stack.settings = settings
        self._begin(stack, "CREATE_IN_PROGRESS", token)
        self._start(stack, Operation.create, then)

    def update(
        self,
        stack: Stack,
        settings: Settings,
        token: str | None,
        *,
        roll_back: bool,
        then: Callable[[], None] = _nothing,
    ) -> None:
        """Bring the stack to `settings`, or back where that fails and `roll_back` says so."""
        assert stack.settings is not None  # only a stack in review has none
        attempt = Attempt(before=stack.resources, settings=stack.settings, outputs=stack.outputs)
        stack.settings = settings
        stack.updated = datetime.now(UTC)
        self._begin(stack, "UPDATE_IN_PROGRESS", token)
        self._start(stack, lambda operation: operation.update(attempt, roll_back=roll_back), then)

    def roll_back(
        self,
        stack: Stack,
        attempt: Attempt,
        token: str | None,
        skip: Collection[str],
        role_arn: str | None = None,
    ) -> None:
        """Go on with a rollback that failed, under `role_arn` where it is stated."""
        self._begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", token, role_arn)
        self._start(stack, lambda operation: operation.roll_back(attempt, skip))

    def delete(
        self, stack: Stack, token: str | None, retain: Collection[str], role_arn: str | None = None
    ) -> None:
        """Delete the stack, but for the resources in `retain`, under `role_arn` where it is stated.

        What is under way on it is cancelled first.
        """
        with self._lock:
            running = self._running.get(stack.id)
        if running is not None:
            running[0].stop()
        self._begin(stack, "DELETE_IN_PROGRESS", token, role_arn)

        def delete(operation: Operation) -> None:
            if running is not None:
                running[1].join()
            operation.delete(retain)

        self._start(stack, delete)

    def close(self) -> None:
        """Stop every operation where it is."""
        with self._lock:
            running = list(self._running.values())
        for operation, _ in running:
            operation.stop()
        for _, thread in running:
            thread.join(CLOSING_SECONDS)

    def _begin(self, stack: Stack, status: str, token: str | None, role_arn: str | None = None) -> None:
        role = role_arn or (stack.settings.role_arn if stack.settings else None)
        sessions = self._account.sessions
        session = sessions.of_service(role, SESSION_NAME) if role else caller.current()
        stack.session = sessions.forwarded(session) if session else None
        stack.token = token
        stack.enter(status, "User Initiated")

    def _start(
        self, stack: Stack, work: Callable[[Operation], None], then: Callable[[], None] = _nothing
    ) -> None:
        operation = Operation(self._account, self.types, self.exports, stack)

        def run() -> None:
            try:
                work(operation)
            except Exception as error:
                log.exception("an operation of the stack %s failed", stack.name)
                if stack.status in _FAILED:
                    stack.enter(_FAILED[stack.status], f"Internal Failure: {type(error).__name__}: {error}")
            finally:
                with self._lock:
                    if self._running.get(stack.id, (None,))[0] is operation:
                        del self._running[stack.id]
                then()

        thread = threading.Thread(target=run, name=f"stack {stack.name}", daemon=True)
        with self._lock:
            self._running[stack.id] = operation, thread
        thread.start()


_FAILED = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
}
"""The final status of a stack whose operation breaks off, by the status at that time."""
