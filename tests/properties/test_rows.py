"""Data of any content, in every format: each row is used or dropped for a reason, and none ends Prepare by a crash."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prepare
from failure import StepError
from model_build.recipe import Recipe
from tests.properties.budget import budget, documents

FORMATS = {
    "csv": "format: csv, text: words, label: mood",
    "csv without quotes": "format: csv, quoted: false, text: words, label: mood",
    "tsv": "format: tsv, text: words, label: mood",
    "tsv with quotes": "format: tsv, quoted: true, text: words, label: mood",
    "jsonl": "format: jsonl, text: words, label: mood",
    "fasttext": "format: fasttext",
}
GOOD = {
    "csv": "good,lovely thing {}\n",
    "tsv": "good\tlovely thing {}\n",
    "jsonl": '{{"mood": "good", "words": "lovely thing {}"}}\n',
    "fasttext": "__label__good lovely thing {}\n",
}
PIECES = st.sampled_from(
    [
        *('"', '""', ",", "\t", "\n", "\r\n", "\r", "good", "bad", "worse", "lovely thing", "\x00", "\xff", "\u2028", "\\n"),
        *('{"mood": "bad", "words": "x"}\n', '{"mood": [], "words": {}}\n', "[1]\n", "{\n", "NaN\n", "[" * 3000 + "\n", '{"mood": 1e999}\n'),
        *("__label__bad ", "__label__", "__LABEL__bad", "null", "NA", " "),
    ]
)  # fmt: skip
CONTENT = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=80)


def recipe(format_):
    import yaml

    document = yaml.safe_load(
        f"data: {{{FORMATS[format_]}}}\nlabels: {{names: [bad, good]}}\nsplit: {{train: 0.5, validation: 0.25, test: 0.25}}\n"
    )
    return Recipe.parse({"name": "any", "gate": {"minimum": 0}, **document}, Path("any.yaml"))


def checked(format_, content):
    """What Prepare makes of `content` between rows that are good, in one piece and in two."""
    config = recipe(format_).prepare_config()
    kind = format_.partition(" ")[0]
    header = {"csv": "mood,words\n", "tsv": "mood\twords\n"}.get(kind, "")
    good = [GOOD[kind].format(number) for number in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data.txt")
        data.write_bytes((header + "".join(good) + "\n" + content + "\n").encode("utf-8", "surrogatepass"))
        return prepare.check(config, data, Path(folder, "output"))


@pytest.mark.parametrize("format_", FORMATS)
@budget(25)
@given(content=CONTENT)
def test_each_row_is_used_or_dropped_for_a_reason(format_, content):
    report = checked(format_, content)
    summary = report["summary"]
    if summary is None:
        assert report["problem"]
        return
    dropped = sum(each["count"] for each in summary["dropped"].values())
    assert summary["rows"] == summary["used"] + dropped
    assert summary["used"] >= 1 or report["problem"]
    json.dumps(report, allow_nan=False)


@budget(25)
@given(rows=st.lists(documents(keys=st.sampled_from(["mood", "words", "a"])), max_size=5))
def test_json_lines_of_any_values_are_rows(rows):
    report = checked("jsonl", "\n".join(json.dumps(row) for row in rows))
    summary = report["summary"]
    assert summary["rows"] == 12 + len(rows)
    assert summary["used"] + sum(each["count"] for each in summary["dropped"].values()) == summary["rows"]


@pytest.mark.parametrize("format_", FORMATS)
@budget(10)
@given(content=st.binary(max_size=120))
def test_bytes_of_any_kind_are_prepared_or_refused_as_the_data_s_fault(format_, content):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data.txt")
        data.write_bytes(content)
        try:
            prepare.prepare(recipe(format_).prepare_config(), data, Path(folder, "output"))
        except StepError as refused:
            assert str(refused)
            assert list(Path(folder, "output").glob("*")) == []
