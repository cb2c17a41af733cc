"""The packages from npm: pinned, locked by hash without a registry's address, installed as locked."""

import json
import re
from pathlib import Path

import pytest
from openapi import DESCRIPTION, installed

TOOLS = Path(__file__).parent
PINNED = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
LOCKED = json.loads((TOOLS / "package-lock.json").read_text())["packages"]


def test_every_package_is_pinned_and_locked_by_hash():
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PINNED.values())
    for name, version in PINNED.items():
        assert LOCKED[f"node_modules/{name}"]["version"] == version
    assert all(package["integrity"].startswith("sha512-") for path, package in LOCKED.items() if path)


def test_the_lock_names_no_registry():
    assert not any("resolved" in package for package in LOCKED.values())


@pytest.mark.parametrize(
    "path", sorted(path for path, package in LOCKED.items() if path and "os" not in package)
)
def test_what_is_locked_is_installed(path):
    manifest = json.loads(installed(TOOLS / path / "package.json").read_text())
    assert manifest["version"] == LOCKED[path]["version"]


def test_of_a_package_for_several_systems_the_one_for_this_system_is_installed():
    binaries = [path for path, package in LOCKED.items() if "os" in package and (TOOLS / path).is_dir()]
    assert [path.rpartition("/")[2].startswith("jscpd-") for path in binaries] == [True]


def test_of_the_descriptions_only_the_one_that_is_used_is_kept():
    """The package holds 390 MB of them."""
    assert [file.name for file in installed(DESCRIPTION).parent.iterdir()] == [DESCRIPTION.name]
