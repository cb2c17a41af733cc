"""A look at a file: its format, its columns, and what stands in them."""

import gzip
import io
import json
import zipfile

import pytest

from model_build.errors import DataError
from model_build.recipe import sample
from model_build.recipe.sample import Column


@pytest.fixture
def read(tmp_path):
    """A function from the content of a file to what was seen in it."""

    def read(content, name="lamps.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return sample.read(path)

    return read


def names(found):
    return [column.name for column in found.columns]


def values(found, name):
    return dict(found.column(name).values)


@pytest.mark.parametrize(
    ("delimiter", "kind", "stated"),
    [(",", "csv", None), ("\t", "tsv", None), (";", "csv", ";"), ("|", "csv", "|")],
)
def test_the_delimiter_is_seen_and_stated_where_the_format_does_not_say_it(read, delimiter, kind, stated):
    lines = [["text", "label"], ["a fine lamp", "good"], ["a dim lamp", "bad"]]
    found = read("\n".join(delimiter.join(line) for line in lines))
    assert (found.format, found.delimiter, found.rows) == (kind, stated, 2)
    assert values(found, "label") == {"good": 1, "bad": 1}


def test_quotes_hold_delimiters_and_lines_in_csv_and_are_letters_in_tsv(read):
    assert values(read('text,label\n"one, two\nthree",x\n"four",y\n'), "text") == {
        "one, two\nthree": 1,
        "four": 1,
    }
    assert values(read('text\tlabel\n"one"\tx\ntwo\ty\n'), "text") == {'"one"': 1, "two": 1}


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("text,label", True),
        (",text", True),
        ("text,text", False),
        ("text,", False),
        ("text,5", False),
        ("5,text", False),
        ("text," + "x" * 60, True),
        ("text," + "x" * 61, False),
        ("text,inf", True),
        ("Größe,日本", True),
    ],
)
def test_a_header_is_short_words_that_differ_and_are_no_numbers(read, first, header):
    found = read(f"{first}\na fine lamp,good\n")
    assert (found.header, found.rows) == (header, 1 if header else 2)
    assert names(found) == (first.split(",") if header else ["column_1", "column_2"])


def test_rows_of_another_length_are_not_looked_at(read):
    found = read("text,label\na,1\nb\nc,1,2\n\nd,2\n")
    assert (found.rows, values(found, "text")) == (2, {"a": 1, "d": 1})


def test_cells_are_stripped_and_those_without_anything_are_empty(read):
    column = read("text,label\n  a  ,x\n,y\n   ,z\n").column("text")
    assert (column.rows, column.empty, dict(column.values), column.characters) == (3, 2, {"a": 1}, 1)


def test_a_table_of_one_line_without_an_end_is_read(read):
    found = read("text,label")
    assert (found.rows, names(found), found.header) == (0, ["text", "label"], True)


def test_only_so_many_rows_are_looked_at(read, monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 3)
    assert read("text,label\n" + "a,1\n" * 9).rows == 3
    assert read('{"a": 1}\n' * 9).rows == 3
    assert read("__label__a b\n" * 9).rows == 3


def test_a_row_that_lies_over_the_end_of_the_first_part_is_whole(read):
    text = "x" * (sample._HEAD - 20)
    found = read(f"text,label\n{text},good\nanother,bad\nthird,good\n")
    assert values(found, "text") == {text: 1, "another": 1, "third": 1}
    rows = [{"text": text, "n": 1}, {"text": "ü" * 40, "n": 2}]
    assert values(read("\n".join(map(json.dumps, rows))), "n") == {"1": 1, "2": 1}


def test_objects_in_lines_may_lack_keys_and_have_values_of_every_kind(read):
    rows = [
        {"text": "a b", "n": 1},
        {"text": None, "n": 2.5, "flag": True},
        {"n": "1", "list": ["x"], "": {"a": 1}},
    ]
    found = read("\n".join(map(json.dumps, rows)) + "\nno json\n[1]\n")
    assert (found.format, found.rows, names(found)) == ("jsonl", 3, ["text", "n", "flag", "list", ""])
    text, number, flag, listed, nested = found.columns
    assert (text.rows, text.empty, text.spaced) == (2, 1, 1)
    assert (dict(number.values), number.is_numeric) == ({"1": 2, "2.5": 1}, True)
    assert (flag.rows, flag.empty, dict(flag.values)) == (2, 1, {"true": 1})
    assert (listed.rows, listed.empty, listed.is_text, nested.is_text) == (3, 2, False, False)


def test_labels_of_labelled_lines_are_those_before_the_text(read):
    found = read("__label__a __label__b a text with __label__c in it\n__label__a\nno label\n")
    assert (found.format, found.rows, names(found)) == ("fasttext", 3, ["label"])
    assert values(found, "label") == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("text,label\nschön,x\n".encode(), None),
        ("\ufefftext,label\nschön,x\n".encode(), None),
        ("text,label\nschön,x\n".encode("utf-16"), "utf-16"),
        ("text,label\nschön,x\n".encode("cp1252"), "cp1252"),
        (b"text,label\nsch\xf6", "cp1252"),
    ],
    ids=["utf-8", "with a mark", "utf-16", "cp1252", "in the last letter"],
)
def test_the_encoding_is_seen_and_stated_where_it_is_not_utf_8(read, content, encoding):
    found = read(content)
    assert (found.encoding, names(found)) == (encoding, ["text", "label"])


@pytest.mark.parametrize("letter", ["é", "日", "\N{GRINNING FACE}"])
def test_a_letter_that_the_first_part_cuts_in_two_is_no_other_encoding(read, letter):
    for bytes_before in range(1, len(letter.encode())):
        text = "text,label\n"
        text += "x" * (sample._HEAD - bytes_before - len(text))
        assert read(f"{text}{letter},good\n").encoding is None


def zipped(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in files:
            archive.writestr(name, "text,label\na,x\n")
    return buffer.getvalue()


def test_of_an_archive_hidden_files_and_folders_do_not_count(read):
    found = read(zipped("__MACOSX/", "data/", "data/lamps.csv", "data/.DS_Store", "__MACOSX/_lamps.csv"))
    assert names(found) == ["text", "label"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", " is empty. Expected: csv, tsv, JSON lines or fastText's labelled lines; plain, or compressed by gzip,"),
        (b" \n\t\n", " is empty. Expected: csv,"),
        (b"\xef\xbb\xbf", " is empty. Expected: csv,"),
        (gzip.compress(b""), " is empty. Expected: csv,"),
        (b"text\0,label\n", " is not text. Expected: csv,"),
        (b"\n\ntext,label\na,x\n", " begins with an empty line. Expected in the first: the names of columns, or a row."),
        (b'{"a": 1\n', " begins like JSON, and its first line is not a JSON object: '{\"a\": 1\\n'."),
        (b"{" * 100_000, " begins like JSON, and its first line is not a JSON object: '{{{"),
        (zipped(), " is not text. Expected: csv,"),
        (zipped("a.csv", "b.csv"), " holds 2 files. Expected: an archive with one file."),
        (gzip.compress(b"text,label\n" * 99)[:-9], " cannot be read: "),
        (b"\x1f\x8bnothing", " cannot be read: "),
        (b"BZhnothing", " cannot be read: "),
        (b"\xfd7zXZ\0nothing", " cannot be read: "),
        (b"PK\x03\x04nothing", " cannot be read: "),
    ],
    ids=[
        *("empty", "spaces", "a mark", "an empty archive", "zeros", "an empty line", "half an object", "braces"),
        *("no file", "two files", "cut", "gzip", "bzip2", "xz", "zip"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_named_with_what_can(read, tmp_path, content, said):
    with pytest.raises(DataError) as caught:
        read(content)
    assert caught.value.message.startswith(f"{tmp_path / 'lamps.csv'}{said}")
    assert caught.value.exit_code == 2


def test_a_folder_or_nothing_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(DataError, match=f"^There is no file {path}.$"):
            sample.read(path)


def test_values_are_told_apart_up_to_a_number_and_counted_beyond_it(monkeypatch):
    monkeypatch.setattr(sample, "DISTINCT", 2)
    column = Column("label")
    for value in ["a", "b", "c", "a", "c", "b"]:
        column.add(value)
    assert (dict(column.values), column.distinct, column.rows) == ({"a": 2, "b": 2}, 2, 6)


def test_a_column_without_a_value_is_no_number_and_has_no_length():
    column = Column("label")
    assert (column.is_numeric, column.mean_length, column.distinct) == (False, 0.0, 0)
    column.add(None)
    column.add("")
    assert (column.rows, column.empty, column.is_numeric, column.mean_length) == (2, 2, False, 0.0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", True),
        ("-1.5e3", True),
        (" 2 ", True),
        ("inf", False),
        ("nan", False),
        ("1_0", False),
        ("", False),
        ("1,5", False),
    ],
)
def test_a_number_is_what_python_reads_as_one(text, number):
    assert sample.is_number(text) is number
