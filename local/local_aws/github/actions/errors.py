"""The errors of running workflows.

ActionsError                 any of these
├── LanguageError            Node.js or GitHub's packages are missing: says what to install
├── InvalidWorkflow          the file is no workflow, or needs what this runner lacks
├── ExpressionFailed         an expression cannot be evaluated
└── StepFailed               a step fails; the message goes to its log
"""

from __future__ import annotations

from collections.abc import Sequence

from local_aws.errors import LocalAwsError


class ActionsError(LocalAwsError):
    """Workflows cannot be run as they are."""


class LanguageError(ActionsError):
    """Node.js or GitHub's packages are not there."""


class InvalidWorkflow(ActionsError):
    """`problems` are GitHub's own sentences, or name what this runner lacks."""

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        super().__init__("; ".join(each if each.startswith(path) else f"{path}: {each}" for each in problems))
        self.path = path
        self.problems = tuple(problems)


class ExpressionFailed(ActionsError):
    """An expression that GitHub's evaluator refuses."""


class StepFailed(ActionsError):
    """A step ends with conclusion `failure`."""
