"""The gate's verdict, and the sentence that explains it."""

import pytest

from evaluation.gate import Figures, Rule, decide, forced

RULE = Rule(metric="macro_f1", minimum=0.6, max_regression=0.0)


def figures(macro_f1, labels=("negative", "positive"), multi_label=False):
    return Figures(labels=labels, multi_label=multi_label, metrics={"accuracy": 0.99, "macro_f1": macro_f1})


def test_a_winner_passes():
    decision = decide(figures(0.63), figures(0.61), RULE)

    assert decision.passed
    assert decision.reason == "macro_f1 0.630 reaches the minimum of 0.600, and beats the champion's 0.610."
    assert (decision.candidate, decision.champion) == (0.63, 0.61)


def test_a_loser_is_refused_however_good_it_is():
    decision = decide(figures(0.90), figures(0.92), RULE)

    assert not decision.passed
    assert decision.reason == (
        "macro_f1 0.900 reaches the minimum of 0.600, but is 0.020 below the champion's 0.920."
    )


def test_a_tie_passes():
    decision = decide(figures(0.63), figures(0.63), RULE)

    assert decision.passed
    assert decision.reason.endswith("equals the champion's 0.630.")


def test_no_champion_leaves_only_the_minimum():
    decision = decide(figures(0.63), None, RULE)

    assert decision.passed
    assert decision.champion is None
    assert decision.reason == (
        "macro_f1 0.630 reaches the minimum of 0.600, and there is no champion to compare with."
    )


def test_below_the_minimum_is_refused_even_without_a_champion():
    decision = decide(figures(0.55), None, RULE)

    assert not decision.passed
    assert "0.550 is below the minimum of 0.600" in decision.reason


def test_below_the_minimum_is_refused_even_if_the_champion_is_beaten():
    decision = decide(figures(0.55), figures(0.50), RULE)

    assert not decision.passed
    assert decision.reason == "macro_f1 0.550 is below the minimum of 0.600, but beats the champion's 0.500."


def test_both_faults_are_named():
    decision = decide(figures(0.55), figures(0.70), RULE)

    assert decision.reason == (
        "macro_f1 0.550 is below the minimum of 0.600, and is 0.150 below the champion's 0.700."
    )


def test_reaching_the_minimum_exactly_passes():
    assert decide(figures(0.6), None, RULE).passed


@pytest.mark.parametrize(("candidate", "passes"), [(0.62, True), (0.6199, False)])
def test_a_regression_passes_up_to_what_the_rule_allows(candidate, passes):
    # 0.63 - 0.01 is a little more than 0.62 in binary; that must not decide.
    decision = decide(figures(candidate), figures(0.63), Rule("macro_f1", 0.6, max_regression=0.01))

    assert decision.passed is passes
    assert ("within the allowed regression of 0.01" in decision.reason) is passes


def test_figures_that_differ_are_written_so_that_they_differ():
    decision = decide(figures(0.60004), figures(0.60008), RULE)

    assert not decision.passed
    assert "champion's 0.60008" in decision.reason


def test_only_the_rules_metric_counts():
    rule = Rule("accuracy", minimum=0.6, max_regression=0.0)

    assert decide(figures(0.1), figures(0.9), rule).passed


def test_a_metric_that_was_not_measured_is_an_error():
    with pytest.raises(ValueError, match=r"asks for recall; measured were: accuracy, macro_f1\."):
        decide(figures(0.63), None, Rule("recall", 0.6, 0.0))


def test_a_figure_that_is_not_a_number_is_refused():
    decision = decide(figures(float("nan")), None, RULE)

    assert not decision.passed
    assert "could not be measured" in decision.reason


def test_a_champion_with_other_labels_is_a_refusal_that_names_them():
    champion = Figures(labels=("bad", "good", "positive"), multi_label=False, metrics={})

    decision = decide(figures(0.99), champion, RULE)

    assert not decision.passed
    assert decision.champion is None
    assert "only the champion knows bad, good" in decision.reason
    assert "only the candidate knows negative" in decision.reason
    assert "--force REASON" in decision.reason


def test_the_order_of_labels_is_no_difference():
    assert decide(figures(0.63), figures(0.61, labels=("positive", "negative")), RULE).passed


def test_a_champion_that_gives_several_labels_cannot_be_compared_with_one_that_gives_one():
    decision = decide(figures(0.63), figures(0.61, multi_label=True), RULE)

    assert not decision.passed
    assert "the champion gives several labels to a text, the candidate one label" in decision.reason


def test_a_long_list_of_labels_is_cut():
    champion = Figures(labels=tuple(f"l{number}" for number in range(100)), multi_label=False, metrics={})

    reason = decide(figures(0.63), champion, RULE).reason

    assert "l7 and 92 more" in reason
    assert "l8" not in reason


def test_force_turns_a_refusal_and_keeps_both_reasons():
    refused = decide(figures(0.55), None, RULE)

    decision = forced(refused, "Legal asked for the new labels.")

    assert (decision.passed, decision.forced) == (True, True)
    assert decision.reason.startswith(
        "Forced: Legal asked for the new labels. The gate had refused: macro_f1 0.550"
    )


def test_force_changes_nothing_where_the_gate_passes():
    passed = decide(figures(0.63), None, RULE)

    assert forced(passed, "just in case") == passed


def test_force_needs_a_reason():
    with pytest.raises(ValueError, match="say why"):
        forced(decide(figures(0.55), None, RULE), "  ")
