"""A small recipe, to be changed key by key."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_build.errors import RecipeError
from model_build.recipe import Recipe

DOCUMENT: dict[str, Any] = {
    "name": "reviews",
    "data": {"format": "csv", "text": "Text", "label": "Stars"},
    "labels": {"names": ["bad", "good"]},
    "gate": {"minimum": 0.5},
}


def parse(changes: dict[str, Any], base: dict[str, Any]) -> Recipe:
    """The recipe `base` with other values: a change is a dotted key and its value, None takes the key out."""
    document = copy.deepcopy(DOCUMENT | base)
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return Recipe.parse(document, Path("reviews.yaml"))


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """Makes the recipe with changes: `recipe({"gate.minimum": 0.6}, data={...})`."""

    def recipe(changes: dict[str, Any] | None = None, **base: Any) -> Recipe:
        return parse(changes or {}, base)

    return recipe


@pytest.fixture
def problems() -> Callable[..., list[str]]:
    """What is wrong with the changed recipe: a line for each key; empty where it can be used."""

    def problems(changes: dict[str, Any] | None = None, **base: Any) -> list[str]:
        try:
            parse(changes or {}, base)
        except RecipeError as error:
            first, *lines = str(error).splitlines()
            assert first.startswith("reviews.yaml has ")
            return [line.strip() for line in lines]
        return []

    return problems
