"""Work on one resource at a time: create, update, replace, restore, delete, with the events that go with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local_aws.cloudformation.errors import Cancelled, CloudFormationError
from local_aws.cloudformation.exports import Exports
from local_aws.cloudformation.resources.base import ResourceType, changed
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Discard, Resource, Stack
from local_aws.cloudformation.templates.definition import Definition, Wanted
from local_aws.kernel.account import Account
from local_aws.kernel.wire import ServiceError

log = logging.getLogger(__name__)

_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
_INITIATED = "Resource creation Initiated"


class Worker:
    """Works on the resources of `stack`. Every method says whether it succeeded; the stack's record says why not.

    `cancelled` says whether the stack's operation has stopped waiting. What loses its place is put into `superseded`.
    """

    def __init__(
        self,
        account: Account,
        types: Types,
        exports: Exports,
        stack: Stack,
        cancelled: Callable[[], bool],
        superseded: list[Discard],
    ) -> None:
        self._account = account
        self._types = types
        self._exports = exports
        self._stack = stack
        self._cancelled = cancelled
        self._superseded = superseded

    def apply(self, wanted: Wanted, definition: Definition) -> bool:
        """Make the resource what `wanted` says: created, updated, replaced, or left alone where nothing differs."""
        kind = self._types.find(wanted.type)
        current = self._stack.resources.get(wanted.logical_id)
        status = "CREATE_IN_PROGRESS" if current is None else "UPDATE_IN_PROGRESS"
        target = Resource(
            wanted.logical_id,
            wanted.type,
            status,
            wanted.dependencies,
            wanted.deletion_policy,
            wanted.update_replace_policy,
            physical_id=current.physical_id if current else None,
            properties=current.properties if current else {},
            attributes=current.attributes if current else {},
        )
        try:
            target = target.now(status, properties=self._properties(kind, wanted, definition))
        except (CloudFormationError, ServiceError) as error:
            self._stack.report(target.now(_failed(target), str(error)))
            return False
        if current is None:
            self._stack.report(target)
            return self._create(kind, target)
        if current.properties == target.properties:
            self._keep_unchanged(current, target)
            return True
        if kind.replaces(changed(current.properties, target.properties)):
            return self._replace(kind, current, target)
        return self._update(kind, current, target, left=target.properties)

    def restore(self, before: Resource) -> bool:
        """Bring back what the resource was before the update that is being rolled back."""
        current = self._stack.resources[before.logical_id]
        kind = self._types.find(before.type)
        differing = changed(current.properties, before.properties)
        if differing and not kind.replaces(differing):
            # Where this fails, too, what is there is still somewhere between the two: the next try starts from `current`.
            return self._update(kind, current, before, left=current.properties)
        if current.physical_id != before.physical_id:
            self._superseded.append(Discard(current, current.update_replace_policy))
        if current.physical_id != before.physical_id or current.failed:
            self._stack.report(before.now("UPDATE_COMPLETE"))
        else:
            self._keep_unchanged(current, before)
        return True

    def delete(self, item: Discard, *, tracked: bool) -> bool:
        """Delete a physical resource, or leave it where its policy says so."""
        resource = item.resource

        def enter(status: str, reason: str | None = None) -> None:
            self._stack.report(resource.now(status, reason), tracked=tracked)

        if item.policy != "Delete":
            enter("DELETE_SKIPPED")
            return True
        if resource.physical_id is not None:
            enter("DELETE_IN_PROGRESS")
            context = self._context(resource, lambda physical_id: None)
            kind = self._types.find(resource.type)
            reason = _problem(
                lambda: kind.delete(str(resource.physical_id), resource.properties, context),
                "Resource deletion cancelled",
            )
            if reason is not None:
                enter("DELETE_FAILED", reason)
                return False
        enter("DELETE_COMPLETE")
        return True

    def _keep_unchanged(self, current: Resource, target: Resource) -> None:
        """Record what the template now states of the resource; no API is called."""
        self._stack.put(replace(target, status=current.status, reason=current.reason, moment=current.moment))

    def _replace(self, kind: ResourceType, current: Resource, target: Resource) -> bool:
        self._stack.report(target.now(target.status, _REPLACING))
        name = kind.stated_name(current.properties)
        if name is not None and name == kind.stated_name(target.properties):
            self._stack.report(
                target.now(
                    "UPDATE_FAILED",
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename"
                    f" {name} and update the stack again.",
                )
            )
            return False
        if not self._create(kind, target):
            return False
        self._superseded.append(Discard(current, target.update_replace_policy))
        return True

    def _create(self, kind: ResourceType, target: Resource) -> bool:
        def report(physical_id: str) -> None:
            if self._stack.resources[target.logical_id].physical_id != physical_id:
                self._stack.report(target.now(target.status, _INITIATED, physical_id=physical_id))

        def create() -> None:
            made = kind.create(target.properties, self._context(target, report))
            report(made.id)
            self._stack.report(target.now(_complete(target), physical_id=made.id, attributes=made.attributes))

        return self._attempt(create, target, "Resource creation cancelled")

    def _update(
        self, kind: ResourceType, current: Resource, target: Resource, *, left: Mapping[str, Any]
    ) -> bool:
        """Update `current` to `target`; a failure leaves the resource with the properties `left`."""
        physical_id = current.physical_id
        assert physical_id is not None  # what has been created completely
        target = target.now("UPDATE_IN_PROGRESS", physical_id=physical_id, attributes=current.attributes)
        self._stack.report(target)

        def update() -> None:
            context = self._context(target, lambda physical_id: None)
            became = kind.update(physical_id, current.properties, target.properties, context)
            done = target.now("UPDATE_COMPLETE")
            if became is not None:
                done = target.now("UPDATE_COMPLETE", physical_id=became.id, attributes=became.attributes)
            if done.physical_id != physical_id:
                self._superseded.append(Discard(current, target.update_replace_policy))
            self._stack.report(done)

        return self._attempt(update, replace(target, properties=left), "Resource update cancelled")

    def _attempt(self, work: Callable[[], None], target: Resource, cancelled: str) -> bool:
        reason = _problem(work, cancelled)
        if reason is None:
            return True
        latest = self._stack.resources[target.logical_id]
        self._stack.report(
            target.now(_failed(target), reason, physical_id=latest.physical_id, attributes=latest.attributes)
        )
        return False

    def _properties(self, kind: ResourceType, wanted: Wanted, definition: Definition) -> Mapping[str, Any]:
        properties = definition.settle(wanted.properties, self._stack.known_attributes(), self._exports.value)
        kind.check(wanted.logical_id, properties)
        system = {
            "aws:cloudformation:stack-name": self._stack.name,
            "aws:cloudformation:stack-id": self._stack.id,
            "aws:cloudformation:logical-id": wanted.logical_id,
        }
        return kind.with_tags(properties, {**definition.tags, **system})

    def _context(self, resource: Resource, report: Callable[[str], None]) -> Context:
        return Context(
            account=self._account,
            session=self._stack.session,
            stack_id=self._stack.id,
            stack_name=self._stack.name,
            logical_id=resource.logical_id,
            type=resource.type,
            report=report,
            cancelled=self._cancelled,
        )


def _failed(resource: Resource) -> str:
    return resource.status.replace("IN_PROGRESS", "FAILED")


def _complete(resource: Resource) -> str:
    return resource.status.replace("IN_PROGRESS", "COMPLETE")


def _problem(work: Callable[[], None], cancelled: str) -> str | None:
    """Do `work`; why it failed, or None."""
    try:
        work()
    except Cancelled:
        return cancelled
    except (CloudFormationError, ServiceError) as error:
        return str(error)
    except Exception as error:
        log.exception("a resource type failed")
        return f"Internal Failure: {type(error).__name__}: {error}"
    return None
