"""`make check` sees build/ and tests/build, which several tools skip by default because of their name."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


COPIED = ("build/", "tests/build/", "tests/conftest.py", "tests/tools/")


@pytest.fixture
def copy(tmp_path):
    """The build half of this checkout with what checks it but without its tests, beside the same environment."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (name.startswith(COPIED) or "/" not in name) and (ROOT / name).is_file():
            if Path(name).name.startswith("test_"):
                continue
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def make(copy, *arguments):
    # The environment is the original's: however old its stamps look, a copy must not install itself into it.
    # `make` hands -o to no other `make` that it starts.
    made = " ".join(["make", *(f"-o .venv/{stamp}" for stamp in (".demo", ".check", ".extras"))])
    return subprocess.run(
        [*made.split(), f"MAKE={made}", *arguments],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("bad", "said"),
    [("x = {  'unformatted' :1}\n", "would reformat"), ("import os\n", "`os` imported but unused")],
    ids=["black", "ruff"],
)
def test_a_bad_file_fails_the_check_that_names_it(copy, bad, said):
    planted = [copy / folder / "planted.py" for folder in ("build/model_build", "build/steps", "tests/build")]
    for path in planted:
        path.write_text(bad)
    done = make(copy, "check")
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert told.count(said) == len(planted)
    for path in planted:
        assert str(path.relative_to(copy)) in told


def test_a_failing_test_of_the_build_repository_fails_the_tests(copy):
    (copy / "tests" / "build" / "test_planted.py").write_text("def test_planted():\n    assert False\n")
    done = make(copy, "test", "ARGS=-k test_planted -q")
    assert done.returncode != 0
    assert "1 failed" in done.stdout


def test_git_ignores_nothing_of_the_build_repository():
    named = [
        "build/model_build/cli/training.py",
        "build/recipes/new.yaml",
        "build/steps/prepare.py",
        "tests/build/test_new.py",
    ]
    done = subprocess.run(
        ["git", "check-ignore", *named], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
