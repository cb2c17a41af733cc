"""Everything that `model-deploy` can say no with, and the exit code that goes with it.

    ModelDeployError           1  something failed
    ├── StackError             1  a stack could not be brought to what the stage says: its first failure, the endpoint's own
    │   └── OvertakenError     1  another rollout changed it meanwhile
    ├── AwsError               1  AWS, or the way to it, said no: what, to what, what next
    ├── UsageError             2  the command line, or what it names, is wrong
    │   ├── StageError         2  a stage: the file, the key, what was found, what is allowed
    │   └── SettingsError      2  a variable of the environment is missing or malformed
    ├── RefusedError           3  a gate refused: the package, its contract, the checks or the approval
    │   └── LeftError          3  the package that was to be left is not live any more
    ├── RolledBackError        4  the rollout did not hold; the endpoint serves what it served before
    └── TimedOutError          5  the command stopped waiting; what runs on AWS goes on

Messages say what happened, to what, what was expected and what to do next. The command line prints them without a
traceback (`--verbose` shows it) and exits with `exit_code`.
"""

from __future__ import annotations

from typing import ClassVar


class ModelDeployError(Exception):
    """The root of the tree; its text is the whole message."""

    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        return str(self)


class StackError(ModelDeployError):
    """A stack is in no state to be deployed to, or did not get there; nothing else was changed."""


class OvertakenError(StackError):
    """Another rollout changed the stack meanwhile: what this one knew of it does not hold any more."""


class AwsError(ModelDeployError):
    """A call to AWS failed; `code` is the service's error code, or the client's exception name."""

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class UsageError(ModelDeployError):
    """The command line, or something that it names, is wrong."""

    exit_code = 2


class StageError(UsageError):
    """A stage cannot be used: the message names the file, the key, what was found and what is allowed."""


class SettingsError(UsageError):
    """A variable of the environment is missing or malformed."""


class RefusedError(ModelDeployError):
    """A gate refused the model package: nothing was deployed, or nothing more."""

    exit_code = 3


class LeftError(RefusedError):
    """The package that a rollback was to leave is not live any more, but `live` is, or nothing: nothing was changed."""

    def __init__(self, message: str, live: str | None) -> None:
        self.live = live
        super().__init__(message)


class RolledBackError(ModelDeployError):
    """The rollout was taken back: the endpoint serves the model that it served before."""

    exit_code = 4


class TimedOutError(ModelDeployError):
    """Waiting ended before the rollout did; running the same command again re-attaches to it."""

    exit_code = 5
