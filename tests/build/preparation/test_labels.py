"""Raw labels: the names that they mean, or why their row is dropped."""

import pytest

from preparation.labels import Labels

DATA = {"label": "label", "label_separator": None}


def rule(**stated):
    nothing = dict.fromkeys(("name", "drop", "values", "min", "max", "majority", "minority", "compare"))
    return {**nothing, **stated}


def labels(*given, data=DATA, **changes):
    config = {"multi": False, "none": None, "names": ["bad", "good", "fine"], "numbers": [], "rules": given}
    return Labels(config | changes, data)


def meaning(found, raw):
    """(names, reason, what is shown): the line's prefix is checked on the way."""
    prefix, names, reason, shown = found[raw]
    assert prefix.decode() == "".join(f"__label__{name} " for name in names)
    return names, reason, shown


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("good", (("good",), "", "")),
        (" good ", (("good",), "", "")),
        ("Good", ((), "unknown_label", "Good")),
        ("", ((), "unknown_label", "")),
        ("  ", ((), "unknown_label", "  ")),
        (("good",), (("good",), "", "")),
        (("good", ""), (("good",), "", "")),
        ((), ((), "unknown_label", "")),
        (("good", "bad"), ((), "unknown_label", "good, bad")),
        (("good", "good"), ((), "unknown_label", "good, good")),
        ("g\udce9", ((), "encoding", "g\udce9")),
    ],
)
def test_without_rules_a_row_has_one_of_the_names(raw, meant):
    assert meaning(labels(), raw) == meant


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (("good", "bad"), (("bad", "good"), "", "")),  # in the recipe's order
        (("good", "good"), (("good",), "", "")),
        (("good", "odd"), ((), "unknown_label", "odd")),
        ((), ((), "no_label", "")),
        (("", " "), ((), "no_label", ",  ")),
        ("", ((), "no_label", "")),
    ],
)
def test_several_labels_are_a_set(raw, meant):
    assert meaning(labels(multi=True), raw) == meant


def test_a_row_without_a_label_gets_the_one_that_stands_for_none():
    found = labels(multi=True, none="fine")
    assert meaning(found, ()) == (("fine",), "", "")
    assert meaning(found, "") == (("fine",), "", "")
    assert meaning(found, ("good",)) == (("good",), "", "")
    # With one label for each row there is no such label.
    assert meaning(labels(none="fine"), "")[1] == "unknown_label"


@pytest.mark.parametrize(
    ("raw", "names"),
    [("good|bad", ("bad", "good")), ("good", ("good",)), ("good| |bad|", ("bad", "good")), (" good | bad ", ("bad", "good")), ("|", ())],
)  # fmt: skip
def test_a_cell_is_cut_at_the_separator(raw, names):
    found = labels(multi=True, data={"label": "label", "label_separator": "|"})
    assert meaning(found, raw)[0] == names


SWITCHES = {"label": ["bad", "good"], "label_separator": None}


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (("1", "0"), (("bad",), "", "")), (("0", "1"), (("good",), "", "")), (("1", "1"), (("bad", "good"), "", "")),
        (("1.0", "0.0"), (("bad",), "", "")), (("TRUE", "false"), (("bad",), "", "")), ((" 1 ", "False"), (("bad",), "", "")),
        (("0", "0"), ((), "no_label", "0, 0")), (("1", ""), ((), "unknown_label", "1, ")), (("1", "2"), ((), "unknown_label", "1, 2")),
        (("yes", "no"), ((), "unknown_label", "yes, no")),
    ],
)  # fmt: skip
def test_columns_of_labels_hold_0_or_1(raw, meant):
    assert meaning(labels(multi=True, data=SWITCHES), raw) == meant


RULES = (
    rule(name="bad", values=["1", "2"]),
    rule(drop="middle", values=["3"]),
    rule(name="good", min=4),
    rule(name="bad", max=9),
)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("1", (("bad",), "", "")),
        ("3", ((), "rule: middle", "3")),
        ("4", (("good",), "", "")),
        ("3.5", (("bad",), "", "")),
        ("-1", (("bad",), "", "")),
        ("x", ((), "unknown_label", "x")),
    ],
)
def test_the_first_rule_that_holds_decides(raw, meant):
    assert meaning(labels(*RULES), raw) == meant


def test_of_several_values_those_that_a_rule_drops_do_not_count():
    found = labels(*RULES, multi=True)
    assert meaning(found, ("1", "3", "5")) == (("bad", "good"), "", "")
    assert meaning(found, ("3",)) == ((), "rule: middle", "3")
    assert meaning(found, ("3", "x")) == ((), "unknown_label", "x")


def test_rules_that_were_needed_are_told_and_asking_is_no_need():
    found = labels(*RULES)
    assert found.knows("1") and found.knows("3") and found.knows("4") and not found.knows("x")
    assert found.matched == set()
    meaning(found, "2"), meaning(found, "3"), meaning(found, "3.5")
    assert found.matched == {0, 1, 3}


NUMBERS = (
    rule(name="good", majority=["up", "all"]),
    rule(drop="none", compare=["all", "=", "0"]),
    rule(name="bad", minority=["up", "all"]),
)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (("3", "4"), (("good",), "", "")),
        (("0", "0"), ((), "rule: none", "0, 0")),
        (("1", "4"), (("bad",), "", "")),
        (("2", "4"), ((), "unknown_label", "2, 4")),  # a tie, of which no rule tells
        (("3", "x"), ((), "unknown_label", "3, x")),
        (("3",), ((), "unknown_label", "3")),
        (("3", "4", "5"), ((), "unknown_label", "3, 4, 5")),
        (("nan", "4"), ((), "unknown_label", "nan, 4")),
    ],
)
def test_rules_on_the_numbers_of_a_row(raw, meant):
    found = labels(*NUMBERS, numbers=["up", "all"], data={"label": ["up", "all"], "label_separator": None})
    assert meaning(found, raw) == meant


def test_a_label_that_every_row_has_of_its_own_takes_no_more_memory(monkeypatch):
    monkeypatch.setattr("preparation.labels._REMEMBERED", 3)
    found = labels(rule(name="good", min=0), rule(name="bad", max=0))
    for number in range(-20, 20):
        assert meaning(found, str(number))[0] == (("good",) if number >= 0 else ("bad",))
        assert len(found) <= 3
    assert found.matched == {0, 1}
