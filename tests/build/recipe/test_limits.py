"""The least and the most of every number in a recipe: the ends are allowed, what lies beyond is refused by its key."""

import math

import botocore.session
import pytest

SCRIPT = {"training": {"algorithm": "script", "folder": "tfidf"}}
PRETRAINED = {"hub": f"a/b@{'c' * 40}", "sha256": "d" * 64}
TRANSFORMER = {"training": {"algorithm": "transformer", "pretrained": PRETRAINED}}
SPOT = {"training": {**TRANSFORMER["training"], "spot": True, "max_runtime_seconds": 1}}
SPARK = {"prepare": {"engine": "spark"}}
MULTI = {
    "data": {"format": "csv", "text": "Text", "label": ["a", "b"]},
    "labels": {"names": ["a", "b"], "multi": True},
}
TRIAL = {"trial": {"kind": "realtime", "instance_type": "ml.m5.large"}}
TUNE = {"tune": {"jobs": 2, "ranges": {"epochs": {"min": 1, "max": 9}}}}
NEXT = math.nextafter

INCLUSIVE = [
    ("split.seed", {}, 0, None),
    ("text_rules.max_tokens", {}, 1, None),
    ("data.max_lines_per_row", {}, 1, None),
    ("processing.instance_count", SPARK, 1, 100),
    ("processing.volume_gb", {}, 1, 16384),
    ("processing.max_runtime_seconds", {}, 1, 777_600),
    ("evaluation.bootstrap_samples", {}, 100, 100_000),
    ("training.volume_gb", {}, 1, 16384),
    ("training.max_runtime_seconds", {}, 1, 2_419_200),
    ("training.max_wait_seconds", SPOT, 1, 2_419_200),
    ("training.hyperparameters.min_count", {}, 0, None),
    ("training.hyperparameters.epochs", {}, 1, None),
    ("training.hyperparameters.buckets", {}, 1, None),
    ("training.hyperparameters.vector_dim", {}, 1, None),
    ("training.hyperparameters.word_ngrams", {}, 1, None),
    ("training.hyperparameters.epochs", TRANSFORMER, 1, None),
    ("training.hyperparameters.batch_size", TRANSFORMER, 1, None),
    ("training.hyperparameters.accumulate", TRANSFORMER, 1, None),
    ("training.hyperparameters.patience", TRANSFORMER, 1, None),
    ("training.hyperparameters.max_length", TRANSFORMER, 8, 8192),
    ("training.hyperparameters.max_texts", TRANSFORMER, 0, None),
    ("training.hyperparameters.threads", TRANSFORMER, 0, None),
    ("training.hyperparameters.seed", TRANSFORMER, 0, None),
    ("trial.texts", TRIAL, 10, 1000),
    ("trial.max_wait_seconds", TRIAL, 60, 3600),
    ("tune.jobs", TUNE, 1, 500),
    ("tune.parallel", TUNE, 1, 10),
    ("tune.seed", TUNE, 1, 999_999_999),
]
"""A whole number: its key, the recipe around it, the least and the most."""


@pytest.mark.parametrize(("key", "base", "least", "most"), INCLUSIVE)
def test_a_whole_number_may_be_the_least_and_the_most_and_nothing_beyond(problems, key, base, least, most):
    assert problems({key: least}, **base) == []
    [below] = problems({key: least - 1}, **base)
    assert below.startswith(f"{key}: found {least - 1}. Allowed: ")
    assert below.endswith((f"at least {least}.", f"more than {least - 1}."))
    if most is None:
        assert problems({key: 10**12}, **base) == []
    else:
        assert problems({key: most}, **base) == []
        assert problems({key: most + 1}, **base) == [f"{key}: found {most + 1}. Allowed: at most {most}."]


@pytest.mark.parametrize(("key", "base"), [(key, base) for key, base, _, _ in INCLUSIVE])
def test_a_whole_number_is_neither_text_nor_a_fraction_nor_a_truth(problems, key, base):
    found = [problems({key: value}, **base) for value in ("5", 5.5, True, [5])]
    shown = ("'5'", "5.5", "true", "[5]")
    assert found == [[f"{key}: found {value}. Allowed: a whole number."] for value in shown]


SHARES = [
    ("gate.minimum", {}, 0, 1, True, True),
    ("gate.max_regression", {}, 0, 1, True, True),
    ("data.max_dropped_share", {}, 0, 1, True, True),
    ("evaluation.confidence", {}, 0, 1, False, False),
    ("trial.tolerance", TRIAL, 0, 0.5, True, True),
    ("trial.max_p99_milliseconds", TRIAL, 0, 60_000, False, True),
    ("training.hyperparameters.learning_rate", {}, 0, None, False, False),
    ("training.hyperparameters.learning_rate", TRANSFORMER, 0, 1, False, True),
    ("training.hyperparameters.warmup", TRANSFORMER, 0, 1, True, False),
    ("training.hyperparameters.weight_decay", TRANSFORMER, 0, 1, True, False),
]
"""A number: its key, the recipe around it, its ends, and whether each end is allowed."""


@pytest.mark.parametrize(("key", "base", "low", "high", "with_low", "with_high"), SHARES)
def test_a_number_lies_between_its_ends(problems, key, base, low, high, with_low, with_high):
    assert bool(problems({key: low}, **base)) != with_low
    assert problems({key: NEXT(low, 1)}, **base) == []
    [below] = problems({key: NEXT(low, -1)}, **base)
    assert below.startswith(f"{key}: found -5e-324. Allowed: {'at least' if with_low else 'more than'} {low}")
    if high is None:
        return
    assert bool(problems({key: high}, **base)) != with_high
    assert problems({key: NEXT(high, 0)}, **base) == []
    [above] = problems({key: NEXT(high, math.inf)}, **base)
    assert f"Allowed: {'at most' if with_high else 'less than'} {high}" in above


@pytest.mark.parametrize(("key", "base"), [(each[0], each[1]) for each in SHARES])
def test_a_number_is_finite(problems, key, base):
    for value in (math.nan, math.inf, -math.inf):
        assert problems({key: value}, **base) == [f"{key}: found {value}. Allowed: a finite number."]


@pytest.mark.parametrize("value", [0, 1, -0.1, "half", True])
def test_a_threshold_is_a_probability_between_none_and_all_or_to_be_chosen(problems, value):
    assert problems({"evaluation.threshold": 0.001}, **MULTI) == []
    assert problems({"evaluation.threshold": "best_f1"}, **MULTI) == []
    assert any(
        line.startswith("evaluation.threshold") for line in problems({"evaluation.threshold": value}, **MULTI)
    )


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"train": 1, "validation": 0.1, "test": 0.1}, "split.train: found 1. Allowed: less than 1"),
        ({"train": 0.8, "validation": 0, "test": 0.2}, "split.validation: found 0. Allowed: more than 0"),
        ({"train": 0.9, "validation": 0.1, "test": 0.0}, "split.test: found 0.0. Allowed: more than 0"),
        (
            {"train": 0.8, "validation": 0.1, "test": 0.11},
            "split: train, validation and test add up to 1.01.",
        ),
        ({"train": 0.5}, "split: train, validation and test add up to 0.7."),
    ],
)
def test_every_split_has_a_share_and_together_they_are_all(problems, split, said):
    assert any(line.startswith(said) for line in problems({"split": split}))


def test_shares_that_add_up_but_for_rounding_are_all(problems):
    assert problems({"split": {"train": 0.7, "validation": 0.1, "test": 0.2}}) == []
    assert problems({"split": {"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3}}) == []


@pytest.mark.parametrize(("most", "key", "value"), [
    (4, "training.fallback_instance_types", [f"ml.c5.{size}" for size in ("large", "2xlarge", "4xlarge", "9xlarge", "18xlarge")]),
    (30, "tune.ranges.epochs.values", list(range(1, 32))),
])  # fmt: skip
def test_a_list_has_a_most(problems, most, key, value):
    base = {"tune": {"jobs": 2, "ranges": {"epochs": {}}}} if key.startswith("tune") else {}
    assert problems({key: value[:most]}, **base) == []
    [said] = problems({key: value}, **base)
    assert said.startswith(f"{key}: found [") and str(most) in said


def test_a_search_has_thirty_ranges_at_most(problems):
    ranges = {f"option{number}": {"min": 0, "max": 1} for number in range(31)}
    [said] = problems(tune={"jobs": 2, "ranges": ranges}, **SCRIPT)
    assert said.startswith("tune.ranges: found keys and values.")
    del ranges["option0"]
    assert problems(tune={"jobs": 2, "ranges": ranges}, **SCRIPT) == []


@pytest.mark.parametrize(("second", "combinations"), [(20, 500), (21, 525)])
def test_a_grid_has_five_hundred_combinations_at_most(problems, second, combinations):
    ranges = {"one": {"values": list(range(25))}, "two": {"values": list(range(second))}}
    said = problems(tune={"strategy": "grid", "ranges": ranges}, **SCRIPT)
    expected = [f"tune.ranges: a grid of {combinations} combinations. Allowed: 500 at most."]
    assert said == (expected if combinations > 500 else [])


@pytest.mark.parametrize(
    ("shape", "key", "base"),
    [
        ("ProcessingInstanceCount", "processing.instance_count", SPARK),
        ("ProcessingVolumeSizeInGB", "processing.volume_gb", {}),
        ("ProcessingMaxRuntimeInSeconds", "processing.max_runtime_seconds", {}),
    ],
)
def test_the_limits_of_a_processing_job_are_those_of_the_service(problems, shape, key, base):
    limits = botocore.session.get_session().get_service_model("sagemaker").shape_for(shape).metadata
    assert [problems({key: limits[end]}, **base) for end in ("min", "max")] == [[], []]
    assert problems({key: limits["min"] - 1}, **base) and problems({key: limits["max"] + 1}, **base)


@pytest.mark.parametrize("memory", [0, 512, 1023, 1025, 6145, 7168])
def test_a_serverless_trial_has_memory_in_whole_gigabytes_from_one_to_six(problems, memory):
    base = {"trial": {"kind": "serverless"}}
    assert [problems({"trial.memory_mb": 1024 * size}, **base) for size in range(1, 7)] == [[]] * 6
    [said] = problems({"trial.memory_mb": memory}, **base)
    assert said.startswith(f"trial.memory_mb: found {memory}. Allowed: 1024, 2048, 3072, 4096, 5120 or 6144")
