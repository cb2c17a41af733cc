"""A recipe for data that was looked at: the text, the label, the names, the gate, and what is said of them."""

from pathlib import Path

import pytest
import yaml

from model_build.errors import DataError
from model_build.recipe import Recipe, proposal
from model_build.recipe.sample import Column, Sample

TEXTS = [f"a lamp that shines {number}" for number in range(100)]


def column(name, values):
    made = Column(name)
    for value in values:
        made.add(value)
    return made


def sample(*columns, rows=None, **stated):
    return Sample("csv", columns, rows or columns[0].rows, **stated)


def proposed(values, text=None, **stated):
    """What is proposed for a label column with these values: the recipe as data, and as checked, and the notes."""
    texts = text or [f"a lamp that shines {number}" for number in range(len(values))]
    made = proposal.propose(
        sample(column("text", texts), column("label", values), **stated), "lamps", "text", ["label"]
    )
    document = yaml.safe_load(made.text)
    return document, Recipe.parse(document, Path("lamps.yaml")), made.notes


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ([("text", TEXTS), ("id", range(100))], ["text"]),
        ([("id", [f"id number {n:09}" for n in range(100)]), ("text", TEXTS)], ["text", "id"]),
        ([("title", TEXTS), ("body", [text * 2 for text in TEXTS])], ["body"]),
        ([("title", TEXTS), ("body", [text + " so" for text in TEXTS])], ["body", "title"]),
        ([("words", ["oneword" * 3 + str(n) for n in range(100)])], []),
        ([("often", ["the same lamp again"] * 100)], []),
        ([("short", [f"a {n}" for n in range(100)])], []),
        ([("Review", [f"a {n}" for n in range(100)])], ["Review"]),
        ([("list", [[text] for text in TEXTS])], []),
    ],
    ids=[
        "one",
        "several",
        "much longer",
        "not much longer",
        "no words",
        "equal",
        "short",
        "short, by name",
        "lists",
    ],
)
def test_a_text_has_several_words_differs_and_is_long_or_called_like_one(columns, found):
    assert proposal.text_columns(sample(*(column(*each) for each in columns))) == found


def test_the_label_is_called_like_one_or_has_the_fewest_values():
    columns = (
        column("colour", [("red", "green", "blue")[n % 3] for n in range(100)]),
        column("size", ["large", "small"] * 50),
        column("price", [n % 15 / 10 for n in range(100)]),
        column("Rating", [n % 5 for n in range(100)]),
        column("text", TEXTS),
        column("one", ["always"] * 100),
    )
    assert proposal.label_columns(sample(*columns), "text") == ["Rating", "size", "colour", "price"]
    assert proposal.label_columns(sample(*columns), "Rating") == ["size", "colour", "price"]


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ([("size", "ab")], ["size"]),
        ([("label", "ab"), ("size", "ab")], ["label"]),
        ([("label", "ab"), ("Rating", "ab")], []),
        ([("size", "ab"), ("colour", "ab")], []),
        ([("rude", "01"), ("loud", "01")], ["rude", "loud"]),
        ([("rude", "01"), ("loud", "12")], []),
    ],
)
def test_a_question_is_asked_only_where_the_columns_do_not_answer_it(columns, chosen):
    made = sample(*(column(name, list(values) * 50) for name, values in columns))
    assert proposal.chosen(made, [name for name, _ in columns]) == chosen


@pytest.mark.parametrize(
    ("counts", "minimum"),
    [((50, 50), 0.39), ((90, 30), 0.48), ((980, 20), 0.55), ((40, 40, 40), 0.22)],
)
def test_the_gate_asks_for_more_than_the_commonest_label_alone(counts, minimum):
    """F1 of the commonest label, were it always given, is 2p / (1 + p) for its share p; the others' is 0."""
    values = [f"label{number}" for number, count in enumerate(counts) for _ in range(count)]
    document, _, notes = proposed(values)
    share = max(counts) / sum(counts)
    alone = 2 * share / (1 + share) / len(counts)
    assert document["gate"] == {"metric": "macro_f1", "minimum": minimum, "max_regression": 0.0}
    assert 0.05 <= minimum - alone < 0.0601
    assert f"alone reaches a macro_f1 of {alone:.2f}." in notes[-1]


@pytest.mark.parametrize(
    ("values", "names", "rules"),
    [
        (["good", "bad"], ["bad", "good"], None),
        (["2", "10"], ["2", "10"], None),
        (["very good", "bad, bad"], ["bad_bad", "very_good"], [["bad, bad"], ["very good"]]),
        (["a b", "a,b"], ["label_1", "label_2"], [["a b"], ["a,b"]]),
        (["__label__x", "y"], ["x", "y"], [["__label__x"], ["y"]]),
        (["x" * 101, "y"], ["x" * 100, "y"], [["x" * 101], ["y"]]),
        (["yes", "no"], ["no", "yes"], None),
        (["null", "~"], ["null", "~"], None),
    ],
)
def test_values_become_names_and_rules_where_they_are_none(values, names, rules):
    document, recipe, _ = proposed(values * 50)
    assert document["labels"]["names"] == names
    assert recipe.labels.names == tuple(names)
    stated = document["labels"].get("rules")
    assert (stated and [rule["values"] for rule in stated]) == rules


@pytest.mark.parametrize("rare", [0, 1, 19, 20])
def test_a_value_with_fewer_than_twenty_examples_is_left_out(rare):
    document, recipe, notes = proposed(["a", "b"] * 500 + ["c"] * rare)
    assert ("c" in recipe.labels.names) == (rare == 20)
    left_out = f"1 values of label with fewer than 20 examples are left out: {rare} rows."
    assert (left_out in notes) == (0 < rare < 20)
    assert ({"drop": "rare"} in document["labels"].get("rules", [])) == (0 < rare < 20)


def test_stars_are_cut_at_two_and_four():
    document, _, notes = proposed([n % 5 + 1 for n in range(100)])
    assert document["labels"] == {
        "names": ["negative", "neutral", "positive"],
        "rules": [
            {"name": "negative", "max": 2},
            {"name": "positive", "min": 4},
            {"name": "neutral", "min": 2, "max": 4},
        ],
    }
    assert notes[0].startswith("Stars from 1 to 5: one and two are called negative")


def test_ratings_that_lack_a_star_are_labels_of_their_own():
    assert proposed([n % 4 + 1 for n in range(100)])[0]["labels"] == {"names": ["1", "2", "3", "4"]}


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([n / 2 for n in range(30)] * 10, 4.5, 10),
        ([0.5] * 90 + [1, 2, 3] * 10, 0.5, 2),
        ([1, 2, 3] * 10 + [3.5] * 90, 2, 3.5),
        ([0.1] * 20 + [0.5] * 60 + [0.9] * 20, 0.1, 0.9),
        ([0.1] * 60 + [0.5] * 20 + [0.9] * 60, 0.1, 0.9),
        (["1.5", "1.50", "2", "2.0", "7"] * 20, 1.5, 7),
        (list(range(12)) * 10, 3, 8),
    ],
)
def test_a_scale_is_cut_where_its_thirds_end(values, low, high):
    document, _, notes = proposed(values)
    least, most, middle = document["labels"]["rules"]
    assert document["labels"]["names"] == ["low", "middle", "high"]
    assert (least["max"], most["min"], middle) == (low, high, {"name": "middle", "min": low, "max": high})
    # Prepare refuses a rule that no row falls under.
    assert min(map(float, values)) <= low < high <= max(map(float, values))
    assert any(low < float(value) < high for value in values)
    assert f"where its lowest and its highest third end, {low:g} and {high:g}." in notes[0]


@pytest.mark.parametrize(("empty", "share"), [(0, None), (1, 0.011), (10, 0.11), (91, 1.0)])
def test_rows_without_a_text_or_a_label_may_be_dropped_and_a_tenth_more(empty, share):
    texts = [""] * empty + TEXTS[empty:]
    document, _, _ = proposed(["a", "b"] * 50, texts)
    assert document["data"].get("max_dropped_share") == share


def test_what_a_file_needs_is_stated_and_nothing_else():
    values = ["a", "b"] * 50
    assert proposed(values)[0]["data"] == {"format": "csv", "text": "text", "label": "label"}
    assert proposed(values, delimiter=";", encoding="cp1252", header=False)[0]["data"] == {
        "format": "csv",
        "header": False,
        "columns": ["text", "label"],
        "delimiter": ";",
        "encoding": "cp1252",
        "text": "text",
        "label": "label",
    }


@pytest.mark.parametrize("count", [50, 51])
def test_more_than_fifty_names_are_in_a_file_of_their_own(count):
    values = [f"label{number:03}" for number in range(count)] * 20
    made = proposal.propose(
        sample(
            column("text", [f"a lamp that shines {n}" for n in range(len(values))]), column("label", values)
        ),
        "lamps",
        "text",
        ["label"],
    )
    labels = yaml.safe_load(made.text)["labels"]
    if count == 50:
        assert (len(labels["names"]), made.names) == (50, ())
    else:
        assert (labels, made.names) == ({"names_file": "lamps-labels.txt"}, tuple(sorted(set(values))))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["a"] * 100, "The values of label cannot be labels: there are 1, 'a' x100. Expected: 2 to 100 values with 20"),
        (list(range(100)), "The values of label cannot be labels: there are 100, '0' x1, '1' x1, '2' x1, '3' x1, '4' x1."),
        ([f"v{n % 101}" for n in range(101 * 20)], "The values of label cannot be labels: there are 101, 'v0' x20"),
        ([""] * 100, "The values of label cannot be labels: there are 0. Expected"),
    ],
)  # fmt: skip
def test_values_that_are_no_labels_are_shown_with_what_was_expected(values, said):
    with pytest.raises(DataError) as caught:
        proposed(values)
    assert said in caught.value.message
    assert caught.value.message.endswith("Name another column with --label.")


def test_a_hundred_labels_are_not_too_many():
    values = [f"v{n % 100}" for n in range(2000)]
    made = sample(column("text", [f"a lamp that shines {n}" for n in range(2000)]), column("label", values))
    assert len(proposal.propose(made, "lamps", "text", ["label"]).names) == 100


def test_two_numbers_with_fractions_are_labels_and_no_scale():
    assert proposed([0.5, 1.5] * 50)[0]["labels"] == {"names": ["0.5", "1.5"]}
    assert proposed(["0.5", "0.50"] * 50)[0]["labels"] == {"names": ["0.5", "0.50"]}


def test_a_word_among_numbers_makes_no_scale_of_them():
    assert proposed(["1.5", "2.5", "nan"] * 30)[0]["labels"] == {"names": ["1.5", "2.5", "nan"]}


def test_several_label_columns_hold_zeros_and_ones():
    columns = (column("text", TEXTS), column("rude", ["0", "1"] * 50), column("loud", ["0", "2"] * 50))
    with pytest.raises(
        DataError, match=r"^loud: of several label columns each holds 0 or 1, and these hold something"
    ):
        proposal.propose(sample(*columns), "talk", "text", ["rude", "loud"])


def test_a_column_that_is_not_there_is_answered_with_those_that_are():
    made = sample(column("text", TEXTS), column("label", ["a", "b"] * 50))
    for text, labels in (("body", ["label"]), ("text", ["body"])):
        with pytest.raises(DataError, match=r"^There is no column body\. There is text, label\.$"):
            proposal.propose(made, "lamps", text, labels)


def tags(*lines):
    made = Column("label")
    for line in lines:
        for tag in line.split():
            made.add(tag)
    return Sample("fasttext", (made,), len(lines))


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        (["b", "a", "a"], {"names": ["a", "b"]}),
        (["a b", "a"], {"multi": True, "names": ["a", "b"]}),
    ],
)
def test_labelled_lines_have_several_labels_where_there_are_more_than_lines(lines, labels):
    document = yaml.safe_load(proposal.propose(tags(*lines), "tags", None, ()).text)
    assert (document["data"], document["labels"]) == ({"format": "fasttext"}, labels)
    assert document["gate"]["metric"] == ("micro_f1" if "multi" in labels else "macro_f1")
    assert document.get("evaluation") == ({"threshold": 0.15} if "multi" in labels else None)


@pytest.mark.parametrize(("lines", "shown"), [(["a", "a"], "a"), (["", ""], "none")])
def test_one_label_is_too_few(lines, shown):
    with pytest.raises(DataError, match=rf"^The data has the labels {shown}\. Expected: two or more\.$"):
        proposal.propose(tags(*lines), "tags", None, ())
