"""What a recipe says, and what it hands to the steps."""

import json
from pathlib import Path

import pytest
import yaml

from model_build.errors import RecipeError, UsageError
from model_build.recipe import Recipe
from model_build.recipe.data import MISSING

SMALLEST = """
name: reviews
data: {format: csv, text: [Title, Body], label: Stars}
labels: {names: [bad, good]}
gate: {minimum: 0.5}
"""


def load(folder: Path, text: str) -> Recipe:
    path = folder / "reviews.yaml"
    path.write_text(text, encoding="utf-8")
    return Recipe.load(path)


def test_every_recipe_of_the_repository_can_be_loaded(repository):
    paths = sorted((repository / "recipes").glob("*.yaml"))

    assert paths
    for path in paths:
        assert Recipe.load(path).name == path.stem


def test_the_gate_of_the_clothing_reviews_is_below_what_its_defaults_must_reach(repository):
    recipe = Recipe.load(repository / "recipes" / "clothing-reviews.yaml")

    assert recipe.gate.metric == "macro_f1"
    assert 0.55 <= recipe.gate.minimum <= 0.61


def test_a_recipe_may_leave_out_whatever_has_a_default(tmp_path):
    recipe = load(tmp_path, SMALLEST)

    assert recipe.split.model_dump() == {
        "ordered": False,
        "seed": 0,
        "train": 0.8,
        "validation": 0.1,
        "test": 0.1,
    }
    assert recipe.rebalance == "none"
    assert recipe.training.instance_type == "ml.c5.xlarge"
    assert dict(recipe.training.hyperparameters.items()) == {"mode": "supervised"}


def test_machines_are_tried_in_order_and_named_once(tmp_path):
    training = "training: {instance_type: ml.c5.xlarge, fallback_instance_types: [%s]}\n"
    recipe = load(tmp_path, SMALLEST + training % "ml.m5.xlarge, ml.c5.2xlarge")
    assert recipe.training.instance_types == ("ml.c5.xlarge", "ml.m5.xlarge", "ml.c5.2xlarge")
    with pytest.raises(UsageError, match=r"ml\.c5\.xlarge is listed twice"):
        load(tmp_path, SMALLEST + training % "ml.m5.xlarge, ml.c5.xlarge")


NO_CONDITION = dict.fromkeys(["name", "drop", "values", "min", "max", "majority", "minority", "compare"])


def test_prepare_is_told_everything_it_needs(tmp_path):
    recipe = load(
        tmp_path,
        """
        name: reviews
        data: {format: tsv, header: false, columns: [id, stars, body], text: body, label: stars, max_dropped_share: 0.1}
        labels:
          names: [bad, good]
          rules:
            - {name: bad, values: [1, 2]}
            - {name: good, min: 4}
        rebalance: undersample
        gate: {minimum: 0.5}
        """,
    )

    assert recipe.prepare_config() == {
        "recipe": "reviews",
        "data": {
            "format": "tsv",
            "encoding": None,
            "header": False,
            "columns": ["id", "stars", "body"],
            "delimiter": "\t",
            "quoted": False,
            "escape": None,
            "missing": list(MISSING),
            "max_lines_per_row": 1000,
            "sentences": False,
            "files": None,
            "text": ["body"],
            "label": "stars",
            "label_separator": None,
            "label_items": [],
            "require": [],
            "max_dropped_share": 0.1,
        },
        "labels": {
            "multi": False,
            "names": ["bad", "good"],
            "none": None,
            "rules": [
                {**NO_CONDITION, "name": "bad", "values": ["1", "2"]},
                {**NO_CONDITION, "name": "good", "min": 4.0},
            ],
            "numbers": [],
        },
        "text_rules": {
            "lowercase": True,
            "strip_html": True,
            "punctuation": "split",
            "emoticons": None,
            "collapse_digits": False,
            "max_tokens": 500,
        },
        "split": {"ordered": False, "seed": 0, "train": 0.8, "validation": 0.1, "test": 0.1},
        "rebalance": "undersample",
        "engine": "stdlib",
    }


def test_a_csv_file_is_quoted_and_a_tsv_file_is_not_unless_it_is_stated(tmp_path):
    def data(stated):
        text = SMALLEST.replace("{format: csv", "{" + stated)
        config = load(tmp_path, text).prepare_config()["data"]
        return config["delimiter"], config["quoted"]

    assert data("format: csv") == (",", True)
    assert data("format: tsv") == ("\t", False)
    assert data("format: tsv, quoted: true") == ("\t", True)
    assert data("format: csv, delimiter: ';', quoted: false") == (";", False)


def test_evaluate_is_told_the_gate_the_labels_and_how_to_measure(tmp_path):
    recipe = load(tmp_path, SMALLEST + "evaluation: {bootstrap_samples: 200, confidence: 0.9}\n")

    assert recipe.evaluate_config() == {
        "recipe": "reviews",
        "gate": {"metric": "macro_f1", "minimum": 0.5, "max_regression": 0.0},
        "labels": ["bad", "good"],
        "multi_label": False,
        "bootstrap_samples": 200,
        "confidence": 0.9,
        "seed": 0,
        "none": None,
        "threshold": 0.5,
    }


def test_the_contract_is_what_serving_needs_and_no_more(tmp_path):
    recipe = load(tmp_path, SMALLEST + "text_rules: {max_tokens: 100}\n")

    assert recipe.contract() == {
        "version": 2,
        "recipe": "reviews",
        "labels": ["bad", "good"],
        "multi_label": False,
        "thresholds": None,
        "text_rules": {
            "lowercase": True,
            "strip_html": True,
            "punctuation": "split",
            "emoticons": None,
            "collapse_digits": False,
            "max_tokens": 100,
        },
        "serving": {
            "request": {"texts": "instances", "count": "configuration.k"},
            "line": {"text": "source", "count": "k"},
            "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"},
        },
    }


def test_the_threshold_matters_to_multi_label_recipes_only(tmp_path):
    single = load(tmp_path, SMALLEST + "evaluation: {threshold: 0.3}\n")
    multi = load(
        tmp_path, SMALLEST.replace("{names", "{multi: true, names") + "evaluation: {threshold: 0.3}\n"
    )

    assert single.contract()["thresholds"] is None
    assert multi.contract()["thresholds"] == dict.fromkeys(multi.labels.names, 0.3)


def test_thresholds_are_chosen_for_texts_with_several_labels_only(tmp_path):
    multi = SMALLEST.replace("{names", "{multi: true, names") + "evaluation: {threshold: best_f1}\n"

    assert load(tmp_path, multi).evaluation.chooses_thresholds
    with pytest.raises(
        RecipeError, match=r"evaluation\.threshold: found best_f1. It needs labels\.multi: true"
    ):
        load(tmp_path, SMALLEST + "evaluation: {threshold: best_f1}\n")
    with pytest.raises(RecipeError, match=r"evaluation\.threshold"):
        load(tmp_path, multi.replace("best_f1", "best"))


def test_what_the_steps_get_is_json(tmp_path):
    recipe = load(tmp_path, SMALLEST)

    for document in (recipe.prepare_config(), recipe.evaluate_config(), recipe.contract()):
        assert json.loads(json.dumps(document)) == document


def test_hyperparameters_become_the_strings_that_a_training_job_takes(tmp_path):
    recipe = load(
        tmp_path,
        SMALLEST
        + "training: {hyperparameters: {epochs: 10, learning_rate: 0.3, early_stopping: true, patience: 2}}\n",
    )

    assert dict(recipe.training.hyperparameters.items()) == {
        "mode": "supervised",
        "epochs": "10",
        "learning_rate": "0.3",
        "early_stopping": "True",
        "patience": "2",
    }


def test_the_hash_is_that_of_the_meaning_not_of_the_file(tmp_path):
    plain = load(tmp_path, SMALLEST)
    reordered = load(tmp_path, "# a comment\nrebalance: none\n" + SMALLEST)
    other = load(tmp_path, SMALLEST.replace("0.5", "0.6"))

    assert plain.sha256 == reordered.sha256
    assert plain.sha256 != other.sha256
    assert len(plain.sha256) == 64


def test_label_names_may_stand_in_a_file_beside_the_recipe(tmp_path):
    (tmp_path / "names.txt").write_text("bad\ngood\n", encoding="utf-8")

    from_file = load(tmp_path, SMALLEST.replace("names: [bad, good]", "names_file: names.txt"))

    assert from_file.labels.names == ("bad", "good")
    assert from_file.sha256 == load(tmp_path, SMALLEST).sha256


def test_a_recipe_cannot_be_changed_once_it_is_read(tmp_path):
    recipe = load(tmp_path, SMALLEST)

    with pytest.raises(ValueError, match="frozen"):
        recipe.gate.minimum = 0.1


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        ("{format: csv, text: a, label: b}", "{names: [x, y]}"),
        ("{format: tsv, header: false, columns: [a, b], text: a, label: b}", "{names: [x, y]}"),
        ("{format: jsonl, text: [a, c], label: b, require: c}", "{names: [x, y]}"),
        ("{format: fasttext}", "{multi: true, names: [x, y]}"),
        ("{format: csv, text: a, label: [x, y]}", "{multi: true, names: [x, y, z], none: z}"),
        ("{format: csv, text: a, label: b, label_separator: '|'}", "{multi: true, names: [x, y]}"),
    ],
)
def test_the_schema_covers_every_shape_of_data(tmp_path, data, labels):
    recipe = load(tmp_path, f"name: shapes\ndata: {data}\nlabels: {labels}\ngate: {{minimum: 0}}\n")

    assert recipe.data.format in data


def test_a_parsed_document_can_be_checked_without_a_file(tmp_path):
    assert Recipe.parse(yaml.safe_load(SMALLEST), origin=tmp_path / "none.yaml").name == "reviews"
