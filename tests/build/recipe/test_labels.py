"""Label rules: what they match, which of them match nothing, and that Prepare decides as the recipe's check does."""

import pytest

from model_build.recipe.labels import LabelRule
from preparation import rules as of_prepare

RAW = [
    "3",
    "3.0",
    " 3",
    "3 ",
    "03",
    "+3",
    "3e0",
    "2.999",
    "4",
    "-3",
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "1_0",
    "10",
    "٣",
]


def rule(**stated):
    return LabelRule.model_validate({"name": "good", **stated})


def matched(**stated):
    return [raw for raw in RAW if rule(**stated).matches(raw)]


def test_values_are_matched_as_they_are_written():
    assert matched(values=("3",)) == ["3"]
    assert matched(values=("", "x")) == ["", "x"]
    assert matched(values=(3, 4.5)) == ["3"]


def test_ranges_are_matched_by_every_way_to_write_a_number_and_their_ends_are_inside():
    three = ["3", "3.0", " 3", "3 ", "03", "+3", "3e0", "٣"]
    assert matched(min=3, max=3) == three
    assert matched(min=3) == [*three[:-1], "4", "10", "٣"]
    assert matched(max=2.999) == ["2.999", "-3"]


def test_what_is_no_finite_number_is_in_no_range():
    assert not {"", "x", "nan", "inf", "-inf", "1_0"} & set(matched(min=-(10**9), max=10**9))


@pytest.mark.parametrize(
    "stated",
    [{"values": ("3", "x")}, {"min": 3}, {"max": 3}, {"min": -3, "max": 3}, {"min": 0.0, "max": 0.0}],
)
def test_prepare_decides_as_the_recipes_check_does(stated):
    document = rule(**stated).model_dump(mode="json")
    assert [of_prepare.matches(document, raw) for raw in RAW] == [rule(**stated).matches(raw) for raw in RAW]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("up > down", ("up", ">", "down")),
        ("up>=5", ("up", ">=", "5")),
        (" total votes  <=  -0.5 ", ("total votes", "<=", "-0.5")),
        ("a = b", ("a", "=", "b")),
        ("a != b", ("a", "!=", "b")),
        ("a < b", ("a", "<", "b")),
        ("a=>b", ("a", "=", ">b")),
    ],
)
def test_a_comparison_is_read_from_its_sign(text, parts):
    assert rule(compare=text).compare == parts


def test_a_comparison_may_stand_in_its_parts(recipe):
    rules = [
        {"name": "good", "compare": ["up", ">=", "down"]},
        {"name": "bad", "compare": ["up", "<", "down"]},
    ]
    data = {"format": "csv", "text": "Text", "label": ["up", "down"]}
    found = recipe(data=data, labels={"names": ["good", "bad"], "rules": rules})
    assert [each.compare for each in found.labels.rules] == [("up", ">=", "down"), ("up", "<", "down")]


@pytest.mark.parametrize("sign", [">", ">=", "<", "<=", "=", "!="])
def test_every_sign_of_a_comparison_is_one_that_prepare_knows(sign):
    document = rule(compare=f"up {sign} down").model_dump(mode="json")
    held = [of_prepare.holds(document, {"up": up, "down": 2.0}) for up in (1.0, 2.0, 3.0)]
    assert (
        held
        == {
            ">": [False, False, True],
            ">=": [False, True, True],
            "<": [True, False, False],
            "<=": [True, True, False],
            "=": [False, True, False],
            "!=": [True, False, True],
        }[sign]
    )


@pytest.mark.parametrize("text", ["", "up", "up >", "> 5", "up ~ 5", 5, ["up", ">"], ["up", "~", "5"], None])
def test_what_is_no_comparison_is_refused_with_one(problems, text):
    base = {
        "data": {"format": "csv", "text": "Text", "label": ["up", "down"]},
        "labels": {
            "names": ["good", "bad"],
            "rules": [{"name": "good"}, {"name": "bad", "compare": "up < 5"}],
        },
    }
    base["labels"]["rules"][0]["compare"] = text
    [said] = problems(**base)
    if text is None:
        assert said.startswith("labels.rules[0]: a rule has either values, or min and max")
    else:
        assert said == (
            f"labels.rules[0].compare: found {text!r}. Allowed: a comparison, such as "
            '"up > down" or "all >= 5".'
        )


@pytest.mark.parametrize(
    ("stated", "compared", "compares", "rest"),
    [
        ({"compare": "up > down"}, ("up", "down"), True, False),
        ({"compare": "up > 1e3"}, ("up",), True, False),
        ({"compare": "up > nan"}, ("up", "nan"), True, False),
        ({"majority": ("up", "all")}, ("up", "all"), True, False),
        ({"minority": ("up", "all")}, ("up", "all"), True, False),
        ({"values": ("1",)}, (), False, False),
        ({"min": 0}, (), False, False),
        ({"max": 0}, (), False, False),
        ({"name": None, "drop": "rest"}, (), False, True),
    ],
)
def test_a_rule_knows_the_columns_that_it_compares(stated, compared, compares, rest):
    found = rule(**stated)
    assert (found.compared, found.compares, found.takes_the_rest) == (compared, compares, rest)


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        ({"values": ("1", "2")}, {"values": ("2",)}, True),
        ({"values": ("1", "2")}, {"values": ("2", "3")}, False),
        ({"min": 1, "max": 3}, {"values": ("1", "3")}, True),
        ({"min": 1, "max": 3}, {"values": ("1", "3.1")}, False),
        ({"min": 1, "max": 3}, {"values": ("x",)}, False),
        ({"min": 1, "max": 3}, {"min": 1, "max": 3}, True),
        ({"min": 1, "max": 3}, {"min": 1.1, "max": 2.9}, True),
        ({"min": 1, "max": 3}, {"min": 0.9, "max": 3}, False),
        ({"min": 1, "max": 3}, {"min": 1, "max": 3.1}, False),
        ({"min": 1}, {"min": 1}, True),
        ({"min": 1}, {"min": 0}, False),
        ({"max": 1}, {"max": 1}, True),
        ({"max": 1}, {"min": 0}, False),
        ({"values": ("3",)}, {"min": 3, "max": 3}, False),
        ({"compare": "a > b"}, {"compare": "a > b"}, True),
        ({"compare": "a > b"}, {"compare": "a >= b"}, False),
        ({"majority": ("a", "b")}, {"minority": ("a", "b")}, False),
        ({"majority": ("a", "b")}, {"majority": ("a", "b")}, True),
        ({"name": None, "drop": "rest"}, {"values": ("1",)}, True),
        ({"name": None, "drop": "rest"}, {"compare": "a > b"}, True),
        ({"name": None, "drop": "rest"}, {"name": None, "drop": "others"}, True),
        ({"values": ("1",)}, {"name": None, "drop": "rest"}, False),
    ],
)
def test_a_rule_is_hidden_by_one_that_takes_all_that_it_could_match(earlier, later, hidden):
    assert rule(**later).hidden_by((rule(**earlier),)) is hidden
    assert not rule(**later).hidden_by(())


def test_values_are_hidden_by_several_rules_together():
    earlier = (rule(values=("1",)), rule(min=2, max=3))
    assert rule(values=("1", "2")).hidden_by(earlier)
    assert not rule(values=("1", "4")).hidden_by(earlier)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"drop": "rare"}, ": a rule has either the name of a label, or drop with a reason"),
        ({"name": None}, ": a rule has either the name of a label, or drop with a reason"),
        (
            {"name": None, "drop": "Too rare"},
            ".drop: found 'Too rare'. Allowed: a reason of small letters, digits and _",
        ),
        ({"name": None, "drop": "x" * 41}, "Allowed: a reason of small letters, digits and _"),
        ({"values": ["1"], "min": 0}, ": a rule has either values, or min and max"),
        ({"majority": ["a"]}, ".majority"),
        ({"majority": ["a", "b"], "minority": ["a", "b"]}, ": a rule has either values, or min and max"),
        ({"min": 2, "max": 1}, ".min: 2 is above max, 1, so the rule matches nothing"),
        ({"min": "2"}, ".min: found '2'. Allowed: a number"),
        ({"values": "1"}, ".values: found '1'. Allowed: a list"),
    ],
)
def test_a_rule_that_cannot_be_one_is_refused_by_its_place(problems, stated, said):
    found = problems({"labels.rules": [{"name": "bad", "values": ["0"]}, {"name": "good", **stated}]})
    assert found and all(line.startswith("labels.rules[1]") for line in found)
    assert any(said in line for line in found)


def test_rules_that_drop_are_told_apart_from_names(problems):
    rules = [
        {"name": "bad", "max": 2},
        {"drop": "middle", "values": ["3"]},
        {"name": "good", "min": 3},
        {"drop": "rest"},
    ]
    assert problems({"labels.rules": rules}) == []
    assert problems({"labels.rules": [*rules, {"drop": "again"}]}) == [
        "labels.rules[4]: the rule for drop: again matches nothing, because earlier rules take all of its values."
    ]


def test_a_name_that_only_missing_labels_have_needs_no_rule(problems):
    data = {"format": "csv", "text": "Text", "label": "Stars", "label_separator": " "}
    labels = {"names": ["a", "b"], "multi": True, "rules": [{"name": "a", "values": ["x"]}]}
    assert problems(data=data, labels=labels | {"none": "b"}) == []
    assert problems(data=data, labels=labels) == [
        "labels.rules: no rule leads to b. Add a rule, or drop the name."
    ]


def test_every_name_that_is_listed_twice_is_told(problems):
    assert problems({"labels.names": ["b", "a", "b", "c", "a"]}) == ["labels.names: a, b is listed twice."]
