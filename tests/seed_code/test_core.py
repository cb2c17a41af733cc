"""What needs no AWS is imported without AWS's clients, and says what it takes."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import project_template.core
from project_template import seed

CORE = Path(project_template.core.__path__[0])
MODULES = [f"project_template.core.{found.name}" for found in pkgutil.iter_modules([str(CORE)])]
BLOCKED = ("boto3", "botocore")


def test_the_core_is_imported_where_there_is_no_client_of_aws():
    script = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"  # None makes an import fail
        f"for name in {[*MODULES, seed.__name__]!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(MODULES) >= 6


def test_every_public_function_of_the_core_has_a_docstring():
    lacking = []
    for path in [*CORE.glob("*.py"), Path(seed.__file__)]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                lacking += [] if ast.get_docstring(node) else [f"{path.name}: {node.name}"]
    assert lacking == []
