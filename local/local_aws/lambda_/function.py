"""A function: its versions, who may call it, and where it answers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.lambda_.archive import Code
from local_aws.lambda_.names import LATEST

DEFAULTS: Mapping[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "PackageType": "Zip",
    "Architectures": ["x86_64"],
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
}

PENDING_SECONDS = 0.1
"""How long a new function is Pending, of the server's scaled time: long enough for a client that does not wait to meet it."""

_PENDING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
_ACTIVE = {"State": "Active", "LastUpdateStatus": "Successful"}


@dataclass(frozen=True)
class Version:
    """A function as it runs: the current one, $LATEST, or a published one, whose number is `number`.

    `arn` is the function's, without a qualifier; `settings` are the API's members as stated. It is Pending until the monotonic
    clock shows `active_at`.
    """

    name: str
    arn: str
    settings: Mapping[str, Any]
    code: Code
    number: str = LATEST
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))
    active_at: float = 0.0

    def __getstate__(self) -> dict[str, Any]:
        # The monotonic clock is another one in another process.
        return {**vars(self), "active_at": 0.0}

    @property
    def is_pending(self) -> bool:
        """Whether Lambda still makes it. Source: "Lambda function states", AWS Lambda developer guide."""
        return time.monotonic() < self.active_at

    @property
    def timeout(self) -> int:
        """Seconds that an invocation may take."""
        return int(self.settings["Timeout"])

    @property
    def memory_mb(self) -> int:
        """The memory in MB."""
        return int(self.settings["MemorySize"])

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the function states."""
        return dict(self.settings.get("Environment", {}).get("Variables", {}))

    @property
    def log_group(self) -> str:
        """The name of the log group."""
        return str(self.settings.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{self.name}"))

    def configuration(self, qualifier: str | None = None) -> dict[str, Any]:
        """The API's FunctionConfiguration. Its ARN ends in `qualifier`, where that is given."""
        milliseconds = f"{self.modified:%Y-%m-%dT%H:%M:%S}.{self.modified.microsecond // 1000:03d}+0000"
        return {
            **self.settings,
            "FunctionName": self.name,
            "FunctionArn": f"{self.arn}:{qualifier}" if qualifier else self.arn,
            "CodeSha256": self.code.sha256,
            "CodeSize": self.code.size,
            "LastModified": milliseconds,
            "RevisionId": self.revision,
            "Version": self.number,
            **(_PENDING if self.is_pending else _ACTIVE),
            "LoggingConfig": {
                "LogFormat": "Text",
                "LogGroup": self.log_group,
                **self.settings.get("LoggingConfig", {}),
            },
        }


@dataclass(frozen=True)
class Alias:
    """A name for a published version, or for $LATEST."""

    name: str
    version: str
    description: str
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Url:
    """A function URL: `id` is in its address. `qualifier` is an alias; None: $LATEST."""

    id: str
    qualifier: str | None
    auth_type: str
    created: str
    modified: str


@dataclass(frozen=True)
class EventConfig:
    """The settings of asynchronous invocations; None is Lambda's default. `on_failure` is an ARN."""

    modified: datetime
    retries: int | None = None
    age_seconds: int | None = None
    on_failure: str | None = None


@dataclass
class Function:
    """Everything about a function. Changed under the lock of the store that it is in.

    `statements` is the resource policy by statement id, `urls` are the function URLs, `event_configs` is what goes for
    asynchronous invocations, each by qualifier.
    """

    latest: Version
    tags: dict[str, str]
    published: dict[str, Version] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    statements: dict[str | None, dict[str, dict[str, Any]]] = field(default_factory=dict)
    urls: dict[str | None, Url] = field(default_factory=dict)
    event_configs: dict[str | None, EventConfig] = field(default_factory=dict)
    reserved: int | None = None
    numbers: int = 0

    @property
    def versions(self) -> list[Version]:
        """$LATEST, and the published ones in the order of their numbers."""
        return [self.latest, *self.published.values()]

    def version(self, qualifier: str | None) -> Version | None:
        """The version that a qualifier means: None, $LATEST, a number or an alias; None where there is no such."""
        if qualifier is None or qualifier == LATEST:
            return self.latest
        if qualifier in self.aliases:
            return self.version(self.aliases[qualifier].version)
        return self.published.get(qualifier)
