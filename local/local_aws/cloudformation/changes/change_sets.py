"""The operations on change sets."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from typing import Any

from local_aws.cloudformation.changes.change_set import NO_CHANGES, ChangeSet
from local_aws.cloudformation.changes.changes import compare, is_update
from local_aws.cloudformation.engine import Engine
from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.stack import Stack
from local_aws.cloudformation.stack_request import refuse_absent, settings
from local_aws.cloudformation.stacks import on_failure, require_updatable
from local_aws.cloudformation.store import Store
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError

PAGE = 100
"""Changes and change sets of a page; the API has no parameter for it."""


class ChangeSets:
    """CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets."""

    def __init__(self, account: Account, store: Store, engine: Engine) -> None:
        self._account = account
        self._store = store
        self._engine = engine
        self._lock = threading.RLock()
        self._by_id: dict[str, ChangeSet] = {}

    def create_change_set(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a change set in the background.

        Raises AlreadyExistsException, InsufficientCapabilitiesException, ValidationError. Source: AWS CloudFormation API reference, CreateChangeSet.
        """
        name, stack_name = request["ChangeSetName"], request["StackName"]
        refuse_absent(request)
        with self._store.lock:
            stack, is_new = self._target(request)
            with self._lock:
                existing = self._newest_of_name(stack, name)
                if existing is not None and existing.pending:
                    if existing.token is not None and existing.token == request.get("ClientToken"):
                        return {"Id": existing.id, "StackId": stack.id}
                    raise ServiceError("AlreadyExistsException", f"ChangeSet {name} already exists")
            change_set = self._make(stack, request)
            if is_new:
                stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
                self._store.add(stack)
        with self._lock:
            self._by_id[change_set.id] = change_set
        thread = threading.Thread(
            target=self._prepare, args=(change_set,), name=f"change set of {stack_name}", daemon=True
        )
        thread.start()
        return {"Id": change_set.id, "StackId": stack.id}

    def describe_change_set(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe a change set, one page of changes at a time.

        Raises ChangeSetNotFound, ValidationError, ValidationException. Source: AWS CloudFormation API reference, DescribeChangeSet.
        """
        change_set = self.find(request)
        with self._lock:
            described, changes = change_set.described(), change_set.changes
        shown, token = page(changes, request, key=lambda change: change.logical_id, default=PAGE)
        return paged({**described, "Changes": [change.described() for change in shown]}, token)

    def list_change_sets(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the change sets of a stack, one page at a time.

        Raises ChangeSetNotFound, ValidationError, ValidationException. Source: AWS CloudFormation API reference, ListChangeSets.
        """
        stack = self._store.find(request["StackName"])
        with self._lock:
            summaries = [
                each.summary() for each in self._by_id.values() if each.stack is stack and each.pending
            ]
        shown, token = page(summaries, request, key=lambda summary: summary["ChangeSetId"], default=PAGE)
        return paged({"Summaries": shown}, token)

    def delete_change_set(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a change set.

        Raises ChangeSetNotFound, InvalidChangeSetStatus, ValidationError. Source: AWS CloudFormation API reference, DeleteChangeSet.
        """
        change_set = self._find_by_request(request)
        if change_set is None:
            return {}
        with self._lock:
            if change_set.execution == "EXECUTE_IN_PROGRESS":
                raise _wrong_status(change_set, "deleted", change_set.execution)
            self._by_id.pop(change_set.id, None)
        return {}

    def execute_change_set(self, request: dict[str, Any]) -> dict[str, Any]:
        """Execute a change set in the background.

        Raises ChangeSetNotFound, InvalidChangeSetStatus, ValidationError. Source: AWS CloudFormation API reference, ExecuteChangeSet.
        """
        change_set = self.find(request)
        stack, token = change_set.stack, request.get("ClientRequestToken")
        refuse_absent(request)
        with stack.lock:
            if token is not None and ("ExecuteChangeSet", token) in stack.tokens:
                return {}
            if change_set.status != "CREATE_COMPLETE":
                raise _wrong_status(change_set, "executed", change_set.status)
            if change_set.execution_status != "AVAILABLE":
                raise _wrong_status(change_set, "executed", change_set.execution_status)
            if stack.status != "REVIEW_IN_PROGRESS":
                require_updatable(stack)
            if token is not None:
                stack.tokens.add(("ExecuteChangeSet", token))
            self._execute(change_set, token, bool(request.get("DisableRollback")))
        return {}

    def find(self, request: dict[str, Any]) -> ChangeSet:
        """The change set that ChangeSetName, with StackName or an id by itself, names. Raises ServiceError."""
        change_set = self._find_by_request(request)
        if change_set is None:
            raise ServiceError(
                "ChangeSetNotFound", f"ChangeSet [{request['ChangeSetName']}] does not exist", 404
            )
        return change_set

    def _execute(self, change_set: ChangeSet, token: str | None, disable_rollback: bool) -> None:
        stack = change_set.stack

        def then() -> None:
            succeeded = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
            change_set.execution = "EXECUTE_COMPLETE" if succeeded else "EXECUTE_FAILED"

        change_set.execution = "EXECUTE_IN_PROGRESS"
        with self._lock:
            for other in [each for each in self._by_id.values() if each.stack is stack and each.pending]:
                del self._by_id[other.id]
        if stack.status == "REVIEW_IN_PROGRESS":
            stack.on_failure = "DO_NOTHING" if disable_rollback else change_set.on_failure
            self._engine.create(stack, change_set.settings, token, then)
        else:
            self._engine.update(stack, change_set.settings, token, roll_back=not disable_rollback, then=then)

    def _target(self, request: dict[str, Any]) -> tuple[Stack, bool]:
        """The stack that the change set is for, and whether it is new: to be added in REVIEW_IN_PROGRESS."""
        name = request["StackName"]
        stack = self._store.get(name)
        if request.get("ChangeSetType", "UPDATE") != "CREATE":
            if stack is None or stack.deleted:
                raise invalid(f"Stack [{name}] does not exist")
            require_updatable(stack)
            return stack, False
        if stack is None:
            return self._store.make(name), True
        if stack.status != "REVIEW_IN_PROGRESS":
            raise ServiceError(
                "AlreadyExistsException",
                f"Stack [{name}] already exists and cannot be created again with the changeSet"
                f" [{request['ChangeSetName']}].",
            )
        return stack, False

    def _make(self, stack: Stack, request: dict[str, Any]) -> ChangeSet:
        name = request["ChangeSetName"]
        change_set_id = self._account.arn("cloudformation", f"changeSet/{name}/{uuid.uuid4()}")
        wanted = settings(self._account, self._engine.types, stack, request)
        return ChangeSet(
            id=change_set_id,
            name=name,
            stack=stack,
            settings=replace(wanted, change_set_id=change_set_id),
            base=stack.settings,
            description=request.get("Description"),
            token=request.get("ClientToken"),
            on_failure=on_failure(request),
        )

    def _prepare(self, change_set: ChangeSet) -> None:
        """Compare, and say what came of it."""
        old = change_set.base.definition if change_set.base else None
        new = change_set.settings.definition
        with self._lock:
            change_set.status = "CREATE_IN_PROGRESS"
        try:
            self._engine.exports.require(new.imports)
            found = compare(old, new, change_set.stack.resources, self._engine.types)
        except ServiceError as error:
            with self._lock:
                change_set.fail(error.message)
            return
        with self._lock:
            if old is not None and not is_update(old, new, found):
                change_set.fail(NO_CHANGES)
            else:
                change_set.complete(tuple(found))

    def _newest_of_name(self, stack: Stack, name: str) -> ChangeSet | None:
        """The newest change set of this name."""
        named = [each for each in self._by_id.values() if each.stack is stack and each.name == name]
        return named[-1] if named else None

    def _find_by_request(self, request: dict[str, Any]) -> ChangeSet | None:
        name, stack_name = request["ChangeSetName"], request.get("StackName")
        if name.startswith("arn:"):
            with self._lock:
                return self._by_id.get(name)
        if stack_name is None:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        stack = self._store.find(stack_name)
        with self._lock:
            return self._newest_of_name(stack, name)


def _wrong_status(change_set: ChangeSet, done: str, status: str) -> ServiceError:
    return ServiceError(
        "InvalidChangeSetStatus",
        f"ChangeSet [{change_set.id}] cannot be {done} in its current status of [{status}]",
    )
