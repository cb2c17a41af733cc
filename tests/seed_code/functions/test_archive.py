"""The archive is the folder: it needs nothing that Lambda's Python does not bring."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[3] / "seed_code" / "functions"
OWN = {"aws", "github", "pour", "dispatch", "retrain"}
BROUGHT = {"boto3", "botocore"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield (node.module or "").partition(".")[0]


def test_the_functions_import_the_standard_library_and_boto3_only():
    found = {name for path in FUNCTIONS.rglob("*.py") for name in imported(path)}
    assert found - OWN - BROUGHT - sys.stdlib_module_names == set()
    assert found >= {"github", "boto3"}


def test_neither_github_nor_aws_knows_the_functions_and_they_not_each_other():
    known = {
        name: {each for path in (FUNCTIONS / name).rglob("*.py") for each in imported(path)} for name in OWN
    }
    functions = OWN - {"aws", "github"}
    assert not known["aws"] & OWN
    assert not known["github"] & (functions | BROUGHT)
    assert all(not known[name] & (functions - {name}) for name in functions)


@pytest.mark.parametrize("handler", ["pour.handler", "dispatch.handler", "retrain.handler"])
def test_a_handler_loads_with_the_folder_as_its_root(handler):
    code = f"import sys; sys.path.insert(0, {str(FUNCTIONS)!r}); import {handler}; assert {handler}.handle"
    loaded = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code], capture_output=True, text=True, cwd="/"
    )
    assert (loaded.returncode, loaded.stderr) == (0, "")
