"""The code of a recipe's jobs: what belongs to each folder, and what is said where a part is missing."""

import ast
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from model_build.aws import code
from model_build.errors import UsageError
from model_build.recipe import Recipe

DOCUMENT = {
    "name": "garments",
    "data": {"format": "csv", "text": "Text", "label": "Rating"},
    "labels": {"names": ["bad", "good"]},
    "gate": {"minimum": 0.5},
}


@pytest.fixture
def root(tmp_path, repository):
    """A repository whose steps are the real ones, and whose scripts and algorithms are a test's."""
    (tmp_path / "steps").symlink_to(repository / "steps")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "algorithms" / "mine").mkdir(parents=True)
    for name in ("train.py", "inference.py"):
        (tmp_path / "algorithms" / "mine" / name).write_text("import json\n")
    return tmp_path


@pytest.fixture
def assembled(root):
    """A function that puts together the code of the recipe with changes."""

    def assembled(**changes):
        return code.assemble(Recipe.parse(DOCUMENT | changes, Path("garments.yaml")), root / "steps")

    return assembled


SCRIPT = {"training": {"algorithm": "script", "folder": "mine"}}


def test_a_recipe_brings_its_configuration_to_each_job(assembled):
    found = assembled()
    assert json.loads(found.prepare.files["prepare.json"])["recipe"] == "garments"
    assert json.loads(found.evaluate.files["evaluate.json"])["gate"]["minimum"] == 0.5
    assert set(found.contract.files) == {"contract.json", "text_rules.py"}
    assert (found.algorithm, found.trial, found.training_wheels) == (None, None, False)
    assert len(found.folders) == 4
    assert all(folder.prefix == f"{folder.home}/{folder.sha256}/" for folder in found.folders)


def test_a_change_of_the_gate_is_one_of_evaluate_alone(assembled):
    one, two = assembled(), assembled(gate={"minimum": 0.6})
    assert one.evaluate.sha256 != two.evaluate.sha256
    assert (one.prepare.sha256, one.contract.sha256) == (two.prepare.sha256, two.contract.sha256)


def test_a_change_of_the_text_rules_is_one_of_all_that_read_texts(assembled):
    one, two = assembled(), assembled(text_rules={"lowercase": False})
    assert one.prepare.sha256 != two.prepare.sha256
    assert one.contract.sha256 != two.contract.sha256


def test_the_launcher_is_lines_that_a_container_can_be_given(assembled):
    launcher = assembled().launcher
    assert all(0 < len(line) <= 256 and "\n" not in line for line in launcher)
    ast.parse("\n".join(launcher))


def files_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_an_algorithm_brings_its_folder_and_what_it_imports_from_beside_it_and_the_steps(assembled, root):
    algorithms = root / "algorithms"
    (algorithms / "mine" / "train.py").write_text("import shared\nfrom parts import words\nimport numpy\n")
    (algorithms / "mine" / "parts").mkdir()
    (algorithms / "mine" / "parts" / "words.py").write_text("")
    (algorithms / "mine" / "notes.txt").write_text("ü")
    (algorithms / "mine" / "__pycache__").mkdir()
    (algorithms / "mine" / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"x")
    (algorithms / "shared.py").write_text("import text_rules\n")
    (algorithms / "unused.py").write_text("")
    found = assembled(**SCRIPT)
    files = files_of(found.algorithm.files["sourcedir.tar.gz"])
    assert set(files) == {
        "train.py",
        "inference.py",
        "parts/words.py",
        "notes.txt",
        "shared.py",
        "text_rules.py",
    }
    assert files["notes.txt"] == "ü".encode()
    assert len(found.folders) == 5


def test_an_algorithm_that_installs_wheels_brings_their_pins(assembled, root):
    (root / "algorithms" / "mine" / "train.py").write_text("import wheels\n")
    found = assembled(**SCRIPT)
    assert found.training_wheels
    pins = (root / "steps" / "fasttext-requirements.txt").read_bytes()
    assert files_of(found.algorithm.files["sourcedir.tar.gz"])["fasttext-requirements.txt"] == pins


def test_equal_files_give_equal_archives_whatever_their_times_and_order():
    one, two = code.archive({"b": b"2", "a": b"1"}), code.archive({"a": b"1", "b": b"2"})
    assert one == two != code.archive({"a": b"1", "b": b"3"})
    with tarfile.open(fileobj=io.BytesIO(one)) as tar:
        assert [(member.name, member.mtime, member.mode, member.uid) for member in tar] == [
            ("a", 0, 0o644, 0),
            ("b", 0, 0o644, 0),
        ]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["train.py"], "has no train.py. Algorithms there: other."),
        (["inference.py"], "has no inference.py. Algorithms there: mine, other."),
        (["train.py", "inference.py"], "has no train.py and no inference.py. Algorithms there: other."),
    ],
)
def test_an_algorithm_that_lacks_a_script_is_named_with_those_that_are_there(assembled, root, missing, said):
    shutil.copytree(root / "algorithms" / "mine", root / "algorithms" / "other")
    for name in missing:
        (root / "algorithms" / "mine" / name).unlink()
    with pytest.raises(UsageError) as caught:
        assembled(**SCRIPT)
    assert caught.value.message == f"The algorithm {root / 'algorithms' / 'mine'} {said}"


def test_without_any_algorithm_none_is_named(root):
    with pytest.raises(UsageError, match=r"has no train\.py and no inference\.py\. Algorithms there: none\."):
        code.algorithm(root / "nowhere", "mine", root / "steps")


def test_a_script_of_the_teams_own_prepares_with_the_text_rules(assembled, root):
    (root / "scripts" / "mine.py").write_text("import helper\n")
    (root / "scripts" / "helper.py").write_text("")
    found = assembled(prepare={"script": "mine", "arguments": {"depth": 3}})
    assert {"prepare_script.py", "text_rules.py", "script/mine.py", "script/helper.py"} <= set(
        found.prepare.files
    )
    assert "prepare.py" not in found.prepare.files
    assert json.loads(found.prepare.files["prepare.json"])["arguments"] == {"depth": 3}


@pytest.mark.parametrize(("there", "known"), [((), "none"), (("b", "a"), "a, b")])
def test_a_script_that_is_not_there_is_answered_with_those_that_are(assembled, root, there, known):
    for name in there:
        (root / "scripts" / f"{name}.py").write_text("")
    with pytest.raises(UsageError) as caught:
        assembled(prepare={"script": "mine"})
    place = root / "scripts" / "mine.py"
    assert caught.value.message == f"prepare.script is mine, and there is no {place}. Scripts there: {known}."


def test_a_trial_brings_its_own_code(assembled):
    found = assembled(trial={"kind": "serverless", "memory_mb": 1024, "texts": 50})
    assert json.loads(found.trial.files["trial.json"])["memory_mb"] == 1024
    assert json.loads(found.evaluate.files["evaluate.json"])["trial_texts"] == 50
    assert "trial.py" in found.trial.files


@pytest.mark.parametrize("name", ["prepare", "evaluate", "launcher", "text_rules"])
def test_a_step_that_is_not_there_is_named_with_where_it_belongs(root, repository, name):
    (root / "steps").unlink()
    shutil.copytree(repository / "steps", root / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "steps" / f"{name}.py").unlink()
    with pytest.raises(UsageError) as caught:
        code.assemble(Recipe.parse(DOCUMENT, Path("garments.yaml")), root / "steps")
    assert caught.value.message == (
        f"The step script {root / 'steps' / name}.py cannot be read (No such file or directory). The steps belong beside "
        "the recipes, in the folder steps; point --root at the folder that holds both."
    )
