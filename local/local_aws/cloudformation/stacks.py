"""The operations that change stacks. Each answers at once; the engine does the work."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from local_aws.cloudformation.changes.changes import compare, is_update
from local_aws.cloudformation.engine import Engine
from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.stack import Stack
from local_aws.cloudformation.stack_request import settings
from local_aws.cloudformation.store import Store
from local_aws.kernel.account import Account
from local_aws.kernel.wire import ServiceError

UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
_CANCELLABLE = frozenset({"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})


class Stacks:
    """CreateStack, UpdateStack, DeleteStack, ContinueUpdateRollback, UpdateTerminationProtection."""

    def __init__(self, account: Account, store: Store, engine: Engine) -> None:
        self._account = account
        self._store = store
        self._engine = engine

    def close(self) -> None:
        """Stop every operation where it is."""
        self._engine.close()

    def create_stack(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a stack in the background.

        Raises AlreadyExistsException, InsufficientCapabilitiesException, ValidationError. Source: AWS CloudFormation API reference, CreateStack.
        """
        name, token = request["StackName"], request.get("ClientRequestToken")
        if "OnFailure" in request and "DisableRollback" in request:
            raise invalid("You cannot specify both OnFailure and DisableRollback.")
        with self._store.lock:
            existing = self._store.get(name)
            if existing is not None:
                if ("CreateStack", token) in existing.tokens:
                    return {"StackId": existing.id}
                raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")
            stack = self._store.make(name)
            wanted = settings(self._account, self._engine.types, stack, request)
            stack.on_failure = on_failure(request)
            stack.timeout_minutes = request.get("TimeoutInMinutes")
            stack.protected = bool(request.get("EnableTerminationProtection"))
            _remember(stack, "CreateStack", token)
            # Nobody finds a stack that has no status yet.
            with stack.lock:
                self._engine.create(stack, wanted, token)
                self._store.add(stack)
        return {"StackId": stack.id}

    def update_stack(self, request: dict[str, Any]) -> dict[str, Any]:
        """Update a stack in the background.

        Raises InsufficientCapabilitiesException, ValidationError. Source: AWS CloudFormation API reference, UpdateStack.
        """
        stack = self._store.find(request["StackName"])
        token = request.get("ClientRequestToken")
        with stack.lock:
            if ("UpdateStack", token) in stack.tokens:
                return {"StackId": stack.id}
            require_updatable(stack)
            assert stack.settings is not None  # an updatable stack has some
            wanted = settings(self._account, self._engine.types, stack, request)
            old, new = stack.settings.definition, wanted.definition
            if not is_update(old, new, compare(old, new, stack.resources, self._engine.types)):
                raise invalid("No updates are to be performed.")
            _remember(stack, "UpdateStack", token)
            roll_back = not request.get("DisableRollback", False)
            self._engine.update(stack, wanted, token, roll_back=roll_back)
        return {"StackId": stack.id}

    def delete_stack(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a stack in the background. An unknown stack is ignored.

        Raises ValidationError. Source: AWS CloudFormation API reference, DeleteStack.
        """
        stack = self._store.get(request["StackName"])
        if stack is None:
            return {}
        token = request.get("ClientRequestToken")
        with stack.lock:
            known = token is not None and ("DeleteStack", token) in stack.tokens
            if known or stack.status in {"DELETE_IN_PROGRESS", "DELETE_COMPLETE"}:
                return {}
            if stack.protected:
                raise invalid(
                    f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                )
            if stack.busy and stack.status not in _CANCELLABLE:
                raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
            retained = request.get("RetainResources") or ()
            _check_retained(stack, retained)
            _remember(stack, "DeleteStack", token)
            self._engine.delete(stack, token, retained, request.get("RoleARN"))
        return {}

    def continue_update_rollback(self, request: dict[str, Any]) -> dict[str, Any]:
        """Continue a failed rollback in the background.

        Raises ValidationError. Source: AWS CloudFormation API reference, ContinueUpdateRollback.
        """
        stack = self._store.find(request["StackName"])
        token, skip = request.get("ClientRequestToken"), request.get("ResourcesToSkip") or ()
        with stack.lock:
            if ("ContinueUpdateRollback", token) in stack.tokens:
                return {}
            if stack.status != "UPDATE_ROLLBACK_FAILED" or stack.attempt is None:
                raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
            failed = stack.failures("UPDATE_FAILED")
            others = [name for name in skip if name not in failed]
            if others:
                raise invalid(
                    f"Resources [{', '.join(others)}] can not be skipped: only resources in UPDATE_FAILED can,"
                    f" which are [{', '.join(failed)}]."
                )
            _remember(stack, "ContinueUpdateRollback", token)
            self._engine.roll_back(stack, stack.attempt, token, skip, request.get("RoleARN"))
        return {}

    def update_termination_protection(self, request: dict[str, Any]) -> dict[str, Any]:
        """Switch the termination protection of a stack.

        Raises ValidationError. Source: AWS CloudFormation API reference, UpdateTerminationProtection.
        """
        stack = self._store.find(request["StackName"])
        with stack.lock:
            stack.protected = request["EnableTerminationProtection"]
        return {"StackId": stack.id}


def on_failure(request: dict[str, Any]) -> str:
    """The action after a failed creation: ROLLBACK, DELETE or DO_NOTHING."""
    if request.get("DisableRollback"):
        return "DO_NOTHING"
    return str(request.get("OnFailure") or request.get("OnStackFailure") or "ROLLBACK")


def require_updatable(stack: Stack) -> None:
    """Raises ServiceError (ValidationError) for a stack that is in no state for an update."""
    if stack.status == "UPDATE_FAILED":
        raise invalid(
            "This stack is currently in a non-terminal [UPDATE_FAILED] state. The embedded CloudFormation does not have"
            " RollbackStack: delete the stack."
        )
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def _remember(stack: Stack, operation: str, token: str | None) -> None:
    if token is not None:
        stack.tokens.add((operation, token))


def _check_retained(stack: Stack, names: Collection[str]) -> None:
    if not names:
        return
    if stack.status != "DELETE_FAILED":
        raise invalid(
            f"Stack [{stack.id}] is in status {stack.status}: resources can be retained only while it is in DELETE_FAILED."
        )
    for name in names:
        if name not in stack.resources:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        if stack.resources[name].status == "DELETE_COMPLETE":
            raise invalid(
                "The specified resources to retain must be in a valid state. Do not specify resources that are in the"
                " DELETE_COMPLETE state."
            )
