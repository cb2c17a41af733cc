"""Every recipe from its data to a verified endpoint of its kind: on real data where ../shared/data has it, else on made rows."""

import importlib.util
import shutil

import made_rows
import pytest
import yaml
from machine import Machine
from people import TEMPLATE

pytestmark = pytest.mark.slow

DATA = TEMPLATE.parent / "shared" / "data"
REAL = {
    "amazon-sentences": "hutto_amazon_sentences.tsv",
    "amazon-sentiment": "amazon_14_domains.tsv.zip",
    "bert-sentiment": "hutto_amazon_sentences.tsv",
    "clothing-reviews": "womens_clothing_reviews.csv.zip",
    "cooking": "cooking_stackexchange.txt",
    "helpful-reviews": "reviews_Musical_Instruments_5.json.zip",
    "toxic-comments": "jigsaw_toxic_20k.csv.zip",
}
"""By the beginning of a recipe's name."""

RECIPES = sorted(path.stem for path in (TEMPLATE / "build" / "recipes").glob("*.yaml"))
NEEDS = {"bert-sentiment": "transformers", "amazon-sentiment": "pyspark"}
ENDPOINTS = {
    "helpful-reviews": {"kind": "asynchronous", "instance_type": "ml.m5.large", "instance_count": 1},
    "toxic-comments": {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 4},
}
"""What is not served by the stage as it is poured."""
TRIALS = {"bert-sentiment": {"kind": "realtime", "instance_type": "ml.m5.large", "texts": 50}}
"""What is tried on a temporary endpoint before the gate decides."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = Machine(tmp_path_factory.mktemp("machine"), RECIPES)
    yield made
    made.stop()


@pytest.fixture
def root(request, tmp_path):
    """The deploy repository, with a stage that serves as the recipe's problem is served."""
    recipe = request.getfixturevalue("recipe")
    if recipe not in ENDPOINTS:
        return TEMPLATE / "deploy"
    folder = shutil.copytree(TEMPLATE / "deploy", tmp_path / "deploy")
    stage = folder / "stages" / "staging.yaml"
    stated = yaml.safe_load(stage.read_text()) | {"endpoint": ENDPOINTS[recipe]}
    if recipe == "toxic-comments":
        del stated["network"]  # a serverless endpoint cannot be isolated
    stage.write_text(yaml.safe_dump(stated))
    return folder


@pytest.fixture
def build(request, tmp_path):
    """The build repository, whose recipe has a trial where TRIALS says so."""
    recipe = request.getfixturevalue("recipe")
    if recipe not in TRIALS:
        return TEMPLATE / "build"
    folder = shutil.copytree(TEMPLATE / "build", tmp_path / "build")
    path = folder / "recipes" / f"{recipe}.yaml"
    path.write_text(f"{path.read_text()}\n{yaml.safe_dump({'trial': TRIALS[recipe]})}")
    return folder


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_goes_from_data_to_a_verified_endpoint(machine, build, root, recipe, tmp_path):
    if recipe in NEEDS and importlib.util.find_spec(NEEDS[recipe]) is None:
        pytest.skip(f"{recipe} needs {NEEDS[recipe]}: make extras")
    real = DATA / next(name for kind, name in REAL.items() if recipe.startswith(kind))
    if real.is_file():
        options = ["--data", str(real)]
    else:
        options = ["--data", str(made_rows.write(recipe, tmp_path / "rows")), "--minimum", "0.1"]
    run = machine.run(recipe, "model-build", "run", "--recipe", recipe, *options, root=build)
    assert run["gate"]["passed"] is True
    if recipe in TRIALS:
        assert (run["trial"]["texts"], run["trial"]["differing"]) == (50, 0)
        assert "The trial endpoint answered all 50 texts" in run["gate"]["reason"]
    arn = machine.approve(run["model_package_arn"])
    rolled_out = machine.deploy(recipe, "rollout", "--stage", "staging", "--model-package", arn, root=root)
    assert (rolled_out["verified"], rolled_out["model_package_arn"]) == (True, arn)
    machine.deploy(recipe, "teardown", "--stage", "staging", "--yes", root=root)
