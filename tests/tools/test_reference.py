"""The pages of keys are made from the models that check recipes and stages, and are current."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".github" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_of_keys_are_current_and_say_of_every_key_what_it_is_for(reference):
    for path, text in reference.pages().items():
        assert path.read_text() == text, "run .venv/bin/python .github/reference.py"
        rows = [re.split(r"(?<!\\) \| ", row) for row in text.splitlines() if row.startswith("| `")]
        assert len(rows) > 30
        assert [row[0] for row in rows if not row[-1].strip(" |")] == [], "say it in PURPOSES"


def test_types_defaults_and_limits_are_those_of_the_models(reference):
    recipe, stage = reference.pages().values()
    assert "| `gate.minimum` | number | required | at least 0; at most 1 |" in recipe
    assert "| `split.train` | number | `0.8` | more than 0; less than 1 |" in recipe
    assert "| `data.text` | list of text | none | not empty |" in recipe
    assert "| `alarms` | keys | none |" in stage
    assert (
        "| `rollout.strategy` | choice | `all_at_once` | `all_at_once`, `canary`, `linear`, `rolling` |"
        in stage
    )
