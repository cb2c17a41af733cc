"""The packages from npm: pinned, locked by hash without a registry's address, installed as locked."""

import json
import re
from pathlib import Path

import pytest
from openapi import DESCRIPTION, installed

TEMPLATE = Path(__file__).parents[2]
FOLDERS = {"tests/tools": "devDependencies", "local/local_aws/github/actions/node": "dependencies"}


def pinned(folder):
    return json.loads((TEMPLATE / folder / "package.json").read_text())[FOLDERS[folder]]


def locked(folder):
    """{path below the folder: what is locked of it}"""
    return json.loads((TEMPLATE / folder / "package-lock.json").read_text())["packages"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_package_is_pinned_and_locked_by_hash_without_a_registry(folder):
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned(folder).values())
    for name, version in pinned(folder).items():
        assert locked(folder)[f"node_modules/{name}"]["version"] == version
    packages = [package for path, package in locked(folder).items() if path]
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        (folder, path)
        for folder in FOLDERS
        for path, package in sorted(locked(folder).items())
        if path and "os" not in package
    ],
)
def test_what_is_locked_is_installed(folder, path):
    manifest = json.loads(installed(TEMPLATE / folder / path / "package.json").read_text())
    assert manifest["version"] == locked(folder)[path]["version"]


def test_of_a_package_for_several_systems_the_one_for_this_system_is_installed():
    binaries = [
        path
        for path, package in locked("tests/tools").items()
        if "os" in package and (TEMPLATE / "tests/tools" / path).is_dir()
    ]
    assert [path.rpartition("/")[2].startswith("jscpd-") for path in binaries] == [True]


def test_of_the_descriptions_only_the_one_that_is_used_is_kept():
    """The package holds 390 MB of them."""
    assert [file.name for file in installed(DESCRIPTION).parent.iterdir()] == [DESCRIPTION.name]
