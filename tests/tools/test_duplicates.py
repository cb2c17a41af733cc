"""`make duplicates` finds ten equal lines, wherever in the product they stand twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JSCPD = ROOT / "tests" / "tools" / "node_modules" / ".bin" / "jscpd"
LINES = "".join(f"    total = total + rates[{number!r}] * hours\n" for number in range(9))
COPY = f"def pay(rates, hours, total):\n{LINES}"
IMPORTS = "from collections import (\n" + "".join(f"    Name{number},\n" for number in range(30)) + ")\n"


def duplicates(folder):
    """What jscpd says of a folder, with this repository's settings."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(JSCPD), "--no-colors", "--config", str(ROOT / ".jscpd.json"), str(folder)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "first.py").write_text(f"import os\n\n\n{COPY}")
    return tmp_path


def test_ten_equal_lines_in_two_files_fail_the_check_and_are_shown(folder):
    (folder / "second.py").write_text(f"import re\n\nLIMIT = 3\n\n\n{COPY}    return total\n")
    done = duplicates(folder)
    assert done.returncode == 1
    assert "first.py" in done.stdout and "second.py" in done.stdout
    assert "total = total + rates[4] * hours" in done.stdout


def test_fewer_equal_lines_pass(folder):
    other = COPY.replace("rates[4]", "rates[41]")
    (folder / "second.py").write_text(other)
    done = duplicates(folder)
    assert done.returncode == 0, done.stdout


def test_what_a_comment_excuses_passes(folder):
    excused = f"# Neither may import the other.\n# jscpd:ignore-start\n{COPY}# jscpd:ignore-end\n"
    (folder / "second.py").write_text(excused)
    done = duplicates(folder)
    assert done.returncode == 0, done.stdout


def test_equal_imports_are_no_duplicate(tmp_path):
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(f"{IMPORTS}\n\n{name} = 1\n")
    done = duplicates(tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_check_covers_every_package_that_make_installs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--config .jscpd.json $(PACKAGES)" in makefile
    assert "PACKAGES := common build deploy seed_code local\n" in makefile
