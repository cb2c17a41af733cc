"""Bootstrap intervals and the statistics made of them."""

import json

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, precision_score, recall_score

from evaluation import bootstrap
from evaluation.bootstrap import count, draws, measured, resampled
from evaluation.metrics import Answers, figures, metrics, names
from evaluation.model_quality import statistics

LABELS = ("bad", "fine", "good")


def reviews(rows, skill, seed=1):
    """A made-up classifier of three unequally frequent classes that is right somewhat more often with more skill."""
    random = np.random.default_rng(seed)
    classes = random.choice(3, size=rows, p=[0.2, 0.1, 0.7])
    probabilities = np.random.default_rng(seed + 1).dirichlet([1, 1, 1], size=rows)
    probabilities[np.arange(rows), classes] += skill
    return Answers.single(
        np.eye(3, dtype=bool)[classes], probabilities / probabilities.sum(axis=1, keepdims=True)
    )


def tags(rows):
    random = np.random.default_rng(3)
    return Answers.several(random.random((rows, 5)) < 0.3, random.random((rows, 5)), threshold=0.6)


def interval(candidate, champion, metric="macro_f1", samples=1000, confidence=0.95, seed=0):
    ours, theirs = (
        resampled(answers, metric, samples=samples, seed=seed) for answers in (candidate, champion)
    )
    return bootstrap.interval(ours - theirs, confidence)


@pytest.mark.parametrize("answers", [reviews(50, skill=0.2), tags(50)], ids=["one label", "several labels"])
def test_a_sample_that_holds_each_text_once_has_the_metrics_of_the_holdout(answers):
    for name in names(answers.truth.shape[1], answers.multi_label):
        once = measured(answers, name, np.ones((1, 50), np.float32))
        assert once[0] == pytest.approx(metrics(answers)[name]), name


@pytest.mark.parametrize("name", ["macro_f1", "precision_at_3", "mean_roc_auc", "mean_average_precision"])
def test_a_sample_of_several_labels_is_measured_as_if_its_texts_were_all_there_are(name):
    answers = tags(40)
    weights = next(draws(40, samples=1, seed=5))
    drawn = np.repeat(np.arange(40), weights[0].astype(int))
    repeated = Answers.several(answers.truth[drawn], answers.probabilities[drawn], threshold=0.6)
    assert measured(answers, name, weights)[0] == pytest.approx(metrics(repeated)[name])


def test_a_sample_has_the_metrics_of_the_texts_that_were_drawn():
    answers = reviews(40, skill=0.2)
    weights = next(draws(40, samples=1, seed=5))
    drawn = np.repeat(np.arange(40), weights[0].astype(int))
    repeated = Answers.single(answers.truth[drawn], answers.probabilities[drawn])

    assert measured(answers, "balanced_accuracy", weights)[0] == pytest.approx(
        metrics(repeated)["balanced_accuracy"]
    )
    assert weights.sum() == 40
    assert count(answers, weights).metric("macro_f1")[0] == pytest.approx(metrics(repeated)["macro_f1"])


def test_the_interval_holds_the_difference_and_not_zero_when_one_is_clearly_better():
    candidate, champion = reviews(2300, skill=0.5), reviews(2300, skill=0.3)
    difference = metrics(candidate)["macro_f1"] - metrics(champion)["macro_f1"]

    low, high = interval(candidate, champion)

    assert 0 < low < difference < high


def test_a_model_compared_with_itself_differs_in_no_sample():
    answers = reviews(200, skill=0.3)

    assert interval(answers, answers) == (0.0, 0.0)


def test_the_interval_narrows_with_more_texts_and_with_less_confidence():
    def width(rows, confidence=0.95):
        low, high = interval(reviews(rows, 0.5), reviews(rows, 0.3), "accuracy", confidence=confidence)
        return high - low

    assert width(4000) < width(400)
    assert width(400, confidence=0.8) < width(400)


def test_the_interval_of_accuracy_is_as_wide_as_theory_says():
    candidate, champion = reviews(2000, 0.5), reviews(2000, 0.3)
    deviation = (candidate.right.astype(float) - champion.right).std() / np.sqrt(2000)

    low, high = interval(candidate, champion, "accuracy", samples=4000)

    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.08)


def test_one_seed_gives_one_interval():
    candidate, champion = reviews(300, 0.5), reviews(300, 0.3)

    assert interval(candidate, champion, seed=7) == interval(candidate, champion, seed=7)
    assert interval(candidate, champion, seed=7) != interval(candidate, champion, seed=8)


def test_samples_are_drawn_in_blocks_that_bound_memory():
    blocks = list(draws(rows=1_000_000, samples=10, seed=0))

    assert [block.shape[0] for block in blocks] == [4, 4, 2]


def test_model_quality_has_sagemakers_shape():
    answers = reviews(400, skill=0.2)
    matrix = figures(answers, LABELS)["confusion_matrix"]

    document = statistics(answers, LABELS, matrix, samples=300, seed=0)

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    entries = document["multiclass_classification_metrics"]
    assert document["dataset"] == {"item_count": 400}
    assert entries["confusion_matrix"]["bad"]["good"] == matrix[0][2]
    true, given = answers.truth.argmax(axis=1), answers.given.argmax(axis=1)
    for name, expected in {
        "accuracy": metrics(answers)["accuracy"],
        "weighted_recall": recall_score(true, given, average="weighted"),
        "weighted_precision": precision_score(true, given, average="weighted"),
        "weighted_f0_5": fbeta_score(true, given, beta=0.5, average="weighted"),
        "weighted_f1": fbeta_score(true, given, beta=1, average="weighted"),
        "weighted_f2": fbeta_score(true, given, beta=2, average="weighted"),
    }.items():
        assert entries[name]["value"] == pytest.approx(expected), name
        assert 0 < entries[name]["standard_deviation"] < 0.05
        assert f"{name}_best_constant_classifier" in entries
    commonest = answers.truth.mean(axis=0).max()
    assert entries["accuracy_best_constant_classifier"]["value"] == pytest.approx(commonest)


def test_model_quality_of_a_small_holdout_states_no_deviation():
    answers = reviews(50, skill=0.2)

    entries = statistics(answers, LABELS, None, samples=300, seed=0)["multiclass_classification_metrics"]

    assert entries["accuracy"]["standard_deviation"] == "NaN"


def test_model_quality_of_several_labels_has_neither_matrix_nor_constant_classifier():
    entries = statistics(tags(300), tuple("abcde"), None, samples=200, seed=0)[
        "multiclass_classification_metrics"
    ]

    assert set(entries) == {
        "accuracy",
        "weighted_recall",
        "weighted_precision",
        "weighted_f0_5",
        "weighted_f1",
        "weighted_f2",
    }
