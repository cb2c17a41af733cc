"""Waiting, with a limit. What is waited for goes on when it ends."""

from __future__ import annotations

from model_common.aws import stacks
from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.core.stack import Stack


class Watch:
    """Waits on behalf of one command, and shows what happens to a stack meanwhile."""

    def __init__(self, aws: Aws, progress: Progress, deadline: Deadline) -> None:
        self._aws, self._progress, self.deadline = aws, progress, deadline
        self._seen: set[str] = set()

    def forget(self, name: str) -> frozenset[str]:
        """Take what has happened to the stack until now as known; the ids of those events."""
        self._seen |= {event.id for event in stacks.history(self._aws.cloudformation, name)}
        return frozenset(self._seen)

    def stack(self, stack_id: str) -> Stack | None:
        """The stack when nothing is under way on it any more; None when it is gone. Shows its events."""
        for _ in self.deadline.looks(f"The stack {_named(stack_id)}"):
            found = cloudformation.describe(self._aws, stack_id)
            self.show_events(stack_id)
            if found is None or not found.running:
                return found
        raise AssertionError("unreachable")

    def show_events(self, stack_id: str) -> None:
        """Show what has happened since the last look."""
        fresh = []
        for event in stacks.history(self._aws.cloudformation, stack_id):
            if event.id in self._seen:
                break
            fresh.append(event)
        for event in reversed(fresh):
            self._seen.add(event.id)
            self._progress.event(event)


def _named(stack_id: str) -> str:
    return stack_id.split("/")[1] if stack_id.startswith("arn:") else stack_id
