"""pip on the runner's machine: what it installs by itself, and what it leaves to the real one."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from local_aws.github.actions import Machine

QUIET = ("--quiet", "--disable-pip-version-check")
EDITABLE = (*QUIET, "--no-deps", "--no-build-isolation")
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "{backend}"
[project]
name = "{name}"
version = "1.2"
requires-python = ">=3.11"
[project.scripts]
{name}-says = "{name}.voice:Voice.say"
[tool.hatch.build.targets.wheel]
packages = ["{name}"]
"""
VOICE = """\
class Voice:
    @staticmethod
    def say():
        print(__name__)
        return 3
"""


def project(folder, name, backend="hatchling.build"):
    (folder / name / name).mkdir(parents=True)
    (folder / name / "pyproject.toml").write_text(PROJECT.format(name=name, backend=backend))
    (folder / name / name / "voice.py").write_text(VOICE)
    return folder / name


@pytest.fixture
def venv(tmp_path):
    """The Python of a virtual environment that a job made on a machine with packages."""
    bin_folder = Machine(packages=(Path(sysconfig.get_path("purelib")),)).install_python(tmp_path / "tools")
    subprocess.run([bin_folder / "python", "-m", "venv", tmp_path / "venv"], check=True)
    return tmp_path / "venv"


def pip(venv, *arguments):
    command = [venv / "bin" / "python", "-m", "pip", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def installed(venv):
    """The files of an environment's own packages and scripts, without pip's notes on itself."""
    notes = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}
    [site] = venv.glob("lib/python*/site-packages")
    found = [each for each in site.rglob("*") if each.is_file() and each.name not in notes]
    return {
        str(each.relative_to(site)): each.read_text() for each in found if "__pycache__" not in each.parts
    }


def said(venv, name):
    done = subprocess.run([venv / "bin" / f"{name}-says"], capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.returncode


def test_projects_are_installed_editable_as_the_real_pip_installs_them(tmp_path, venv):
    one, two = project(tmp_path, "one"), project(tmp_path, "two")
    done = pip(venv, "install", *EDITABLE, "-e", one, "-e", two)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert said(venv, "one") == ("one.voice", 3)
    assert said(venv, "two") == ("two.voice", 3)
    (two / "two" / "voice.py").write_text(VOICE.replace("__name__", "'changed'"))
    assert said(venv, "two") == ("changed", 3)
    mine = installed(venv)
    assert not list(venv.glob("lib/python*/site-packages/*.dist-info/INSTALLER"))  # no pip was there
    # What is installed already, the real pip replaces.
    again = pip(venv, "install", *EDITABLE, "-e", one, "-e", two)
    assert (again.returncode, installed(venv)) == (0, mine)
    assert len(list(venv.glob("lib/python*/site-packages/*.dist-info/INSTALLER"))) == 2


def test_why_a_project_cannot_be_built_the_real_pip_says(tmp_path, venv):
    one, broken = project(tmp_path, "one"), project(tmp_path, "broken")
    stated = (broken / "pyproject.toml").read_text()
    (broken / "pyproject.toml").write_text(stated.replace("version", 'readme = "missing.md"\nversion'))
    done = pip(venv, "install", *EDITABLE, "-e", one, "-e", broken)
    assert done.returncode != 0
    assert "missing.md" in done.stderr
    other = project(tmp_path, "other", backend="nobody.build")
    done = pip(venv, "install", *EDITABLE, "-e", one, "-e", other)
    assert done.returncode != 0
    assert "nobody" in done.stderr


def test_a_wheel_is_installed_and_one_that_is_there_already_is_replaced_by_the_real_pip(tmp_path, venv):
    one = project(tmp_path, "one")
    pip(venv, "wheel", *EDITABLE, "--wheel-dir", tmp_path / "wheels", one)
    [wheel] = (tmp_path / "wheels").iterdir()
    command = ("install", *QUIET, "--no-compile", "--force-reinstall", "--no-deps", wheel)
    done = pip(venv, *command)
    assert (done.returncode, done.stderr, said(venv, "one")) == (0, "", ("one.voice", 3))
    assert not list(venv.glob("lib/python*/site-packages/*.dist-info/INSTALLER"))
    mine = installed(venv)
    assert pip(venv, *command).returncode == 0
    assert list(venv.glob("lib/python*/site-packages/*.dist-info/INSTALLER"))
    assert installed(venv) == mine


def test_what_is_no_wheel_the_real_pip_refuses(tmp_path, venv):
    (tmp_path / "one-1.2-py3-none-any.whl").write_text("text")
    done = pip(
        venv, "install", *QUIET, "--force-reinstall", "--no-deps", tmp_path / "one-1.2-py3-none-any.whl"
    )
    assert done.returncode == 1
    assert "one-1.2-py3-none-any.whl" in done.stderr
