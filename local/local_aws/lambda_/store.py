"""The functions of the account, which the handlers of Lambda share."""

from __future__ import annotations

import threading

from local_aws.kernel.account import Account
from local_aws.lambda_.errors import not_found
from local_aws.lambda_.function import Function, Version
from local_aws.lambda_.names import Reference


class Store:
    """Functions by name. `lock` guards them and what they hold."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.lock = threading.RLock()
        self.functions: dict[str, Function] = {}

    def find(self, reference: Reference) -> Function:
        """The function that is meant. Raises ServiceError where it, or what qualifies it, does not exist."""
        with self.lock:
            function = self.functions.get(reference.name)
            if function is None or function.version(reference.qualifier) is None:
                raise not_found(f"Function not found: {reference.arn(self.account)}")
            return function

    def version(self, reference: Reference) -> Version:
        """The version that is meant. Raises ServiceError where there is no such."""
        with self.lock:
            version = self.find(reference).version(reference.qualifier)
            assert version is not None
            return version
