"""The choice of a threshold for each label."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from evaluation import thresholds


def chosen(truth, scores):
    found = thresholds.best_f1(
        np.array(truth, bool)[:, np.newaxis], np.array(scores)[:, np.newaxis], ["spam"]
    )
    return found["spam"]


def test_the_threshold_has_the_best_f1_of_all_cuts():
    random = np.random.default_rng(0)
    truth = random.random(300) < 0.2
    scores = np.round(np.clip(truth * 0.3 + random.random(300) * 0.7, 0, 1), 2)

    reached = f1_score(truth, scores >= chosen(truth, scores))

    assert reached == pytest.approx(max(f1_score(truth, scores >= cut) for cut in np.unique(scores)))


def test_a_threshold_lies_between_the_scores_that_it_separates():
    assert chosen([1, 1, 0, 0], [0.9, 0.8, 0.4, 0.1]) == pytest.approx(0.6)


def test_texts_of_equal_scores_are_given_the_label_together():
    assert chosen([1, 0, 0, 0], [0.3, 0.3, 0.3, 0.1]) == pytest.approx(0.2)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1]])
def test_a_label_that_no_text_or_every_text_has_keeps_the_usual_threshold(truth):
    assert chosen(truth, [0.9, 0.1]) == thresholds.FALLBACK


def test_no_threshold_is_zero_since_a_text_without_words_scores_that():
    assert chosen([1, 0], [0.0, 0.0]) > 0
