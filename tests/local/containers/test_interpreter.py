"""A job's Python imports what its image ships and what the job installs, and can damage nothing."""

import hashlib
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

from local_aws.containers.images import IMAGES
from local_aws.containers.interpreter import Interpreters

SCIKIT_LEARN = IMAGES["sagemaker-scikit-learn"]


@pytest.fixture(scope="module")
def interpreters(tmp_path_factory):
    return Interpreters(tmp_path_factory.mktemp("state"))


@pytest.fixture
def programs(interpreters, tmp_path):
    return interpreters.make(SCIKIT_LEARN, tmp_path / "python")


def run(*command):
    """The output of a command that has nothing of this process's environment."""
    done = subprocess.run(
        list(map(str, command)), env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def wheel(path, files):
    """Write a wheel: `files` are its files but for the RECORD."""
    info = next(name.partition("/")[0] for name in files if ".dist-info/" in name)
    record = [
        f"{name},sha256={urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}"
        for name, data in files.items()
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
    return path


def repacked(name, folder):
    """The wheel that an installed distribution came from, as far as its files tell."""
    installed = distribution(name)
    site_packages = Path(str(installed.locate_file("")))
    files = {
        str(file): (site_packages / file).read_bytes()
        for file in installed.files or ()
        if "__pycache__" not in file.parts
        and file.parts[0] != ".."
        and file.name not in {"RECORD", "INSTALLER", "REQUESTED"}
    }
    described = (installed.read_text("WHEEL") or "").splitlines()
    tag = next(line for line in described if line.startswith("Tag: ")).removeprefix("Tag: ")
    return wheel(folder / f"{name.replace('-', '_')}-{installed.version}-{tag}.whl", files)


@pytest.mark.parametrize(
    "module", ["sklearn.linear_model", "pandas", "numpy", "scipy.stats", "boto3", "flask"]
)
def test_what_the_image_ships_can_be_imported(programs, module):
    assert run(programs / "python3", "-c", f"import {module}") == (0, "")


@pytest.mark.parametrize("module", ["fasttext", "moto", "local_aws", "model_build", "pydantic", "sagemaker"])
def test_nothing_else_of_this_machine_can_be_imported(programs, module):
    code, said = run(programs / "python3", "-c", f"import {module}")
    assert code == 1
    assert f"No module named '{module}'" in said


def test_no_image_sees_the_embedded_aws(interpreters, tmp_path):
    for image in IMAGES.values():
        programs = interpreters.make(image, tmp_path / image.repository)
        for module in ("moto", "local_aws", "model_build"):
            assert run(programs / "python3", "-c", f"import {module}")[0] == 1, (image.repository, module)


def test_fasttext_comes_with_a_wheel_that_the_job_installs_without_an_index(programs, tmp_path):
    shipped = repacked("fasttext-community", tmp_path)
    install = ("-m", "pip", "install", "--no-index", "--no-deps", "--quiet", shipped)
    assert run(programs / "python3", *install) == (0, "")
    assert run(programs / "python3", "-c", "import fasttext; fasttext.load_model")[0] == 0


def test_a_job_that_installs_over_the_image_gets_its_own_and_leaves_the_machines_alone(
    interpreters, programs, tmp_path
):
    newer = wheel(
        tmp_path / "six-99.0-py3-none-any.whl",
        {
            "six.py": b"__version__ = '99.0'\n",
            "six-99.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: six\nVersion: 99.0\n",
            "six-99.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        },
    )
    ours = version("six")
    assert run(programs / "pip", "install", "--no-index", "--quiet", newer)[0] == 0
    show = ("-c", "import six; print(six.__version__)")
    assert run(programs / "python3", *show) == (0, "99.0\n")
    assert run(interpreters.make(SCIKIT_LEARN, tmp_path / "other") / "python3", *show) == (0, f"{ours}\n")
    assert run(programs / "pip", "uninstall", "--yes", "--quiet", "six")[0] == 0
    run(programs / "pip", "uninstall", "--yes", "six")
    assert run(programs / "python3", *show) == (0, f"{ours}\n")
    assert Path(str(distribution("six").locate_file("six.py"))).exists()
