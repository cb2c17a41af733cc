"""docs/architecture.md names modules and files that exist."""

import re
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("model_build", "model_common", "model_deploy", "project_template", "dispatch", "pour", "github")
FOLDERS = (ROOT / "build" / "steps", ROOT / "deploy" / "api")
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CODE = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))


def named(pattern):
    found = [name for name in CODE if re.fullmatch(pattern, name)]
    assert len(found) > 1
    return found


def test_every_module_that_the_paths_name_exists(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "seed_code" / "functions"))
    modules = named(rf"({'|'.join(PACKAGES)})(\.\w+)+")
    assert [name for name in modules if find_spec(name) is None] == []


def test_every_script_that_the_paths_name_exists():
    scripts = named(r"((reading|preparation|prediction|evaluation)/)?\w+\.py")
    assert [name for name in scripts if not any((folder / name).is_file() for folder in FOLDERS)] == []


def test_every_file_of_this_repository_that_the_paths_name_exists():
    paths = named(r"(build|deploy|\.github)/[\w./-]+")
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_module_of_a_rollout_is_on_a_path():
    rollout = ROOT / "deploy" / "model_deploy" / "rollout"
    told = TEXT + (rollout / "__init__.py").read_text(encoding="utf-8")
    modules = {path.stem for path in rollout.rglob("*.py")} - {"__init__"}
    assert {name for name in modules if not re.search(rf"\b{name}\b", told)} == set()
