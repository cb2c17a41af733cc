"""The Prepare step on well-formed data: splits, lines, counts, and that workers do not show in the result."""

import csv
import io
import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from model_build.recipe import Recipe
from reading import ranges
from text_rules import tokenise

SHARED = Path(__file__).parents[3] / "shared" / "data"
RULES = {
    "lowercase": True,
    "strip_html": True,
    "punctuation": "split",
    "emoticons": None,
    "collapse_digits": False,
    "max_tokens": 500,
}
REVIEWS = """
data: {format: csv, text: [title, body], label: stars, require: [body], max_dropped_share: 0.5}
labels:
  names: [bad, good]
  rules: [{name: bad, values: ["1", "2"]}, {name: good, values: ["4", "5"]}]
"""


def reviews(count, seed=0):
    """Rows of title, body and stars with all that CSV allows: quotes, commas, newlines of both kinds, other scripts."""
    chance = random.Random(seed)
    words = [
        "fit",
        "soft",
        '"nice"',
        "a,b",
        "line\nbreak",
        "dos\r\nbreak",
        "été",
        "it's",
        "…",
        '""',
        "😀",
        "5'8\"",
    ]
    for number in range(count):
        body = " ".join(chance.choices(words, k=chance.randint(0, 12)))
        yield [
            chance.choice(["", "Title", 'The "best", really']),
            f"{body} {number}" if body else "",
            chance.choice("1245"),
        ]


def as_csv(rows, header=("title", "body", "stars"), quoting=csv.QUOTE_MINIMAL):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=quoting).writerows([header, *rows])
    return stream.getvalue()


def test_every_row_is_used_or_dropped_and_each_used_one_is_in_one_split(prepared):
    rows = list(reviews(3000))
    empty = sum(not body for _, body, _ in rows)

    result = prepared(as_csv(rows), REVIEWS)

    assert result.summary["rows"] == 3000
    assert result.summary["used"] == 3000 - empty
    assert result.summary["dropped"]["empty_text"]["count"] == empty
    sizes = {split: part["rows"] for split, part in result.summary["splits"].items()}
    assert sizes == {
        "train": len(result.train),
        "validation": len(result.validation),
        "test": len(result.holdout),
    }
    assert sum(sizes.values()) == 3000 - empty
    for split in result.summary["splits"].values():
        assert sum(split["labels"].values()) == split["rows"]


def test_the_lines_are_those_that_a_plain_reading_of_the_file_gives(prepared):
    rows = [row for row in reviews(500) if row[1]]
    expected = Counter(
        f"__label__{'bad' if stars in '12' else 'good'} {tokenise(f'{title} {body}', RULES)}"
        for title, body, stars in rows
    )

    result = prepared(as_csv(rows), REVIEWS)

    held_out = Counter(
        f"__label__{example['labels'][0]} {tokenise(example['text'], RULES)}" for example in result.holdout
    )
    assert Counter(result.lines) + held_out == expected


def test_the_holdout_keeps_the_text_as_it_was(prepared):
    rows = [row for row in reviews(500) if row[1]]

    result = prepared(as_csv(rows), REVIEWS)

    texts = {" ".join(filter(None, [title, body])) for title, body, _ in rows}
    assert len(result.holdout) > 20
    assert {example["text"] for example in result.holdout} <= texts


def test_embedded_newlines_never_break_a_line(prepared):
    separators = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
    rows = [
        ["", f"before{separators[number % 9]}after {a_word(number)}", "15"[number % 2]]
        for number in range(900)
    ]

    result = prepared(as_csv(rows, quoting=csv.QUOTE_ALL), REVIEWS)

    assert len(result.train) + len(result.validation) + len(result.holdout) == 900
    for line in result.lines:
        assert line.split()[1:3] == ["before", "after"]


def test_the_same_text_is_never_in_two_splits(prepared):
    texts = [f"Review number {chr(97 + n % 26)}{chr(97 + n // 26)} of many" for n in range(300)]
    variants = [
        str.upper,
        str.lower,
        lambda t: t + "!!",
        lambda t: f"  {t}\n",
        lambda t: t.replace(" ", ", "),
        str.title,
    ]
    rows = [["", variant(text), "15"[n % 2]] for n, text in enumerate(texts) for variant in variants]

    result = prepared(as_csv(rows), REVIEWS)

    def letters(lines):
        return {"".join(filter(str.isalpha, line.lower())) for line in lines}

    train = letters(line.split(" ", 1)[1] for line in result.train)
    validation = letters(line.split(" ", 1)[1] for line in result.validation)
    test = letters(example["text"] for example in result.holdout)
    assert train and validation and test
    assert not train & validation and not train & test and not validation & test


def test_a_text_stays_in_the_holdout_when_the_text_rules_change(prepared):
    rows = [row for row in reviews(1000) if any(map(str.isalpha, row[1]))]
    other = "\ntext_rules: {lowercase: false, punctuation: keep, collapse_digits: true}"

    before, after = prepared(as_csv(rows), REVIEWS), prepared(as_csv(rows), REVIEWS + other)

    assert before.holdout == after.holdout
    assert before.train != after.train


def test_the_shares_of_the_splits_are_met_roughly(prepared):
    rows = [["", f"{word} review", "15"[n % 2]] for n, word in enumerate(a_word(n) for n in range(10_000))]

    result = prepared(as_csv(rows), REVIEWS + "\nsplit: {train: 0.6, validation: 0.1, test: 0.3}")

    assert len(result.train) == pytest.approx(6000, abs=250)
    assert len(result.validation) == pytest.approx(1000, abs=150)
    assert len(result.holdout) == pytest.approx(3000, abs=250)


def a_word(number):
    letters = ""
    while number or not letters:
        number, digit = divmod(number, 26)
        letters += chr(97 + digit)
    return letters


def test_the_number_of_workers_does_not_show_in_the_result(prepared):
    data = as_csv(reviews(4000))

    alone = prepared(data, REVIEWS, workers=1)

    for workers in (2, 3, 7):
        several = prepared(data, REVIEWS, workers=workers)
        assert several.bytes == alone.bytes
        assert several.summary["workers"] == workers
        for key in ("rows", "used", "dropped", "splits"):
            assert several.summary[key] == alone.summary[key]


def test_more_workers_than_rows_are_no_problem(prepared):
    rows = [["", f'{a_word(n)}\n\n"quoted", and more', "15"[n % 2]] for n in range(10)]
    recipe = REVIEWS + "\nsplit: {train: 0.4, validation: 0.3, test: 0.3}"

    assert prepared(as_csv(rows), recipe, workers=12).bytes == prepared(as_csv(rows), recipe, workers=1).bytes


def test_a_stray_quote_that_misleads_the_search_for_records_is_noticed(prepared, capsys):
    rows = as_csv(reviews(2000)).splitlines(keepends=True)
    rows.insert(1, 'The 5" one,an unquoted field with one quote,5\n')
    data = "".join(rows)

    several, alone = prepared(data, REVIEWS, workers=4), prepared(data, REVIEWS, workers=1)

    assert several.bytes == alone.bytes
    assert several.summary["workers"] == 1
    assert "one worker" in capsys.readouterr().out


@pytest.mark.parametrize("quoted", [True, False])
def test_ranges_are_cut_between_records_and_cover_the_file(tmp_path, quoted):
    path = tmp_path / "data.csv"
    text = as_csv(reviews(300)) if quoted else "".join(f"line {n}\n" for n in range(500))
    path.write_text(text, encoding="utf-8", newline="")
    content = path.read_bytes()

    for count in (1, 2, 3, 5, 16, 100, 5000):
        cuts = ranges.cut(path, 0, len(content), count, quoted)
        assert [start for start, _ in cuts] == [0, *(end for _, end in cuts[:-1])]
        assert cuts[-1][1] == len(content)
        records = [list(csv.reader(io.StringIO(content[a:b].decode(), newline=""))) for a, b in cuts]
        assert list(itertools.chain(*records)) == list(csv.reader(io.StringIO(text, newline="")))


def test_summary_names_the_first_rows_that_were_dropped_whatever_the_workers(prepared):
    rows = [["", "" if n % 100 == 7 else f"some text {a_word(n)}", "15"[n % 2]] for n in range(2000)]

    for workers in (1, 4):
        dropped = prepared(as_csv(rows), REVIEWS, workers).dropped
        assert dropped == {"empty_text": {"count": 20, "first_rows": [8 + 100 * n for n in range(10)]}}


def test_undersampling_leaves_as_many_of_each_label_in_train_as_the_rarest_has(prepared):
    rows = [["", f"word {a_word(n)} again", "1" if n % 5 == 0 else "5"] for n in range(3000)]
    plain = prepared(as_csv(rows), REVIEWS)
    rarest = plain.summary["splits"]["train"]["labels"]["bad"]

    result = prepared(as_csv(rows), REVIEWS + "\nrebalance: undersample")

    counts = Counter(line.split()[0] for line in result.train)
    assert counts == {"__label__bad": rarest, "__label__good": rarest}
    assert result.summary["splits"]["train"] == {
        "rows": 2 * rarest,
        "labels": {"bad": rarest, "good": rarest},
    }
    assert result.summary["rebalanced"]["before"] == plain.summary["splits"]["train"]["labels"]
    assert (result.validation, result.holdout) == (plain.validation, plain.holdout)
    assert set(result.train) < set(plain.train)
    assert plain.summary["rebalanced"] is None


def test_undersampling_does_not_depend_on_workers_nor_on_equal_texts(prepared):
    rows = [["", f"text {a_word(n % 50)}", "1" if n % 7 == 0 else "5"] for n in range(3000)]
    recipe = REVIEWS + "\nrebalance: undersample"

    alone, several = prepared(as_csv(rows), recipe, workers=1), prepared(as_csv(rows), recipe, workers=3)

    assert alone.bytes == several.bytes
    assert len(set(alone.summary["splits"]["train"]["labels"].values())) == 1


def test_it_runs_as_a_script_with_the_paths_that_it_is_given(repository, tmp_path):
    recipe = Recipe.load(repository / "recipes" / "clothing-reviews.yaml")
    (tmp_path / "prepare.json").write_text(json.dumps(recipe.prepare_config()))
    (tmp_path / "data").mkdir()
    rows = [["T", f"text {a_word(n)}", "12345"[n % 5]] for n in range(200)]
    (tmp_path / "data" / "reviews.csv").write_text(as_csv(rows, header=("Title", "Review Text", "Rating")))
    options = {
        "config": "prepare.json",
        "data": "data",
        "output": "output",
        "message": "message",
        "workers": "2",
    }

    done = subprocess.run(
        [
            sys.executable,
            repository / "steps" / "prepare.py",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Prepared 200 of 200 rows of reviews.csv in ")
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [
        "holdout",
        "summary",
        "train",
        "validation",
    ]
    assert not (tmp_path / "message").exists()


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_the_clothing_reviews_as_they_are(prepared, repository):
    result = prepared(
        SHARED / "womens_clothing_reviews.csv.zip",
        (repository / "recipes" / "clothing-reviews.yaml").read_text(),
    )

    assert (result.summary["rows"], result.summary["used"]) == (23_486, 22_641)
    assert {reason: part["count"] for reason, part in result.summary["dropped"].items()} == {
        "empty_text": 845
    }
    assert sum(part["labels"]["positive"] for part in result.summary["splits"].values()) == pytest.approx(
        17_448, abs=1
    )
    assert all(line.startswith("__label__") and line.count("__label__") == 1 for line in result.train)
