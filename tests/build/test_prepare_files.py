"""Files in another encoding, container or format than the recipe's: read where that is certain, refused by name otherwise."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest

from reading import unpack

RECIPE = "data: {format: csv, text: text, label: label}\nlabels: {names: [neg, pos]}\n"
TOLERANT = RECIPE.replace("label: label", "label: label, max_dropped_share: 0.05")
HEADER = "text,label\n"


def a_text(number):
    return f"review {chr(97 + number % 26)}{chr(97 + number // 26 % 26)} of a lamp"


def label(number):
    return ("neg", "pos")[number % 2]


def table(count):
    return "".join(f"{a_text(n)},{label(n)}\n" for n in range(count))


GOOD = HEADER + table(200)


# Bytes


def test_zero_bytes_have_a_reason_of_their_own(prepared):
    result = prepared(GOOD + "a l\0mp,pos\n" * 2, TOLERANT)

    assert result.dropped == {"nul": {"count": 2, "first_rows": [201, 202]}}
    assert result.summary["dropped"]["nul"]["values"] == [{"value": "a l\\x00mp", "count": 2}]


@pytest.mark.parametrize(
    ("encoding", "words", "named"),
    [
        ("cp1252", "caf\u00e9 \u20ac5", "cp1252"),
        ("latin-1", "d\u00e9j\u00e0 vu na\u00efve", "cp1252"),
        ("cp1251", "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "cp1251"),
        ("koi8-r", "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "koi8_r"),
        ("shift_jis", "\u3053\u308c\u306f\u30e9\u30f3\u30d7\u3067\u3059", "shift_jis"),
        ("euc_kr", "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4", "euc_kr"),
        ("gb18030", "\u8fd9\u662f\u4e00\u76cf\u706f", "gb18030"),
    ],
)
def test_another_encoding_is_named_and_read_where_the_recipe_says_so(
    prepared, refusal, encoding, words, named
):
    data = HEADER + "".join(f"{a_text(n)} {words},{label(n)}\n" for n in range(200))

    message = refusal(data.encode(encoding))
    assert f"it looks like {named}. Say encoding: {named} under data" in message
    assert "iconv -f" in message

    stated = RECIPE.replace("format: csv", f"format: csv, encoding: {named}")
    assert prepared(data.encode(encoding), stated).bytes == prepared(data, RECIPE).bytes


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_recognised_with_and_without_a_mark(prepared, refusal, encoding):
    message = refusal(GOOD.encode(encoding))

    assert f"Say encoding: {encoding} under data" in message
    stated = RECIPE.replace("format: csv", f"format: csv, encoding: {encoding}")
    assert prepared(GOOD.encode(encoding), stated).bytes == prepared(GOOD, RECIPE).bytes


def test_a_file_that_is_utf_8_all_the_same_is_refused_under_another_encoding(refusal):
    data = GOOD.replace("lamp", "l\u00e4mp").encode()

    assert "data-0.txt is UTF-8, and data.encoding of the recipe says cp1252" in refusal(
        data, RECIPE.replace("format: csv", "format: csv, encoding: cp1252")
    )


def test_line_ends_of_old_macs_are_line_ends(prepared):
    assert prepared(GOOD.replace("\n", "\r"), RECIPE).bytes == prepared(GOOD, RECIPE).bytes
    rows = "".join(json.dumps({"text": a_text(n), "label": label(n)}) + "\r" for n in range(200))
    assert prepared(rows, RECIPE.replace("csv", "jsonl")).bytes == prepared(GOOD, RECIPE).bytes


# Containers


def tarred(members, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


HIDDEN = {"__MACOSX/._reviews.csv": b"x", ".DS_Store": b"x", "._reviews.csv": b"x", "folder/Thumbs.db": b"x"}


@pytest.mark.parametrize(
    "data",
    [
        lzma.compress(GOOD.encode()),
        bz2.compress(GOOD.encode()),
        gzip.compress(gzip.compress(GOOD.encode(), mtime=0), mtime=0),
        tarred({"reviews.csv": GOOD.encode()}),
        tarred({"./reviews.csv": GOOD.encode(), **HIDDEN}, "w"),
        tarred({"reviews.csv.gz": gzip.compress(GOOD.encode(), mtime=0)}, "w:xz"),
        zipped({"reviews.csv": GOOD, **HIDDEN}),
        zipped({"inner.zip": zipped({"reviews.csv": GOOD})}),
    ],
    ids=[
        "xz",
        "bzip2",
        "gzip in gzip",
        "tar.gz",
        "tar with hidden files",
        "gzip in tar.xz",
        "zip",
        "zip in zip",
    ],
)
def test_containers_are_recognised_by_their_first_bytes(prepared, data):
    assert prepared(data, RECIPE).bytes == prepared(GOOD, RECIPE).bytes


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"%PDF-1.7", "a PDF"),
        (b"Obj\x01", "Avro"),
    ],
)
def test_what_is_not_read_is_refused_by_name(refusal, start, name):
    assert name in refusal(start + b"rest of it")


def test_an_excel_workbook_is_refused_by_name(refusal):
    assert "is an Excel workbook" in refusal(zipped({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}))


def test_an_archive_that_would_fill_the_disk_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(unpack, "_SMALL", 1 << 20)

    for data in (gzip.compress(bytes(20 << 20)), zipped({"a.csv": bytes(20 << 20)})):
        said = refusal(data)
        assert "more than 200 times its size" in said
        # By what comes out of it, before the whole of it does.
        assert f"has {len(data):,} bytes and unpacks to more than" in said


def test_one_json_array_is_read_as_its_objects(prepared):
    rows = [{"text": a_text(n), "label": label(n)} for n in range(200)]
    recipe = RECIPE.replace("csv", "jsonl")

    for text in (json.dumps(rows), json.dumps(rows, indent=2), "\ufeff\n" + json.dumps(rows) + "\n"):
        assert prepared(text, recipe).bytes == prepared(GOOD, RECIPE).bytes


def test_a_json_array_that_is_cut_off_is_refused_by_its_element(refusal):
    text = json.dumps([{"text": a_text(n), "label": label(n)} for n in range(200)])

    assert "is one JSON array, and its element 200 cannot be read" in refusal(
        text[:-20], RECIPE.replace("csv", "jsonl")
    )


def test_json_under_a_recipe_for_csv_is_told_the_key(refusal):
    assert "It looks like JSON: say format: jsonl" in refusal(json.dumps([{"text": "a", "label": "pos"}]))


def test_a_line_that_is_nested_too_deep_is_one_row(prepared):
    rows = "".join(json.dumps({"text": a_text(n), "label": label(n)}) + "\n" for n in range(200))
    deep = '{"text": ' + "[" * 100_000 + "]" * 100_000 + ', "label": "pos"}\n'

    result = prepared(rows + deep, TOLERANT.replace("csv", "jsonl"))

    assert result.dropped == {"json": {"count": 1, "first_rows": [201]}}


def test_parquet_is_read_by_its_columns_whatever_the_format_says(prepared):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    numbers = range(200)
    written = arrow.table({"label": [label(n) for n in numbers], "text": [a_text(n) for n in numbers]})
    stream = io.BytesIO()
    parquet.write_table(written, stream, row_group_size=50)

    for recipe in (RECIPE, RECIPE.replace("csv", "parquet")):
        assert prepared(stream.getvalue(), recipe).bytes == prepared(GOOD, RECIPE).bytes


def test_parquet_that_is_damaged_is_named(refusal):
    assert "is Parquet and cannot be read" in refusal(b"PAR1" + bytes(40) + b"PAR1")
    assert "is not Parquet, as data.format of the recipe says" in refusal(
        GOOD, RECIPE.replace("csv", "parquet")
    )
