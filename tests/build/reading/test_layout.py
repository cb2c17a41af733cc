"""The columns of a file, from its header or the recipe, and the advice where one is missing."""

import pytest

from failure import StepError


@pytest.mark.parametrize(
    ("header", "columns", "first_line"),
    [
        (b"text,label\n", ("text", "label"), 2),
        (b"text,label\r\n", ("text", "label"), 2),
        (b'"text","label"\n', ("text", "label"), 2),
        (b'"text","label, or ""mood""",label\n', ("text", 'label, or "mood"', "label"), 2),
        (b'text,label,"two\nlines"\n', ("text", "label", "two\nlines"), 3),
        (b'"a\r\n\r\nb",text,label\r\n', ("a\r\n\r\nb", "text", "label"), 4),
        (b"\xef\xbb\xbftext,label\n", ("text", "label"), 2),
        (b'\xef\xbb\xbf"text",label\n', ("text", "label"), 2),
        (b"text,caf\xc3\xa9,label\n", ("text", "caf\u00e9", "label"), 2),
        (b"text,,label,\n", ("text", "", "label", ""), 2),
    ],
)
def test_the_header_names_the_columns_and_rows_begin_behind_it(described, header, columns, first_line):
    found = described(header + b"a,pos\n")
    assert (found.columns, found.start, found.first_line) == (columns, len(header), first_line)


def test_a_file_may_end_with_its_header(described):
    found = described(b"text,label")
    assert (found.columns, found.start) == (("text", "label"), 10)


def test_a_header_without_quotes_keeps_them(described):
    with pytest.raises(StepError, match=r"FILE has no column 'text'\. It has: \"text\", label"):
        described(b'"text"\tlabel\n', quoted=False, delimiter="\t")
    assert described(b'a"b\ttext\tlabel\r\n', quoted=False, delimiter="\t").columns == (
        'a"b',
        "text",
        "label",
    )


def test_without_a_header_the_recipe_names_the_columns_and_rows_begin_at_once(described):
    found = described(b"a,pos\n", header=False, columns=["text", "label"])
    assert (found.columns, found.start, found.first_line) == (("text", "label"), 0, 1)
    assert described(b"\xef\xbb\xbfa,pos\n", header=False, columns=["text", "label"]).start == 3


@pytest.mark.parametrize("format_", ["jsonl", "fasttext"])
def test_formats_without_a_header_have_no_columns(described, format_):
    found = described(b"\xef\xbb\xbf{}\n", format=format_, delimiter=None, quoted=False)
    assert (found.columns, found.start, found.quoted, found.table) == ((), 3, False, False)


def test_the_recipes_data_is_what_readers_are_told(described):
    found = described(
        b"a\tb\tc\td\n",
        format="tsv",
        delimiter="\t",
        quoted=False,
        escape="\\",
        missing=["x"],
        max_lines_per_row=7,
        text=["b", "a"],
        label=["d", "c"],
        require=["a"],
    )
    assert (found.format, found.table, found.delimiter, found.quoted) == ("tsv", True, "\t", False)
    assert (found.escape, found.missing, found.max_lines) == ("\\", ("x",), 7)
    assert (found.text, found.label, found.require) == (("b", "a"), ("d", "c"), ("a",))
    assert found.positions(("d", "a")) == (3, 0)


@pytest.mark.parametrize(("stated", "read"), [(None, ""), ("none", ""), ("\\", "\\"), ("^", "^")])
def test_an_escape_that_is_none_is_none(described, stated, read):
    assert described(b"text,label\n", escape=stated).escape == read


def test_a_label_may_be_missing_where_lines_name_it_themselves(described):
    assert described(b"__label__a b\n", format="fasttext", text=[], label=None).label == ()


MISSING = {
    "nothing like it": (b"title,label\n", {}, "It has: title, label. Correct data.text in the recipe."),
    "other capitals": (b"Text,label\n", {}, "It has: Text, label. Did you mean 'Text'?"),
    "space before it": (
        b"label, text\n",
        {},
        "It has: label,  text. A name in the header has a space before or behind it: correct the header, or put the name in "
        "quotes.",
    ),
    "semicolons": (b"text;label\n", {}, "It has: text;label. Its cells are separated by ';': say so with delimiter"),
    "tabs": (b"text\tlabel\n", {}, "Its cells are separated by '\\t': say so with delimiter in data of the recipe."),
    "bars in quotes": (b'"text|label"\n', {}, "Its cells are separated by '|'"),
    "commas under tsv": (b"text,label\n", {"format": "tsv", "delimiter": "\t"}, "Its cells are separated by ','"),
    "one column": (b"words\n", {}, "It has: words. Correct data.text in the recipe."),
    "JSON": (b'{"text": "a"}\n', {}, "It looks like JSON: say format: jsonl in data of the recipe."),
    "a JSON array": (b" [1]\n", {}, "It looks like JSON"),
    "labels": (b"__label__pos a lamp\n", {}, "It looks like __label__ lines: say format: fasttext in data of the recipe."),
    "no columns": (b"\n", {}, "It has: no columns. Correct data.text in the recipe."),
    "a label": (b"text,mood\n", {}, "FILE has no column 'label'. It has: text, mood. Correct data.label in the recipe."),
    "a required one": (
        b"text,label\n",
        {"require": ["body"]},
        "FILE has no column 'body'. It has: text, label. Correct data.require in the recipe.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", MISSING)
def test_a_column_that_is_missing_is_named_with_its_likely_cause(described, why):
    content, changes, message = MISSING[why]
    with pytest.raises(StepError) as caught:
        described(content, **changes)
    assert str(caught.value).startswith("FILE has no column '")
    assert message in str(caught.value)


def test_of_a_long_header_a_message_shows_the_beginning(described):
    with pytest.raises(StepError) as caught:
        described(b",".join(b"column%d" % n for n in range(500)) + b"\n")
    assert "It has: column0, column1, " in str(caught.value)
    assert len(str(caught.value)) < 450


@pytest.mark.parametrize(
    ("header", "changes", "message"),
    [
        (b"text,text,label\n", {}, "FILE has 2 columns 'text', so data.text of the recipe is ambiguous."),
        (
            b"text,label,label,label\n",
            {},
            "FILE has 3 columns 'label', so data.label of the recipe is ambiguous.",
        ),
        (
            b"text,a,a,label\n",
            {"require": ["a"]},
            "FILE has 2 columns 'a', so data.require of the recipe is ambiguous.",
        ),
    ],
)
def test_a_column_that_is_there_twice_is_ambiguous(described, header, changes, message):
    with pytest.raises(StepError) as caught:
        described(header, **changes)
    assert str(caught.value) == message


def test_a_column_that_nobody_reads_may_be_there_twice(described):
    assert described(b"a,text,a,label\n").positions(("text",)) == (1,)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"t\xe9xt,label\n", "The header of FILE is not UTF-8: "),
        (b"t\xe9xt,label\n", "It looks like cp1252. Say encoding: cp1252 under data in the recipe"),
        (b"t\0xt,label\n", "The header of FILE has zero bytes: 't\\x00xt,label\\n'. Copy the file again."),
        (b'"text"s,label\n', "The header of FILE cannot be read: "),
        (
            b'"text"s,label\n',
            "Is it a csv file, and is each quote closed? It begins with '\"text\"s,label\\n'.",
        ),
        (b'text,"label\na,pos\n', "The header of FILE cannot be read: unexpected end of data."),
    ],
)
def test_a_header_that_cannot_be_read_is_told_with_its_beginning(described, header, message):
    with pytest.raises(StepError) as caught:
        described(header)
    assert message in str(caught.value)
