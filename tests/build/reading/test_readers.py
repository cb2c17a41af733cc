"""Rows of JSON lines and of fastText's format, from hand-written bytes."""

import pytest

from reading.readers import LONGEST_TEXT, unescape


@pytest.fixture
def json_lines(read):
    return lambda content, **changes: read(content, format="jsonl", delimiter=None, quoted=False, **changes)


@pytest.fixture
def labelled(read):
    def labelled(content, **changes):
        none = {"text": [], "label": None, "delimiter": None, "quoted": False}
        return read(content, **{**none, "format": "fasttext", **changes})

    return labelled


# JSON lines


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (b'"pos"', "pos"), (b"1", "1"), (b"1.0", "1.0"), (b"-0.5", "-0.5"), (b"1e3", "1000.0"), (b"true", "true"), (b"false", "false"),
        (b"null", ""), (b"NaN", ""), (b"Infinity", ""), (b"-Infinity", ""), (b"1e999", ""), (b'""', ""),
        (b'["pos", 1, null, true]', ("pos", "1", "", "true")), (b"[]", ()), (b"[[1, 2]]", ("[1, 2]",)), (b'{"a": "b"}', '{"a": "b"}'),
        (b'"caf\\u00e9"', "caf\u00e9"), (b'"caf\xc3\xa9"', "caf\u00e9"),
    ],
)  # fmt: skip
def test_a_json_value_becomes_the_cell_that_a_table_would_have(json_lines, value, label):
    found = json_lines(b'{"text": "a lamp", "label": ' + value + b"}\n")
    assert found.rows == [("a lamp", label)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b'"a lamp"', "a lamp"), (b"5", "5"), (b"0", "0"), (b"true", "true"), (b'["a", 1]', '["a", 1]'),
        (b'"two\\nlines"', "two\nlines"), (b'"\\ud83d\\ude00"', "\U0001f600"), (b'"\\ud83d"', "\ud83d"),
        (b'" nan of these"', " nan of these"), (b'"caf\xe9"', "caf\udce9"),
    ],
)  # fmt: skip
def test_a_json_value_becomes_a_text(json_lines, value, text):
    assert json_lines(b'{"label": "pos", "text": ' + value + b"}").rows == [(text, "pos")]


@pytest.mark.parametrize("value", [b"null", b'""', b'"nan"', b'" NULL "', b"NaN", b"1e999"])
def test_a_json_value_that_is_nothing_is_no_text(json_lines, value):
    [(text, why)] = json_lines(b'{"label": "pos", "text": ' + value + b"}\n").rows
    assert text is None
    assert (why.reason, why.lines) == ("empty_text", 1)


def test_text_columns_are_joined_by_a_space_without_those_that_are_empty(json_lines):
    found = json_lines(
        b'{"title": "Lamp", "text": "shines", "label": "pos"}\n'
        b'{"title": null, "text": "shines", "label": "pos"}\n'
        b'{"text": "shines", "label": "pos"}\n'
        b'{"title": "Lamp", "text": "nan", "label": "pos"}\n'
        b'{"title": "", "text": "", "label": "pos"}\n',
        text=["title", "text"],
    )
    assert [row[0] for row in found.rows] == ["Lamp shines", "shines", "shines", "Lamp", None]


def test_a_column_that_is_required_has_to_hold_something(json_lines):
    found = json_lines(
        b'{"title": "Lamp", "text": "shines", "label": "pos"}\n'
        b'{"title": "Lamp", "text": " ", "label": "pos"}\n'
        b'{"title": "Lamp", "text": "null", "label": "pos"}\n'
        b'{"title": "Lamp", "label": "pos"}\n'
        b'{"title": "Lamp", "text": 0, "label": "pos"}\n',
        text=["title"],
        require=["text"],
    )
    assert [row[0] for row in found.rows] == ["Lamp", None, None, None, "Lamp"]
    assert [why.value for text, why in found.rows if text is None] == [" ", "null", ""]


def test_several_label_columns_are_a_tuple_in_the_recipes_order(json_lines):
    found = json_lines(b'{"b": 1, "a": null, "text": "x"}\n', label=["a", "b"])
    assert found.rows == [("x", ("", "1"))]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"[1, 2]", "a list, no object: [1, 2]"),
        (b'"text"', 'a str, no object: "text"'),
        (b"5", "a int, no object: 5"),
        (b"null", "a NoneType, no object: null"),
        (b"{", "Expecting property name enclosed in double quotes: {"),
        (b'{"text": "a"} {}', 'Extra data: {"text": "a"} {}'),
        (b"text,label", "Expecting value: text,label"),
        (b"[" * 100_000, "nested too deep: " + "[" * 60),
        (b"[" + b"1," * 100, "Expecting value: [" + ("1," * 100)[:59]),
    ],
    ids=["list", "text", "number", "null", "cut off", "two values", "no JSON", "deep", "long"],
)
def test_a_line_that_is_no_json_object_is_told_with_its_beginning(json_lines, line, shown):
    [(text, why)] = json_lines(line + b"\n").rows
    assert text is None
    assert (why.reason, why.value, why.lines) == ("json", shown, 1)


def test_lines_end_with_a_newline_alone_and_blank_ones_are_no_rows(json_lines):
    found = json_lines(
        b'\n  \t \r\n{"text": "one", "label": "pos"}\r\n\r\n'
        b'{"text": "two\xe2\x80\xa8lines\xc2\x85", "label": "neg"}\n\x0b\n'
        b'{"text": "last", "label": "pos"}'
    )
    assert [row[0] for row in found.rows] == ["one", "two\u2028lines\x85", "last"]


def test_the_first_row_tells_which_columns_there_are_and_all_of_them_which_are_missing(json_lines):
    found = json_lines(b'{"a": 1, "label": "pos"}\n{"text": "x"}\n[1]\n', require=["never"], text=["text"])
    assert found.source.seen == ("a", "label")
    assert found.source.unseen == {"never"}


def test_a_zero_byte_is_told_apart_from_a_text(json_lines):
    assert json_lines(b'{"text": "a", "label": "pos"}\n').source.has_zero_bytes is False
    assert json_lines(b'{"text": "a\0", "label": "pos"}\n').source.has_zero_bytes is True


# fastText's format


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"__label__pos a lamp", ("a lamp", ("pos",))),
        (b"a lamp __label__pos", ("a lamp", ("pos",))),
        (b"a __label__pos lamp", ("a lamp", ("pos",))),
        (b"__label__pos __label__neg a lamp", ("a lamp", ("pos", "neg"))),
        (b"__label__pos , a   lamp\t!", (", a lamp !", ("pos",))),
        (b"__label__two-words_1 a", ("a", ("two-words_1",))),
        (b"a lamp", ("a lamp", ())),
        (b"__label__\xc3\xa9 a", ("a", ("\u00e9",))),
        (b"__label__pos a\r", ("a", ("pos",))),
    ],
)
def test_labels_stand_anywhere_in_a_line(labelled, line, row):
    assert labelled(line + b"\n").rows == [row]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"__label__ pos a lamp", "__label__ pos"),
        (b"a lamp __label__", "__label__"),
        (b"a __label__pos,__label__neg lamp", "__label__pos,__label__neg lamp"),
        (b"__LABEL__pos a lamp", "__LABEL__pos a"),
        (b"__Label__pos a lamp", "__Label__pos a"),
        (b"x__label__pos a lamp", "x__label__pos a"),
        (b"__label__pos a (__label__neg)", "(__label__neg)"),
    ],
)
def test_what_is_nearly_a_label_is_shown_with_the_word_behind_it(labelled, line, shown):
    [(text, why)] = labelled(line + b"\n").rows
    assert text is None
    assert (why.reason, why.value) == ("unknown_label", shown)


@pytest.mark.parametrize("line", [b"__label__pos", b"__label__pos nan", b"__label__pos  NULL "])
def test_a_label_without_a_text_is_none(labelled, line):
    [(text, why)] = labelled(line + b"\n").rows
    assert (text, why.reason) == (None, "empty_text")


def test_lines_of_labels_end_with_a_newline_alone(labelled):
    found = labelled(b"__label__pos one\xe2\x80\xa8line\n\n \n__label__neg last")
    assert found.rows == [("one line", ("pos",)), ("last", ("neg",))]


# Escapes


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain", "plain"),
        ("a\\nb\\tc\\rd", "a b c d"),
        ("\\b\\f\\v\\0", "    "),
        ("a \\\"quoted\\\" word", 'a "quoted" word'),
        ("back\\\\slash", "back\\slash"),
        ("\\\\n is no break", "\\n is no break"),
        ("a\\\nb", "a\nb"),
        ("ends with \\", "ends with \\"),
        ("\\u00e9", "u00e9"),
    ],
)  # fmt: skip
def test_an_escape_is_a_break_or_the_character_behind_it(text, read):
    assert unescape(text, "\\") == read


def test_the_mark_of_an_escape_may_be_one_that_regular_expressions_know():
    assert unescape("a^nb^^c", "^") == "a b^c"
    assert unescape("a.nb", ".") == "a b"
    assert unescape("a\\nb", "^") == "a\\nb"


def test_escapes_are_read_in_texts_and_not_in_labels(json_lines, labelled):
    assert json_lines(b'{"text": "a\\\\nb", "label": "p\\\\nq"}', escape="\\").rows == [("a b", "p\\nq")]
    assert json_lines(b'{"text": "a\\\\nb", "label": "pos"}', escape="none").rows == [("a\\nb", "pos")]
    assert labelled(b"__label__pos a\\nb", escape="\\").rows == [("a b", ("pos",))]


def test_the_longest_text_is_a_megabyte():
    assert LONGEST_TEXT == 1_048_576
