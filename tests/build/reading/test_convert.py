"""Files that are rewritten before they are read: another encoding, old line ends, a JSON array, Parquet."""

import datetime
import decimal
import io
import json

import pytest

from failure import StepError
from reading import convert

CSV = {"format": "csv", "encoding": None, "text": ["text"], "label": "label", "require": []}
JSON = CSV | {"format": "jsonl"}
TABLE = b"text,label\na lamp,pos\n"


@pytest.fixture
def converted(tmp_path):
    """Converts bytes, called FILE in messages; the content to read, the recipe's `data` for it, and whether it is the file itself."""

    def converted(content, data=CSV, most=None):
        path = tmp_path / "file"
        path.write_bytes(content)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        found, described = convert.readable(path, data, "FILE", scratch, most)
        assert path.read_bytes() == content
        return found.read_bytes(), described, found == path

    return converted


@pytest.fixture
def refused(converted):
    def refused(content, data=CSV, most=None):
        with pytest.raises(StepError) as caught:
            converted(content, data, most)
        return str(caught.value)

    return refused


@pytest.mark.parametrize(
    "content",
    [TABLE, b"\xef\xbb\xbf" + TABLE, TABLE.replace(b"\n", b"\r\n"), b"text,label", b"text,label\r", b"a\r\nb\rc\n", b"caf\xe9,pos\n"],
    ids=["as it is", "mark", "crlf", "no end", "one old end", "mixed", "latin-1"],
)  # fmt: skip
def test_what_readers_take_stays_as_it_is(converted, content):
    assert converted(content) == (content, CSV, True)


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n \n"])
def test_a_file_of_nothing_but_space_is_empty(refused, content):
    assert refused(content) == "FILE is empty. Expected: a data file with rows."


# Encodings


@pytest.mark.parametrize(
    ("content", "encoding", "how"),
    [
        (b"\xff\xfea\0,\0b\0\n\0", "UTF-16", "by its byte order mark"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32", "by its byte order mark"),
        (b"t\0e\0x\0t\0,\0b\0", "UTF-16-LE", "by its zero bytes"),
        (b"\0t\0e\0x\0t\0,\0b", "UTF-16-BE", "by its zero bytes"),
    ],
)
def test_a_wide_encoding_is_told_with_what_shows_it(refused, content, encoding, how):
    name = encoding.lower()
    assert refused(content) == (
        f"FILE is {encoding}, {how}. Expected: UTF-8. Say encoding: {name} under data in the recipe if that is right, or convert "
        f"the file: iconv -f {encoding} -t UTF-8 FILE."
    )


@pytest.mark.parametrize(
    ("encoding", "content", "read"),
    [
        ("cp1252", b"caf\xe9 \x80", "caf\u00e9 \u20ac"),
        ("latin-1", b"caf\xe9 \x80", "caf\u00e9 \x80"),
        ("shift_jis", b"\x82\xb1\x82\xea", "\u3053\u308c"),
        ("utf-16", b"\xff\xfea\0\xe9\0", "a\u00e9"),
        ("utf-16", b"\xfe\xff\0a\0\xe9", "a\u00e9"),
        ("utf-16-be", b"\0a\x30\x53", "a\u3053"),
        ("utf-32-le", b"a\0\0\0\x00\xf6\x01\x00", "a\U0001f600"),
    ],
)
def test_a_file_is_decoded_as_the_recipe_says(converted, encoding, content, read):
    assert converted(content, CSV | {"encoding": encoding})[0].decode("utf-8") == read


def test_characters_may_lie_across_two_blocks(converted, monkeypatch):
    text = "\u3053\u308c\u306f, \U0001f600\n" * 5
    for size in (1, 2, 3, 5):
        monkeypatch.setattr(convert, "_BLOCK", size)
        for encoding in ("utf-16-le", "utf-32-be"):
            # In blocks of a byte the first is only a part of a character: no file is empty for that.
            assert converted(text.encode(encoding), CSV | {"encoding": encoding})[0].decode("utf-8") == text


@pytest.mark.parametrize(
    ("encoding", "content", "read"),
    [
        ("shift_jis", b"ok,pos\n\xff\xff,neg\n", b"ok,pos\n\xfe\xfe,neg\n"),
        ("utf-16-le", b"a\0\0\xd8b\0", b"a\xfeb"),
        ("utf-16-le", b"a\0b", b"a\xfe"),  # cut off within a character
        ("cp1252", b"a\x81b \xe9", b"a\xfeb \xc3\xa9"),
    ],
)
def test_what_cannot_be_decoded_becomes_a_byte_that_is_no_utf_8(converted, encoding, content, read):
    assert converted(content, CSV | {"encoding": encoding})[0] == read


def test_utf_8_under_another_encoding_is_refused_unless_it_is_plain_ascii(converted, refused):
    data = CSV | {"encoding": "cp1252"}
    assert converted(TABLE, data)[0] == TABLE
    assert refused("caf\u00e9,pos\n".encode(), data) == (
        "FILE is UTF-8, and data.encoding of the recipe says cp1252: every accent would become two wrong characters. Leave the "
        "key out."
    )
    assert converted("caf\u00e9,pos\n".encode() + b"\xe9", data)[0].decode() == "caf\u00c3\u00a9,pos\n\u00e9"


# Line ends


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"a,b\rc,d\r", b"a,b\nc,d\n"),
        (b"a,b\rc,d", b"a,b\nc,d"),
        (b"a\r\rb\r", b"a\n\nb\n"),
    ],
)
@pytest.mark.parametrize("block", [1, 2, 3, 1 << 20])
def test_line_ends_of_old_macs_become_newlines(converted, monkeypatch, content, read, block):
    monkeypatch.setattr(convert, "_BLOCK", 100)  # the beginning, by which they are told
    path = convert._newlines
    monkeypatch.setattr(
        convert, "_newlines", lambda *given: (monkeypatch.setattr(convert, "_BLOCK", block), path(*given))
    )
    assert converted(content)[0] == read


def test_a_pair_of_line_ends_across_two_blocks_is_one(converted, monkeypatch):
    monkeypatch.setattr(convert, "_BLOCK", 4)
    assert converted(b"a\rbc\rde\r\nf\r\ng\r")[0] == b"a\nbc\nde\nf\ng\n"


def test_line_ends_are_looked_at_after_the_encoding(converted):
    content = "text,label\rcaf\u00e9,pos\r".encode("utf-16")
    assert converted(content, CSV | {"encoding": "utf-16"})[0].decode() == "text,label\ncaf\u00e9,pos\n"


# One JSON array


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"[1]", [1]),
        (b"[1, 2, 3]", [1, 2, 3]),
        (b'[{"a": "b"}, {"a": [1, {"c": null}]}]', [{"a": "b"}, {"a": [1, {"c": None}]}]),
        (b'\xef\xbb\xbf \n[\n  {"a": 1},\n  {"a": 2}\n]\n', [{"a": 1}, {"a": 2}]),
        (b'["a]", "[b", "c,d"]', ["a]", "[b", "c,d"]),
        (b"[12345, -7, true, null]", [12345, -7, True, None]),
        (b'["caf\xc3\xa9 \\u00e9"]', ["caf\u00e9 \u00e9"]),
    ],
)
@pytest.mark.parametrize("block", [1, 2, 7, 1 << 20])
def test_the_elements_of_an_array_become_lines_wherever_blocks_end(
    converted, monkeypatch, content, lines, block
):
    elements = convert._elements
    monkeypatch.setattr(
        convert,
        "_elements",
        lambda source: (monkeypatch.setattr(convert, "_BLOCK", block), elements(source))[1],
    )
    if block < 5:
        content = content.removeprefix(b"\xef\xbb\xbf \n")  # the bracket has to be in the first block
    read, described, _ = converted(content, JSON)
    assert [json.loads(line) for line in read.decode().splitlines()] == lines
    assert described == JSON


def test_an_element_that_is_not_utf_8_stays_recognisable(converted):
    [line] = converted(b'[{"text": "caf\xe9"}]', JSON)[0].splitlines()
    assert json.loads(line) == {"text": "caf\udce9"}


@pytest.mark.parametrize(
    "content",
    [b'[{"a": 1}]\n[{"a": 2}]\n', b"[1]\n2\n", b"[1] x", b"[]\n{}\n"],
    ids=["two arrays", "a number", "a word", "an empty one"],
)
def test_what_only_begins_as_an_array_is_judged_line_by_line(converted, content):
    assert converted(content, JSON) == (content, JSON, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "FILE is an empty JSON array. Expected: a data file with rows."),
        (b" [ \n ] ", "FILE is an empty JSON array. Expected: a data file with rows."),
        (b'[{"a": 1}, {"a":', "FILE is one JSON array, and its element 2 cannot be read ("),
        (
            b"[1, 2",
            "FILE is one JSON array, and its element 2 cannot be read (it ends before the array does)",
        ),
        (
            b"[1, 2,",
            "FILE is one JSON array, and its element 3 cannot be read (it ends before the array does)",
        ),
        (b"[1, oops]", "FILE is one JSON array, and its element 2 cannot be read (Expecting value"),
        (b"[" * 100_000, "FILE is one JSON array, and its element 1 cannot be read ("),
    ],
    ids=["empty", "space", "cut in an object", "cut in a number", "cut behind a comma", "a word", "deep"],
)
def test_an_array_that_cannot_be_read_is_told_by_its_element(refused, content, message):
    said = refused(content, JSON)
    assert said.startswith(message)
    if "element" in message:
        assert said.endswith("Correct it, or write one object a line (jq -c '.[]').")


def test_a_sample_of_an_array_ends_with_the_element_that_reaches_it(converted, refused):
    content = json.dumps([{"n": number} for number in range(9)]).encode()
    line = len(b'{"n": 0}\n')
    for most, count in ((1, 1), (line, 1), (line + 1, 2), (1000, 9)):
        assert len(converted(content, JSON, most)[0].splitlines()) == count
    # It may end anywhere, but not within its first element.
    assert len(converted(content[:-5], JSON, 1000)[0].splitlines()) == 8
    assert "its element 1 cannot be read" in refused(b'[{"n"', JSON, 1000)


def test_an_array_under_another_format_is_left_to_it(converted):
    assert converted(b"[1]\n", CSV) == (b"[1]\n", CSV, True)


# Parquet


@pytest.fixture
def parquet():
    """Writes columns as Parquet."""
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def written(**columns):
        stream = io.BytesIO()
        writer.write_table(arrow.table(columns), stream)
        return stream.getvalue()

    return written


PARQUET = CSV | {"format": "parquet"}


def test_the_columns_of_parquet_that_the_recipe_names_become_json_lines(converted, parquet):
    content = parquet(id=[1, 2], text=["a lamp", None], label=["pos", "neg"], other=[0.5, 1.0])
    data = PARQUET | {"require": ["id"]}
    read, described, _ = converted(content, data)
    rows = [json.loads(line) for line in read.splitlines()]
    assert rows == [
        {"id": 1, "text": "a lamp", "label": "pos"},
        {"id": 2, "text": None, "label": "neg"},
    ]
    assert described == data | {"format": "jsonl"}


def test_values_that_json_does_not_have_become_text(converted, parquet):
    day = datetime.date(2026, 11, 30)
    content = parquet(
        text=[b"caf\xc3\xa9", b"caf\xe9"],
        label=[day, day],
        a=[decimal.Decimal("1.50")] * 2,
        b=[["x", "y"]] * 2,
    )
    read, _, _ = converted(content, PARQUET | {"label": ["label", "a", "b"]})
    first, second = (json.loads(line) for line in read.splitlines())
    assert first == {"text": "caf\u00e9", "label": "2026-11-30", "a": "1.50", "b": ["x", "y"]}
    assert second["text"] == "caf\udce9"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            PARQUET | {"text": ["body"]},
            "FILE has no column 'body'. It has: text, label. Correct data of the recipe.",
        ),
        (PARQUET | {"label": ["mood", "label"]}, "FILE has no column 'mood'."),
        (PARQUET | {"require": ["zone"]}, "FILE has no column 'zone'."),
        (
            CSV | {"format": "fasttext"},
            "FILE is Parquet, and data.format of the recipe is fasttext. Say format: parquet.",
        ),
    ],
)
def test_parquet_that_does_not_fit_the_recipe_is_refused_by_the_column_or_key(
    refused, parquet, data, message
):
    assert refused(parquet(text=["a"], label=["pos"]), data).startswith(message)


def test_parquet_that_is_none_is_told_by_how_it_begins(refused, parquet):
    assert refused(TABLE, PARQUET) == (
        "FILE is not Parquet, as data.format of the recipe says. It begins with b'text,label\\na lamp,po'."
    )
    cut = parquet(text=["a"], label=["pos"])[:-10]
    assert refused(cut, PARQUET).startswith("FILE is Parquet and cannot be read (")


def test_a_sample_of_parquet_ends_with_the_batch_that_reaches_it(converted, parquet):
    content = parquet(text=["a lamp"] * 5000, label=["pos"] * 5000)
    assert len(converted(content, PARQUET, most=1)[0].splitlines()) == 4096
    assert len(converted(content, PARQUET)[0].splitlines()) == 5000


def test_without_pyarrow_parquet_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    said = refused(b"PAR1" + bytes(20))
    assert said.startswith("FILE is Parquet, which needs pyarrow")
    assert "pip install pyarrow" in said
