"""The operations of a stack: creation, update, deletion and rollback.

An update works in three parts. First every resource is brought forward, in the order of the new template's
dependencies; a replacement is created beside what it replaces. Then, where all went well, what was replaced or is no
longer in the template is deleted: the clean-up, in which a failure fails nothing. Where something failed, every
resource is brought back instead, in the order of the old template, and the clean-up deletes what the attempt
had made. A rollback that fails leaves its `Attempt` with the stack: ContinueUpdateRollback takes it up.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.exports import Exports
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Attempt, Discard, Settings, Stack
from local_aws.cloudformation.templates.graph import reverse, walk
from local_aws.cloudformation.worker import Worker
from local_aws.kernel.account import Account
from local_aws.kernel.wire import ServiceError

SECONDS_PER_MINUTE = 60


class Operation:
    """One operation on one stack, run by a thread of its own. `stop` ends it from another."""

    def __init__(self, account: Account, types: Types, exports: Exports, stack: Stack) -> None:
        self._account = account
        self._types = types
        self._exports = exports
        self._stack = stack
        self._stopped = False
        self._halt = threading.Event()
        """Set when what is under way is cancelled: a new one for each part of the operation."""

    def stop(self) -> None:
        """Begin nothing new, wait for nothing, and leave the stack's status to whoever asks."""
        with self._stack.lock:
            self._stopped = True
            self._halt.set()

    def create(self) -> None:
        """CREATE_IN_PROGRESS -> CREATE_COMPLETE, or what OnFailure says."""
        stack, settings = self._stack, _settings(self._stack)
        minutes = stack.timeout_minutes
        scale = SECONDS_PER_MINUTE * self._account.time_scale
        problem = self._deploy(settings, None if minutes is None else minutes * scale)
        if problem is None:
            self._enter("CREATE_COMPLETE")
        elif stack.on_failure == "DO_NOTHING":
            self._enter("CREATE_FAILED", problem)
        else:
            undo = stack.on_failure
            if self._enter(f"{undo}_IN_PROGRESS", f"{problem}{undo.capitalize()} requested by user."):
                self._delete_all(undo, created=True)

    def update(self, attempt: Attempt, *, roll_back: bool) -> None:
        """UPDATE_IN_PROGRESS -> UPDATE_COMPLETE, or back to what was before."""
        stack, settings = self._stack, _settings(self._stack)
        stack.attempt = attempt
        problem = self._deploy(settings, None)
        if problem is None:
            if self._enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
                self._clean_up(attempt, set(settings.definition.resources), created=False)
                self._finish("UPDATE_COMPLETE")
        elif not roll_back:
            self._enter("UPDATE_FAILED", problem)
        elif self._enter("UPDATE_ROLLBACK_IN_PROGRESS", problem):
            self.roll_back(attempt, skip=())

    def roll_back(self, attempt: Attempt, skip: Collection[str]) -> None:
        """UPDATE_ROLLBACK_IN_PROGRESS -> UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED.

        The resources in `skip` are taken to be what they were.
        """
        stack = self._stack
        for name in skip:
            stack.report(attempt.before[name].now("UPDATE_COMPLETE"))
        worker = self._worker(attempt.superseded)
        graph = {name: resource.dependencies for name, resource in attempt.before.items()}
        restored = walk(
            graph, lambda name: worker.restore(attempt.before[name]), halt=self._halt, fail_fast=True
        )
        if not restored:
            failed = [name for name in stack.failures("UPDATE_FAILED") if name in attempt.before]
            self._enter("UPDATE_ROLLBACK_FAILED", _failure_reason("update", failed))
            return
        with stack.lock:
            stack.settings, stack.outputs = attempt.settings, attempt.outputs
            cleaning = self._enter("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        if cleaning:
            self._clean_up(attempt, set(attempt.before), created=True)
            self._finish("UPDATE_ROLLBACK_COMPLETE")

    def delete(self, retain: Collection[str]) -> None:
        """DELETE_IN_PROGRESS -> DELETE_COMPLETE or DELETE_FAILED: at once where another stack imports one of its exports."""
        if problem := self._exports.in_use(self._stack):
            self._enter("DELETE_FAILED", problem)
            return
        self._delete_all("DELETE", created=False, retain=retain)

    def _deploy(self, settings: Settings, seconds: float | None) -> str | None:
        """Bring every resource forward, then the outputs; why that failed, or None."""
        stack, definition = self._stack, settings.definition
        try:
            self._exports.require(definition.imports)
        except ServiceError as error:
            return f"{error.message} "
        worker = self._worker(stack.attempt.superseded if stack.attempt else [])
        complete = walk(
            definition.graph(),
            lambda name: worker.apply(definition.resources[name], definition),
            halt=self._halt,
            fail_fast=True,
            seconds=seconds,
        )
        if not complete:
            created, updated = stack.failures("CREATE_FAILED"), stack.failures("UPDATE_FAILED")
            problem = _failure_reason("create", created) + _failure_reason("update", updated)
            return problem or "Stack creation time exceeded the specified timeout. "
        attributes = stack.known_attributes()
        try:
            outputs = tuple(
                replace(
                    output,
                    value=_output_value(definition.settle(output.value, attributes, self._exports.value)),
                    export=definition.settle(output.export, attributes, self._exports.value),
                )
                for output in definition.outputs.values()
            )
            self._exports.publish(stack, outputs)
        except ServiceError as error:
            return f"{error.message} "
        return None

    def _delete_all(self, prefix: str, *, created: bool, retain: Collection[str] = ()) -> None:
        """Delete every resource, and the stack; `created`: the creation itself is being undone."""
        stack = self._stack
        items = [
            Discard(resource, "Retain" if name in retain else _policy(resource.deletion_policy, created))
            for name, resource in stack.resources.items()
            if resource.status not in {"DELETE_COMPLETE", "DELETE_SKIPPED"}
        ]
        if stack.attempt is not None:
            items += self._superseded(stack.attempt)
        if self._delete(items):
            self._finish(f"{prefix}_COMPLETE")
        else:
            self._enter(f"{prefix}_FAILED", _failure_reason("delete", stack.failures("DELETE_FAILED")))

    def _clean_up(self, attempt: Attempt, kept: Collection[str], *, created: bool) -> None:
        """Delete what the attempt put aside, and the resources that are not among those `kept`."""
        gone = [resource for name, resource in self._stack.resources.items() if name not in kept]
        items = [Discard(resource, _policy(resource.deletion_policy, created)) for resource in gone]
        self._delete([*items, *self._superseded(attempt)])
        for resource in gone:
            self._stack.forget(resource.logical_id)

    def _superseded(self, attempt: Attempt) -> list[Discard]:
        """The replaced resources that the rollback has not brought back."""
        current = {(name, resource.physical_id) for name, resource in self._stack.resources.items()}
        return [item for item in attempt.superseded if item.key not in current]

    def _delete(self, items: Iterable[Discard]) -> bool:
        """Delete all `items`, each before those that it depends on. Whether all succeeded."""
        by_key = {item.key: item for item in items}
        graph = {
            key: frozenset(other for other in by_key if other[0] in item.resource.dependencies)
            for key, item in by_key.items()
        }
        current = {(name, resource.physical_id) for name, resource in self._stack.resources.items()}
        worker = self._worker([])
        return walk(
            reverse(graph),
            lambda key: worker.delete(by_key[key], tracked=key in current),
            halt=self._halt,
            fail_fast=False,
        )

    def _worker(self, superseded: list[Discard]) -> Worker:
        """A worker for the next part of the operation, which the failures of the last one do not cancel."""
        with self._stack.lock:
            if not self._stopped:
                self._halt = threading.Event()
        return Worker(self._account, self._types, self._exports, self._stack, self._halt.is_set, superseded)

    def _finish(self, status: str) -> None:
        """Put the stack into its last status: no way back is needed any more."""
        with self._stack.lock:
            if self._enter(status):
                self._stack.attempt = None

    def _enter(self, status: str, reason: str | None = None) -> bool:
        """Put the stack into `status`; not where the operation was stopped."""
        with self._stack.lock:
            if not self._stopped:
                self._stack.enter(status, reason)
            return not self._stopped


def _settings(stack: Stack) -> Settings:
    assert stack.settings is not None  # set before any operation but the deletion of a stack in review
    return stack.settings


def _policy(deletion_policy: str, created: bool) -> str:
    if deletion_policy == "RetainExceptOnCreate":
        return "Delete" if created else "Retain"
    return deletion_policy


def _output_value(value: Any) -> Any:
    """Raises ServiceError (ValidationError) for what is not text, number or truth value: for AWS::NoValue, too."""
    if isinstance(value, str | int | float):
        return value
    raise invalid("Template format error: The Value field of every Outputs member must evaluate to a String.")


def _failure_reason(do: str, names: Collection[str]) -> str:
    # The space at the end is CloudFormation's.
    return f"The following resource(s) failed to {do}: [{', '.join(names)}]. " if names else ""
