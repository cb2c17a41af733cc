"""The search for hyperparameters: what a recipe may say of it, the step that it becomes, and what the report tells."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from model_build.core import diff
from model_build.core.search import Attempt, Search
from model_build.core.settings import Settings
from model_build.errors import RecipeError
from model_build.recipe import Recipe
from model_build.report import Report, Run, Step, documents, html, markdown
from model_build.run import reused_training
from model_build.run.caching import Run as Ran
from model_build.run.caching import reusable
from model_build.run.pipeline import Inputs, definition, names

DOCUMENT = {
    "name": "garments",
    "data": {"format": "csv", "text": "Text", "label": "Rating"},
    "labels": {"names": ["bad", "good"]},
    "training": {"hyperparameters": {"learning_rate": 0.1, "epochs": 3}},
    "gate": {"minimum": 0.5},
}
RANGES = {"learning_rate": {"min": 0.05, "max": 1.0, "scale": "log"}, "word_ngrams": {"min": 1, "max": 3}}
SCRIPT = {"algorithm": "script", "folder": "tfidf"}
SETTINGS = Settings(
    project_name="shop",
    project_id="p-abc123",
    bucket="shop-artifacts",
    model_package_group="shop-models",
    pipeline_role_arn="arn:aws:iam::123456789012:role/shop-pipeline",
    region="eu-west-1",
)
PREFIX = "s3://shop-artifacts/code/build"
INPUTS = Inputs(
    prepare_code=f"{PREFIX}/a/",
    prepare_sha256="a" * 64,
    evaluate_code=f"{PREFIX}/b/",
    evaluate_sha256="b" * 64,
    wheels=f"{PREFIX}/c/",
    contract="s3://shop-artifacts/contracts/d/",
    contract_sha256="d" * 64,
    text_rules_sha256="e" * 64,
    launcher=("import os",),
    algorithm=f"{PREFIX}/f/sourcedir.tar.gz",
)


def recipe(tune, **changes):
    return Recipe.parse(DOCUMENT | {"tune": tune} | changes, Path("garments.yaml"))


def refusal(tune, **changes):
    with pytest.raises(RecipeError) as caught:
        recipe(tune, **changes)
    return str(caught.value)


@pytest.fixture(scope="module")
def steps():
    return diff.steps(definition(recipe({"jobs": 4, "ranges": RANGES}), SETTINGS, INPUTS))


BAD = {
    "an empty range": ({"jobs": 4, "ranges": {"epochs": {"min": 5, "max": 5}}}, "min: 5 is not below max, 5"),
    "no values": ({"strategy": "grid", "ranges": {"epochs": {"values": []}}}, "the list is empty"),
    "no range": ({"jobs": 4, "ranges": {}}, "tune.ranges"),
    "half a range": ({"jobs": 4, "ranges": {"epochs": {"min": 5}}}, "a range of numbers has min and max"),
    "both kinds": (
        {"jobs": 4, "ranges": {"epochs": {"min": 1, "values": [2]}}},
        "either min and max, or values",
    ),
    "logarithmic from zero": (
        {"jobs": 4, "ranges": {"learning_rate": {"min": 0, "max": 1, "scale": "log"}}},
        "Allowed with scale: log: more than 0",
    ),
    "no number of jobs": ({"ranges": RANGES}, "tune.jobs: missing"),
    "a grid of numbers": ({"strategy": "grid", "ranges": RANGES}, "a grid takes values alone"),
    "jobs of a grid": (
        {"strategy": "grid", "jobs": 4, "ranges": {"epochs": {"values": [1, 2]}}},
        "tune.jobs",
    ),
    "an unknown hyperparameter": (
        {"jobs": 4, "ranges": {"depth": {"min": 1, "max": 2}}},
        "tune.ranges.depth",
    ),
    "a value out of range": (
        {"jobs": 4, "ranges": {"epochs": {"min": 0, "max": 2}}},
        "tune.ranges.epochs: found 0",
    ),
    "an unlogged objective": (
        {"jobs": 4, "objective": "loss", "ranges": RANGES},
        "Allowed with blazingtext: accuracy",
    ),
}


def test_a_search_that_could_not_run_is_refused_with_the_key():
    for why, (tune, message) in BAD.items():
        assert message in refusal(tune), why


def test_a_search_runs_on_one_kind_of_machine_and_not_on_spot_capacity():
    machines = {**DOCUMENT["training"], "fallback_instance_types": ["ml.m5.large"]}
    assert "training.fallback_instance_types" in refusal({"jobs": 2, "ranges": RANGES}, training=machines)


def test_numbers_of_a_hyperparameter_are_whole_where_the_algorithm_wants_them_whole():
    found = recipe({"jobs": 4, "ranges": RANGES | {"learning_rate": {"min": 1, "max": 2}}})

    kinds = {name: found.tune.kind(name, found.training) for name in RANGES}
    assert kinds == {"learning_rate": "continuous", "word_ngrams": "integer"}


def test_the_tuning_step_has_the_ranges_and_what_the_recipe_does_not_search_is_fixed(steps):
    found = steps["Tune"]
    config = found["Arguments"]["HyperParameterTuningJobConfig"]
    assert (found["Type"], config["Strategy"]) == ("Tuning", "Bayesian")
    assert config["HyperParameterTuningJobObjective"]["MetricName"] == "validation:accuracy"
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
    ranges = config["ParameterRanges"]
    continuous = {
        "Name": "learning_rate",
        "MinValue": "0.05",
        "MaxValue": "1.0",
        "ScalingType": "Logarithmic",
    }
    assert ranges["ContinuousParameterRanges"] == [continuous]
    assert [each["Name"] for each in ranges["IntegerParameterRanges"]] == ["word_ngrams"]
    trained = found["Arguments"]["TrainingJobDefinition"]
    assert trained["StaticHyperParameters"] == {"mode": "supervised", "epochs": "3"}
    assert found["Arguments"]["Tags"]
    assert found["CacheConfig"]["Enabled"] is True


def test_the_best_jobs_model_is_evaluated_beside_the_recipes_own_and_goes_on(steps):
    inputs = {
        each["InputName"]: each["S3Input"]["S3Uri"]
        for each in steps["Evaluate"]["Arguments"]["ProcessingInputs"]
    }
    best = {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"}
    assert inputs["candidate"]["Std:Join"]["Values"][-2:] == [best, "output/model.tar.gz"]
    assert inputs["defaults"] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    registered = steps["Register"]["Arguments"]["InferenceSpecification"]["Containers"][0]
    assert registered["ModelDataUrl"] == inputs["candidate"]


def test_scripts_are_searched_by_what_they_log_and_grids_by_every_combination():
    grid = {
        "strategy": "grid",
        "ranges": {"char_ngrams": {"values": [0, 5]}, "balanced": {"values": [True, False]}},
    }
    found = diff.steps(definition(recipe(grid, training=SCRIPT), SETTINGS, INPUTS))["Tune"]["Arguments"]

    config = found["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 4
    assert {
        each["Name"]: each["Values"] for each in config["ParameterRanges"]["CategoricalParameterRanges"]
    } == {
        "char_ngrams": ["0", "5"],
        "balanced": ["true", "false"],
    }
    specification = found["TrainingJobDefinition"]["AlgorithmSpecification"]
    regex = r"#validation_macro_f1: ([0-9.eE+-]+)"
    assert specification["MetricDefinitions"] == [{"Name": "validation:macro_f1", "Regex": regex}]


def test_the_steps_that_are_shown_are_those_of_the_recipe():
    tuned = recipe({"jobs": 4, "ranges": RANGES})
    assert names(tuned)[:4] == ("Prepare", "Train", "Tune", "Evaluate")
    assert "Tune" not in names(Recipe.parse(DOCUMENT, Path("garments.yaml")))


def test_the_cache_is_known_to_answer_for_an_equal_search_alone():
    def run(jobs):
        text = definition(recipe({"jobs": jobs, "ranges": RANGES}), SETTINGS, INPUTS)
        return Ran(text, {}, dict.fromkeys(("Prepare", "Train", "Tune"), "e1"))

    assert "Tune" in reusable(run(4), [run(4)])
    assert set(reusable(run(5), [run(4)])) == {"Prepare", "Train"}


def test_a_merge_searches_again_and_takes_over_no_model_of_the_step_train():
    workspace = SimpleNamespace(recipe=recipe({"jobs": 4, "ranges": RANGES}))
    found = reused_training.reuse(workspace, 7, SimpleNamespace())
    assert found == reused_training.NotReusable(
        "the recipe searches for hyperparameters, which is done again"
    )


SEARCH = Search(
    "bayesian",
    "validation:accuracy",
    (
        Attempt("a", "Completed", {"learning_rate": "0.4"}, 0.8, 1800.0),
        Attempt("b", "Failed", {"learning_rate": "9"}, None, 1800.0),
    ),
    Attempt("a", "Completed", {"learning_rate": "0.4"}, 0.8, 1800.0),
)


def figures(value):
    own = {"precision": 0.5, "recall": 0.5, "f1": value, "support": 5}
    return {
        "metrics": {"macro_f1": value},
        "per_class": {"bad": own, "good": own},
        "confusion_matrix": None,
        "calibration": [{"confidence": 0.6, "accuracy": 0.5, "count": 10}],
    }


def test_the_report_says_what_the_search_bought_and_what_it_cost():
    compared = {
        "metric": "macro_f1",
        "difference": 0.05,
        "interval": [0.01, 0.09],
        "confidence": 0.95,
        "samples": 100,
    }
    gate = {"passed": True, "forced": False, "reason": "good.", "metric": "macro_f1", "candidate": 0.7}
    evaluation = {
        "recipe": "garments",
        "labels": ["bad", "good"],
        "multi_label": False,
        "holdout": {"rows": 10, "labels": {"bad": 5, "good": 5}},
        "candidate": figures(0.7),
        "champion": None,
        "comparison": None,
        "defaults": figures(0.65) | {"comparison": compared},
        "gate": gate | {"champion": None, "minimum": 0.5, "max_regression": 0.0},
    }
    trained = Step("Train", "Succeeded", 60.0, instance_type="ml.c5.xlarge")
    run = Run(
        recipe="garments",
        pipeline="p",
        execution_arn="arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e",
        status="Succeeded",
        steps=(trained, Step("Tune", "Succeeded", 3600.0)),
        search=documents.Search.read(SEARCH.document(), "the search"),
    )
    report = Report.build(run, evaluation, None)

    said = report.search
    assert said.startswith(
        "The search (bayesian) trained 2 times (1 without a result), 1 h 00 min together, about $0.2"
    )
    assert "The best reached validation:accuracy 0.8000 with learning_rate 0.4." in said
    assert (
        "macro_f1 on the holdout is 0.6500: the search gained +0.0500 (95% interval +0.0100 to +0.0900)."
        in said
    )
    assert "the search gained +0.0500" in markdown.render(report)
    assert "the search gained +0.0500" in html.render(report)
    assert json.loads(json.dumps(SEARCH.document()))["best"]["hyperparameters"] == {"learning_rate": "0.4"}
