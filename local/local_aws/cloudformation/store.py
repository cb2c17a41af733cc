"""The stacks of the account, found by name or id; deleted ones by id only."""

from __future__ import annotations

import re
import threading
import uuid

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.stack import Stack
from local_aws.kernel.account import Account

_NAME = re.compile("[a-zA-Z][-a-zA-Z0-9]{0,127}")


class Store:
    """All stacks. A name is free again once its stack is deleted."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._by_id: dict[str, Stack] = {}
        self.lock = threading.RLock()

    def all(self) -> list[Stack]:
        """Every stack, deleted ones too, newest first."""
        with self.lock:
            return list(reversed(self._by_id.values()))

    def make(self, name: str) -> Stack:
        """A new stack of this name, in no status and not among the others yet.

        Raises ServiceError (ValidationError) for a name that cannot be one.
        """
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must"
                f" satisfy regular expression pattern: {_NAME.pattern}"
            )
        return Stack(self._account.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}"), name)

    def add(self, stack: Stack) -> None:
        """Keep a stack under its id."""
        with self.lock:
            self._by_id[stack.id] = stack

    def get(self, name_or_id: str) -> Stack | None:
        """The stack of this name or id; a deleted one by its id only."""
        with self.lock:
            if name_or_id in self._by_id:
                return self._by_id[name_or_id]
            return next(
                (stack for stack in self.all() if stack.name == name_or_id and not stack.deleted), None
            )

    def find(self, name_or_id: str, message: str = "Stack [{}] does not exist") -> Stack:
        """Raises ServiceError (ValidationError) with `message` where there is none."""
        stack = self.get(name_or_id)
        if stack is None:
            raise invalid(message.format(name_or_id))
        return stack
