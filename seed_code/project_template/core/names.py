"""Names: the rule for project names, and the length limits of names that are derived from them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from project_template.errors import UsageError

LONGEST_PROJECT = 32
_PROJECT = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")

LONGEST_STAGE, LONGEST_RECIPE, LARGEST_PULL_REQUEST = 20, 64, 9_999_999
"""The longest names of stages and recipes, as model-deploy and model-build allow them, and the largest pull request."""


@dataclass(frozen=True)
class Derived:
    """The longest name of one kind that is derived from a project's. `limit` is the service's, in characters."""

    what: str
    name: str
    limit: int

    @property
    def fits(self) -> bool:
        """Whether the name is within the limit."""
        return len(self.name) <= self.limit


def check_project(name: str) -> None:
    """Raises UsageError unless SageMaker takes the name (CreateProject's own pattern)."""
    if not _PROJECT.fullmatch(name) or len(name) > LONGEST_PROJECT:
        raise UsageError(
            f"A project cannot be called {name!r} ({len(name)} characters): up to {LONGEST_PROJECT} letters, digits and "
            "hyphens, beginning and ending with a letter or digit."
        )


def derived(project: str, recipes: list[str], stages: list[str]) -> list[Derived]:
    """The names that are derived from the project's, the longest of each kind.

    Limits: SageMaker (pipelines 256, groups and endpoints 63), EventBridge rules 64, CloudFormation stacks 128, Lambda
    functions 64, log groups 512, IAM paths 512, GitHub repositories 100 and topics 50.
    """
    recipe = max(recipes, key=len, default="")
    stage = max(stages, key=len, default="")
    return [
        Derived("pipeline", f"{project}-{recipe}", 256),
        Derived("pull request's pipeline", f"{project}-pr-{LARGEST_PULL_REQUEST}-{recipe}", 256),
        Derived("model package group", f"{project}-models", 63),
        Derived("endpoint", f"{project}-{stage}", 63),
        Derived("endpoint's stack", f"{project}-{stage}-endpoint", 128),
        Derived("endpoint's API function", f"{project}-{stage}-api", 64),
        Derived("event rule", f"{project}-model-approval", 64),
        Derived("event rule of new data, and its schedule", f"{project}-new-data", 64),
        Derived("functions' log group", f"/sagemaker-projects/{project}/dispatch", 512),
        Derived("roles' path", f"/sagemaker-projects/{project}/", 512),
        Derived("build repository", f"{project}-build", 100),
        Derived("deploy repository", f"{project}-deploy", 100),
        Derived("topic of a repository that an owner makes for it", f"sagemaker-project-{project}", 50),
    ]
