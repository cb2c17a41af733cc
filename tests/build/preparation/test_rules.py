"""Label rules: what a raw value, or the numbers of a row, must be for a rule to hold."""

import pytest

from preparation import rules


def rule(**stated):
    nothing = dict.fromkeys(("name", "drop", "values", "min", "max", "majority", "minority", "compare"))
    return {**nothing, "name": "good", **stated}


@pytest.mark.parametrize(
    ("stated", "value", "holds"),
    [
        ({"values": ["1", "2"]}, "1", True), ({"values": ["1", "2"]}, "3", False), ({"values": ["1"]}, "1.0", False), ({"values": ["a"]}, "A", False),
        ({"values": []}, "", False), ({"values": [""]}, "", True),
        ({"min": 3}, "3", True), ({"min": 3}, "2.999", False), ({"min": 3}, "1e3", True), ({"min": 3}, " 4 ", True), ({"min": 0}, "-0", True),
        ({"max": 3}, "3", True), ({"max": 3}, "3.001", False), ({"max": -1}, "-1.5", True), ({"max": 0}, "0.0", True),
        ({"min": 2, "max": 4}, "2", True), ({"min": 2, "max": 4}, "4", True), ({"min": 2, "max": 4}, "1.9", False), ({"min": 2, "max": 4}, "4.1", False),
        ({"min": 0}, "five", False), ({"max": 9}, "", False), ({"min": 0}, "nan", False), ({"min": 0}, "inf", False), ({"max": 0}, "-inf", False),
        ({"min": 0}, "1_0", False), ({"min": 0}, "0x10", False), ({"max": 9}, "\u0663", True),
        ({}, "anything", True), ({}, "", True),
    ],
)  # fmt: skip
def test_a_rule_on_one_value(stated, value, holds):
    assert rules.matches(rule(**stated), value) is holds


@pytest.mark.parametrize(
    ("stated", "up", "down", "holds"),
    [
        ({"majority": ["up", "down"]}, 3, 5, True), ({"majority": ["up", "down"]}, 2, 4, False), ({"majority": ["up", "down"]}, 0, 0, False),
        ({"minority": ["up", "down"]}, 1, 4, True), ({"minority": ["up", "down"]}, 2, 4, False), ({"minority": ["up", "down"]}, 3, 4, False),
        ({"compare": ["up", ">", "down"]}, 2, 1, True), ({"compare": ["up", ">", "down"]}, 1, 1, False),
        ({"compare": ["up", ">=", "down"]}, 1, 1, True), ({"compare": ["up", ">=", "down"]}, 0, 1, False),
        ({"compare": ["up", "<", "down"]}, 0, 1, True), ({"compare": ["up", "<", "down"]}, 1, 1, False),
        ({"compare": ["up", "<=", "down"]}, 1, 1, True), ({"compare": ["up", "<=", "down"]}, 2, 1, False),
        ({"compare": ["up", "=", "down"]}, 1, 1, True), ({"compare": ["up", "=", "down"]}, 1, 2, False),
        ({"compare": ["up", "!=", "down"]}, 1, 2, True), ({"compare": ["up", "!=", "down"]}, 1, 1, False),
        ({"compare": ["up", ">", "2.5"]}, 3, 0, True), ({"compare": ["up", ">", "2.5"]}, 2, 9, False), ({"compare": ["down", "=", "0"]}, 5, 0, True),
        ({}, 0, 0, True),
    ],
)  # fmt: skip
def test_a_rule_on_the_numbers_of_a_row(stated, up, down, holds):
    assert rules.holds(rule(**stated), {"up": float(up), "down": float(down)}) is holds


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("5", 5.0), ("-0.5", -0.5), ("1e3", 1000.0), (" 7 ", 7.0), ("+2", 2.0), (".5", 0.5), ("5.", 5.0), ("", None), ("five", None), ("nan", None),
        ("NaN", None), ("inf", None), ("-Infinity", None), ("1e999", None), ("1_000", None), ("1,5", None), ("0x1", None), ("5%", None),
    ],
)  # fmt: skip
def test_a_number_is_what_people_write_as_one(value, number):
    assert rules.number(value) == number


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"values": ["1", "2"]}, "values 1, 2"),
        ({"min": 3}, "min 3"),
        ({"max": 0}, "max 0"),
        ({"min": 0, "max": 2.5}, "min 0 and max 2.5"),
        ({"majority": ["up", "all"]}, "majority up of all"),
        ({"minority": ["up", "all"]}, "minority up of all"),
        ({"compare": ["up", ">=", 2]}, "up >= 2"),
        ({}, "everything else"),
    ],
)
def test_a_condition_in_words(stated, words):
    assert rules.condition(rule(**stated)) == words


def test_a_rule_leads_to_its_label_or_to_the_reason_of_its_drop():
    assert rules.target(rule()) == "good"
    assert rules.target(rule(name=None, drop="tie")) == "rule: tie"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "the recipe knows bad, good"),
        ([rule(values=["1", "2"]), rule(min=4)], "the rules know 1, 2, min 4"),
        ([rule(values=[str(n) for n in range(10)])], "the rules know 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        (
            [rule(values=[str(n) for n in range(12)])],
            "the rules know 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more",
        ),
    ],
)
def test_what_is_known_is_listed_and_cut(given, words):
    assert rules.known({"rules": given, "names": ["bad", "good"]}) == words
