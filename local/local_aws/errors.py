"""The errors of the `local-aws` command.

LocalAwsError (exit 1)
├── UsageError (exit 2)           an option or argument that cannot be used
└── DataUnavailableError (exit 1) no data for the demonstration could be had

An error of an embedded service is not here: it is `wire.ServiceError`, which the caller's client raises as the API's own.
"""


class LocalAwsError(Exception):
    """Base of this package's errors; the message says what happened and what to do next."""

    exit_code = 1


class UsageError(LocalAwsError):
    """The command line, or a file or address that it names, is wrong."""

    exit_code = 2


class DataUnavailableError(LocalAwsError):
    """Every source of data for the demonstration was tried in vain."""
