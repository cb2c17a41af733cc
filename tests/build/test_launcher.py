"""What starts the steps: the launcher, as the definition carries it, and what an attacker can put in the code's place."""

import subprocess
import sys

import pytest

from model_build.aws.code import folder_sha256
from model_build.run.pipeline import BOOT

SCRIPT = b"import sys, helper\nprint(helper.WORD, sys.argv[1:])\nsys.exit(7)\n"


@pytest.fixture
def launch(repository, tmp_path):
    """Writes the files and starts `run.py` of them as the job's entry point does, expecting `named`; (status, output)."""
    message = tmp_path / "output"
    source = (repository / "steps/launcher.py").read_text().replace("/opt/ml/output", str(message))
    lines = [line for line in source.splitlines() if line]

    def run(files, named=None, pretend=()):
        folder = tmp_path / "code"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        command = [
            sys.executable,
            "-I",
            "-c",
            BOOT,
            *lines[:-1],
            *pretend,
            lines[-1],
            "--",
            str(folder),
            named or folder_sha256(files),
        ]
        done = subprocess.run(
            [*command, "run.py", "--", "a b", "--data"], capture_output=True, text=True, check=False
        )
        left = message / "message"
        return done.returncode, done.stdout + done.stderr, left.read_text() if left.exists() else ""

    return run


def test_the_script_runs_with_its_arguments_its_modules_and_its_status(launch):
    status, said, message = launch({"run.py": SCRIPT, "helper.py": b"WORD = 'hello'\n", "sub/x.json": b"{}"})
    assert (status, message) == (7, "")
    assert said == "hello ['--', 'a b', '--data']\n"


def test_an_image_whose_python_is_too_old_says_so_and_runs_nothing(launch):
    old = ("import sys", "sys.version_info, sys.version = (3, 8, 20), '3.8.20 (default)'")
    status, said, message = launch({"run.py": b"print('ran')\n"}, pretend=old)
    assert status == 1
    assert "ran" not in said.split()
    assert "has Python 3.8.20; the steps need 3.9 or later" in message


MEANT = {"run.py": SCRIPT, "helper.py": b"WORD = 'hello'\n"}


@pytest.mark.parametrize(
    "found",
    [
        MEANT | {"run.py": b"print('owned')\n"},
        MEANT | {"helper.py": b"print('owned')\nWORD = 1\n"},
        MEANT | {"json.py": b"print('owned')\n"},
        MEANT | {"hashlib.py": b"print('owned')\n"},
        MEANT | {"pathlib.py": b"print('owned')\n", "sitecustomize.py": b"print('owned')\n"},
        MEANT | {"sub/hidden/.x.py": b"print('owned')\n"},
        {"run.py": SCRIPT},
    ],
)
def test_nothing_runs_of_a_folder_that_is_not_what_the_definition_names(launch, found):
    status, said, message = launch(found, folder_sha256(MEANT))
    assert status == 1
    assert "owned" not in said
    assert "is not what the pipeline was made with" in message
    assert folder_sha256(MEANT) in message and message in said


def test_the_launcher_fits_an_entry_point(repository):
    """CreateProcessingJob: at most 100 parts of at most 256 characters, no line breaks in any."""
    lines = [line for line in (repository / "steps/launcher.py").read_text().splitlines() if line]
    assert len(lines) < 90
    assert max(map(len, [BOOT, *lines])) <= 256
