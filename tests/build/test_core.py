"""What needs no AWS is imported without AWS's clients, and says what it takes."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import model_build.core
import model_build.recipe
import model_build.report

PURE = (model_build.core, model_build.recipe, model_build.report)
MODULES = sorted(
    name
    for package in PURE
    for name in (
        package.__name__,
        *(found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
    )
)
BLOCKED = ("boto3", "botocore", "sagemaker")


def test_the_core_is_imported_where_there_is_no_client_of_aws():
    script = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"  # None makes an import fail
        f"for name in {MODULES!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(MODULES) > 15


def test_every_public_function_of_the_core_has_a_docstring():
    lacking = []
    for package in PURE:
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    lacking += [] if ast.get_docstring(node) else [f"{path.name}: {node.name}"]
    assert lacking == []
