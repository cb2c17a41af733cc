"""What a release consists of, and what else GitHub reads from this repository."""

import hashlib
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from local_aws.github.actions.language import Language

ROOT = Path(__file__).parents[2]
OWN = [ROOT / ".github" / "workflows" / name for name in ("ci.yml", "release.yml")]
BIN = Path(sys.executable).parent

CHANGELOG = """# Changelog

## [Unreleased]

- Later.

## [1.2.3] - 2026-11-29

### Added

- A thing.

## [1.2.2] - 2026-10-01

- Another.
"""


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", ROOT / ".github" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def manifest(release, monkeypatch, folder, version):
    monkeypatch.setattr(release, "ROOT", folder)
    path = folder / "pyproject.toml"
    path.write_text(f'[project]\nname = "x"\nversion = "{version}"\n')
    return path


def test_a_tag_that_every_manifest_states_is_a_version(release, monkeypatch, tmp_path):
    assert release.require_version("v1.2.3", [manifest(release, monkeypatch, tmp_path, "1.2.3")]) == "1.2.3"


@pytest.mark.parametrize("tag", ["", "1.2.3", "v1.2", "v1.2.3-rc1", "v1.2.3; rm -rf x"])
def test_a_tag_that_is_no_version_is_refused_showing_it(release, tag):
    with pytest.raises(release.ReleaseError, match=re.escape(repr(tag))):
        release.require_version(tag, [])


def test_a_manifest_of_another_version_is_refused_naming_it(release, monkeypatch, tmp_path):
    path = manifest(release, monkeypatch, tmp_path, "1.2.2")
    with pytest.raises(
        release.ReleaseError, match=r"pyproject\.toml states version 1\.2\.2, the tag is v1\.2\.3"
    ):
        release.require_version("v1.2.3", [path])


def test_the_notes_are_the_entries_of_the_version_alone(release):
    assert release.notes(CHANGELOG, "1.2.3") == "### Added\n\n- A thing.\n"
    assert release.notes(CHANGELOG, "1.2.2") == "- Another.\n"


def test_a_version_without_entries_is_refused(release):
    with pytest.raises(release.ReleaseError, match=r"no entries under \[1\.2\.4\]"):
        release.notes(CHANGELOG, "1.2.4")


@pytest.mark.slow
def test_a_release_has_wheels_and_seeds_whose_sums_are_listed(release, tmp_path):
    release.build(["deploy"], tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "model_deploy-0.1.0-py3-none-any.whl" in names
    assert {"seed-build.zip", "seed-deploy-realtime-github.zip"} <= names
    with zipfile.ZipFile(tmp_path / "model_deploy-0.1.0-py3-none-any.whl") as wheel:
        assert {"model_deploy/cli.py", "model_deploy/py.typed"} <= set(wheel.namelist())
    listed = dict(line.split("  ")[::-1] for line in release.sums(tmp_path).splitlines())
    assert set(listed) == names
    for name, sha256 in listed.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sha256


def test_every_package_says_that_it_is_typed():
    found = [
        tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("*/pyproject.toml"))
    ]
    wheels = [manifest["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] for manifest in found]
    typed = sorted(path.parent.name for path in ROOT.glob("*/*/py.typed"))
    assert typed == sorted(name for packages in wheels for name in packages)


def test_githubs_own_parser_finds_nothing_in_the_workflows_of_this_repository():
    with Language() as language:
        assert all(language.parse(path.name, path.read_text())["jobs"] for path in OWN)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)


def test_dependabot_looks_at_every_folder_that_pins_something():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    [pip] = [each for each in updates if each["package-ecosystem"] == "pip"]
    listed = subprocess.run(["git", "ls-files", "*pyproject.toml"], cwd=ROOT, capture_output=True, text=True)
    pinned = {"/" + str(Path(name).parent).removeprefix(".") for name in listed.stdout.split()}
    assert pinned <= set(pip["directories"])


def test_every_hook_of_pre_commit_is_there():
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for hook in repository["hooks"]:
        program, *words = hook["entry"].split()
        assert words[0] in targets if program == "make" else (BIN / Path(program).name).exists(), hook[
            "entry"
        ]


def test_zizmor_finds_nothing_even_where_it_is_pedantic():
    command = [BIN / "zizmor", "--offline", "--persona=pedantic", "--no-progress", "--quiet"]
    done = subprocess.run(
        [*command, *OWN, ROOT / ".github" / "dependabot.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
