"""The metrics, against hand-computed values."""

import math

import numpy as np
import pytest

from evaluation import mistakes
from evaluation.metrics import (
    CONFUSION_LABELS,
    Answers,
    calibration_error,
    figures,
    metrics,
    per_class,
    reliability,
)

LABELS = ("bad", "fine", "good")


def one_hot(columns, labels=3):
    return np.eye(labels, dtype=bool)[columns]


def single():
    """Six texts. True: bad bad fine fine good good; given: bad fine fine fine good bad."""
    probabilities = [
        [0.9, 0.05, 0.05],
        [0.3, 0.6, 0.1],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.02, 0.03, 0.95],
        [0.5, 0.1, 0.4],
    ]
    return Answers.single(one_hot([0, 0, 1, 1, 2, 2]), np.array(probabilities))


def several():
    """Four texts, each with any of two labels; the threshold is a half, and the last text has none."""
    truth = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)
    probabilities = np.array([[0.9, 0.5], [0.4, 0.3], [0.6, 0.7], [0.1, 0.2]])
    return Answers.several(truth, probabilities, threshold=0.5)


def test_one_label_per_text():
    measured = metrics(single())

    assert measured["accuracy"] == pytest.approx(4 / 6)
    assert measured["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert measured["micro_f1"] == pytest.approx(4 / 6)
    # F1: bad 2*1/(2+2), fine 2*2/(3+2), good 2*1/(1+2)
    assert measured["macro_f1"] == pytest.approx((0.5 + 0.8 + 2 / 3) / 3)
    assert measured["log_loss"] == pytest.approx(
        -sum(math.log(p) for p in (0.9, 0.3, 0.7, 0.8, 0.95, 0.4)) / 6
    )
    assert "precision_at_1" not in measured


def test_per_class_figures():
    rows = per_class(single(), LABELS).values()
    assert next(iter([row.pop("roc_auc") for row in rows])) == 0.875
    assert next(iter([row.pop("average_precision") for row in rows])) == pytest.approx(5 / 6)
    bad, fine, good = rows

    assert bad == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert fine == {"precision": pytest.approx(2 / 3), "recall": 1.0, "f1": pytest.approx(0.8), "support": 2}
    assert good == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}


def test_the_confusion_matrix_has_a_row_for_each_true_label():
    assert figures(single(), LABELS)["confusion_matrix"] == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_a_label_that_is_neither_true_nor_given_counts_nought():
    answers = Answers.single(one_hot([0, 1]), np.array([[0.8, 0.2, 0.0], [0.3, 0.7, 0.0]]))

    assert metrics(answers)["macro_f1"] == pytest.approx(2 / 3)
    good = per_class(answers, LABELS)["good"]
    assert good == {
        **{"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        **{"roc_auc": None, "average_precision": None},
    }


def test_balanced_accuracy_gives_no_credit_for_the_commonest_label():
    truth = np.zeros(100, dtype=int)
    truth[:12] = 1
    always = Answers.single(one_hot(truth), np.tile([0.9, 0.1, 0.0], (100, 1)))

    assert metrics(always)["accuracy"] == 0.88
    assert metrics(always)["balanced_accuracy"] == 0.5  # the third label has no text


def test_several_labels_per_text():
    measured = metrics(several())

    # given: both, none, both, none
    assert measured["accuracy"] == 0.5
    assert measured["micro_f1"] == pytest.approx(2 * 3 / (4 + 4))
    assert measured["macro_f1"] == pytest.approx((2 * 1 / (2 + 2) + 2 * 2 / (2 + 2)) / 2)
    assert measured["precision_at_1"] == 0.75
    right = (0.9, 0.5, 0.4, 0.7, 0.4, 0.7, 0.9, 0.8)  # the probability given to each true yes or no
    assert measured["log_loss"] == pytest.approx(-sum(map(math.log, right)) / 8)
    assert figures(several(), ("a", "b"))["confusion_matrix"] is None


def test_a_probability_of_nought_for_the_truth_is_a_large_loss_and_not_an_infinite_one():
    answers = Answers.single(one_hot([2]), np.array([[0.5, 0.5, 0.0]]))

    assert 10 < metrics(answers)["log_loss"] < 100


def test_reliability_compares_confidence_with_accuracy_bin_by_bin():
    bins = reliability(single())

    # Confidences 0.9, 0.6, 0.7, 0.8, 0.95, 0.5: the first and the fifth share the last bin.
    assert [entry["count"] for entry in bins] == [1, 1, 1, 1, 2]
    assert bins[0] == {"confidence": 0.5, "accuracy": 0.0, "count": 1}
    assert bins[-1] == {"confidence": pytest.approx(0.925), "accuracy": 1.0, "count": 2}
    assert calibration_error(bins) == pytest.approx((0.5 + 0.6 + 0.3 + 0.2 + 2 * 0.075) / 6)


def test_full_confidence_belongs_to_the_last_bin():
    answers = Answers.single(one_hot([0]), np.array([[1.0, 0.0, 0.0]]))

    assert reliability(answers) == [{"confidence": 1.0, "accuracy": 1.0, "count": 1}]


def test_a_matrix_that_nobody_could_read_is_left_out():
    labels = [str(number) for number in range(CONFUSION_LABELS + 1)]
    truth = one_hot([0, 1], labels=len(labels))

    assert figures(Answers.single(truth, truth.astype(float)), labels)["confusion_matrix"] is None


def test_the_most_confident_mistakes_come_first_with_what_was_true_and_given():
    texts = ["a", "b", "c", "d", "e", "f"]
    assert mistakes.most_confident(single(), texts, LABELS) == [
        {"text": "b", "labels": ["bad"], "given": ["fine"], "confidence": 0.6},
        {"text": "f", "labels": ["good"], "given": ["bad"], "confidence": 0.5},
    ]


def test_a_label_that_is_missing_is_a_mistake_as_sure_as_its_absence():
    found = mistakes.most_confident(several(), ["a", "b", "c", "d"], ("x", "y"))
    assert [(each["text"], each["labels"], each["given"]) for each in found] == [
        ("b", ["x"], []),
        ("c", ["y"], ["x", "y"]),
    ]
    assert [each["confidence"] for each in found] == pytest.approx([0.6, 0.6])


def test_mistakes_are_few_and_their_texts_short():
    answers = Answers.single(one_hot([0] * 50), np.tile([0.1, 0.8, 0.1], (50, 1)))
    found = mistakes.most_confident(answers, ["word " * 1000] * 50, LABELS)
    assert (len(found), {len(each["text"]) for each in found}) == (20, {300})
