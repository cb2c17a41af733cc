"""A look at data before it is uploaded, by the scripts that the job runs."""

import json
import shlex

import pytest
from typer.testing import CliRunner

from model_build.aws import data
from model_build.cli import app
from model_build.errors import DataError, RecipeError
from model_build.recipe import Recipe, same_problem

RECIPE = """
name: lamps
data: {format: csv, text: text, label: label, max_dropped_share: 0.01}
labels: {names: [neg, pos]}
gate: {minimum: 0}
"""
ROWS = [
    f"review {chr(97 + n % 26)}{chr(97 + n // 26)} of a lamp,{('neg', 'pos')[n % 2]}\n" for n in range(300)
]


@pytest.fixture
def check(repository, tmp_path):
    """A function from the content of a file to the exit code and the output of the command."""
    recipe = tmp_path / "lamps.yaml"
    recipe.write_text(RECIPE)

    def check(rows, *options):
        file = tmp_path / "lamps.csv"
        file.write_text("text,label\n" + "".join(rows))
        command = ["check-data", str(file), "--root", str(repository), "--recipe", str(recipe), *options]
        done = CliRunner().invoke(app, command)
        return done.exit_code, done.output

    return check


def test_good_data_leads_on_to_the_run(check):
    code, output = check([*ROWS, ",pos\n"])

    assert code == 0
    assert "300 of 301 can be used" in output
    assert "empty_text: 1 (rows 301)" in output
    assert "The data can be trained on: model-build run --recipe" in output


def test_the_next_command_works_as_it_is_pasted(repository, tmp_path, monkeypatch):
    home = tmp_path / "my project"
    (home / "recipes").mkdir(parents=True)
    (home / "steps").symlink_to(repository / "steps")
    (home / "recipes" / "other.yaml").write_text(RECIPE)  # the file is not called as the recipe
    (home / "my lamps.csv").write_text("text,label\n" + "".join(ROWS))
    monkeypatch.chdir(home)
    for options in (
        [],
        ["--root", str(home)],
        ["--recipe", "other"],
        ["--recipe", str(home / "recipes/other.yaml")],
    ):
        done = CliRunner().invoke(app, ["check-data", "my lamps.csv", *options])
        command = shlex.split(done.stdout.rpartition("The data can be trained on: ")[2])
        assert command == ["model-build", "run", *options, "--data", "my lamps.csv"]
        checked = CliRunner().invoke(app, ["check-data", *command[2:-2], command[-1]])
        assert checked.exit_code == 0, checked.stderr


def test_bad_data_is_refused_as_prepare_would_with_what_it_counted(check):
    code, output = check([*ROWS[:100], '"A chair,pos\n', *ROWS[100:]])

    assert code == 2
    assert "a quote opens on line 102 of lamps.csv and swallows 201 lines" in output


def test_machines_get_what_prepare_json_would_hold(check):
    code, output = check(ROWS, "--json")

    assert (code, json.loads(output)["summary"]["used"]) == (0, 300)


def test_a_folder_is_the_parts_of_one_data_set_whatever_it_is_called(tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "part-0.csv").write_text("a")
        (folder / "part-1.csv").write_text("b")
        (folder / ".DS_Store").write_text(name)

    one, two = (data.locate(None, "bucket", str(tmp_path / name)) for name in ("one", "two"))

    assert (one.sha256, one.uri) == (two.sha256, two.uri)
    assert one.sha256.startswith("folder:")
    assert one.uri.endswith("/")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no file"):
        data.locate(None, "bucket", str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[neg, pos]", "[neg, pos, fair]", "labels.names"),
        ("gate:", "split: {seed: 3}\ngate:", "split is"),
        ("[neg, pos]}", "[neg, pos], rules: [{name: neg, max: 1}, {name: pos, min: 2}]}", "labels.rules"),
    ],
)
def test_recipes_of_one_problem_must_agree_on_it(tmp_path, old, new, key):
    (tmp_path / "lamps.yaml").write_text(RECIPE)
    other = tmp_path / "other.yaml"
    other.write_text(RECIPE.replace("name: lamps", "name: lamps-other\nproblem: lamps").replace(old, new))

    with pytest.raises(RecipeError, match=key):
        same_problem.check(Recipe.load(other), tmp_path)
    other.write_text(RECIPE.replace("name: lamps", "name: other").replace(old, new))
    same_problem.check(Recipe.load(other), tmp_path)
    other.write_text(RECIPE.replace("name: lamps", "name: lamps-other\nproblem: lamps"))
    same_problem.check(Recipe.load(other), tmp_path)
