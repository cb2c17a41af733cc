"""References to a function in a request: name, partial ARN or ARN, with or without a qualifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.kernel.account import Account
from local_aws.lambda_.errors import invalid

LATEST = "$LATEST"

_FORM = re.compile(
    r"(arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:)?(\d{12}:)?(function:)?(?P<name>[a-zA-Z0-9-_]+)"
    r"(:(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class Reference:
    """A function, and which of it: a version, an alias, or None where the request does not say."""

    name: str
    qualifier: str | None = None

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Reference:
        """The function and the qualifier of a request. Raises ServiceError if FunctionName and Qualifier contradict each other."""
        reference = cls.parse(request["FunctionName"])
        stated = request.get("Qualifier")
        if stated and reference.qualifier and stated != reference.qualifier:
            raise invalid(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        return cls(reference.name, reference.qualifier or stated)

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The function that a name, a partial ARN or an ARN names. Raises ServiceError for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise invalid(f"{text!r} is neither the name nor the ARN of a function.")
        return cls(match["name"], match["qualifier"])

    @property
    def unified(self) -> str | None:
        """The qualifier, where $LATEST is the same as none."""
        return None if self.qualifier == LATEST else self.qualifier

    def arn(self, account: Account) -> str:
        """The ARN of the function, with the qualifier."""
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        return account.arn("lambda", f"function:{self.name}{qualifier}")
