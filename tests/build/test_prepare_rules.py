"""What a recipe may ask of Prepare beyond one file, one label a row and a split by hash."""

import json

import pytest

from failure import StepError
from model_build.errors import RecipeError
from preparation import sentences
from text_rules import tokenise

RULES = {
    "lowercase": True,
    "strip_html": True,
    "punctuation": "split",
    "emoticons": "keep",
    "collapse_digits": False,
    "max_tokens": 500,
}


def a_text(number):
    return f"review {chr(97 + number % 26)}{chr(97 + number // 26 % 26)} of a lamp"


VOTES = """
labels:
  names: [helpful, unhelpful]
  rules:
    - {name: helpful, majority: [up, all]}
    - {name: unhelpful, minority: [up, all]}
    - {drop: no_votes, compare: all = 0}
    - {drop: tie}
"""


def test_the_majority_of_a_list_decides_and_ties_are_dropped_by_reason(prepared):
    votes = [[3, 4], [1, 4], [2, 4], [0, 0]]
    rows = [{"text": a_text(n), "helpful": votes[n % 4]} for n in range(400)]
    recipe = "data: {format: jsonl, text: text, label: helpful, label_items: [up, all]}" + VOTES

    result = prepared("".join(json.dumps(row) + "\n" for row in rows), recipe)

    assert result.summary["used"] == 200
    dropped = {reason: part["count"] for reason, part in result.summary["dropped"].items()}
    assert dropped == {"rule: tie": 100, "rule: no_votes": 100}


def test_two_columns_are_compared_and_what_is_no_number_is_unknown(prepared):
    data = "text,up,all\n" + "".join(f"{a_text(n)},{n % 2 * 2},2\n" for n in range(200)) + "a lamp,many,2\n"
    recipe = "data: {format: csv, text: text, label: [up, all], max_dropped_share: 0.01}" + VOTES
    recipe = recipe.replace("majority: [up, all]", "compare: up >= 2").replace(
        "minority: [up, all]", "compare: up < all"
    )

    dropped = prepared(data, recipe).summary["dropped"]

    assert dropped["unknown_label"]["values"] == [{"value": "many, 2", "count": 1}]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("majority: [up, all]", "majority: [down, all]", "compares down. Allowed: up, all"),
        ("compare: all = 0", "compare: none", "Allowed: a comparison"),
        ("compare: all = 0", 'values: ["0"]', "values, min and max are about one value"),
        ("drop: tie", "drop: Tie!", "a reason of small letters"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_what_can(prepared, old, new, words):
    recipe = "data: {format: jsonl, text: text, label: helpful, label_items: [up, all]}" + VOTES

    with pytest.raises(RecipeError, match=words):
        prepared("", recipe.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It broke. I sent it back!", ["It broke.", "I sent it back!"]),
        (
            "Mr. Smith paid $3.50 to J. Doe, e.g. today. Fine.",
            ["Mr. Smith paid $3.50 to J. Doe, e.g. today.", "Fine."],
        ),
        ("Well... I think so. OK", ["Well... I think so.", "OK"]),
        ("One\nTwo\r\n\n...\nThree", ["One", "Two", "Three"]),
        ('She said "no." Then left.', ['She said "no."', "Then left."]),
        ("  ", []),
        ("...", ["..."]),
    ],
)
def test_sentences_end_where_something_new_begins(text, expected):
    assert sentences.cut(text) == expected


def test_the_sentences_of_a_text_inherit_its_label_and_share_its_split(prepared):
    rows = [f"Start {a_text(n)}. Middle {a_text(n)}! End {a_text(n)}?,{n % 2}\n" for n in range(300)]
    recipe = "data: {format: csv, text: text, label: label, sentences: true}\nlabels: {names: ['0', '1']}"

    result = prepared("text,label\n" + "".join(rows), recipe)

    assert result.summary["used"] == 300
    assert sum(part["rows"] for part in result.summary["splits"].values()) == 900
    words = [{line.split()[3] for line in lines} for lines in (result.train, result.validation)]
    held_out = {example["text"].split()[2] for example in result.holdout}
    assert words[0].isdisjoint(words[1]) and held_out.isdisjoint(words[0] | words[1])


@pytest.mark.parametrize("workers", [1, 3])
def test_an_ordered_split_takes_rows_by_their_place_whatever_the_workers(prepared, workers):
    rows = "".join(f'"{a_text(n)}\nnumber {n}",{n % 2}\n' for n in range(200))
    recipe = (
        "data: {format: csv, text: text, label: label}\nlabels: {names: ['0', '1']}\n"
        "split: {ordered: true, train: 0.7, validation: 0.15, test: 0.15}"
    )

    result = prepared("text,label\n" + rows, recipe, workers)

    assert [int(line.split()[-1]) for line in result.train] == list(range(140))
    assert [int(line.split()[-1]) for line in result.validation] == list(range(140, 170))
    assert [int(example["text"].split()[-1]) for example in result.holdout] == list(range(170, 200))


def test_another_seed_is_another_split(prepared):
    data = "text,label\n" + "".join(f"{a_text(n)},{n % 2}\n" for n in range(600))
    recipe = "data: {format: csv, text: text, label: label}\nlabels: {names: ['0', '1']}\n"

    first, second = (
        {example["text"] for example in prepared(data, recipe + f"split: {{seed: {seed}}}").holdout}
        for seed in (1, 2)
    )

    assert 30 < len(first) < 90 and 30 < len(second) < 90
    assert len(first & second) < 30


def test_files_may_be_given_for_each_split(prepared, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name, first in (("train-1.csv", 0), ("train-2.csv", 100), ("test.csv", 200)):
        rows = "".join(f"{a_text(n)},{n % 2}\n" for n in range(first, first + 100))
        (folder / name).write_text("text,label\n" + rows)
    recipe = (
        'data: {format: csv, text: text, label: label, files: {train: "train*", test: "test*"}}\n'
        "labels: {names: ['0', '1']}"
    )

    result = prepared(folder, recipe)

    assert {example["text"] for example in result.holdout} == {a_text(n) for n in range(200, 300)}
    assert len(result.train) + len(result.validation) == 200
    (folder / "README.md").write_text("not data")
    with pytest.raises(StepError, match=r"README.md belongs to no split by data.files"):
        prepared(folder, recipe)


def test_a_label_that_only_the_test_file_has_is_refused_and_named(prepared, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    rows = [f"{a_text(n)},{n % 2}\n" for n in range(300)]
    (folder / "train.csv").write_text("text,label\n" + "".join(rows[:200]))
    (folder / "test.csv").write_text("text,label\n" + "".join(rows[200:]) + "something else,2\n")
    recipe = (
        "data: {format: csv, text: text, label: label, files: {train: train.csv, test: test.csv}}\n"
        "labels: {names: ['0', '1', '2']}"
    )
    with pytest.raises(StepError, match=r"No row of the train split of .* is labelled 2\b"):
        prepared(folder, recipe)


def test_several_parts_are_one_file(prepared, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    rows = [f"{a_text(n)},{n % 2}\n" for n in range(200)]
    (folder / "part-0.csv").write_text("text,label\n" + "".join(rows[:80]))
    (folder / "part-1.csv").write_text("text,label\n" + "".join(rows[80:]))
    (folder / "_SUCCESS").write_text("")
    recipe = "data: {format: csv, text: text, label: label}\nlabels: {names: ['0', '1']}"

    assert prepared(folder, recipe).bytes == prepared("text,label\n" + "".join(rows), recipe).bytes


def test_oversampling_repeats_training_examples_of_the_rarer_labels_only(prepared):
    data = "text,label\n" + "".join(f"{a_text(n)},{int(n % 5 == 0)}\n" for n in range(600))
    recipe = "data: {format: csv, text: text, label: label}\nlabels: {names: ['0', '1']}\n"

    plain, result = prepared(data, recipe), prepared(data, recipe + "rebalance: oversample")

    counts = result.summary["splits"]["train"]["labels"]
    assert counts["0"] == counts["1"] == plain.summary["splits"]["train"]["labels"]["0"]
    assert set(result.train) == set(plain.train)
    assert (result.validation, result.holdout) == (plain.validation, plain.holdout)


@pytest.mark.parametrize("punctuation", ["split", "keep", "remove"])
@pytest.mark.parametrize(
    ("text", "token"),
    [(":)", ":)"), ("(:", ":)"), ("=)", ":)"), (":-)", ":)"), (":(", ":("), ("):", ":("), (":-(", ":(")],
)
def test_an_emoticon_is_one_token_wherever_it_stands(text, token, punctuation):
    rules = {**RULES, "punctuation": punctuation}

    assert tokenise(text, rules) == token
    assert tokenise(f"so good {text} indeed", rules) == f"so good {token} indeed"


def test_brackets_and_addresses_are_no_emoticons():
    assert tokenise("(as follows): see http://a.b (x)", RULES) == "as follows see http a . b x"
    assert tokenise("a, b. (c)", {**RULES, "punctuation": "remove"}) == "a b c"
