"""The choice of thresholds: the best F1 of all cuts, whatever the scores, also where they are saturated."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from evaluation import thresholds


def chosen(truth, scores):
    return thresholds.best_f1(np.array(truth, bool)[:, None], np.array(scores, float)[:, None], ["spam"])[
        "spam"
    ]


def best(truth, scores):
    """The best F1 of all cuts, by scikit-learn."""
    return max(f1_score(truth, scores >= cut, zero_division=0) for cut in np.unique(scores))


@pytest.mark.parametrize("digits", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("seed", range(4))
def test_no_cut_has_a_better_f1(digits, seed):
    random = np.random.default_rng(seed)
    truth = random.random(60) < 0.3
    scores = np.maximum(np.clip(random.random(60) * 0.7 + 0.3 * truth, 0, 1).round(digits), 1e-4)
    assert f1_score(truth, scores >= chosen(truth, scores)) == pytest.approx(best(truth, scores))


@pytest.mark.parametrize(
    ("truth", "scores"),
    [
        ([1, 0], [0.9999998, 0.9999996]),  # six digits of the middle are 1.0, which no text reaches
        ([1, 0], [0.12345678, 0.1234567]),
        ([1, 1, 0], [1.0, np.nextafter(1, 0), np.nextafter(np.nextafter(1, 0), 0)]),
        ([1, 0], [0.3 + 1e-15, 0.3]),
        ([1, 0], [0.5, np.nextafter(0.5, 0)]),
    ],
)
def test_scores_that_differ_by_little_are_told_apart(truth, scores):
    threshold = chosen(truth, scores)
    assert [score >= threshold for score in scores] == [bool(each) for each in truth]


@pytest.mark.parametrize(
    ("truth", "scores", "threshold"),
    [
        ([1, 0], [0.9, 0.2], 0.55),
        ([1, 0], [1.0, 0.0], 0.5),
        ([1, 0], [0.7, 0.1234567], 0.411728),  # in six digits
        ([1, 1, 0], [0.9, 0.3, 0.1], 0.2),
        ([1, 0, 1], [0.9, 0.5, 0.4], 0.2),  # the lowest gets it, so the next score is 0
        ([0, 1], [0.9, 0.2], 0.1),
        ([1, 0, 0, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.5], 0.85),  # 2/3 at the first, 4/7 at the last
    ],
)
def test_a_threshold_lies_halfway_to_the_next_score(truth, scores, threshold):
    assert chosen(truth, scores) == pytest.approx(threshold, abs=1e-12)


def test_of_cuts_that_are_equally_good_the_highest_is_chosen():
    # F1 is 2/3 with the first text alone, and with all four of them.
    assert chosen([1, 0, 0, 1], [0.9, 0.7, 0.5, 0.3]) == pytest.approx(0.8)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_label_that_no_text_has_or_each_keeps_a_half(share):
    assert chosen([share] * 3, [0.1, 0.2, 0.3]) == 0.5


def test_a_threshold_is_never_nought():
    assert chosen([1, 0], [0.0, 0.0]) == thresholds.LEAST == 1e-6


def test_each_label_has_a_threshold_of_its_own():
    truth = np.array([[1, 0], [0, 1], [0, 0]], bool)
    scores = np.array([[0.9, 0.1], [0.3, 0.6], [0.2, 0.2]])
    assert thresholds.best_f1(truth, scores, ["a", "b"]) == {"a": pytest.approx(0.6), "b": pytest.approx(0.4)}
