"""A first recipe for data: what is seen, what is asked, and that Prepare can use what was written."""

import bz2
import errno
import gzip
import json
import lzma
import random
import zipfile
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from model_build.cli import app
from model_build.commands.new_recipe import named_after
from model_build.recipe import Recipe
from model_build.recipe.recipe import RecipeName

WORDS = [
    "shines",
    "glows",
    "breaks",
    "hums",
    "falls",
    "warms",
    "dims",
    "blinks",
    "fades",
    "sparks",
    "buzzes",
    "tilts",
]
DRAW = random.Random(5)
TEXTS = [f"the lamp {n} {' '.join(DRAW.choices(WORDS, k=5))}" for n in range(60)]


def table(*columns, header=None, delimiter=","):
    lines = [delimiter.join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([*([delimiter.join(header)] if header else []), *lines]) + "\n"


@pytest.fixture
def make(repository, tmp_path, monkeypatch):
    """Writes a file, makes a recipe for it, and checks the data by it; returns the recipe and what was printed."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "steps").symlink_to(repository / "steps")
    monkeypatch.chdir(tmp_path)

    def make(name, content, *options, code=0):
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        done = CliRunner().invoke(app, ["new-recipe", name, *options])
        assert done.exit_code == code, done.output
        if code:
            assert list(Path("recipes").iterdir()) == []
            return done.stderr
        made = done.stdout.partition(" is written")[0]
        checked = CliRunner().invoke(app, ["check-data", "--recipe", Path(made).stem, name])
        assert checked.exit_code == 0, checked.output
        return Recipe.load(Path(made)), done.stdout

    return make


def test_a_csv_file_with_words_for_labels(make):
    content = table(range(60), TEXTS, ["good", "bad"] * 30, header=["id", "comment", "sentiment"])
    recipe, said = make("Lamp Reviews.csv", content)
    assert (recipe.name, recipe.data.format, recipe.data.header) == ("lamp-reviews", "csv", True)
    assert (recipe.data.text, recipe.data.label) == (("comment",), "sentiment")
    assert recipe.labels.names == ("bad", "good")
    # Half of the rows each: 2/3 for one label, 0 for the other.
    assert recipe.gate.minimum == 0.39
    assert "macro_f1 of 0.33" in said
    assert "Next: model-build check-data --recipe lamp-reviews 'Lamp Reviews.csv'" in said


def test_stars_become_three_labels_and_rows_without_text_are_allowed_for(make):
    texts = ["", *TEXTS[1:]]
    rows = [json.dumps({"body": text, "stars": n % 5 + 1}) for n, text in enumerate(texts * 2)]
    recipe, _ = make("lamps.jsonl", "\n".join(rows))
    assert recipe.labels.names == ("negative", "neutral", "positive")
    assert {rule.name: (rule.min, rule.max) for rule in recipe.labels.rules}["negative"] == (None, 2)
    assert 0 < recipe.data.max_dropped_share < 0.1


def test_a_scale_without_a_header_is_cut_into_thirds(make):
    content = table([n / 10 for n in range(20)] * 3, TEXTS, delimiter="\t")
    recipe, said = make("scale.tsv", content)
    assert (recipe.data.header, recipe.data.columns) == (False, ("column_1", "column_2"))
    assert recipe.labels.names == ("low", "middle", "high")
    assert "column_1 is a scale" in said


def test_columns_of_zeros_and_ones_are_several_labels(make):
    content = table(TEXTS, [1, 0, 0] * 20, [0, 1, 0] * 20, header=["text", "rude", "loud"])
    recipe, _ = make("talk.csv", content)
    assert recipe.labels.multi
    assert (recipe.labels.names, recipe.labels.none) == (("none_of_them", "rude", "loud"), "none_of_them")


def test_labelled_lines_keep_every_label_and_many_go_into_a_file(make):
    lines = [f"__label__tag{n} __label__lamp {text}" for n, text in enumerate(TEXTS)]
    recipe, _ = make("tags.txt", "\n".join(lines) + "\n")
    assert (recipe.data.format, recipe.labels.multi, len(recipe.labels.names)) == ("fasttext", True, 61)
    assert "names_file: tags-labels.txt" in Path("recipes/tags.yaml").read_text()


def test_rare_values_are_left_out_and_values_that_are_no_names_get_one(make):
    values = ["very good", "not, really"] * 29 + ["odd", "strange"]
    content = table(TEXTS, values, header=["text", "label"], delimiter=";")
    recipe, said = make("lamps.csv", content)
    assert recipe.data.delimiter == ";"
    assert recipe.labels.names == ("not_really", "very_good")
    assert "2 values of label with fewer than 20 examples are left out: 2 rows" in said


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip", "cp1252", "utf16"])
def test_compressed_files_and_other_encodings_are_read(make, suffix):
    content = table([f"{text} für mich" for text in TEXTS], ["good", "bad"] * 30, header=["text", "label"])
    plain = content.encode()
    if suffix == "zip":
        with zipfile.ZipFile("lamps.csv.zip", "w") as archive:
            archive.writestr("inside.csv", plain)
        packed = Path("lamps.csv.zip").read_bytes()
    else:
        pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(suffix)
        packed = pack(plain) if pack else content.encode({"utf16": "utf-16"}.get(suffix, suffix))
    recipe, _ = make(f"lamps.csv.{suffix}", packed)
    assert recipe.data.encoding == {"cp1252": "cp1252", "utf16": "utf-16"}.get(suffix)


@pytest.mark.parametrize(
    ("columns", "header", "options", "said"),
    [
        ((TEXTS, ["a", "b"] * 30, ["x", "y"] * 30), ["text", "one", "two"], (), "Several may: one, two. Say which with --label."),
        ((TEXTS, TEXTS[::-1], ["a", "b"] * 30), ["left", "right", "label"], (), "Several may: left, right. Say which with --text."),
        ((TEXTS, range(60)), ["text", "id"], (), "No column looks like a label"),
        ((range(60), ["a", "b"] * 30), ["id", "label"], (), "No column looks like text: id, label."),
        ((TEXTS, ["a", "b"] * 30), ["text", "label"], ("--label", "lable"), "There is no column lable. There is text, label."),
        ((TEXTS, range(60)), ["text", "id"], ("--label", "id"), "The values of id cannot be labels: there are 60"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_said_with_the_option_that_says_it(make, columns, header, options, said):
    assert said in make("lamps.csv", table(*columns, header=header), *options, code=2)


def test_an_answer_on_the_command_line_needs_no_question(make):
    content = table(TEXTS, ["a", "b"] * 30, ["x", "y"] * 30, header=["text", "one", "two"])
    recipe, _ = make("lamps.csv", content, "--label", "two", "--name", "shine")
    assert (recipe.name, recipe.labels.names) == ("shine", ("x", "y"))


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"\x89PNG\r\n\x1a\n\x00\x00", b'{"a": 1\n', b"PK\x03\x04broken"]
)
def test_what_is_no_table_of_texts_is_refused_by_name(make, content):
    assert "error: lamps.csv" in make("lamps.csv", content, code=2)


def test_a_recipe_that_is_there_is_not_overwritten(make):
    content = table(TEXTS, ["good", "bad"] * 30, header=["text", "label"])
    make("lamps.csv", content)
    Path("recipes/lamps.yaml").write_text("mine\n")
    again = CliRunner().invoke(app, ["new-recipe", "lamps.csv"])
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert Path("recipes/lamps.yaml").read_text() == "mine\n"


def test_a_file_with_labels_that_is_there_is_not_overwritten(make):
    lines = "\n".join(f"__label__tag{n} __label__lamp {text}" for n, text in enumerate(TEXTS))
    Path("tags.txt").write_text(lines)
    Path("recipes/tags-labels.txt").write_text("mine\n")
    refused = CliRunner().invoke(app, ["new-recipe", "tags.txt"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "tags-labels.txt exists already. Give the new recipe another name with --name" in refused.stderr
    assert [path.name for path in Path("recipes").iterdir()] == ["tags-labels.txt"]
    assert Path("recipes/tags-labels.txt").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["", "Lamps", "lamps.yaml", "../lamps", "pr-7", "merged-lamps", "x" * 64])
def test_a_name_that_no_recipe_can_have_is_refused_before_anything_is_written(make, name):
    said = make("lamps.csv", "not even looked at", "--name", name, code=2)
    assert said.startswith(f"error: --name: found {name!r}. Allowed: up to 63 lower-case letters")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Lamp Reviews (2).csv.gz", "lamp-reviews-2"),
        ("pr-7-lamps.csv", "7-lamps"),
        ("merged-lamps.csv", "lamps"),
        ("pr-merged-pr-lamps.csv", "lamps"),
        ("merged.csv", "merged"),
        ("pr-.csv", "pr"),
        ("___.csv", "recipe"),
        ("日本.csv", "recipe"),
        (".hidden.csv", "recipe"),
        ("x" * 62 + "-y.csv", "x" * 62),
        ("x" * 70 + ".csv", "x" * 63),
    ],
)
def test_a_recipe_is_named_after_its_file_as_far_as_it_may_be(file, name):
    assert named_after(Path("data", file)) == name
    assert TypeAdapter(RecipeName).validate_python(name) == name


def test_a_column_that_is_called_text_may_hold_short_ones(make):
    texts = [f"{one} {other}" for one in WORDS for other in WORDS]
    recipe, _ = make("short.csv", table(texts, ["yes", "no", "no"] * 48, header=["text", "label"]))
    assert recipe.data.text == ("text",)


def test_a_full_disk_leaves_no_half_of_a_recipe(make, monkeypatch):
    def write(path, content, **_):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    content = table(TEXTS, ["yes", "no"] * 30, header=["text", "label"])
    Path("lamps.csv").write_text(content)
    monkeypatch.setattr(Path, "write_text", write)
    assert "The disk is full" in make("lamps.csv", content.encode(), code=1)
