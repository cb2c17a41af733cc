"""The wheels that Evaluate installs fastText from, without an index."""

import hashlib
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import wheels

STEPS = Path(wheels.__file__).parent


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """An interpreter that has pip and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin/python"


def install(image, folder, pins=STEPS / "fasttext-requirements.txt"):
    """Run `wheels.install` in the image; its status and everything it said."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import wheels, pathlib; wheels.install(*map(pathlib.Path, sys.argv[2:]))"
    done = subprocess.run(
        [image, "-c", code, STEPS, folder, pins], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_pinned_wheels_are_one_version_with_hashes_and_no_index():
    lines = (STEPS / "fasttext-requirements.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]

    assert pinned[0] == f"fasttext-community=={version('fasttext-community')} \\"
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in pinned[1:])


def test_no_wheels_is_a_clear_failure(image, tmp_path):
    status, said = install(image, tmp_path / "nowhere")

    assert status == 1
    assert "fasttext is not in this image, and there is no" in said


def test_no_wheel_for_this_interpreter_is_a_clear_failure(image, tmp_path):
    (tmp_path / "fasttext_community-0.11.9-cp27-cp27m-win32.whl").touch()

    status, said = install(image, tmp_path)

    assert status == 1
    assert re.search(r"could not be installed for Python 3\.\d+ from .*No matching distribution found", said)
    assert "Wheels there: fasttext_community-0.11.9-cp27-cp27m-win32.whl." in said


def test_a_wheel_that_is_not_the_pinned_one_is_not_installed(image, tmp_path):
    (tmp_path / "fasttext_community-0.11.9-py3-none-any.whl").write_bytes(b"something else")

    status, said = install(image, tmp_path)

    assert status == 1
    assert "HASHES" in said


def test_requirements_beside_the_wheels_do_not_say_which_are_installed(image, tmp_path):
    evil = tmp_path / "fasttext_community-0.11.9-py3-none-any.whl"
    evil.write_bytes(b"something else")
    pinned = f"fasttext-community==0.11.9 --hash=sha256:{hashlib.sha256(b'something else').hexdigest()}\n"
    (tmp_path / "requirements.txt").write_text(pinned)

    status, said = install(image, tmp_path)

    assert status == 1
    assert "HASHES" in said
