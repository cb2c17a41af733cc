"""The gate at its edges, and laws that hold for any figures."""

import itertools
import re

import pytest

from evaluation.gate import Decision, Figures, Rule, Trial, after_trial, comparable, decide, forced

LABELS = ("bad", "good")


def figures(value, labels=LABELS, multi_label=False):
    return Figures(labels, multi_label, {"f1": value})


def decided(candidate, champion=None, minimum=0.5, regression=0.0):
    return decide(
        figures(candidate), None if champion is None else figures(champion), Rule("f1", minimum, regression)
    )


@pytest.mark.parametrize(
    ("candidate", "champion", "minimum", "regression", "passed", "reason"),
    [
        (0.5, None, 0.5, 0, True, "f1 0.500 reaches the minimum of 0.500, and there is no champion to compare with."),
        (0.4999, None, 0.5, 0, False, "f1 0.4999 is below the minimum of 0.5000, and there is no champion to compare with."),
        (0.5 - 1e-10, None, 0.5, 0, True, "f1 0.500 reaches the minimum of 0.500"),  # less than rounding does
        (0.5 - 1e-8, None, 0.5, 0, False, "f1 0.49999999 is below the minimum of 0.50000000"),
        (0.0, None, 0.0, 0, True, "f1 0.000 reaches the minimum of 0.000"),
        (1.0, 1.0, 1.0, 0, True, "f1 1.000 reaches the minimum of 1.000, and equals the champion's 1.000."),
        (0.6, 0.6 + 1e-10, 0.5, 0, True, "and equals the champion's 0.600."),
        (0.6, 0.6 + 1e-8, 0.5, 0, False, "but is 0.00000001 below the champion's 0.60000001."),
        (0.6, 0.61, 0.5, 0.01, True, "and is 0.010 below the champion's 0.610, within the allowed regression of 0.010."),
        (0.6, 0.62, 0.5, 0.01, False, "but is 0.020 below the champion's 0.620, more than the allowed regression of 0.010."),
        (0.6, 0.6104, 0.5, 0.01, False, "is 0.0104 below the champion's 0.6104, more than the allowed regression of 0.0100."),
        (0.4, 0.3, 0.5, 0, False, "f1 0.400 is below the minimum of 0.500, but beats the champion's 0.300."),
        (0.4, 0.41, 0.5, 0.1, False, "is below the minimum of 0.500, but is 0.010 below the champion's 0.410, within the allowed"),
        (0.4, 0.9, 0.5, 0.1, False, "is below the minimum of 0.500, and is 0.500 below the champion's 0.900, more than"),
        (0.6004, 0.6, 0.5, 0, True, "and beats the champion's 0.6000."),
    ],
)  # fmt: skip
def test_the_verdict_and_its_sentence(candidate, champion, minimum, regression, passed, reason):
    found = decided(candidate, champion, minimum, regression)
    assert found.passed is passed
    assert reason in found.reason
    assert (found.metric, found.candidate, found.champion) == ("f1", candidate, champion)
    assert (found.minimum, found.max_regression, found.forced) == (minimum, regression, False)


VALUES = [0.0, 0.3, 0.49999, 0.5, 0.5000004, 0.6, 0.61, 0.99, 1.0]


def test_a_better_candidate_passes_wherever_a_worse_one_does():
    for champion, regression in itertools.product([None, *VALUES], [0.0, 0.01, 0.2]):
        verdicts = [decided(value, champion, 0.5, regression).passed for value in VALUES]
        assert verdicts == sorted(verdicts), (champion, regression)


def test_a_lower_bar_passes_whatever_a_higher_one_does():
    for value, champion in itertools.product(VALUES, [None, *VALUES]):
        by_minimum = [decided(value, champion, minimum).passed for minimum in VALUES]
        assert by_minimum == sorted(by_minimum, reverse=True)
        by_regression = [decided(value, champion, 0.0, regression).passed for regression in VALUES]
        assert by_regression == sorted(by_regression)


def test_the_numbers_of_a_sentence_agree_with_its_words():
    """Figures that differ are written with as many digits as it takes to see it."""
    for value, champion in itertools.product(VALUES, VALUES):
        reason = decided(value, champion).reason
        found, minimum, *_ = (float(number) for number in re.findall(r"\d+\.\d+", reason))
        assert (found >= minimum) is ("reaches the minimum" in reason)
        shown = float(re.search(r"champion's (\d+\.\d+)", reason)[1])
        words = "equals" if found == shown else "beats" if found > shown else "below the champion's"
        assert words in reason


@pytest.mark.parametrize(
    ("labels", "multi_label", "alike"),
    [(LABELS, False, True), (LABELS[::-1], False, True), (LABELS, True, False), (("bad",), False, False), (("bad", "good", "fine"), False, False)],
)  # fmt: skip
def test_models_are_comparable_by_their_labels_in_any_order(labels, multi_label, alike):
    candidate, champion = figures(0.9), figures(0.1, labels, multi_label)
    assert comparable(candidate, champion) is comparable(champion, candidate) is alike
    found = decide(candidate, champion, Rule("f1", 0.5, 1.0))
    assert found.passed is alike
    assert found.champion == (0.1 if alike else None)


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        (("bad",), "because its labels differ: only the candidate knows good (to"),
        (("bad", "good", "odd"), "because its labels differ: only the champion knows odd (to"),
        (("good", "odd"), "only the champion knows odd; only the candidate knows bad (to replace it on purpose, run with --force REASON)."),
    ],
)  # fmt: skip
def test_labels_that_differ_are_named(champion, reason):
    assert reason in decide(figures(0.9), Figures(champion, False, {}), Rule("f1", 0.5, 0.0)).reason


@pytest.mark.parametrize(
    ("count", "listed"),
    [(8, "l0, l1, l2, l3, l4, l5, l6, l7 (to"), (9, "l7 and 1 more (to"), (10, "l7 and 2 more (to")],
)
def test_eight_labels_are_named(count, listed):
    names = tuple(f"l{number}" for number in range(count))
    assert listed in decide(figures(0.9), Figures((*LABELS, *names), False, {}), Rule("f1", 0.5, 0.0)).reason


def test_a_metric_that_was_not_measured_is_named_with_those_that_were():
    with pytest.raises(ValueError, match=r"The gate asks for recall; measured were: f1\."):
        decide(figures(0.5), None, Rule("recall", 0.5, 0.0))
    with pytest.raises(ValueError, match=r"measured were: nothing\."):
        decide(figures(0.5), Figures(LABELS, False, {}), Rule("f1", 0.5, 0.0))


PASSED, REFUSED = (Decision(passed, "So.", "f1", 0.6, None, 0.5, 0.0) for passed in (True, False))


@pytest.mark.parametrize("reason", ["why", " why ", "why.", "why. "])
def test_a_refusal_is_forced_with_its_reason(reason):
    found = forced(REFUSED, reason)
    assert (found.passed, found.forced) == (True, True)
    assert found.reason == "Forced: why. The gate had refused: So."
    assert forced(PASSED, reason) == PASSED


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
@pytest.mark.parametrize("decision", [PASSED, REFUSED], ids=["passed", "refused"])
def test_nothing_is_forced_without_a_reason(decision, reason):
    with pytest.raises(ValueError, match="forced only with a reason: say why"):
        forced(decision, reason)


@pytest.mark.parametrize(
    ("differing", "p99", "limit", "served_well"),
    [(0, 5, None, True), (0, 5, 5, True), (0, 5.01, 5, False), (1, 5, None, False), (1, 5, 5, False), (1, 6, 5, False)],
)  # fmt: skip
def test_a_trial_takes_a_pass_away_and_never_gives_one(differing, p99, limit, served_well):
    trial = Trial(10, differing, p99, limit)
    assert after_trial(PASSED, trial).passed is served_well
    assert after_trial(REFUSED, trial).passed is False
    force = forced(REFUSED, "why")
    assert (after_trial(force, trial).passed, after_trial(force, trial).forced) == (True, True)
