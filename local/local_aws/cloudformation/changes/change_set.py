"""A change set: what a stack is to be, compared with what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.cloudformation import descriptions
from local_aws.cloudformation.changes.changes import Change
from local_aws.cloudformation.resources.tagging import as_list
from local_aws.cloudformation.stack import Settings, Stack
from local_aws.cloudformation.templates.template import Template

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@dataclass
class ChangeSet:
    """One change set. `base` are the stack's settings when it was made: it is obsolete once the stack has others."""

    id: str
    name: str
    stack: Stack
    settings: Settings
    base: Settings | None
    description: str | None
    token: str | None
    on_failure: str
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "CREATE_PENDING"
    reason: str | None = None
    execution: str = "UNAVAILABLE"
    changes: tuple[Change, ...] = ()

    @property
    def template(self) -> Template:
        """The template of the change set."""
        return self.settings.definition.template

    @property
    def execution_status(self) -> str:
        """The execution status; OBSOLETE once the stack has changed."""
        if self.execution == "AVAILABLE" and self.stack.settings is not self.base:
            return "OBSOLETE"
        return self.execution

    @property
    def pending(self) -> bool:
        """Whether it still is one, rather than the record of one that was executed."""
        return not self.execution.startswith("EXECUTE")

    def complete(self, changes: tuple[Change, ...]) -> None:
        """Mark the change set as created, with its changes."""
        self.changes, self.status, self.execution = changes, "CREATE_COMPLETE", "AVAILABLE"

    def fail(self, reason: str) -> None:
        """Mark the change set as failed."""
        self.reason, self.status = reason, "FAILED"

    def summary(self) -> dict[str, Any]:
        """A ChangeSetSummary of ListChangeSets."""
        described = {
            "ChangeSetName": self.name,
            "ChangeSetId": self.id,
            "StackId": self.stack.id,
            "StackName": self.stack.name,
            "Description": self.description,
            "CreationTime": self.created,
            "ExecutionStatus": self.execution_status,
            "Status": self.status,
            "StatusReason": self.reason,
        }
        return {name: value for name, value in described.items() if value is not None}

    def described(self) -> dict[str, Any]:
        """The answer of DescribeChangeSet, without its changes."""
        return {
            **self.summary(),
            "Parameters": descriptions.parameters(self.settings.definition),
            "NotificationARNs": list(self.settings.notification_arns),
            "RollbackConfiguration": {},
            "Capabilities": list(self.settings.capabilities),
            "Tags": as_list(self.settings.definition.tags),
            "OnStackFailure": self.on_failure,
        }
