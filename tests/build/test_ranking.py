"""Rankings: scikit-learn's definitions, and what has none."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from evaluation import ranking
from evaluation.metrics import Answers, metrics, names, per_class

ONCE = np.ones((1, 200), np.float32)


@pytest.mark.parametrize("digits", [1, 8], ids=["many equal scores", "all different"])
def test_both_are_scikit_learns_whatever_the_weights(digits):
    random = np.random.default_rng(0)
    truth, scores = random.random(200) < 0.2, random.random(200).round(digits)
    weights = random.integers(0, 4, size=(3, 200)).astype(np.float32)
    found = ranking.of_label(truth, scores, weights)
    for row in range(3):
        weighing = {"sample_weight": weights[row]}
        assert found[ranking.ROC_AUC][row] == pytest.approx(roc_auc_score(truth, scores, **weighing))
        wanted = average_precision_score(truth, scores, **weighing)
        assert found[ranking.AVERAGE_PRECISION][row] == pytest.approx(wanted)


@pytest.mark.parametrize("has", [True, False])
def test_a_label_that_all_texts_have_or_none_has_no_ranking(has):
    truth, scores = np.full(200, has), np.linspace(0, 1, 200)
    assert all(np.isnan(value).all() for value in ranking.of_label(truth, scores, ONCE).values())


def test_the_mean_is_over_the_labels_that_have_one():
    truth = np.zeros((200, 2), bool)
    truth[:50, 0] = True
    scores = np.tile(np.linspace(1, 0, 200)[:, np.newaxis], (1, 2))
    assert ranking.mean(ranking.ROC_AUC, truth, scores, ONCE)[0] == 1.0
    assert np.isnan(ranking.mean(ranking.ROC_AUC, truth[:, 1:], scores[:, 1:], ONCE)[0])


def test_a_curve_lies_on_scikit_learns_and_ends_with_every_text_found():
    random = np.random.default_rng(1)
    truth, scores = random.random(200) < 0.3, random.random(200).round(2)
    precisions, recalls, _ = precision_recall_curve(truth, scores)
    points = {
        (round(recall, 4), round(precision, 4)) for recall, precision in zip(recalls, precisions, strict=True)
    }

    curve = ranking.precision_recall(truth, scores)

    assert 2 < len(curve) <= ranking.CURVE_POINTS
    assert curve[-1][0] == 1.0
    assert {tuple(point) for point in curve} <= points


@pytest.mark.parametrize("has", [True, False])
def test_a_label_that_all_texts_have_or_none_has_no_curve(has):
    assert ranking.precision_recall(np.full(200, has), np.linspace(0, 1, 200)) == []


def answers(none):
    """Texts of two labels: the first is ranked right, the second the wrong way round."""
    truth = np.array([[True, False], [False, True]] * 10)
    probabilities = np.where(truth, [0.9, 0.1], [0.1, 0.9])
    return Answers.several(truth, probabilities, 0.5, none)


def test_the_label_that_stands_for_no_label_is_not_in_the_means():
    assert metrics(answers(none=None))["mean_roc_auc"] == 0.5
    assert metrics(answers(none=1))["mean_roc_auc"] == 1.0
    assert metrics(answers(none=0))["mean_roc_auc"] == 0.0
    assert {name: row["roc_auc"] for name, row in per_class(answers(none=1), "ab").items()} == {
        "a": 1,
        "b": 0,
    }


def test_what_can_be_gated_is_what_is_measured():
    assert names(2, multi_label=False) == (
        *("accuracy", "balanced_accuracy", "macro_f1", "micro_f1"), *("mean_roc_auc", "mean_average_precision"),
    )  # fmt: skip
    assert set(names(2, multi_label=True)) ^ set(names(2, multi_label=False)) == {
        "precision_at_1",
        "balanced_accuracy",
    }
    assert set(names(7, multi_label=True)) >= {"precision_at_3", "precision_at_5"}
