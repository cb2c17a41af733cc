"""What a smoke run says that it makes and costs, before it begins."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from model_build.recipe.recipe import Recipe
from model_common import prices
from model_deploy.stage.stage import Stage
from project_template.errors import UsageError
from project_template.seed import TEMPLATE
from project_template.smoke import plan
from project_template.smoke.plan import Plan

RUN = Plan("smoke-1", "acme", "amazon-sentences", 240)
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def test_the_bound_is_the_sum_of_jobs_and_endpoints_for_all_the_time_that_they_may_have():
    hour = prices.INSTANCE_HOURS["ml.m5.large"]
    endpoints = [each.dollars for each in plan.costs(RUN) if each.what.startswith("endpoint")]
    # One and two instances, twice during a rollout, for four hours and one of teardown.
    assert endpoints == pytest.approx([hour * 2 * 5 * 1.7, hour * 4 * 5 * 1.7])
    assert plan.bound(RUN) == pytest.approx(sum(each.dollars for each in plan.costs(RUN)))
    assert 5 < plan.bound(RUN) < 15


def test_a_longer_run_may_cost_more():
    assert plan.bound(Plan("a", "acme", "r", 480)) > plan.bound(RUN)


def test_the_jobs_of_every_recipe_have_its_instances_and_its_limits():
    for path in sorted((TEMPLATE / "build" / "recipes").glob("*.yaml")):
        recipe = Recipe.load(path)
        assert [
            (job.name, job.instance_type, job.hours) for job in plan.jobs_of(yaml.safe_load(path.read_text()))
        ] == [
            (name, part.instance_type, part.max_runtime_seconds / 3600)
            for name, part in [
                ("Prepare", recipe.processing),
                ("Train", recipe.training),
                ("Evaluate", recipe.processing),
            ]
        ]


def test_the_endpoints_are_those_of_the_stages():
    for stage, (instance, count) in plan.INSTANCES.items():
        endpoint = Stage.load(TEMPLATE / "deploy" / "stages" / f"{stage}.yaml").endpoint
        assert (endpoint.instance_type, endpoint.instance_count) == (instance, count)


def test_the_lines_name_account_region_prices_date_and_bound():
    shown = "\n".join(plan.lines(RUN, "123456789012", "eu-west-1"))
    for word in (
        "123456789012",
        "eu-west-1",
        prices.DATE,
        prices.SOURCE,
        f"{plan.bound(RUN):.2f} USD",
        "240 minutes",
    ):
        assert word in shown


def test_what_a_run_makes_is_left_over_once_its_time_is_over():
    stated = RUN.expires(NOW)
    assert not plan.is_over(stated, NOW + timedelta(minutes=299))
    assert plan.is_over(stated, NOW + timedelta(minutes=301))
    assert plan.is_over("whatever", NOW)


def test_too_little_time_is_refused():
    with pytest.raises(UsageError, match="--minutes is 5; expected 30 or more"):
        Plan("a", "acme", "r", 5)


def test_an_instance_without_a_price_is_named():
    with pytest.raises(prices.UnknownPriceError, match=r"ml\.x1\.large"):
        prices.instance_hours("ml.x1.large", 1)
