"""What a recipe finds in the deploy repositories that are poured: its checks, and stages that can serve it."""

import dataclasses

import pytest

from model_build.recipe import Recipe
from model_deploy.core import checks
from model_deploy.stage import Stage
from project_template import seed
from project_template.stacks.publication_values import RECIPES


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The build repository, as it is poured."""
    folder = tmp_path_factory.mktemp("poured") / "build"
    seed.pour(dataclasses.replace(seed.BUILD, vendored=None), folder)
    return folder


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
