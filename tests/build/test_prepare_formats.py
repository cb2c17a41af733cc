"""The Prepare step on every shape of data that a recipe can describe."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"
SPLIT = "split: {train: 0.5, validation: 0.25, test: 0.25}\n"
WORDS = [first + rest for first in "bcdfghlmnprst" for rest in ("alm", "ank", "ell", "ing", "olk", "ust")]


def examples(result):
    """All examples as (labels, tokens), whichever split they are in."""
    lines = [line.split() for line in result.lines]
    found = [
        (
            tuple(word[9:] for word in line if word.startswith("__label__")),
            [w for w in line if "__label__" not in w],
        )
        for line in lines
    ]
    found += [(tuple(example["labels"]), example["text"].lower().split()) for example in result.holdout]
    return {" ".join(tokens): labels for labels, tokens in found}


@pytest.mark.parametrize(
    ("separator", "newline", "recipe"),
    [
        (",", "\n", "format: csv"),
        (",", "\r\n", "format: csv"),
        ("\t", "\n", "format: tsv"),
        ("\t", "\r\n", "format: tsv"),
        ("\t", "\n", "format: tsv, quoted: true"),
        (";", "\n", "format: csv, delimiter: ';'"),
    ],
)
def test_tables_with_a_header(prepared, separator, newline, recipe):
    rows = [("mood", "words"), *(("yes" if n % 2 else "no", word) for n, word in enumerate(WORDS))]
    data = newline.join(separator.join(row) for row in rows) + newline
    labels = "labels: {names: ['no', 'yes']}\n" + SPLIT

    result = prepared(data, f"data: {{{recipe}, text: words, label: mood}}\n" + labels)

    assert examples(result) == {word: ("yes" if n % 2 else "no",) for n, word in enumerate(WORDS)}


def test_a_byte_order_mark_is_no_part_of_the_first_column(prepared):
    data = "\ufeffmood,words\n" + "".join(
        f"{'good' if n % 2 else 'bad'},{word}\n" for n, word in enumerate(WORDS)
    )

    result = prepared(
        data, "data: {format: csv, text: words, label: mood}\nlabels: {names: [bad, good]}\n" + SPLIT
    )

    assert result.summary["used"] == len(WORDS)


def test_a_table_without_a_header_and_numbers_as_labels(prepared):
    values = [-3, -1, -0.5, 0, 0.99, 1] * 13
    data = "".join(
        f'{n}\t{value}\tthe {word} is "5 wide\n'
        for n, (value, word) in enumerate(zip(values, WORDS, strict=True))
    )

    result = prepared(
        data,
        """
        data: {format: tsv, header: false, columns: [id, rating, text], text: text, label: rating}
        labels:
          names: [bad, fair, good]
          rules: [{name: bad, max: -1}, {name: good, min: 1}, {name: fair, min: -1, max: 1}]
        split: {train: 0.5, validation: 0.25, test: 0.25}
        """,
    )

    found = {tokens.split()[1]: labels[0] for tokens, labels in examples(result).items()}
    assert [found[word] for word in WORDS] == ["bad", "bad", "fair", "fair", "fair", "good"] * 13


def test_json_lines_with_numbers_missing_values_and_escapes(prepared):
    rows = [
        {"summary": "Sum", "text": f"line\n{word}", "overall": [1.0, 5.0][n % 2]}
        for n, word in enumerate(WORDS)
    ]
    del rows[0]["summary"]
    rows[1]["summary"] = None
    data = "\n".join(map(json.dumps, rows)) + "\n\n"

    result = prepared(
        data,
        """
        data: {format: jsonl, text: [summary, text], label: overall, require: text}
        labels: {names: [bad, good], rules: [{name: bad, values: [1.0]}, {name: good, values: [5.0]}]}
        split: {train: 0.5, validation: 0.25, test: 0.25}
        """,
    )

    found = examples(result)
    assert found[f"line {WORDS[0]}"] == ("bad",) and found[f"line {WORDS[1]}"] == ("good",)
    assert found[f"sum line {WORDS[2]}"] == ("bad",)


def test_the_fasttext_format_with_labels_anywhere_in_the_line(prepared):
    data = "".join(
        f"__label__a one {word} __label__{'b' if n % 2 else 'c'}\n" for n, word in enumerate(WORDS)
    )

    result = prepared(data, "data: {format: fasttext}\nlabels: {multi: true, names: [a, b, c]}\n" + SPLIT)

    assert examples(result) == {f"one {word}": ("a", "b" if n % 2 else "c") for n, word in enumerate(WORDS)}


def test_several_labels_in_one_column(prepared):
    data = "text,tags\n" + "".join(
        f"{word},{'red | round' if n % 2 else 'red'}\n" for n, word in enumerate(WORDS)
    )

    result = prepared(
        data,
        "data: {format: csv, text: text, label: tags, label_separator: '|'}\n"
        "labels: {multi: true, names: [round, red]}\n" + SPLIT,
    )

    assert examples(result) == {word: ("round", "red") if n % 2 else ("red",) for n, word in enumerate(WORDS)}


def test_a_list_of_labels_in_json_lines(prepared):
    rows = [{"text": word, "tags": ["red", "round"] if n % 2 else ["red"]} for n, word in enumerate(WORDS)]

    result = prepared(
        "\n".join(map(json.dumps, rows)),
        "data: {format: jsonl, text: text, label: tags}\nlabels: {multi: true, names: [red, round]}\n"
        + SPLIT,
    )

    assert examples(result)[WORDS[1]] == ("red", "round")


def switches(column_values):
    return "text,red,round\n" + "".join(
        f"{word},{a},{b}\n" for word, (a, b) in zip(WORDS, column_values * 26, strict=True)
    )


def test_columns_that_hold_0_or_1_with_a_label_for_rows_without_any(prepared):
    data = switches([("1", "0"), ("0", "0"), ("1", "1")])

    result = prepared(
        data,
        "data: {format: csv, text: text, label: [red, round]}\n"
        "labels: {multi: true, names: [plain, red, round], none: plain}\n" + SPLIT,
    )

    assert [examples(result)[word] for word in WORDS[:3]] == [("red",), ("plain",), ("red", "round")]


def test_rows_without_any_label_are_dropped_unless_there_is_a_label_for_them(prepared):
    data = switches([("1", "0"), ("0", "0"), ("1", "1")])

    result = prepared(
        data,
        "data: {format: csv, text: text, label: [red, round], max_dropped_share: 0.5}\n"
        "labels: {multi: true, names: [red, round]}\n" + SPLIT,
    )

    assert result.dropped == {"no_label": {"count": 26, "first_rows": [2, 5, 8, 11, 14, 17, 20, 23, 26, 29]}}


def test_columns_of_labels_may_be_renamed_by_rules(prepared):
    data = switches([("1", "0"), ("0", "1"), ("true", "FALSE")])

    result = prepared(
        data,
        "data: {format: csv, text: text, label: [red, round]}\n"
        "labels:\n  multi: true\n  names: [rouge, rond]\n"
        "  rules: [{name: rouge, values: [red]}, {name: rond, values: [round]}]\n" + SPLIT,
    )

    assert [examples(result)[word] for word in WORDS[:3]] == [("rouge",), ("rond",), ("rouge",)]


RECIPE = "data: {format: csv, text: words, label: mood}\nlabels: {names: [bad, good]}\n" + SPLIT
TABLE = "mood,words\n" + "".join(f"{'good' if n % 2 else 'bad'},{word}\n" for n, word in enumerate(WORDS))


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TABLE.encode(), mtime=0),
        gzip.compress(TABLE[:50].encode(), mtime=0) + gzip.compress(TABLE[50:].encode(), mtime=0),
        zipped({"reviews.csv": TABLE}),
        zipped({"folder/": "", "folder/reviews.csv": TABLE, "__MACOSX/._reviews.csv": "attributes"}),
    ],
    ids=["gzip", "gzip in two members", "zip", "zip from a Mac"],
)
def test_compression_is_recognised_by_content(prepared, data):
    assert prepared(data, RECIPE).bytes == prepared(TABLE, RECIPE).bytes


def test_a_folder_with_one_file_is_that_file(prepared, tmp_path):
    folder = tmp_path / "data" / "inner"
    folder.mkdir(parents=True)
    (folder / "reviews.csv").write_text(TABLE)
    (folder / ".hidden").write_text("not data")

    assert prepared(tmp_path / "data", RECIPE).bytes == prepared(TABLE, RECIPE).bytes


def test_a_last_line_without_an_end_counts(prepared):
    assert prepared(TABLE.rstrip("\n"), RECIPE).bytes == prepared(TABLE, RECIPE).bytes


def test_blank_lines_are_no_rows(prepared):
    assert prepared(TABLE.replace("\n", "\n\n"), RECIPE).summary["rows"] == len(WORDS)


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@needs_shared
def test_real_tsv_without_a_header(prepared, repository):
    recipe = (repository / "recipes" / "amazon-sentences.yaml").read_text()

    result = prepared(SHARED / "hutto_amazon_sentences.tsv", recipe)

    assert (result.summary["rows"], result.summary["used"]) == (3708, 3708)


@needs_shared
def test_real_columns_of_labels(prepared, repository):
    recipe = (repository / "recipes" / "toxic-comments.yaml").read_text()

    result = prepared(SHARED / "jigsaw_toxic_20k.csv.zip", recipe)

    labels = [part["labels"] for part in result.summary["splits"].values()]
    assert result.summary["used"] == 20_000
    assert sum(part["clean"] for part in labels) == 17_940
    assert sum(part["toxic"] for part in labels) == 1947


@needs_shared
def test_real_json_lines(prepared):
    result = prepared(
        SHARED / "reviews_Musical_Instruments_5.json.zip",
        """
        data: {format: jsonl, text: [summary, reviewText], label: overall, require: reviewText, max_dropped_share: 0.01}
        labels: {names: [bad, good], rules: [{name: bad, max: 3}, {name: good, min: 4}]}
        """,
    )

    assert result.summary["rows"] == 10_261
    assert result.summary["dropped"]["empty_text"]["count"] == 7


@needs_shared
def test_real_lines_in_the_fasttext_format(prepared, tmp_path):
    source = SHARED / "cooking_stackexchange.txt"
    names = {word[9:] for word in source.read_text(encoding="utf-8").split() if word.startswith("__label__")}
    (tmp_path / "names.txt").write_text("\n".join(sorted(names)), encoding="utf-8")

    result = prepared(
        source, f"data: {{format: fasttext}}\nlabels: {{multi: true, names_file: {tmp_path / 'names.txt'}}}\n"
    )

    assert len(names) == 736
    assert result.summary["used"] == 15_404


@needs_shared
def test_real_data_with_a_line_that_is_not_utf_8(prepared):
    result = prepared(
        SHARED / "amazon_14_domains.tsv.zip",
        """
        data: {format: tsv, header: false, columns: [label, text], text: text, label: label, max_dropped_share: 0.001}
        labels: {names: [bad, good], rules: [{name: bad, values: [0]}, {name: good, values: [1]}]}
        """,
    )

    assert result.summary["rows"] == 27_780
    assert result.summary["dropped"]["encoding"]["count"] == 1
