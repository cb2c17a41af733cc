"""Everything that `dispatch` fails with. Each is raised to Lambda, so that EventBridge retries and the dead-letter queue fills.

    DispatchError
    ├── EventError     the event is none that this function understands
    └── SettingsError  a variable of the function's environment is missing

Failures of GitHub itself are in github.errors.
"""

from __future__ import annotations


class DispatchError(Exception):
    """The root of the tree; its text is the whole message."""


class EventError(DispatchError):
    """The event is no change of a model package's state: what was found, what is expected."""


class SettingsError(DispatchError):
    """A variable of the environment is missing or malformed."""
