"""What needs no AWS is imported without AWS's clients, and says what it takes."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import model_common

ROOT = Path(model_common.__path__[0])
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages([str(ROOT)], "model_common.")
    if not found.name.startswith("model_common.aws")
)
BLOCKED = ("boto3", "botocore")


def test_all_but_the_aws_edge_is_imported_where_there_is_no_client_of_aws():
    script = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"  # None makes an import fail
        f"for name in {MODULES!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "model_common.configuration.strict_yaml" in MODULES


def test_every_public_function_has_a_docstring():
    lacking = []
    for path in ROOT.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                lacking += [] if ast.get_docstring(node) else [f"{path.name}: {node.name}"]
    assert lacking == []
