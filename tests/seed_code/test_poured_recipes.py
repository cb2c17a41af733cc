"""What `project-template create --recipe NAME` leads to, for every recipe: its plan, its checks and stages that can serve it."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from model_build.recipe import Recipe
from model_deploy.core import checks
from model_deploy.stage import Stage
from project_template import seed
from project_template.stacks.publication_values import RECIPES

PLANS = """
import json, os, sys
from typer.testing import CliRunner
import model_build
from model_build.cli import app

plans = {"": model_build.__file__}
for recipe in sys.argv[1:]:
    os.environ["RECIPE"] = recipe  # as the repository's variable
    done = CliRunner().invoke(app, ["plan", "--json"])
    plans[recipe] = json.loads(done.stdout) if done.exit_code == 0 else done.output
print(json.dumps(plans))
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The build repository, as it is poured."""
    folder = tmp_path_factory.mktemp("poured") / "build"
    seed.pour(dataclasses.replace(seed.BUILD, vendored=None), folder)
    return folder


@pytest.mark.slow
def test_every_recipe_has_a_plan_in_the_poured_build_repository(build, aws):
    path = [build, build / "common", build / "steps"]
    environment = aws.environment
    done = subprocess.run(
        [sys.executable, "-c", PLANS, *RECIPES],
        cwd=build,
        env=environment | {"PYTHONPATH": ":".join([*map(str, path), environment["PYTHONPATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plans = json.loads(done.stdout)
    assert Path(plans.pop("")).is_relative_to(build)
    for name in RECIPES:
        planned = plans[name]
        assert isinstance(planned, dict), planned
        assert planned["pipeline"] == {"name": f"{aws.project.name}-{name}", "exists": False}
        assert planned["recipe"]["name"] == name
        assert planned["champion"] is None


@pytest.mark.parametrize("variant", seed.DEPLOY)
def test_every_recipe_has_checks_and_stages_in_each_poured_deploy_repository(build, variant, tmp_path):
    seed.pour(dataclasses.replace(seed.DEPLOY[variant], vendored=None), tmp_path / "deploy")
    for path in (tmp_path / "deploy/stages").glob("*.yaml"):
        Stage.load(path)
    loaded = checks.load(tmp_path / "deploy")
    assert set(loaded) >= set(RECIPES)
    for name in RECIPES:
        labels = Recipe.load(build / "recipes" / f"{name}.yaml").labels.names
        assert loaded[name].labels and loaded[name].labels <= set(labels), name
