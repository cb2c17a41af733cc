"""The scripts that run inside jobs: Python 3.9, and nothing that their image does not ship."""

import ast
import sys

import pytest

MODULES_OF_PREPARE = {
    "failure",
    "preparation.labels",
    "preparation.rebalance",
    "preparation.shard",
    "preparation.splits",
    "reading.layout",
    "reading.ranges",
    "reading.readers",
    "reading.source",
}


def imported(source):
    """The modules that a script imports; `a.b` for `from a import b`, which may be a module, too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages(source):
    """The top-level packages that a script imports."""
    return {name.partition(".")[0] for name in imported(source)}


SPARK = {"pyspark"}
"""What Prepare imports in Spark's image alone."""


def closure(steps, name):
    """What the script `name` imports from outside `steps`, and the modules of `steps` that it needs."""
    outside, inside, wanted = set(), set(), {name}
    while wanted:
        module = wanted.pop()
        inside.add(module)
        for found in imported((steps / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")):
            parents = (found, found.rpartition(".")[0])
            own = [each for each in parents if (steps / f"{each.replace('.', '/')}.py").is_file()]
            wanted |= {*own[:1]} - inside
            if not own and not (steps / found.partition(".")[0]).is_dir():
                outside.add(found.partition(".")[0])
    return outside, inside


def test_every_step_is_python_3_9(repository):
    for path in (repository / "steps").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        ast.parse(source, path.name, feature_version=(3, 9))
        assert "from __future__ import annotations" in source, path


@pytest.mark.parametrize("name", ["prepare", "text_rules"])
def test_preparation_needs_the_standard_library_alone(repository, name):
    outside, inside = closure(repository / "steps", name)

    assert outside - SPARK <= sys.stdlib_module_names
    assert (inside - {name} > MODULES_OF_PREPARE) == (name == "prepare")


def test_one_module_alone_imports_spark_and_only_where_it_is_asked_for(repository):
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (repository / "steps").rglob("*.py")}
    assert {name for name, source in sources.items() if packages(source) & SPARK} == {"cluster"}
    at_once = [
        node for node in ast.parse(sources["cluster"]).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not packages("\n".join(map(ast.unparse, at_once))) & SPARK


def test_no_step_knows_the_package_that_runs_it(repository):
    for path in (repository / "steps").rglob("*.py"):
        assert not packages(path.read_text(encoding="utf-8")) & {"model_build", "local_aws"}, path


def test_two_modules_alone_ask_aws(repository):
    """Evaluate records which version of the artifact it measured, and Trial makes an endpoint; SageMaker brings everything
    else to the job."""
    asking = {
        path.name
        for path in (repository / "steps").rglob("*.py")
        if "boto3" in packages(path.read_text(encoding="utf-8"))
    }
    assert asking == {"artifact.py", "trial.py"}
    assert "trial" not in closure(repository / "steps", "evaluate")[1]


ALLOWED = {
    "reading": {"reading"},
    "preparation": {"reading", "preparation"},
    "prediction": {"prediction"},
    "evaluation": {"evaluation"},
    "trials": {"prediction", "trials"},
}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_of_the_steps_imports_only_those_below_it(repository, package):
    for path in (repository / "steps" / package).glob("*.py"):
        found = packages(path.read_text(encoding="utf-8")) & set(ALLOWED)
        assert found <= ALLOWED[package], path
