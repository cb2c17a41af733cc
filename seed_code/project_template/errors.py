"""What can go wrong in the `project-template` command, and the exit code that goes with it.

    ProjectTemplateError          1  something failed
    ├── TemplateIncompleteError   1  a part of the template's own tree is not there
    │   └── TemplateLineError     1  a line that a variant replaces is not there
    ├── WheelError                1  the wheel that poured repositories carry could not be built
    ├── StackError                1  a stack could not be brought to its template, with its first failure
    ├── ProjectError              1  SageMaker could not create, update or delete a project, with the first failure
    ├── AwsError                  1  AWS, or the way to it, said no: what, to what, what next
    ├── GitHubError               1  GitHub did not answer what it was asked
    ├── UsageError                2  an argument that cannot be used
    │   ├── FolderNotEmptyError   2  a repository is poured into an empty folder only
    │   ├── ParameterError        2  a parameter that the project template does not take
    │   └── NotPublishedError     2  there is no publication of that name in this account and region
    ├── RefusedError              3  it would take away what somebody uses, could not work, or doctor found something broken
    ├── RolledBackError           4  an update did not hold; what was there before is there again
    └── TimedOutError             5  the command stopped waiting; what runs on AWS goes on

Messages say what happened, to what, and what to do next. The command line prints them without a traceback (`--verbose`
shows it) and exits with `exit_code`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class ProjectTemplateError(Exception):
    """Base of this package's errors; the message says what happened and what to do next."""

    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        return str(self)


class TemplateIncompleteError(ProjectTemplateError):
    """Happens where the package is installed without the checkout that it pours from."""

    def __init__(self, part: Path) -> None:
        super().__init__(
            f"{part} is missing, which is poured into the repository: run from a checkout of the template"
        )


class TemplateLineError(TemplateIncompleteError):
    """A variant of a repository differs in a line, and that line is not there once."""

    def __init__(self, path: str, line: str) -> None:
        ProjectTemplateError.__init__(
            self,
            f"{path} has to have the line `{line}` exactly once: a variant of the repository replaces it",
        )


class WheelError(ProjectTemplateError):
    """hatchling could not build the embedded AWS into a wheel."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the embedded AWS could not be built into a wheel: {reason}. Is hatchling installed (make demo sets it up)?"
        )


class StackError(ProjectTemplateError):
    """A stack is in no state to be changed, or did not get where it was sent."""


class ProjectError(ProjectTemplateError):
    """A project ended in a status that says that it failed."""


class AwsError(ProjectTemplateError):
    """A call to AWS failed, or there is no way to it."""


class GitHubError(ProjectTemplateError):
    """No answer, or one that says nothing of what was asked."""


class UsageError(ProjectTemplateError):
    """The command line, or something that it names, is wrong."""

    exit_code = 2


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


class RefusedError(ProjectTemplateError):
    """Nothing was changed, or nothing more."""

    exit_code = 3


class RolledBackError(ProjectTemplateError):
    """An update was taken back by CloudFormation."""

    exit_code = 4


class TimedOutError(ProjectTemplateError):
    """Waiting ended before what was waited for did; the same command re-attaches to it."""

    exit_code = 5
