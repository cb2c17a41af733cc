"""Everything that `model-build` can say no with, and the exit code that goes with it.

    ModelBuildError            1  something failed
    ├── StepFailedError        1  a step of the pipeline failed: its name, its reason, the end of its log
    ├── IntegrityError         1  an object in S3 is not what its name says that it is
    ├── WheelError             1  a wheel that a job needs cannot be had, or is not the one that was pinned
    ├── AwsError               1  AWS, or the way to it, said no: what, to what, what next
    ├── GitHubError            1  GitHub, or the way to it, said no
    ├── UsageError             2  the command line, or what it names, is wrong
    │   ├── RecipeError        2  a recipe: the file, the key, what was found, what is allowed
    │   ├── SettingsError      2  a variable of the environment is missing or malformed
    │   └── DataError          2  the data cannot be used: missing, empty, neither a file nor an S3 URI
    ├── RefusedError           3  the gate refused the candidate; nothing was registered
    └── TimedOutError          5  the command stopped waiting; the execution goes on

Messages say what happened, to what, what was expected and what to do next. The command line prints them without a
traceback (`--verbose` shows it) and exits with `exit_code`.
"""

from __future__ import annotations

from typing import ClassVar


class ModelBuildError(Exception):
    """The root of the tree; its text is the whole message."""

    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        return str(self)


class StepFailedError(ModelBuildError):
    """A step of a pipeline execution failed.

    `step` is its name in the pipeline, `reason` is SageMaker's own, `log` the last lines that its job printed
    (none when there is no log yet).
    """

    def __init__(self, step: str, reason: str, log: tuple[str, ...] = (), advice: str = "") -> None:
        self.step, self.reason, self.log, self.advice = step, reason, log, advice
        tail = "".join(f"\n    {line}" for line in log)
        super().__init__(
            f"Step {step} failed: {reason}"
            + (f"\n  The end of its log:{tail}" if log else "")
            + (f"\n  {advice}" if advice else "")
        )


class IntegrityError(ModelBuildError):
    """An object that is named by its content has another one."""


class WheelError(ModelBuildError):
    """A hash-pinned wheel could not be downloaded, or its hash is not the pinned one."""


class AwsError(ModelBuildError):
    """A call to AWS failed; `code` is the service's error code, or the client's exception name."""

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class GitHubError(ModelBuildError):
    """A call to GitHub failed; `status` is HTTP's, or None where no answer came."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class UsageError(ModelBuildError):
    """The command line, or something that it names, is wrong."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe cannot be used: the message names the file, the key, what was found and what is allowed."""


class SettingsError(UsageError):
    """A variable of the environment is missing or malformed."""


class DataError(UsageError):
    """The data named by `--data` cannot be used."""


class RefusedError(ModelBuildError):
    """The gate refused the candidate: the run did its work, and registered nothing."""

    exit_code = 3


class TimedOutError(ModelBuildError):
    """Waiting ended before the execution did; running the same command again re-attaches to it."""

    exit_code = 5
