"""The errors that end a `model-build` command, and the exit code of each.

CommandError               1  something failed
├── StepFailedError        1  a step of the pipeline failed: its name, its reason, the end of its log
├── IntegrityError         1  an object in S3 does not have the hash in its name
├── WheelError             1  a wheel cannot be downloaded, or its hash is not the pinned one
├── PretrainedError        1  a pretrained model cannot be had, is no safetensors, or has another hash than the recipe says
├── AwsError               1  AWS, or the connection to it, refused: what, on what, what to do next
├── GitHubError            1  GitHub, or the connection to it, refused
├── UsageError             2  an option or a file that it names is wrong
│   ├── RecipeError        2  a recipe: the file, the key, what was found, what is allowed
│   ├── SettingsError      2  a variable of the environment is missing or malformed
│   └── DataError          2  the data cannot be used: missing, empty, neither a file nor an S3 URI
├── RefusedError           3  the gate refused the candidate; nothing was registered
└── TimedOutError          5  the command stopped waiting; the execution continues
"""

from __future__ import annotations

from model_common.errors import (
    AwsError,
    CommandError,
    ConfigurationError,
    GitHubError,
    IntegrityError,
    RefusedError,
    SettingsError,
    TimedOutError,
    UsageError,
)

__all__ = [
    "AwsError",
    "CommandError",
    "DataError",
    "GitHubError",
    "IntegrityError",
    "PretrainedError",
    "RecipeError",
    "RefusedError",
    "SettingsError",
    "StepFailedError",
    "TimedOutError",
    "UsageError",
    "WheelError",
]


class StepFailedError(CommandError):
    """A step of a pipeline execution failed.

    `step` is its name in the pipeline, `reason` is SageMaker's, `log` are the last lines of its job's log, empty
    without one.
    """

    def __init__(self, step: str, reason: str, log: tuple[str, ...] = (), advice: str = "") -> None:
        self.step, self.reason, self.log, self.advice = step, reason, log, advice
        tail = "".join(f"\n    {line}" for line in log)
        super().__init__(
            f"Step {step} failed: {reason}"
            + (f"\n  The end of its log:{tail}" if log else "")
            + (f"\n  {advice}" if advice else "")
        )


class WheelError(CommandError):
    """A hash-pinned wheel could not be downloaded, or its hash is not the pinned one."""


class PretrainedError(CommandError):
    """The model that a recipe begins with cannot be had or used: the message names it and says what was found."""


class RecipeError(ConfigurationError):
    """A recipe cannot be used: the message names the file, the key, what was found and what is allowed."""


class DataError(UsageError):
    """The data named by `--data` cannot be used."""
