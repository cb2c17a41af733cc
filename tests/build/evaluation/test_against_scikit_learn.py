"""The metrics against scikit-learn's own functions, on labels and scores with ties, rare labels and labels without a text."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from evaluation import bootstrap, metrics, model_quality
from evaluation.metrics import Answers

ROWS = 120


def single(labels, seed, digits=2, absent=0):
    """Texts of one label each; the last `absent` labels have none. Few digits make ties."""
    random = np.random.default_rng(seed)
    truth = random.choice(labels - absent, ROWS, p=random.dirichlet(np.ones(labels - absent)))
    probabilities = random.dirichlet(np.ones(labels), ROWS) + 0.3 * np.eye(labels)[truth]
    probabilities = np.maximum(probabilities.round(digits), 1e-3)
    return Answers.single(
        np.eye(labels, dtype=bool)[truth], probabilities / probabilities.sum(1, keepdims=True)
    )


def several(labels, seed, digits=2, none=None):
    random = np.random.default_rng(seed)
    truth = random.random((ROWS, labels)) < random.random(labels)
    scores = np.clip(random.random((ROWS, labels)) * 0.8 + 0.2 * truth, 0.001, 0.999).round(digits)
    return Answers.several(truth, scores, random.random(labels), none)


SINGLE = {f"{labels} labels, {absent} without a text": (labels, absent) for labels, absent in ((2, 0), (3, 0), (3, 1), (8, 0), (8, 3))}  # fmt: skip


@pytest.fixture(params=SINGLE)
def one_label(request):
    labels, absent = SINGLE[request.param]
    return single(labels, seed=labels, absent=absent)


@pytest.fixture(params=[2, 3, 7])
def any_labels(request):
    return several(request.param, seed=request.param)


def close(value):
    return pytest.approx(value, abs=1e-12)


def test_metrics_of_one_label_for_each_text(one_label):
    truth, given = one_label.truth.argmax(1), one_label.probabilities.argmax(1)
    labels = range(one_label.truth.shape[1])
    found = metrics.metrics(one_label)
    assert found["accuracy"] == close(sk.accuracy_score(truth, given))
    assert found["macro_f1"] == close(
        sk.f1_score(truth, given, labels=labels, average="macro", zero_division=0)
    )
    assert found["micro_f1"] == close(sk.f1_score(truth, given, labels=labels, average="micro"))
    assert found["log_loss"] == close(sk.log_loss(truth, one_label.probabilities, labels=labels))
    present = np.unique(truth)
    assert found["balanced_accuracy"] == close(
        np.mean([(given[truth == label] == label).mean() for label in present])
    )
    assert found["micro_f1"] == close(found["accuracy"])


def test_metrics_of_several_labels_for_each_text(any_labels):
    found, truth, given = metrics.metrics(any_labels), any_labels.truth, any_labels.given
    assert found["accuracy"] == close(sk.accuracy_score(truth, given))
    assert found["macro_f1"] == close(sk.f1_score(truth, given, average="macro", zero_division=0))
    assert found["micro_f1"] == close(sk.f1_score(truth, given, average="micro", zero_division=0))
    columns = range(truth.shape[1])
    assert found["log_loss"] == close(
        np.mean([sk.log_loss(truth[:, column], any_labels.probabilities[:, column], labels=[False, True]) for column in columns])
    )  # fmt: skip


def test_rankings_are_means_over_the_labels_that_some_texts_have_and_some_have_not(one_label, any_labels):
    for answers in (one_label, any_labels):
        found = metrics.metrics(answers)
        ranked = [c for c in range(answers.truth.shape[1]) if 0 < answers.truth[:, c].sum() < ROWS]
        for name, score in (
            ("mean_roc_auc", sk.roc_auc_score),
            ("mean_average_precision", sk.average_precision_score),
        ):
            of_labels = [score(answers.truth[:, c], answers.probabilities[:, c]) for c in ranked]
            assert found[name] == close(np.mean(of_labels))


@pytest.mark.parametrize("count", [1, 3, 5])
def test_precision_among_the_best_counts_the_true_ones(count):
    answers = several(7, seed=1, digits=6)  # no ties, of which scikit-learn takes others
    best = np.argsort(answers.probabilities, axis=1)[:, ::-1][:, :count]
    wanted = np.mean([answers.truth[row, best[row]].mean() for row in range(ROWS)])
    assert metrics.metrics(answers)[f"precision_at_{count}"] == close(wanted)


def test_precision_among_more_labels_than_there_are_is_not_measured():
    assert [name for name in metrics.metrics(several(4, seed=0)) if name.startswith("precision")] == [
        "precision_at_1", "precision_at_3",
    ]  # fmt: skip
    assert [name for name in metrics.names(5, True) if name.startswith("precision")] == [
        "precision_at_1", "precision_at_3", "precision_at_5",
    ]  # fmt: skip


def test_what_a_recipe_can_name_is_what_is_measured(one_label, any_labels):
    for answers in (one_label, any_labels):
        named = metrics.names(answers.truth.shape[1], answers.multi_label)
        assert set(metrics.metrics(answers)) - set(named) == {"log_loss"}
        assert set(named) <= set(metrics.metrics(answers))


def test_figures_of_each_label(one_label, any_labels):
    for answers in (one_label, any_labels):
        names = [f"label {number}" for number in range(answers.truth.shape[1])]
        found = metrics.per_class(answers, names)
        assert list(found) == names
        for column, name in enumerate(names):
            truth, given = answers.truth[:, column], answers.given[:, column]
            own = found[name]
            assert own["precision"] == close(sk.precision_score(truth, given, zero_division=0))
            assert own["recall"] == close(sk.recall_score(truth, given, zero_division=0))
            assert own["f1"] == close(sk.f1_score(truth, given, zero_division=0))
            assert own["support"] == truth.sum()
            if truth.any():
                assert own["average_precision"] == close(
                    sk.average_precision_score(truth, answers.probabilities[:, column])
                )
            else:
                assert own["roc_auc"] is None and own["average_precision"] is None


def test_the_confusion_matrix_is_scikit_learns_by_the_order_of_the_labels(one_label):
    labels = range(one_label.truth.shape[1])
    wanted = sk.confusion_matrix(one_label.truth.argmax(1), one_label.given.argmax(1), labels=labels)
    assert metrics.figures(one_label, [str(label) for label in labels])["confusion_matrix"] == wanted.tolist()


@pytest.mark.parametrize("labels", [2, 3, 8])
def test_the_calibration_is_scikit_learns_reliability_curve(labels):
    one_label = single(labels, seed=labels, digits=8)
    confidence = one_label.probabilities.max(1)
    # scikit-learn's bins are open on the other side; these confidences lie on no edge.
    assert not np.isin(confidence, np.linspace(0, 1, 11)).any()
    accuracy, mean = calibration_curve(one_label.right_at_1, confidence, n_bins=10)
    bins = metrics.reliability(one_label)
    assert [each["accuracy"] for each in bins] == pytest.approx(list(accuracy))
    assert [each["confidence"] for each in bins] == pytest.approx(list(mean))
    assert sum(each["count"] for each in bins) == ROWS
    error = sum(each["count"] * abs(a - c) for each, a, c in zip(bins, accuracy, mean, strict=True)) / ROWS
    assert metrics.calibration_error(bins) == close(error)


@pytest.mark.parametrize(
    ("confidence", "bin_"),
    [(0.0, 0), (0.05, 0), (0.1, 1), (0.19, 1), (0.5, 5), (0.89, 8), (0.9, 9), (1.0, 9)],
)
def test_a_bin_holds_its_lower_edge_and_the_last_one_both(confidence, bin_):
    scores = np.array([[confidence], [bin_ / 10 + 0.05]])
    answers = Answers.several(np.ones((2, 1), bool), scores, 0.5)
    assert [each["count"] for each in metrics.reliability(answers)] == [2]


# Laws


def test_the_order_of_texts_and_of_labels_changes_nothing(one_label, any_labels):
    for answers in (one_label, any_labels):
        rows = np.random.default_rng(0).permutation(ROWS)
        columns = np.arange(answers.truth.shape[1])[::-1]
        turned = Answers(
            answers.truth[rows][:, columns],
            answers.probabilities[rows][:, columns],
            answers.given[rows][:, columns],
            answers.multi_label,
        )
        found, other = metrics.metrics(answers), metrics.metrics(turned)
        unordered = [
            name for name in found if not name.startswith("precision_at")
        ]  # ties go to the first label
        assert {name: other[name] for name in unordered} == pytest.approx(
            {name: found[name] for name in unordered}
        )


@pytest.mark.parametrize(
    ("threshold", "given"), [(0.3, [1, 1, 1]), (0.31, [0, 1, 1]), ([0.3, 0.61, 0.9], [1, 0, 1])]
)
def test_a_label_is_given_from_its_threshold_on(threshold, given):
    answers = Answers.several(np.zeros((1, 3), bool), np.array([[0.3, 0.6, 0.9]]), threshold)
    assert answers.given.tolist() == [[bool(each) for each in given]]


def test_of_equally_probable_labels_the_first_is_given():
    answers = Answers.single(np.array([[False, True, False]]), np.array([[0.2, 0.4, 0.4]]))
    assert answers.given.tolist() == [[False, True, False]]
    assert answers.right.tolist() == [True]


# The bootstrap


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "mean_roc_auc"])
def test_each_sample_has_the_metric_of_its_texts(one_label, metric):
    weights = next(bootstrap.draws(ROWS, 5, seed=3))
    found = bootstrap.measured(one_label, metric, weights)
    for sample in range(5):
        rows = np.repeat(np.arange(ROWS), weights[sample].astype(int))
        drawn = Answers.single(one_label.truth[rows], one_label.probabilities[rows])
        assert found[sample] == pytest.approx(metrics.metrics(drawn)[metric])


def test_a_metric_that_the_bootstrap_does_not_know_is_named(one_label):
    with pytest.raises(ValueError, match=r"The bootstrap knows no log_loss\."):
        bootstrap.measured(one_label, "log_loss", np.ones((1, ROWS), np.float32))


def test_each_sample_has_as_many_texts_as_the_holdout_and_blocks_do_not_show(monkeypatch):
    whole = np.concatenate(list(bootstrap.draws(37, 20, seed=5)))
    assert (whole.sum(axis=1) == 37).all()
    assert whole.mean(axis=0) == pytest.approx(np.ones(37), abs=0.9)
    for cells in (1, 37, 100, 37 * 19):
        monkeypatch.setattr(bootstrap, "_CELLS", cells)
        assert (np.concatenate(list(bootstrap.draws(37, 20, seed=5))) == whole).all()


@pytest.mark.parametrize(
    ("confidence", "low", "high"), [(0.9, 5.0, 95.0), (0.5, 25.0, 75.0), (0.95, 2.5, 97.5), (1.0, 0.0, 100.0)]
)
def test_an_interval_leaves_out_as_many_samples_on_both_sides(confidence, low, high):
    values = np.random.default_rng(0).permutation(np.arange(101.0))
    assert bootstrap.interval(values, confidence) == (pytest.approx(low), pytest.approx(high))
    assert bootstrap.interval(np.append(values, np.nan), confidence) == (
        pytest.approx(low),
        pytest.approx(high),
    )


def test_what_is_nought_by_nought_is_nought():
    found = bootstrap.ratio(np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.0, 2.0]))
    assert found.tolist() == [0.0, 0.0, 1.5]


# model_quality.json


def test_weighted_figures_and_those_of_the_constant_answer(one_label):
    truth, given = one_label.truth.argmax(1), one_label.given.argmax(1)
    names = [str(label) for label in range(one_label.truth.shape[1])]
    entries = model_quality.statistics(one_label, names, None, samples=10, seed=0)[
        "multiclass_classification_metrics"
    ]
    constant = np.full_like(truth, np.bincount(truth).argmax())
    scores = {
        "accuracy": sk.accuracy_score,
        "weighted_recall": lambda *both: sk.recall_score(*both, average="weighted", zero_division=0),
        "weighted_precision": lambda *both: sk.precision_score(*both, average="weighted", zero_division=0),
        "weighted_f0_5": lambda *both: sk.fbeta_score(*both, beta=0.5, average="weighted", zero_division=0),
        "weighted_f1": lambda *both: sk.fbeta_score(*both, beta=1, average="weighted", zero_division=0),
        "weighted_f2": lambda *both: sk.fbeta_score(*both, beta=2, average="weighted", zero_division=0),
    }
    for name, score in scores.items():
        assert entries[name]["value"] == pytest.approx(score(truth, given)), name
        assert entries[f"{name}_best_constant_classifier"]["value"] == pytest.approx(
            score(truth, constant)
        ), name
    assert set(entries) == set(scores) | {f"{name}_best_constant_classifier" for name in scores}


@pytest.mark.parametrize(("rows", "stated"), [(199, False), (200, True)])
def test_a_deviation_is_stated_from_two_hundred_texts_on(rows, stated):
    truth = np.eye(2, dtype=bool)[np.arange(rows) % 2]
    answers = Answers.single(
        truth, np.where(np.arange(rows)[:, np.newaxis] % 4 == 0, [0.4, 0.6], truth * 0.8 + 0.1)
    )
    entries = model_quality.statistics(answers, ["a", "b"], None, samples=200, seed=0)[
        "multiclass_classification_metrics"
    ]
    deviation = entries["accuracy"]["standard_deviation"]
    accuracy = entries["accuracy"]["value"]
    assert deviation == (
        pytest.approx((accuracy * (1 - accuracy) / rows) ** 0.5, rel=0.2) if stated else "NaN"
    )
