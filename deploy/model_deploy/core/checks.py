"""The cases that a model must pass to be verified: the files of `checks/`, one per recipe.

    {"recipe": "clothing-reviews", "latency_ms": 500,
     "cases": [{"name": "a happy customer", "text": "I love this dress", "labels": ["positive"]}]}

A case is a text and its right labels. A single-label model has to answer one of them; a multi-label model has to
answer all of them. `never` names labels that must not be answered. A case without either checks only that the answer
is well-formed. Pure: nothing here calls AWS.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_deploy.core.model_package.contract import Contract
from model_deploy.errors import UsageError

FOLDER = "checks"


class Case(BaseModel):
    """A text, and the labels that the answer must or must not have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    text: str
    labels: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    never: tuple[str, ...] = ()
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0


class Checks(BaseModel):
    """The cases of one recipe. `latency_ms` bounds one request with all of them, as the client measures it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Annotated[str, Field(min_length=1)]
    latency_ms: Annotated[float, Field(gt=0)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @property
    def labels(self) -> frozenset[str]:
        """Every label that a case names."""
        return frozenset(label for case in self.cases for label in (*(case.labels or ()), *case.never))

    def unknown_to(self, contract: Contract) -> tuple[str, ...]:
        """The labels that a case names and a model with `contract` cannot answer with, in order."""
        return tuple(sorted(self.labels - set(contract.labels)))


def load(root: Path) -> dict[str, Checks]:
    """The checks below `root`, by recipe.

    Raises UsageError naming the file and what is wrong with it.
    """
    found: dict[str, Checks] = {}
    for path in sorted((root / FOLDER).glob("*.json")):
        checks = _read(path)
        if checks.recipe in found:
            raise UsageError(
                f"{path}: there are other checks for the recipe {checks.recipe} already. Put them together."
            )
        found[checks.recipe] = checks
    return found


def _read(path: Path) -> Checks:
    try:
        return Checks.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise UsageError(f"The checks {path} cannot be read: {error}.") from error
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise UsageError(f"The checks {path} cannot be used: {problems}.") from error
