"""Rows of CSV and TSV, from hand-written bytes."""

import pytest

from reading import layout
from reading.readers import LONGEST_TEXT, Rows

HEADER = b"text,label\n"


def texts(found):
    return [row[0] for row in found.used]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"a lamp,pos", ("a lamp", "pos")),
        (b'"a lamp","pos"', ("a lamp", "pos")),
        (b'"a, b","pos"', ("a, b", "pos")),
        (b'"say ""yes""",pos', ('say "yes"', "pos")),
        (b'"""",pos', ('"', "pos")),
        (b'a 5" lamp,pos', ('a 5" lamp', "pos")),  # a quote inside an unquoted field
        (b" a lamp ,pos", (" a lamp ", "pos")),
        (b"a lamp, pos", ("a lamp", " pos")),
        (b"a lamp,", ("a lamp", "")),
        (b"caf\xc3\xa9,pos", ("caf\u00e9", "pos")),
        (b"caf\xe9,pos", ("caf\udce9", "pos")),  # for whoever counts rows that are not UTF-8
        (b"l\0mp,pos", ("l\udcffmp", "pos")),
        (b"a;b|c\td,pos", ("a;b|c\td", "pos")),
    ],
)
def test_a_record_of_one_line(read, line, row):
    for end in (b"\n", b"\r\n", b""):
        assert read(HEADER + line + end).rows == [row]


@pytest.mark.parametrize(
    ("field", "text"),
    [(b'"one\ntwo"', "one\ntwo"), (b'"one\r\ntwo"', "one\r\ntwo"), (b'"one\rtwo"', "one\rtwo"), (b'"\n\nend"', "\n\nend")],
    ids=["lf", "crlf", "cr", "blank lines"],
)  # fmt: skip
def test_a_record_over_several_lines_keeps_its_breaks(read, field, text):
    assert read(HEADER + b"first,pos\n" + field + b",neg\nlast,pos\n").rows == [
        ("first", "pos"), (text, "neg"), ("last", "pos"),
    ]  # fmt: skip


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\n\n\n"])
def test_blank_lines_are_no_rows(read, blank):
    assert texts(read(HEADER + blank + b"one,pos\n" + blank + b"two,pos\n" + blank)) == ["one", "two"]


def test_the_characters_that_python_splits_lines_at_end_no_record(read):
    line = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g,pos\n".encode()
    assert texts(read(HEADER + line)) == ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"]
    assert texts(read(HEADER + line, quoted=False)) == ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"one", "1 fields: one"),
        (b"one,two,pos", "3 fields: one | two | pos"),
        (b",,", "3 fields:  |  | "),
        (b"a" * 100 + b",b,c", "3 fields: " + "a" * 60),
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_a_record_of_another_width_is_shown_with_its_fields(read, line, shown, quoted):
    found = read(HEADER + b"first,pos\n" + line + b"\nlast,pos\n", quoted=quoted)
    assert texts(found) == ["first", "last"]
    [why] = [row[1] for row in found.rows if row[0] is None]
    assert (why.reason, why.value, why.lines) == ("columns", shown, 1)


@pytest.mark.parametrize("quoted", [True, False])
def test_a_cell_that_is_empty_or_a_word_for_a_missing_value_is_no_text(read, quoted):
    found = read(HEADER + b",pos\n  ,pos\nnan,pos\n Null ,pos\nnano,pos\n", quoted=quoted)
    assert [row[0] for row in found.rows] == [None, "  ", None, None, "nano"]
    assert [reason for reason, _, _ in found.reasons] == ["empty_text"] * 3


# Columns


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"Lamp,shines,pos", "Lamp shines"), (b",shines,pos", "shines"), (b"Lamp,,pos", "Lamp"), (b"nan,shines,pos", "shines"),
        (b"Lamp,NULL,pos", "Lamp"), (b" nan ,shines,pos", "shines"), (b",,pos", None), (b"nan,null,pos", None), (b"Lamp,nano,pos", "Lamp nano"),
    ],
)  # fmt: skip
def test_title_and_text_are_joined_by_a_space(read, line, text, quoted):
    [row] = read(b"title,text,label\n" + line + b"\n", text=["title", "text"], quoted=quoted).rows
    assert row[0] == text


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["a"], "1"), (["c", "a"], "3 1"), (["a", "b", "c"], "1 3"), (["c", "b", "a"], "3 1"), (["b", "c", "d", "a"], "3 1"), (["b", "d"], None),
    ],
)  # fmt: skip
def test_columns_of_text_are_joined_in_the_recipes_order(read, columns, text):
    [row] = read(b"a,b,c,d,label\n1,,3,nan,pos\n", text=columns).rows
    assert row[0] == text


@pytest.mark.parametrize(
    "text", [["title"], ["title", "other"], ["title", "other", "text"]], ids=["one", "two", "three"]
)
def test_a_required_column_has_to_hold_something_however_many_columns_have_text(read, text):
    found = read(
        b"title,other,text,label\nA,b,full,pos\nB,b,,pos\nC,b, ,pos\nD,b,nan,pos\n",
        text=text,
        require=["text"],
    )
    assert [row[0] is None for row in found.rows] == [False, True, True, True]
    assert found.reasons == [("empty_text", 1, 0)] * 3
    assert [why.value for shown, why in found.rows if shown is None] == ["", "", "nan"]


def test_label_columns_are_a_tuple_and_one_is_a_cell(read):
    content = b"text,red,round\nball,1,0\n"
    assert read(content, label=["red", "round"]).rows == [("ball", ("1", "0"))]
    assert read(content, label=["round", "red"]).rows == [("ball", ("0", "1"))]
    assert read(content, label="red").rows == [("ball", "1")]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", " ", ".", "^", "\\"])
@pytest.mark.parametrize("quoted", [True, False])
def test_any_mark_delimits_even_one_that_regular_expressions_know(read, delimiter, quoted):
    content = f"text{delimiter}label\na,lamp{delimiter}pos\n".encode()
    assert read(content, delimiter=delimiter, quoted=quoted, escape="none").rows == [("a,lamp", "pos")]


def test_without_quotes_a_quote_is_a_character(read):
    found = read(b'text,label\n"a,pos\nb",pos\n5" wide,neg\n', quoted=False)
    assert found.rows == [('"a', "pos"), ('b"', "pos"), ('5" wide', "neg")]
    assert found.source.whole


# Escapes


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'"say \\"yes\\"",pos', 'say "yes"'),
        (b'"one\\ntwo\\tthree",pos', "one two three"),
        (b'"back\\\\slash",pos', "back\\slash"),
        (b"a\\, b,pos", "a, b"),
        (b"one\\ntwo,pos", "one two"),
    ],
)
def test_escapes_in_fields_with_and_without_quotes(read, line, text):
    assert read(HEADER + line + b"\n", escape="\\").rows == [(text, "pos")]


def test_escapes_of_a_table_without_quotes(read):
    assert read(b"text\tlabel\none\\ntwo\tpos\n", delimiter="\t", quoted=False, escape="\\").rows == [
        ("one two", "pos")
    ]


# Quotes that are not closed


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        # The file ends inside the quote.
        (b'one,pos\n"two,pos\n', [("open_quote", 1, 3)]),
        (b'one,pos\n"two,pos\nthree,neg\n', [("open_quote", 2, 3)]),
        (b'one,pos\n"cut off', [("open_quote", 1, 3)]),
        # Another quote closes it, and the fields do not fit.
        (b'"one,pos\ntwo"",pos\n', [("open_quote", 2, 2)]),
        (b'"one,pos\nthe "" two",pos,neg\n', [("open_quote", 2, 2)]),
        # Another quote closes it, and the fields happen to fit.
        (b'"one,pos\ntwo",pos\n', [("open_quote", 2, 2)]),
        # A quote inside a field that stands in quotes.
        (b'"one "two",pos\nthree,pos\n', [("quotes", 1, 2)]),
    ],
    ids=["one line", "two lines", "cut off", "quote again", "too wide", "fits", "inside"],
)  # fmt: skip
def test_a_quote_that_is_not_closed_costs_the_lines_that_it_swallows(read, content, lost):
    found = read(HEADER + content)
    # The line is counted from the first row of the file; the header is line 1.
    assert [(reason, lines, line + 1) for reason, lines, line in found.reasons] == lost


def test_after_a_stray_quote_the_next_line_is_read_again(read):
    found = read(HEADER + b'"one "two",pos\nthree,neg\n"four" x,pos\nfive,pos\n')
    assert found.used == [("three", "neg"), ("five", "pos")]
    assert [(row[1].reason, row[1].value) for row in found.rows if row[0] is None] == [
        ("quotes", '"one "two",pos'), ("quotes", '"four" x,pos'),
    ]  # fmt: skip


def test_of_many_lines_with_a_stray_quote_five_are_shown(read):
    found = read(HEADER + b'"a "b",pos\n' * 7)
    assert [row[1].value for row in found.rows] == ['"a "b",pos'] * 5 + [None] * 2


@pytest.mark.parametrize(("most", "used"), [(3, True), (2, False)])
def test_a_record_may_have_as_many_lines_as_the_recipe_says(read, most, used):
    found = read(HEADER + b'"a\nb\nc",pos\nlast,pos\n', max_lines_per_row=most)
    assert (found.reasons == []) is used
    if not used:
        assert found.reasons == [("open_quote", 3, 1)]
        assert texts(found) == ["last"]


def test_prose_with_commas_and_line_breaks_is_no_row(read):
    letter = b'"Dear shop,\nI bought a lamp, and it is good, really\nthanks,\nJane",pos\n'
    assert texts(read(HEADER + letter)) == [
        "Dear shop,\nI bought a lamp, and it is good, really\nthanks,\nJane"
    ]


@pytest.mark.parametrize(
    ("header", "columns", "record", "is_text"),
    [
        # A line inside that is as wide as a row and ends in a label that the recipe knows.
        ("text,label", ["text"], '"one,pos\ntwo,neg\nthree",pos', False),
        ("text,label", ["text"], '"one,maybe\ntwo,perhaps\nthree",pos', True),
        # The label stands in front.
        ("label,text", ["text"], 'pos,"one\nneg,two\nthree"', False),
        ("label,text", ["text"], 'pos,"one\nwell,two\nthree"', True),
        # A comma in prose has a space behind it.
        ("text,label", ["text"], '"one, pos\ntwo, neg\nthree",pos', True),
        # Rows of three fields and more: many lines of their width are rows, whatever their labels.
        ("id,text,label", ["text"], '1,"a\n2,b,x\n3,c,y\n4,d,z\ne",pos', False),
        ("id,text,label", ["text"], '1,"a\n2,b,x\nplain\nplain\nplain\ne",pos', True),
    ],
)  # fmt: skip
def test_lines_inside_a_record_are_rows_where_they_look_like_them(read, header, columns, record, is_text):
    found = read(f"{header}\n{record}\n".encode(), text=columns)
    assert (found.reasons == []) is is_text


def test_whether_a_line_inside_is_a_row_depends_on_the_labels_that_are_known(read):
    content = HEADER + b'"one,good\ntwo,bad\nthree",pos\n'
    assert read(content).reasons == []
    assert read(content, known=lambda raw: raw in ("good", "bad", "pos")).reasons == [("open_quote", 3, 1)]


# Ranges


def test_a_range_that_ends_inside_quotes_says_so(tmp_path):
    content = b'text,label\n"one\ntwo",pos\nthree,neg\n'
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    where = layout.Layout(
        "csv", 11, ("text",), ("label",), (), columns=("text", "label"), quoted=True, missing=()
    )
    for end, whole, lines in (
        (len(content), True, 3),
        (content.index(b"three"), True, 2),
        (content.index(b"two"), False, 1),
    ):
        with Rows(path, where.start, end, where, lambda raw: False) as rows:
            list(rows)
        assert (rows.whole, rows.lines) == (whole, lines), end


def test_a_field_of_more_than_a_megabyte_is_a_long_text(read):
    found = read(HEADER + b"x" * (LONGEST_TEXT + 1) + b",pos\nshort,pos\n" + b"y" * LONGEST_TEXT + b",pos\n")
    assert found.reasons == [("long_text", 1, 1)]
    assert [len(text) for text in texts(found)] == [5, LONGEST_TEXT]
    assert found.rows[0][1].value == "a field of more than 1,048,576 characters"
