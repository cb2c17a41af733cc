"""The errors that end a `model-deploy` command, and the exit code of each.

CommandError               1  something failed
├── StackError             1  a stack could not be brought to what the stage says: its first failure, the endpoint's own
│   └── OvertakenError     1  another rollout changed it meanwhile
├── AwsError               1  AWS, or the connection to it, refused: what, on what, what to do next
├── UsageError             2  the command line, or what it names, is wrong
│   ├── StageError         2  a stage: the file, the key, what was found, what is allowed
│   └── SettingsError      2  a variable of the environment is missing or malformed
├── RefusedError           3  a gate refused: the package, its contract, the checks or the approval
│   └── LeftError          3  the package that was to be left is not live any more
├── RolledBackError        4  the rollout did not hold; the endpoint serves what it served before
└── TimedOutError          5  the command stopped waiting; what runs on AWS goes on
"""

from __future__ import annotations

from model_common.errors import (
    AwsError,
    CommandError,
    ConfigurationError,
    RefusedError,
    RolledBackError,
    SettingsError,
    TimedOutError,
    UsageError,
)

__all__ = [
    "AwsError",
    "CommandError",
    "LeftError",
    "OvertakenError",
    "RefusedError",
    "RolledBackError",
    "SettingsError",
    "StackError",
    "StageError",
    "TimedOutError",
    "UsageError",
]


class StackError(CommandError):
    """A stack is in no state to be deployed to, or did not get there; nothing else was changed."""


class OvertakenError(StackError):
    """Another rollout changed the stack meanwhile: what this one knew of it does not hold any more."""


class StageError(ConfigurationError):
    """A stage cannot be used: the message names the file, the key, what was found and what is allowed."""


class LeftError(RefusedError):
    """The package that a rollback was to leave is not live any more, but `live` is, or nothing: nothing was changed."""

    def __init__(self, message: str, live: str | None) -> None:
        self.live = live
        super().__init__(message)
