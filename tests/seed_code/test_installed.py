"""The packages installed as wheels, away from the checkout: the commands work, and pour from the checkout around them."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from project_template import seed

CHECKOUT = Path(__file__).parents[2]


def test_the_checkout_is_the_packages_own_else_the_one_around_the_current_folder(tmp_path):
    site, inside, elsewhere = tmp_path / "site", tmp_path / "checkout" / "docs", tmp_path / "elsewhere"
    for folder in (
        site / "project_template",
        tmp_path / "checkout" / "seed_code" / "project_template",
        inside,
        elsewhere,
    ):
        folder.mkdir(parents=True)
    assert seed.find_template(site / "project_template", inside) == tmp_path / "checkout"
    assert seed.find_template(CHECKOUT / "seed_code" / "project_template", inside) == CHECKOUT
    assert seed.find_template(site / "project_template", elsewhere) == tmp_path


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of what pip would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in ("common", "build", "deploy", "seed_code"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            cwd=CHECKOUT / package,
            check=True,
            capture_output=True,
        )
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(installed, package, *arguments, cwd):
    code = f"from {package}.cli import main; import {package}; assert {str(installed)!r} in {package}.__file__; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_every_command_of_an_installed_package_has_its_help(installed, tmp_path):
    for package in ("model_build", "model_deploy", "project_template"):
        done = run(installed, package, "--help", cwd=tmp_path)
        assert (done.returncode, "Usage" in done.stdout) == (0, True), done.stderr


@pytest.mark.slow
def test_an_installed_template_pours_from_the_checkout_around_it_and_says_where_there_is_none(
    installed, tmp_path
):
    done = run(
        installed,
        "project_template",
        "seed",
        "build",
        "--to",
        str(tmp_path / "poured"),
        cwd=CHECKOUT / "docs",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "poured" / "recipes").is_dir()
    lost = run(installed, "project_template", "seed", "build", "--to", str(tmp_path / "none"), cwd=tmp_path)
    assert lost.returncode == 1
    assert "run from a checkout of the template" in lost.stderr
    assert not (tmp_path / "none").exists()
