"""The scripts that run inside jobs: Python 3.9, and nothing that their image does not ship."""

import ast
import sys

import pytest

SIBLINGS_OF_PREPARE = {
    "failure",
    "labels",
    "layout",
    "ranges",
    "readers",
    "rebalance",
    "shard",
    "source",
    "splits",
}


def imported(source):
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    return names


SPARK = {"pyspark"}
"""What Prepare imports in Spark's image alone."""


def closure(steps, name):
    """What the script `name` imports from outside `steps`, and the modules of `steps` that it needs."""
    outside, inside, wanted = set(), set(), {name}
    while wanted:
        module = wanted.pop()
        inside.add(module)
        for found in imported((steps / f"{module}.py").read_text(encoding="utf-8")):
            if not (steps / f"{found}.py").is_file():
                outside.add(found)
            elif found not in inside:
                wanted.add(found)
    return outside, inside


def test_every_step_is_python_3_9(repository):
    for path in (repository / "steps").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        ast.parse(source, path.name, feature_version=(3, 9))
        assert "from __future__ import annotations" in source, path


@pytest.mark.parametrize("name", ["prepare", "text_rules"])
def test_preparation_needs_the_standard_library_alone(repository, name):
    outside, inside = closure(repository / "steps", name)

    assert outside - SPARK <= sys.stdlib_module_names
    assert (inside - {name} > SIBLINGS_OF_PREPARE) == (name == "prepare")


def test_one_module_alone_imports_spark_and_only_where_it_is_asked_for(repository):
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (repository / "steps").glob("*.py")}
    assert {name for name, source in sources.items() if imported(source) & SPARK} == {"cluster"}
    at_once = [
        node for node in ast.parse(sources["cluster"]).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not imported("\n".join(map(ast.unparse, at_once))) & SPARK


def test_no_step_knows_the_package_that_runs_it(repository):
    for path in (repository / "steps").glob("*.py"):
        assert not imported(path.read_text(encoding="utf-8")) & {"model_build", "local_aws"}, path


def test_one_module_alone_asks_aws(repository):
    """Evaluate records which version of the artifact it measured; SageMaker brings everything else to the job."""
    asking = [
        path.name
        for path in (repository / "steps").glob("*.py")
        if "boto3" in imported(path.read_text(encoding="utf-8"))
    ]
    assert asking == ["artifact.py"]
