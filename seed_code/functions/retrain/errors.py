"""Everything that `retrain` fails with. Each is raised to Lambda, so that EventBridge retries and the dead-letter queue fills.

    RetrainError
    ├── EventError     the event is none that this function understands
    └── SettingsError  a variable of the function's environment is missing or malformed

Failures of GitHub itself are in github.errors.
"""

from __future__ import annotations


class RetrainError(Exception):
    """The root of the tree; its text is the whole message."""


class EventError(RetrainError):
    """The event is neither about a new object nor the schedule's: what was found, what is expected."""


class SettingsError(RetrainError):
    """A variable of the environment is missing or malformed."""
