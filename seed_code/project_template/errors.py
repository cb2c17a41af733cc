"""What can go wrong in the `project-template` command.

ProjectTemplateError (exit 1)
├── UsageError (exit 2)           an argument that cannot be used
│   └── FolderNotEmptyError       a repository is poured into an empty folder only
└── TemplateIncompleteError       a part of the template's own tree is not there
"""

from pathlib import Path


class ProjectTemplateError(Exception):
    """Base of this package's errors; the message says what happened and what to do next."""

    exit_code = 1


class UsageError(ProjectTemplateError):
    exit_code = 2


class FolderNotEmptyError(UsageError):
    """Pouring never mixes with what is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not an empty folder: name one that is empty or does not exist yet")


class TemplateIncompleteError(ProjectTemplateError):
    """Happens where the package is installed without the checkout that it pours from."""

    def __init__(self, part: Path) -> None:
        super().__init__(
            f"{part} is missing, which is poured into the repository: run from a checkout of the template"
        )
