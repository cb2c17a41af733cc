"""The errors that end a `model-deploy` command, and the exit code of each.

CommandError               1  something failed
├── StackError             1  a stack did not reach the target: its first failure, or the endpoint's
│   └── OvertakenError     1  another rollout changed it at the same time
├── AwsError               1  AWS, or the connection to it, refused: what, on what, what to do next
├── GitHubError            1  GitHub, or the connection to it, refused
├── UsageError             2  an option or a file that it names is wrong
│   ├── StageError         2  a stage: the file, the key, what was found, what is allowed
│   └── SettingsError      2  a variable of the environment is missing or malformed
├── RefusedError           3  a gate refused: the package, its contract, the checks or the approval
│   └── LeftError          3  the package of a rejection or rollback is not live any more
├── RolledBackError        4  the rollout was rolled back; the endpoint serves the package from before
└── TimedOutError          5  the command stopped waiting; the operation on AWS continues
"""

from __future__ import annotations

from model_common.errors import (
    AwsError,
    CommandError,
    ConfigurationError,
    GitHubError,
    RefusedError,
    RolledBackError,
    SettingsError,
    TimedOutError,
    UsageError,
)

__all__ = [
    "AwsError",
    "CommandError",
    "GitHubError",
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
    """A stack cannot be deployed to, or its operation failed. Nothing else was changed."""


class OvertakenError(StackError):
    """Another rollout changed the stack, so this one has to observe it again."""


class StageError(ConfigurationError):
    """A stage cannot be used: the message names the file, the key, what was found and what is allowed."""


class LeftError(RefusedError):
    """The package that a rollback had to replace is not live any more.

    `live` is, None for nothing. Nothing was changed.
    """

    def __init__(self, message: str, live: str | None) -> None:
        self.live = live
        super().__init__(message)
