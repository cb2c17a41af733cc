"""The Prepare step on data that cannot be used: one clear message, status 1, and nothing left behind."""

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

import prepare
from failure import StepError
from model_build.recipe import Recipe
from preparation.splits import splitter

RECIPE = """
data: {format: csv, text: [title, body], label: stars}
labels:
  names: [bad, good]
  rules: [{name: bad, values: ["1", "2"]}, {name: good, values: ["4", "5"]}]
"""
ROWS = [
    f"{'hello' if n % 3 else ''},a {chr(97 + n % 26)}{chr(97 + n // 26)} review,{'15'[n % 2]}\n"
    for n in range(200)
]
HEADER = "title,body,stars\n"
GOOD = HEADER + "".join(ROWS)


def with_rows(*rows):
    return HEADER + "".join(ROWS[:100]) + "".join(rows) + "".join(ROWS[100:])


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in members:
            archive.writestr(name, GOOD)
    return stream.getvalue()


@pytest.fixture
def failure(prepared, tmp_path):
    """The message for data that cannot be prepared; nothing may be left in the output folder."""

    def failure(data, recipe=RECIPE, workers=None):
        with pytest.raises(StepError) as caught:
            prepared(data, recipe, workers)
        assert list(tmp_path.glob("output-*/**/*")) == []
        return str(caught.value).replace("data-0.txt", "FILE")

    return failure


def test_the_data_these_tests_start_from_is_good(prepared):
    assert prepared(GOOD, RECIPE).summary["dropped"] == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "FILE is empty. Expected: a data file with rows."),
        (gzip.compress(b"", mtime=0), "FILE is empty. Expected: a data file with rows."),
        (HEADER, "FILE has a header and no rows. Expected: at least one row for each label."),
        (HEADER.rstrip(), "FILE has a header and no rows. Expected: at least one row for each label."),
        (
            gzip.compress(GOOD.encode(), mtime=0)[:-40],
            "FILE is damaged: Compressed file ended before the end-of-stream marker",
        ),
        (
            gzip.compress(GOOD.encode(), mtime=0)[:5],
            "FILE is damaged: Compressed file ended before the end-of-stream marker",
        ),
        (zipped(["a.csv"])[:-30], "FILE is damaged: File is not a zip file."),
        (
            zipped(["a.csv", "b.csv"]),
            "FILE holds 2 files (a.csv, b.csv). Expected: a zip with exactly one file.",
        ),
        (zipped([]), "FILE holds 0 files (nothing). Expected: a zip with exactly one file."),
        (
            GOOD.encode("utf-16"),
            "FILE is UTF-16, by its byte order mark. Expected: UTF-8. Say encoding: utf-16 under data",
        ),
        (GOOD.replace("body", "b\u00f6dy").encode("latin-1"), "The header of FILE is not UTF-8: "),
        (
            GOOD.replace("stars", "rating"),
            "FILE has no column 'stars'. It has: title, body, rating. Correct data.label in the recipe.",
        ),
        (
            "".join(ROWS),
            "FILE has no column 'title'. It has: , a aa review, 1. Correct data.text in the recipe.",
        ),
        (GOOD.replace("title", "body"), "FILE has no column 'title'. It has: body, body, stars."),
        (
            GOOD.replace("title,", "title,stars,", 1),
            "FILE has 2 columns 'stars', so data.label of the recipe is ambiguous.",
        ),
        (
            GOOD.replace(",5\n", ",1\n"),
            "labels.rules[1] of the recipe (good: values 4, 5) matches no row of FILE. Correct the rule, or drop it.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(failure, data, message):
    assert failure(data).startswith(message)


def test_a_single_class_that_is_left_cannot_train_a_classifier(failure):
    recipe = "data: {format: csv, text: body, label: stars}\nlabels: {names: ['1', '5']}"

    assert failure(GOOD.replace(",5\n", ",1\n"), recipe) == (
        f"A single class is left in the train split of FILE: 1 ({train_rows(GOOD)} rows). Expected: 1, 5. A classifier "
        "needs two; check data.label and labels.rules of the recipe."
    )


def train_rows(data):
    split = splitter({"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 0})
    return sum(split(line.split(",")[1].encode(), 0) == "train" for line in data.splitlines()[1:])


def test_a_label_that_no_training_row_has_is_refused(failure):
    recipe = "data: {format: csv, text: body, label: stars}\nlabels: {names: ['1', '3', '5']}"

    assert failure(GOOD, recipe).startswith(
        "No row of the train split of FILE is labelled 3, so the model could never say"
    )


def test_a_split_that_nothing_falls_into_is_refused(failure):
    recipe = RECIPE + "split: {train: 0.998, validation: 0.001, test: 0.001}"

    assert failure(GOOD, recipe).startswith("None of the 200 usable rows of FILE fell into the test split.")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("too,few\n", "columns"),
        ("one,too,many,5\n", "columns"),
        (",,5\n", "empty_text"),
        ('," <br /> \n",5\n', "empty_text"),
        ("hello,a review,3\n", "unknown_label"),
        ("hello,a review,\n", "unknown_label"),
        ("hello,a review," + "5" * 30 + "\n", "unknown_label"),
        ("hello,a r\udce9view,5\n", "encoding"),
        ("hello,a review,\udce9\n", "encoding"),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_row_that_cannot_be_used_is_counted_by_reason_and_number(prepared, row, reason, workers):
    data = with_rows(row).encode("utf-8", "surrogateescape")
    tolerant = RECIPE.replace("label: stars", "label: stars, max_dropped_share: 0.01")

    assert prepared(data, tolerant, workers).dropped == {reason: {"count": 1, "first_rows": [101]}}
    assert message_of(prepared, data).startswith(
        "1 of 201 rows of FILE cannot be used (0.5%; data.max_dropped_share allows 0.0%): "
        f"{reason}: 1 (row 101"
    )


def message_of(prepared, data):
    with pytest.raises(StepError) as caught:
        prepared(data, RECIPE)
    return str(caught.value).replace("data-1.txt", "FILE")


def test_the_allowed_share_is_a_share_of_all_rows(prepared):
    data = with_rows(*[",,5\n"] * 10)

    assert (
        prepared(data, RECIPE.replace("stars}", f"stars, max_dropped_share: {10 / 210}}}")).summary["used"]
        == 200
    )
    with pytest.raises(
        StepError, match=r"10 of 210 rows .* empty_text: 10 \(rows 101, 102, 103, 104, 105, \.\.\.\)"
    ):
        prepared(data, RECIPE.replace("stars}", "stars, max_dropped_share: 0.0476}"))


def test_nothing_usable_is_a_failure_whatever_share_is_allowed(failure):
    data = HEADER + "hello,a review,3\n" * 5

    assert failure(data, RECIPE.replace("stars}", "stars, max_dropped_share: 1}")).startswith(
        "5 of 5 rows of FILE cannot be used"
    )


def test_a_latin_1_file_fails_by_the_rows_that_are_not_utf_8(failure):
    data = GOOD.replace("review", "r\u00e9view").encode("latin-1")

    message = failure(data)

    assert "encoding: 200 (rows 1, 2, 3, 4, 5, ...; " in message
    assert "it looks like cp1252. Say encoding: cp1252 under data" in message
    assert "allow a larger share." not in message


def test_a_quote_that_is_never_closed_costs_the_rows_that_it_swallows_and_no_more_memory(prepared):
    body = "".join(
        f"hello,the {n} review is about nothing in particular,{'15'[n % 2]}\n" for n in range(60_000)
    )
    data = HEADER + "".join(ROWS) + 'hello,"an open quote,5\n' + body

    for workers in (1, 2):
        result = prepared(data, RECIPE.replace("stars}", "stars, max_dropped_share: 0.9}"), workers)
        lost = result.summary["dropped"]
        assert set(lost) == {"open_quote"}
        assert lost["open_quote"]["first_rows"] == [201]
        assert result.summary["used"] + lost["open_quote"]["count"] == result.summary["rows"] == 60_201


def test_a_file_that_ends_inside_quotes_loses_its_last_row_only(prepared):
    data = GOOD + 'hello,"cut off in the mid'

    result = prepared(data, RECIPE.replace("stars}", "stars, max_dropped_share: 0.01}"))

    assert result.dropped == {"open_quote": {"count": 1, "first_rows": [201]}}


def test_json_lines_with_a_line_that_is_none(prepared):
    rows = [json.dumps({"body": f"a {row.split()[1]} review", "stars": row[-2]}) for row in ROWS]
    recipe = RECIPE.replace(
        "[title, body], label: stars", "body, label: stars, max_dropped_share: 0.02"
    ).replace("format: csv", "format: jsonl")
    data = "\n".join([*rows, "{not json", "[1, 2]", '{"body": "no stars"}'])

    assert prepared(data, recipe).dropped == {
        "json": {"count": 2, "first_rows": [201, 202]},
        "unknown_label": {"count": 1, "first_rows": [203]},
    }


def test_json_lines_in_which_no_row_has_the_column(failure):
    data = "\n".join(json.dumps({"text": "a review", "stars": "5"}) for _ in range(10))
    recipe = RECIPE.replace("format: csv", "format: jsonl").replace("[title, body]", "body")

    assert failure(data, recipe) == (
        "FILE has no column 'body'. It has: text, stars. Correct data.text in the recipe."
    )


def test_one_label_a_row_means_one(failure):
    lines = "".join(f"__label__{'ab'[n % 2]} word{chr(97 + n % 26)}{chr(97 + n // 26)}\n" for n in range(200))

    assert 'unknown_label: 1 (row 201; "a, b"; the recipe knows a, b)' in failure(
        lines + "__label__a __label__b both\n", "data: {format: fasttext}\nlabels: {names: [a, b]}"
    )


def test_no_data_at_all(failure, tmp_path):
    assert failure(tmp_path / "nowhere") == f"There is no data: {tmp_path / 'nowhere'} does not exist."


def test_a_folder_without_a_file_is_no_data(failure, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / ".DS_Store").write_text("hidden")

    assert failure(folder) == (
        f"{folder} holds 0 files (nothing). Expected: a data file, or several parts of one."
    )


def test_a_failure_leaves_an_earlier_result_alone(tmp_path):
    config = Recipe.parse(
        {"name": "x", "gate": {"minimum": 0}, **yaml.safe_load(RECIPE)}, Path("x")
    ).prepare_config()
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(HEADER)
    prepare.prepare(config, tmp_path / "good.csv", tmp_path / "output")
    before = {path: path.read_bytes() for path in (tmp_path / "output").rglob("*") if path.is_file()}

    with pytest.raises(StepError):
        prepare.prepare(config, tmp_path / "bad.csv", tmp_path / "output")

    assert {path: path.read_bytes() for path in (tmp_path / "output").rglob("*") if path.is_file()} == before


def test_as_a_script_it_leaves_its_reason_where_sagemaker_looks_and_exits_1(repository, tmp_path):
    config = Recipe.parse(
        {"name": "x", "gate": {"minimum": 0}, **yaml.safe_load(RECIPE)}, Path("x")
    ).prepare_config()
    (tmp_path / "prepare.json").write_text(json.dumps(config))
    (tmp_path / "data.csv").write_text(HEADER)
    options = {
        "config": "prepare.json",
        "data": "data.csv",
        "output": "output",
        "message": "ml/output/message",
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

    reason = "data.csv has a header and no rows. Expected: at least one row for each label."
    assert done.returncode == 1
    assert done.stderr == reason + "\n"
    assert (tmp_path / "ml" / "output" / "message").read_text() == reason
    assert list((tmp_path / "output").iterdir()) == []
