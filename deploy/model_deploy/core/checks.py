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
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from model_common.configuration import Part, Share, describe, frozen, problem, refusal
from model_deploy.core.model_package.contract import Contract
from model_deploy.errors import UsageError

FOLDER = "checks"


class Case(Part):
    """A text, and the labels that the answer must or must not have."""

    name: Annotated[str, Field(min_length=1)]
    text: str
    labels: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    never: tuple[str, ...] = ()
    min_confidence: Share = 0.0

    @model_validator(mode="after")
    def _can_pass(self) -> Self:
        for label in self.never:
            if label in (self.labels or ()):
                raise problem("never", f"found {label!r}, which labels expects. Allowed: other labels")
        return self


class Checks(Part):
    """The cases of one recipe. `latency_ms` bounds one request with all of them, as the client measures it.

    A case is known by its name: a rollout does not count those that the live model fails already.
    """

    recipe: Annotated[str, Field(min_length=1)]
    latency_ms: Annotated[float, Field(gt=0)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_case_has_a_name_of_its_own(self) -> Self:
        names = [case.name for case in self.cases]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise problem(
                    f"cases[{number}].name",
                    f"found {name!r}, as in cases[{names.index(name)}]. Allowed: another name",
                )
        return self

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
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_keys_once)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The checks {path} cannot be read: {error}.") from error
    try:
        return Checks.model_validate(frozen(document))
    except ValidationError as error:
        lines = describe(error, Checks, of_text="Put it in quotes.")
        raise UsageError(refusal(path, lines)) from error


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. Raises ValueError for a key that stands twice, of which JSON keeps the last."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key!r} is given twice")
        made[key] = value
    return made
