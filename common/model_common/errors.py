"""The errors that end a command, and the exit code of each.

    CommandError               1  something failed
    ├── AwsError               1  AWS, or the connection to it, refused: what, on what, what to do next
    ├── IntegrityError         1  an object in S3 does not have the hash in its name
    ├── GitHubError            1  GitHub, or the connection to it, refused
    ├── UsageError             2  an option or a file that it names is wrong
    │   ├── ConfigurationError 2  a configuration file: the file, the key, what was found, what is allowed
    │   └── SettingsError      2  a variable of the environment is missing or malformed
    ├── RefusedError           3  a gate refused
    ├── RolledBackError        4  a change was rolled back to the state before it
    └── TimedOutError          5  the command stopped waiting; the operation on AWS continues

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
    """An object that is named by its content's hash has other content."""

    @classmethod
    def of(cls, bucket: str, key: str, found: str, expected: str) -> IntegrityError:
        """The error for an object whose content has the SHA-256 `found` (hexadecimal)."""
        return cls(
            f"s3://{bucket}/{key} holds other content than its name says: its SHA-256 is {found}, expected {expected}. "
            "Nobody writes over such an object on purpose: find out who did (its versions and CloudTrail say when), delete "
            "what was written, and run the same command again."
        )


class GitHubError(CommandError):
    """A call to GitHub failed; `status` is HTTP's, or None where no answer came."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class UsageError(CommandError):
    """An option or a file that it names is wrong."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration file cannot be used: the message names the file, the key, what was found and what is allowed."""


class SettingsError(UsageError):
    """A variable of the environment is missing or malformed."""


class RefusedError(CommandError):
    """A gate refused. Nothing was changed after the refusal."""

    exit_code = 3


class RolledBackError(CommandError):
    """A change was rolled back to the state before it."""

    exit_code = 4


class TimedOutError(CommandError):
    """The command stopped waiting before the operation ended. Running it again re-attaches to the operation."""

    exit_code = 5
