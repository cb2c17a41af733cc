"""The errors that end a command, and the exit code of each.

    CommandError               1  something failed
    ├── AwsError               1  AWS, or the connection to it, refused: what, on what, what to do next
    ├── IntegrityError         1  an object in S3 is not what its name says that it is
    ├── GitHubError            1  GitHub, or the connection to it, refused
    ├── UsageError             2  the command line, or what it names, is wrong
    │   ├── ConfigurationError 2  a configuration file: the file, the key, what was found, what is allowed
    │   └── SettingsError      2  a variable of the environment is missing or malformed
    ├── RefusedError           3  a gate refused
    ├── RolledBackError        4  a change did not hold; what was there before is there again
    └── TimedOutError          5  the command stopped waiting; what runs on AWS goes on

Each package adds its own below these, and draws its whole tree in its own `errors`. Messages say what happened, to
what, what was expected and what to do next. The command line prints them without a traceback (`--verbose` shows it)
and exits with `exit_code`.
"""

from __future__ import annotations

from typing import ClassVar


class CommandError(Exception):
    """The root of the tree; its text is the whole message."""

    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        """The text that the command prints."""
        return str(self)


class AwsError(CommandError):
    """A call to AWS failed; `code` is the service's error code, or the client's exception name."""

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class IntegrityError(CommandError):
    """An object that is named by its content has another one."""


class GitHubError(CommandError):
    """A call to GitHub failed; `status` is HTTP's, or None where no answer came."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class UsageError(CommandError):
    """The command line, or something that it names, is wrong."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration file cannot be used: the message names the file, the key, what was found and what is allowed."""


class SettingsError(UsageError):
    """A variable of the environment is missing or malformed."""


class RefusedError(CommandError):
    """A gate refused; nothing was changed, or nothing more."""

    exit_code = 3


class RolledBackError(CommandError):
    """A change was taken back; what was there before is there again."""

    exit_code = 4


class TimedOutError(CommandError):
    """Waiting ended before what was waited for did; running the same command again re-attaches to it."""

    exit_code = 5
