"""Files from which a parser makes rows, and wrong ones: what Prepare says instead of training on less."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import prepare
from model_build.recipe import Recipe
from reading import charset

RECIPE = "data: {format: csv, text: text, label: label}\nlabels: {names: [neg, pos]}\n"
TOLERANT = RECIPE.replace("label: label", "label: label, max_dropped_share: 0.05")
HEADER = "text,label\n"


def a_text(number):
    return f"review {chr(97 + number % 26)}{chr(97 + number // 26 % 26)} of a lamp"


def label(number):
    return ("neg", "pos")[number % 2]


def table(count, first=0):
    return "".join(f"{a_text(n)},{label(n)}\n" for n in range(first, first + count))


GOOD = HEADER + table(200)


# Quotes


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ('"A splendid chair,pos\n', 'An ""awful"" lamp",neg\n'),  # another quote closes it
        ('"A splendid chair,pos\n', 'a plain end",neg\n'),  # and the fields happen to fit
        ('"A splendid chair,pos\n', "nothing closes it,neg\n"),
        ('"A splendid chair,pos\n', '"a whole text",neg\n'),
        ('A chair,"pos\n', 'a lamp,neg"\n'),  # in the label
    ],
)
def test_a_quote_that_is_not_closed_is_counted_in_the_lines_that_it_swallows(
    refusal, opening, closing, workers
):
    data = HEADER + table(100) + opening + table(50, 100) + closing + table(100, 150)

    message = refusal(data, TOLERANT, workers)

    assert "a quote opens on line 102 of data-0.txt and swallows" in message
    assert int(message.split(" of ")[0]) >= 52


@pytest.mark.parametrize(
    "swallowed",
    [
        'pos,"A chair that\nneg,has no end\nneg,An awful lamp"\n',  # the label stands first
        'pos,"A chair that\nneg,An awful lamp"\n',
    ],
)
def test_rows_with_the_label_in_front_are_no_lines_of_a_text(refusal, swallowed):
    data = "label,text\n" + "".join(f"{label(n)},{a_text(n)}\n" for n in range(100)) + swallowed

    assert "a quote opens on line 102 of data-0.txt" in refusal(data)


def test_a_swallowed_row_is_noticed_by_its_label_and_its_width_though_the_fields_fit(refusal):
    data = "id,text,label\n" + "".join(f"{n},{a_text(n)},{label(n)}\n" for n in range(100))
    data += '100,"A splendid chair,pos\n101,another text",neg\n'

    assert "open_quote: 2 (a quote opens on line 102 of data-0.txt and swallows 2 lines" in refusal(data)


def test_texts_of_several_lines_with_commas_and_quotes_are_texts(prepared):
    texts = [
        "Dear shop,\nI bought a lamp, and it is good, really\nthanks,\nJane",
        'She said "no, pos"\n\n- a, b, c\n- d, neg ',
        "one, two\r\nthree, four\r\nfive, six",
        "a list:\nmilk, 3\nbread, 2\n",
    ] * 30
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(
        [["text", "label"], *([f"{a_text(n)} {text}", label(n)] for n, text in enumerate(texts))]
    )

    assert prepared(stream.getvalue(), RECIPE).summary["used"] == 120


def test_a_row_over_more_lines_than_the_recipe_allows_is_an_open_quote(prepared, refusal):
    data = HEADER + table(200) + '"' + "no row in here\n" * 1200 + '",pos\n'

    assert "a quote opens on line 202 of data-0.txt and swallows 1201 lines" in refusal(data, TOLERANT)
    more = TOLERANT.replace("label: label", "label: label, max_lines_per_row: 2000")
    assert prepared(data, more).summary["used"] == 201


def test_a_quote_inside_a_quoted_field_is_no_row_and_is_shown(refusal):
    data = GOOD + '"He is 5"6 tall",pos\n'

    message = refusal(data)

    assert 'quotes: 1 (row 201; ""He is 5"6 tall",pos"; a quote stands alone inside a quoted field' in message


# Escapes


def test_backslash_escapes_that_are_not_read_are_refused_before_they_become_letters(prepared, refusal):
    rows = "".join(f'"{a_text(n)}\\nand then\\nsome",{label(n)}\n' for n in range(200))

    message = refusal(HEADER + rows)
    assert "200 of 200 texts of data-0.txt hold a backslash escape" in message
    assert 'Say escape: "\\\\" under data, or escape: none' in message

    read = prepared(HEADER + rows, RECIPE.replace("label: label", "label: label, escape: '\\'"))
    assert {line.split(maxsplit=6)[-1] for line in read.lines} == {"and then some"}
    literal = prepared(HEADER + rows, RECIPE.replace("label: label", "label: label, escape: none"))
    assert "nand" in literal.lines[0].split()


def test_escaped_quotes_are_read_where_the_recipe_says_so(prepared, refusal):
    rows = "".join(f'"the shop wrote \\"{a_text(n)}, so there\\" to me",{label(n)}\n' for n in range(200))

    assert 'say escape: "\\\\" under data' in refusal(HEADER + rows)
    for workers in (1, 3):
        escaped = RECIPE.replace("label: label", "label: label, escape: '\\'")
        assert prepared(HEADER + rows, escaped, workers).summary["used"] == 200


@pytest.mark.parametrize(
    ("recipe", "row"),
    [
        ("format: tsv, text: text, label: label", "{text}\\tand\\nmore\t{label}"),
        (
            "format: jsonl, text: text, label: label",
            '{{"text": "{text}\\\\nand\\\\nmore", "label": "{label}"}}',
        ),
        ("format: fasttext", "__label__{label} {text}\\nand\\nmore"),
    ],
)
def test_escapes_are_known_in_every_format(prepared, refusal, recipe, row):
    rows = "".join(row.format(text=a_text(n), label=label(n)) + "\n" for n in range(200))
    header = "text\tlabel\n" if "tsv" in recipe else ""
    document = f"data: {{{recipe}}}\nlabels: {{names: [neg, pos]}}"

    assert "hold a backslash escape" in refusal(header + rows, document)
    read = prepared(header + rows, document.replace("format", "escape: '\\', format"))
    assert read.lines[0].split()[-2:] == ["and", "more"]


def test_a_few_backslashes_are_noted_and_no_reason_to_refuse(prepared):
    summary = prepared(GOOD + "look in C:\\new for it,pos\n", RECIPE).summary

    assert summary["used"] == 201
    assert "1 row holds a backslash escape" in summary["notes"][0]


# Missing values


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "null", "NULL", "None", "N/A", " nan ", "Infinity", "-inf", "\\N"]
)
def test_a_word_for_a_missing_value_is_no_text(prepared, word):
    tolerant = TOLERANT.replace("label: label", "label: label, escape: none")
    result = prepared(GOOD + f"{word},pos\n" * 3, tolerant)

    dropped = result.summary["dropped"]["empty_text"]
    assert (dropped["count"], dropped["values"]) == (3, [{"value": word.strip(), "count": 3}])


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "null", '"nan"', "1e999"])
def test_a_json_value_that_is_none_is_no_text(prepared, value):
    rows = "".join(json.dumps({"text": a_text(n), "label": label(n)}) + "\n" for n in range(200))

    result = prepared(rows + f'{{"text": {value}, "label": "pos"}}\n', TOLERANT.replace("csv", "jsonl"))

    assert result.summary["dropped"]["empty_text"]["count"] == 1


def test_a_missing_title_leaves_the_text_alone(prepared):
    data = "title,text,label\n" + "".join(f"nan,{a_text(n)},{label(n)}\n" for n in range(200))

    result = prepared(data, RECIPE.replace("text: text", "text: [title, text]"))

    assert not any("nan" in line.split() for line in result.lines)


def test_the_recipe_may_say_which_words_are_missing_values(prepared):
    data = HEADER + table(200) + "none,pos\n" * 3 + "keine,pos\n"

    result = prepared(data, TOLERANT.replace("label: label", "label: label, missing: [keine]"))

    assert result.summary["dropped"]["empty_text"]["values"] == [{"value": "keine", "count": 1}]


@pytest.mark.parametrize("value", ["nan", "inf", "Infinity", "1e999", "1_0", "-inf"])
def test_what_is_no_number_matches_no_range(prepared, value):
    recipe = (
        "data: {format: csv, text: text, label: label, max_dropped_share: 0.05}\n"
        "labels: {names: [neg, pos], rules: [{name: neg, max: 2}, {name: pos, min: 3}]}"
    )
    data = HEADER + "".join(f"{a_text(n)},{1 + 4 * (n % 2)}\n" for n in range(200)) + f"a lamp,{value}\n"

    dropped = prepared(data, recipe).summary["dropped"]

    assert dropped["unknown_label"]["values"] == [{"value": value, "count": 1}]


def test_labels_that_no_rule_knows_are_shown_with_their_counts(refusal):
    data = HEADER + "".join(f"{a_text(n)},{n % 2}.0\n" for n in range(90))
    recipe = RECIPE.replace("pos]", "pos], rules: [{name: neg, values: [0]}, {name: pos, values: [1]}]")

    message = refusal(data, recipe)

    assert 'unknown_label: 90 (rows 1, 2, 3, 4, 5, ...; "0.0" x45, "1.0" x45; the rules know 0, 1)' in message


@pytest.mark.parametrize(
    "line",
    ["__label__ neg a lamp", "a lamp __label__", "__label__neg,__label__pos a lamp", "__LABEL__neg a lamp"],
)
def test_a_label_that_is_not_written_as_one_is_no_word_of_the_text(prepared, line):
    data = "".join(f"__label__{label(n)} {a_text(n)}\n" for n in range(200)) + line + "\n"
    recipe = (
        "data: {format: fasttext, max_dropped_share: 0.05}\n"
        "labels: {multi: true, none: fine, names: [fine, neg, pos]}"
    )

    dropped = prepared(data, recipe).summary["dropped"]["unknown_label"]

    assert (dropped["count"], dropped["first_rows"]) == (1, [201])
    assert "__label__" in dropped["values"][0]["value"].lower()


# Headers


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (GOOD.replace(",", ";"), "Its cells are separated by ';': say so with delimiter"),
        (GOOD.replace("text,", "Text,", 1), "Did you mean 'Text'?"),
        ("".join(f"__label__{label(n)} a\n" for n in range(9)), "say format: fasttext"),
    ],
)
def test_a_column_that_is_missing_is_explained_by_the_key_that_mends_it(refusal, data, advice):
    assert advice in refusal(data)


# Texts


def test_a_text_of_a_megabyte_other_scripts_and_control_characters_are_texts(prepared, refusal):
    texts = [
        "long " * 200_000,
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
        "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
        "\U0001f600 great \U0001f44d\U0001f3fd",
        "bell \x07 and escape \x1b[31m",
    ]
    rows = [{"text": text, "label": label(n)} for n, text in enumerate(texts)]
    data = "".join(json.dumps({"text": a_text(n), "label": label(n)}) + "\n" for n in range(200))
    recipe = RECIPE.replace("csv", "jsonl")

    result = prepared(data + "".join(json.dumps(row) + "\n" for row in rows), recipe)
    assert result.summary["used"] == 205
    assert not any("\x07" in line or "\x1b" in line for line in result.lines)
    assert "long_text: 1 (row 201" in refusal(
        data + json.dumps({"text": "x" * 1_100_000, "label": "pos"}), recipe
    )


def test_labels_that_only_one_split_has_are_refused_or_noted(prepared, refusal):
    recipe = RECIPE.replace("[neg, pos]", "[neg, pos, odd]")
    everywhere = {row: prepared(GOOD + f"{a_text(700)} {row},odd\n" * 1, MULTI) for row in ("x",)}
    assert everywhere["x"].summary["used"] == 201

    splits = {
        word: next(
            split
            for split, part in prepared(GOOD + f"{word},odd\n", MULTI).summary["splits"].items()
            if part["labels"].get("odd")
        )
        for word in ("aa bb", "kiwi", "stone", "river", "amber", "cloud", "oak leaf", "iron")
    }
    held_out = next(word for word, split in splits.items() if split != "train")
    learned = next(word for word, split in splits.items() if split == "train")

    assert "No row of the train split of" in refusal(GOOD + f"{held_out},odd\n", recipe)
    assert any(
        "nothing measures it" in note for note in prepared(GOOD + f"{learned},odd\n", recipe).summary["notes"]
    )


MULTI = "data: {format: csv, text: text, label: label, label_separator: '|'}\nlabels: {multi: true, names: [neg, pos, odd]}\n"


# The image's Python


def python_3_9():
    """An interpreter of the version that the scikit-learn image has, or None."""
    candidates = [os.environ.get("PYTHON39", ""), shutil.which("python3.9") or ""]
    candidates += map(str, Path.home().glob(".pyenv/versions/3.9.*/bin/python3.9"))
    for program in filter(None, candidates):
        if subprocess.run([program, "--version"], capture_output=True).returncode == 0:
            return program
    return None


LIES = {
    "quotes": GOOD + '"A chair,pos\n' + table(50) + 'An ""awful"" lamp",neg\n',
    "zero bytes": GOOD + "a l\0mp,pos\n",
    "an inner quote": GOOD + '"5"6 tall",pos\n' + '"cut off',
    "escapes": GOOD + 'a \\" lamp,pos\n',
    "widths": GOOD + "one,two,pos\n",
    "wide": GOOD.encode("utf-16-le"),
    "accents": GOOD + "caf\u00e9,pos\n",
    "nothing": HEADER,
}


@pytest.mark.skipif(python_3_9() is None, reason="needs a Python 3.9: set PYTHON39")
@pytest.mark.parametrize("name", LIES)
def test_the_image_s_python_says_the_same(repository, tmp_path, name):
    data = LIES[name]
    document = {"name": "x", "gate": {"minimum": 0}, **yaml.safe_load(TOLERANT)}
    config = Recipe.parse(document, Path("x")).prepare_config()
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "data.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    options = ["--check", "--config=config.json", "--data=data.csv", "--output=out", "--message=message"]

    said = [
        subprocess.run(
            [program, repository / "steps" / "prepare.py", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for program in (python_3_9(), sys.executable)
    ]

    reports = [json.loads(text) for text in said]
    for report in reports:
        for key in ("seconds", "workers"):
            (report["summary"] or {}).pop(key, None)
    assert reports[0] == reports[1]


def test_shown_text_is_valid_unicode_whatever_it_was():
    assert charset.shown("caf\udce9") == "caf\\xe9"
    assert charset.shown("\ud83d alone") == "\\ud83d alone"


def test_a_name_that_is_not_utf_8_is_shown_with_escapes(tmp_path, capsys):
    config = Recipe.parse({"name": "x", "gate": {"minimum": 0}, **yaml.safe_load(RECIPE)}, Path("x"))
    path = tmp_path / os.fsdecode(b"revi\xe9ws.csv")
    path.write_text(GOOD)

    prepare.prepare(config.prepare_config(), path, tmp_path / "output")

    assert "rows of revi\\xe9ws.csv" in capsys.readouterr().out
