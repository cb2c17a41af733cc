"""A recipe of every part, its settings and inputs, and the definition that they make."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from model_build.core import diff
from model_build.core.settings import Settings
from model_build.recipe import Recipe
from model_build.run.pipeline import Inputs, definition

DOCUMENT = {
    "name": "garments",
    "description": "Is the customer happy with the garment?",
    "data": {"format": "csv", "text": ["Title", "Text"], "label": "Rating"},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "max": 2}, {"name": "good", "min": 3}],
    },
    "training": {"hyperparameters": {"mode": "supervised", "epochs": 3, "early_stopping": False}},
    "gate": {"metric": "macro_f1", "minimum": 0.5},
}

SETTINGS = Settings(
    project_name="shop",
    project_id="p-abc123",
    bucket="shop-artifacts",
    model_package_group="shop-models",
    pipeline_role_arn="arn:aws:iam::123456789012:role/shop-pipeline",
    region="eu-west-1",
)

INPUTS = Inputs(
    prepare_code="s3://shop-artifacts/code/build/aaa/",
    prepare_sha256="a" * 64,
    evaluate_code="s3://shop-artifacts/code/build/bbb/",
    evaluate_sha256="b" * 64,
    wheels="s3://shop-artifacts/code/build/ccc/",
    contract="s3://shop-artifacts/contracts/ddd/",
    contract_sha256="d" * 64,
    text_rules_sha256="e" * 64,
    launcher=("import os", "print(os.name)"),
)


@pytest.fixture(scope="session")
def recipe():
    """Makes the recipe with changed parts: `recipe(training={...})`."""

    def recipe(**changes) -> Recipe:
        return Recipe.parse(DOCUMENT | changes, origin=Path("garments.yaml"))

    return recipe


@pytest.fixture
def document() -> dict[str, Any]:
    return DOCUMENT


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def inputs() -> Inputs:
    return INPUTS


@pytest.fixture(scope="session")
def built(recipe) -> str:
    return definition(recipe(), SETTINGS, INPUTS)


@pytest.fixture(scope="session")
def steps(built) -> dict[str, Any]:
    return diff.steps(built)


@pytest.fixture
def resolved():
    return _resolved


def _resolved(value):
    """What the pipeline service would make of arguments: references become text."""
    match value:
        case {"Get": path}:
            return (
                "s3://bucket/resolved" if "Uri" in path or "S3" in path else f"resolved-{path.split('.')[-1]}"
            )
        case {"Std:JsonGet": {"Path": path}}:
            return f"resolved-{path.split('.')[-1]}"
        case {"Std:Join": {"On": on, "Values": values}}:
            return on.join(_resolved(item) for item in values)
        case dict():
            return {key: _resolved(item) for key, item in value.items()}
        case list():
            return [_resolved(item) for item in value]
    return value


@pytest.fixture
def references():
    return _references


def _references(value) -> set[str]:
    return set(re.findall(r'"Get":\s*"([^"]+)"', json.dumps(value)))
