"""A stack: what it is to be, which resources it has, and everything that happened to it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.cloudformation.templates.definition import Definition
from local_aws.cloudformation.templates.template import Output
from local_aws.kernel.sessions import Session

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Resource:
    """A resource of a stack at one moment. `properties` are resolved: what its API was given."""

    logical_id: str
    type: str
    status: str
    dependencies: frozenset[str]
    deletion_policy: str
    update_replace_policy: str
    physical_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def failed(self) -> bool:
        """Whether the last operation on the resource failed."""
        return self.status.endswith("_FAILED")

    def now(self, status: str, reason: str | None = None, **changes: Any) -> Resource:
        """The same resource in another status, as of now."""
        return replace(self, status=status, reason=reason, moment=datetime.now(UTC), **changes)


@dataclass(frozen=True)
class Event:
    """A line of a stack's history: of the stack itself, or of one of its resources."""

    id: str
    moment: datetime
    logical_id: str
    physical_id: str | None
    type: str
    status: str
    reason: str | None
    properties: Mapping[str, Any] | None
    token: str | None


@dataclass(frozen=True)
class Settings:
    """The wanted state of a stack, as a request states it; a rollback restores all of it."""

    definition: Definition
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    change_set_id: str | None = None


@dataclass(frozen=True)
class Discard:
    """A physical resource that is to go, as far as its policy lets it."""

    resource: Resource
    policy: str

    @property
    def key(self) -> tuple[str, str | None]:
        """The logical and the physical id, which identify the resource."""
        return self.resource.logical_id, self.resource.physical_id


@dataclass(frozen=True)
class Attempt:
    """An update under way, or one whose rollback failed: what it started from, and what it has put aside so far."""

    before: Mapping[str, Resource]
    settings: Settings
    outputs: tuple[Output, ...]
    superseded: list[Discard] = field(default_factory=list)


class Stack:
    """One stack. Its parts are replaced, never changed, under `lock`; reading a single one needs no lock.

    `settings` are None in REVIEW_IN_PROGRESS, before its first change set is executed. `tokens` are the operations
    that were asked for with a client token, `token` is the one of the operation under way. Its handlers act in `session`:
    of the stack's role, else of whoever asked for the operation; None for the administrator.
    """

    def __init__(self, stack_id: str, name: str) -> None:
        self.id = stack_id
        self.name = name
        self.created = datetime.now(UTC)
        self.updated: datetime | None = None
        self.deleted: datetime | None = None
        self.status = ""
        self.reason: str | None = None
        self.settings: Settings | None = None
        self.outputs: tuple[Output, ...] = ()
        self.resources: Mapping[str, Resource] = {}
        self.events: list[Event] = []
        self.on_failure = "ROLLBACK"
        self.timeout_minutes: int | None = None
        self.protected = False
        self.tokens: set[tuple[str, str]] = set()
        self.attempt: Attempt | None = None
        self.session: Session | None = None
        self.token: str | None = None
        self.lock = threading.RLock()

    @property
    def busy(self) -> bool:
        """Whether an operation is in progress."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the stack."""
        return self.settings.definition.tags if self.settings else {}

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the stack's status, and note it."""
        with self.lock:
            self.status, self.reason = status, reason
            moment = datetime.now(UTC)
            if status == "DELETE_COMPLETE":
                self.deleted = moment
            self.events.append(
                Event(
                    str(uuid.uuid4()),
                    moment,
                    self.name,
                    self.id,
                    STACK_TYPE,
                    status,
                    reason,
                    None,
                    self.token,
                )
            )

    def report(self, resource: Resource, *, tracked: bool = True) -> None:
        """Note what happened to a resource; `tracked`: it is the one that now has its logical id's place."""
        moment = f"{resource.moment:%Y-%m-%dT%H:%M:%S}.{resource.moment.microsecond // 1000:03}Z"
        with self.lock:
            if tracked:
                self.put(resource)
            self.events.append(
                Event(
                    f"{resource.logical_id}-{resource.status}-{moment}",
                    resource.moment,
                    resource.logical_id,
                    resource.physical_id,
                    resource.type,
                    resource.status,
                    resource.reason,
                    resource.properties,
                    self.token,
                )
            )

    def put(self, resource: Resource) -> None:
        """Give `resource` its logical id's place, without an event."""
        with self.lock:
            self.resources = {**self.resources, resource.logical_id: resource}

    def forget(self, logical_id: str) -> None:
        """Remove a resource from the stack's record."""
        with self.lock:
            self.resources = {name: each for name, each in self.resources.items() if name != logical_id}

    def known_attributes(self) -> dict[str, Mapping[str, Any]]:
        """The values of Ref (as "Ref") and Fn::GetAtt of each resource that exists."""
        return {
            name: {**resource.attributes, "Ref": resource.physical_id}
            for name, resource in self.resources.items()
        }

    def failures(self, *statuses: str) -> list[str]:
        """The logical ids of the resources in one of `statuses`, as the stack's reasons list them."""
        return [name for name, resource in self.resources.items() if resource.status in statuses]
