"""The errors that end a `project-template` command, and the exit code of each.

CommandError                  1  something failed
├── TemplateIncompleteError   1  a part of the template's own tree is not there
│   └── TemplateLineError     1  a line that a variant replaces is not there
├── WheelError                1  the wheel that poured repositories carry could not be built
├── StackError                1  a stack could not be brought to its template, with its first failure
├── ProjectError              1  SageMaker could not create, update or delete a project, with the first failure
├── AwsError                  1  AWS, or the connection to it, refused: what, on what, what to do next
├── SmokeError                1  a step of a smoke run did not do what it is for
├── GitHubError               1  GitHub did not answer what it was asked
├── UsageError                2  an argument that cannot be used
│   ├── FolderNotEmptyError   2  a repository is poured into an empty folder only
│   ├── ParameterError        2  a parameter that the project template does not take
│   └── NotPublishedError     2  there is no publication of that name in this account and region
├── RefusedError              3  it would take away what somebody uses, could not work, or doctor found something broken
├── RolledBackError           4  an update did not hold; what was there before is there again
└── TimedOutError             5  the command stopped waiting; what runs on AWS goes on
"""

from __future__ import annotations

from pathlib import Path

from model_common.errors import (
    AwsError,
    CommandError,
    GitHubError,
    RefusedError,
    RolledBackError,
    TimedOutError,
    UsageError,
)

__all__ = [
    "AwsError",
    "CommandError",
    "FolderNotEmptyError",
    "GitHubError",
    "NotPublishedError",
    "ParameterError",
    "ProjectError",
    "RefusedError",
    "RolledBackError",
    "SmokeError",
    "StackError",
    "TemplateIncompleteError",
    "TemplateLineError",
    "TimedOutError",
    "UsageError",
    "WheelError",
]


class TemplateIncompleteError(CommandError):
    """Happens where the package is installed without the checkout that it pours from."""

    def __init__(self, part: Path) -> None:
        super().__init__(
            f"{part} is missing, which is poured into the repository: run from a checkout of the template"
        )


class TemplateLineError(TemplateIncompleteError):
    """A variant of a repository differs in a line, and that line is not there once."""

    def __init__(self, path: str, line: str) -> None:
        CommandError.__init__(
            self,
            f"{path} has to have the line `{line}` exactly once: a variant of the repository replaces it",
        )


class WheelError(CommandError):
    """hatchling could not build the embedded AWS into a wheel."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the embedded AWS could not be built into a wheel: {reason}. Is hatchling installed (make demo sets it up)?"
        )


class StackError(CommandError):
    """A stack is in no state to be changed, or did not get where it was sent."""


class ProjectError(CommandError):
    """A project ended in a status that says that it failed."""


class SmokeError(CommandError):
    """A step of a smoke run failed. The run's resources are deleted nevertheless."""


class FolderNotEmptyError(UsageError):
    """Pouring never mixes with what is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not an empty folder: name one that is empty or does not exist yet")


class ParameterError(UsageError):
    """A value that the project template's own parameters refuse; the message names each of them."""


class NotPublishedError(UsageError):
    """The stack of the publication is not there."""

    def __init__(self, name: str, region: str) -> None:
        super().__init__(
            f"There is no publication {name!r} in {region}: `project-template publish` makes it; --name and AWS_REGION "
            "choose another one."
        )
