"""What is said of an endpoint while it is being updated: to which version, which step, how long it still bakes."""

from datetime import UTC, datetime, timedelta

import pytest

from model_deploy.aws import endpoint
from model_deploy.commands import status
from model_deploy.commands.status import Status
from model_deploy.core.plan.observed import Live, Observed, Phase

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def updating(phase, since):
    variant = {
        "VariantStatus": [{"Status": phase, "StatusMessage": "1 of 3 take traffic", "StartTime": since}]
    }
    return endpoint.parse(
        {
            "EndpointName": "shop-production",
            "EndpointStatus": "Updating",
            "EndpointConfigName": "before",
            "PendingDeploymentSummary": {"EndpointConfigName": "after", "ProductionVariants": [variant]},
        }
    )


def stage(found):
    live = Live(found, "Model-x", f"{GROUP}/3")
    observed = Observed(live=live)
    return Status("production", "shop", found.name, observed, None, (), None, "", f"{GROUP}/4", 300)


def test_status_names_the_version_the_step_and_the_time_left():
    found = updating("Baking", datetime.now(UTC) - timedelta(seconds=100))
    [said] = [line for line in status.lines([stage(found)]) if line.startswith("  rollout ")]
    assert said.startswith("  rollout   to version 4: Baking: 1 of 3 take traffic, ")
    [document] = status.document([stage(found)], {})["stages"]
    assert document["rollout"]["model_package_arn"] == f"{GROUP}/4"
    [phase] = document["rollout"]["phases"]
    assert (phase["status"], 0 <= phase["seconds_left"] <= 200) == ("Baking", True)


@pytest.mark.parametrize(("passed", "left"), [(0, 300), (100, 200), (400, 0)])
def test_a_bake_has_so_long_left(passed, left):
    assert Phase("Baking", "", NOW - timedelta(seconds=passed)).seconds_left(300, NOW) == left


def test_how_long_instances_take_to_start_is_not_known():
    [phase] = updating("Creating", NOW).phases
    assert (str(phase), phase.seconds_left(300, NOW)) == ("Creating: 1 of 3 take traffic", None)


def test_an_endpoint_that_is_not_updated_has_no_rollout():
    settled = endpoint.parse(
        {"EndpointName": "shop-production", "EndpointStatus": "InService", "EndpointConfigName": "now"}
    )
    observed = Observed(live=Live(settled, "Model-x", f"{GROUP}/3"))
    found = Status("production", "shop", settled.name, observed, None, ())
    assert not [line for line in status.lines([found]) if "rollout" in line]
    assert status.document([found], {})["stages"][0]["rollout"] is None
