"""docs/threat-model.md names tests that exist, for each line of every actor."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ACTORS = ["pull request", "main", "staging", "production", "approver", "stolen token", "web page"]


def rows():
    """The lines of the tables: heading, threat, what holds it, proof."""
    heading, found = "", []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| Threat", "| ---")):
            found.append((heading, *(cell.strip() for cell in line.strip("|").split("|"))))
    return found


def functions_of(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_each_threat_has_a_check_and_a_test_that_exists(row):
    _, threat, holds, proof = row
    named = TEST.findall(proof)
    assert threat
    assert holds
    assert named, "no test is named"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in functions_of(path), f"{path} has no {name}"


def test_every_test_that_the_page_names_outside_its_tables_exists():
    named = TEST.findall(PAGE.read_text(encoding="utf-8"))
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


@pytest.mark.parametrize("actor", ACTORS)
def test_each_actor_has_its_threats(actor):
    assert [row for row in rows() if actor in row[0].lower()]
