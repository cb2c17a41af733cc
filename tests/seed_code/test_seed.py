import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from project_template import seed
from project_template.errors import FolderNotEmptyError, TemplateIncompleteError

TEMPLATE = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path):
    """Make a small template: {path: content}."""

    def tree(files, name="template"):
        for path, content in {
            ".gitignore": "# no caches\n.cache/\n__pycache__/\n*.egg-info/\n",
            **files,
        }.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return tmp_path / name

    return tree


SMALL = {
    "build/README.md": "# Work here",
    "build/steps/prepare.py": "print()",
    "tests/build/test_prepare.py": "def test(): ...",
    "tests/local/test_server.py": "not poured",
    "seed_code/x.py": "not poured",
}


def pour(template, into):
    return [str(file.path) for file in seed.pour(seed.BUILD, into, template)]


def test_build_becomes_the_root_and_its_tests_become_tests(tree, tmp_path):
    into = tmp_path / "poured"
    assert pour(tree(SMALL), into) == ["README.md", "steps/prepare.py", "tests/test_prepare.py"]
    assert (into / "README.md").read_text() == "# Work here"
    assert (into / "tests/test_prepare.py").read_text() == "def test(): ..."


def test_the_build_workflow_is_poured_once_there_is_one(tree, tmp_path):
    template = tree(
        {**SMALL, ".github/workflows/build.yml": "name: build", ".github/workflows/ci.yml": "name: ci"}
    )
    poured = pour(template, tmp_path / "poured")
    assert [path for path in poured if path.startswith(".github")] == [".github/workflows/build.yml"]


def test_what_git_ignores_is_not_poured(tree, tmp_path):
    template = tree(
        {
            **SMALL,
            "build/.cache/wheel.whl": "x",
            "build/steps/__pycache__/prepare.pyc": "x",
            "build/model_build.egg-info/PKG-INFO": "x",
        }
    )
    assert pour(template, tmp_path / "poured") == ["README.md", "steps/prepare.py", "tests/test_prepare.py"]


def test_executables_stay_executable_and_other_modes_are_levelled(tree, tmp_path):
    template = tree(SMALL)
    (template / "build/README.md").chmod(0o600)
    (template / "build/steps/prepare.py").chmod(0o700)
    pour(template, tmp_path / "poured")
    modes = [
        (tmp_path / "poured" / name).stat().st_mode & 0o777 for name in ("README.md", "steps/prepare.py")
    ]
    assert modes == [0o644, 0o755]


def test_a_folder_with_anything_in_it_is_left_alone(tree, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(FolderNotEmptyError, match="mine is not an empty folder"):
        pour(tree(SMALL), mine)
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_a_file_in_the_folders_place_is_left_alone(tree, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderNotEmptyError):
        pour(tree(SMALL), tmp_path / "file")


def test_an_empty_folder_will_do(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "README.md" in pour(tree(SMALL), tmp_path / "empty")


def test_a_template_without_its_parts_pours_nothing(tree, tmp_path):
    with pytest.raises(TemplateIncompleteError, match=r"tests/build is missing"):
        pour(tree({"build/README.md": "# Work here"}), tmp_path / "poured")
    assert not (tmp_path / "poured").exists()


def test_equal_trees_give_equal_archives_whatever_their_times_and_order(tree):
    one = tree(SMALL, "one")
    other = tree(dict(reversed(SMALL.items())), "other")
    os.utime(other / "build/README.md", (0, 0))
    (other / "build/steps/prepare.py").chmod(0o600)
    assert seed.archive(seed.BUILD, one) == seed.archive(seed.BUILD, other)


def test_the_archive_holds_what_is_poured(tree, tmp_path):
    template = tree(SMALL)
    (template / "build/steps/prepare.py").chmod(0o755)
    poured = seed.pour(seed.BUILD, tmp_path / "poured", template)
    with zipfile.ZipFile(io.BytesIO(seed.archive(seed.BUILD, template))) as archive:
        entries = [
            (entry.filename, archive.read(entry), entry.external_attr >> 16 & 0o777)
            for entry in archive.infolist()
        ]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert entries == [(str(file.path), file.content, file.mode) for file in poured]


def test_the_command_pours_and_refuses_a_full_folder(tmp_path):
    command = [sys.executable, "-c", "from project_template.cli import main; main()", "seed", "build", "--to"]
    first = subprocess.run([*command, tmp_path / "repository"], capture_output=True, text=True)
    assert (first.returncode, first.stdout) == (0, "")
    assert (tmp_path / "repository/pyproject.toml").is_file()
    second = subprocess.run([*command, tmp_path / "repository"], capture_output=True, text=True)
    assert second.returncode == 2
    assert "is not an empty folder" in second.stderr


# --- the template itself ---


@pytest.mark.skipif(
    not (TEMPLATE / ".git").exists() or shutil.which("git") is None, reason="needs git and a checkout"
)
def test_exactly_what_git_would_track_is_poured():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "build", "tests/build"],
        cwd=TEMPLATE,
        capture_output=True,
        check=True,
        text=True,
    )
    tracked = {path for path in listed.stdout.split("\0") if path and (TEMPLATE / path).exists()}
    as_poured = {re.sub("^tests/build/", "tests/", path.removeprefix("build/")) for path in tracked}
    poured = {str(file.path) for file in seed.files(seed.BUILD)}
    assert {path for path in poured if not path.startswith(".github/")} == as_poured


def test_the_poured_lock_has_the_versions_that_are_tested_here_and_no_index():
    lock = (TEMPLATE / "build/requirements.lock").read_text()

    def pins(text):
        return set(re.findall(r"^[a-z][^ ;]*==[^ ;]+", text, flags=re.MULTILINE))

    assert len(pins(lock)) > 50
    assert pins(lock) <= pins((TEMPLATE / "requirements-check.lock").read_text())
    assert "://" not in lock


@pytest.mark.slow
def test_the_tests_of_a_poured_repository_pass_there(tmp_path):
    # Its slow tests have run where they are kept: that they are found and collected here is enough.
    repository = tmp_path / "repository"
    seed.pour(seed.BUILD, repository)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"],
        cwd=repository,
        env={
            **os.environ,
            "PYTHONPATH": f"{repository}:{repository / 'steps'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
