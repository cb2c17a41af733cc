"""`project-template create --recipe NAME`, once for every recipe: what the project's two repositories can do with it."""

import json

import pytest
from embedded import ORGANIZATION, REVIEWER, Embedded
from people import Account, Job

from model_deploy.stage import Stage
from project_template.stacks.publication_values import RECIPES

pytestmark = pytest.mark.slow

OPTIONS = {
    "bert-sentiment": ("--trial-endpoint",),
    "toxic-comments": ("--endpoint-kind", "serverless"),
}
"""Of those that are created with more than their name."""


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An account with a publication."""
    embedded = Embedded(tmp_path_factory.mktemp("server"))
    made = Account.make(embedded, tmp_path_factory.mktemp("work"), "publisher")
    made.publish()
    yield made
    embedded.stop()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_project_is_created_with_the_recipe_that_its_repositories_then_know(account, recipe):
    name, options = f"p-{recipe}", OPTIONS.get(recipe, ())
    who = ("--github-org", ORGANIZATION, "--reviewers", REVIEWER)
    created = account.template("create", name, "--recipe", recipe, *who, *options)
    assert created["status"] == "CreateCompleted"

    build, deploy = (f"{ORGANIZATION}/{name}-{half}" for half in ("build", "deploy"))
    train = Job(account, build, account.clone(build), "BUILD_RUN_ROLE_ARN", {})
    variables = train.variables()
    assert variables["RECIPE"] == recipe
    assert ("TRIAL_ROLE_ARN" in variables) is ("--trial-endpoint" in options)
    plan = train.run("model-build", "plan")
    assert plan["recipe"]["name"] == recipe
    assert plan["pipeline"] == {"name": f"{name}-{recipe}", "exists": False}
    assert plan["champion"] is None

    folder = account.clone(deploy)
    stages = {path.stem: Stage.load(path) for path in (folder / "stages").glob("*.yaml")}
    kind = options[1] if "--endpoint-kind" in options else "realtime"
    assert {stage: found.endpoint.kind for stage, found in stages.items()} == dict.fromkeys(
        ("staging", "production"), kind
    )
    assert json.loads((folder / "checks" / f"{recipe}.json").read_text())
