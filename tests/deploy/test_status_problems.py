"""What `status` finds wrong with a stage, by what was observed, and how it is told."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from model_deploy.commands import status
from model_deploy.commands.status import Status
from model_deploy.core.plan.observed import Endpoint, Live, Observed, Phase, Stack
from model_deploy.core.record import Record
from model_deploy.errors import StageError

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STACK = Stack("shop-staging-endpoint", "id", "UPDATE_COMPLETE", NOON)
TEMPLATE = json.dumps({"Outputs": {"ModelPackageArn": {"Value": f"{GROUP}/7"}}})
ENDPOINT = Endpoint("shop-staging", "InService", "config-1")
LIVE = Live(ENDPOINT, "model-1", f"{GROUP}/7", "a" * 64)
RECORD = Record(
    time=NOON,
    deployment="abc-1",
    stage="staging",
    endpoint="shop-staging",
    kind="rollout",
    model_package_arn=f"{GROUP}/7",
    model_package_version=7,
    outcome="deployed",
    verified=True,
    failures=(),
    why="it is better",
    forced=None,
    who="arn:aws:iam::123456789012:user/ada",
    commit="c0ffee",
    model_commit="beef",
    plan_sha256="0" * 64,
    replaced=None,
    model_sha256="a" * 64,
)
HEALTHY = Status(
    stage="staging",
    stack="shop-staging-endpoint",
    endpoint="shop-staging",
    observed=Observed(STACK, TEMPLATE, LIVE),
    record=RECORD,
    alarms=(),
    approval="Approved",
)


def seen(**changes):
    """The healthy stage with another observation."""
    return replace(HEALTHY, observed=replace(HEALTHY.observed, **changes))


def endpoint(**changes):
    return replace(LIVE, endpoint=replace(ENDPOINT, **changes))


@pytest.mark.parametrize(
    "healthy",
    [
        HEALTHY,
        seen(stack=None, template=None, live=None),
        seen(stack=replace(STACK, status="CREATE_IN_PROGRESS"), template=None, live=None),
        seen(stack=replace(STACK, status="UPDATE_IN_PROGRESS"), live=None),
        seen(stack=replace(STACK, status="ROLLBACK_COMPLETE"), template=None, live=None),
        seen(live=endpoint(status="Updating", reason="It was slow before.")),
        seen(live=replace(endpoint(status="Updating"), package_arn=f"{GROUP}/6")),
        seen(live=replace(LIVE, model_sha256=None)),
        replace(HEALTHY, record=None),
        replace(HEALTHY, record=replace(RECORD, model_sha256=None)),
        replace(HEALTHY, record=replace(RECORD, model_package_arn=f"{GROUP}/6", model_sha256="b" * 64)),
        replace(HEALTHY, approval="PendingManualApproval"),
        replace(HEALTHY, approval=None),
    ],
    ids=[
        "as it should be",
        "nothing",
        "a stack in the making",
        "a stack that is changed",
        "a stack that never was",
        "an update",
        "an update from another package",
        "an old deployment",
        "no record",
        "an old record",
        "another package's record",
        "an approval withdrawn",
        "deleted in the registry",
    ],
)
def test_a_stage_without_a_contradiction_has_no_problem(healthy):
    assert healthy.problems == ()


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (
            seen(live=None),
            "the stack says that there is an endpoint, and there is none: it was deleted by hand",
        ),
        (seen(stack=None, template=None), "there is an endpoint, and no stack that it belongs to"),
        (
            seen(live=endpoint(status="Failed", reason="No capacity.")),
            "the endpoint says: No capacity.",
        ),
        (
            seen(live=replace(LIVE, package_arn=f"{GROUP}/6")),
            f"the stack says {GROUP}/7, the endpoint serves {GROUP}/6",
        ),
        (
            seen(live=replace(LIVE, package_arn=None)),
            f"the stack says {GROUP}/7, the endpoint serves a model of no package",
        ),
        (
            replace(HEALTHY, approval="Rejected", way_back="`back` brings 6 back."),
            "version 7 was rejected and is live. `back` brings 6 back.",
        ),
        (
            replace(HEALTHY, record=replace(RECORD, model_sha256="b" * 64)),
            f"the endpoint serves an artifact with the SHA-256 {'a' * 64}, the record names {'b' * 64}",
        ),
        (replace(HEALTHY, alarms=("shop-staging-Latency",)), "the alarm shop-staging-Latency is in ALARM"),
    ],
    ids=["deleted", "no stack", "failed", "another package", "no package", "rejected", "artifact", "alarm"],
)
def test_a_contradiction_is_told_with_both_sides(broken, problem):
    assert broken.problems == (problem,)
    assert f"  WRONG     {problem}" in status.lines([broken])
    assert status.document([broken], {})["stages"][0]["problems"] == [problem]


def test_every_problem_is_told():
    broken = replace(
        seen(live=replace(LIVE, package_arn=f"{GROUP}/6")), alarms=("a", "b"), approval="Rejected"
    )
    assert [problem.split()[0] for problem in broken.problems] == ["the", "version", "the", "the"]


def test_a_healthy_stage_is_told_in_six_lines():
    api = replace(STACK, outputs={"ApiUrl": "https://x/classify"})
    assert status.lines([seen(stack=api)]) == [
        "staging",
        "  stack     shop-staging-endpoint  UPDATE_COMPLETE",
        "  endpoint  shop-staging  InService",
        f"  model     version 7  {GROUP}/7",
        "  latest    version 7, deployed, verified, 2026-11-21 12:00:00 UTC, by user/ada: it is better",
        "  api       https://x/classify",
    ]


def test_a_stage_that_does_not_exist_is_told_so():
    nothing = replace(seen(stack=None, template=None, live=None), record=None)
    assert status.lines([nothing]) == [
        "staging",
        "  stack     shop-staging-endpoint  none",
        "  endpoint  shop-staging  none",
        "  model     none",
    ]
    assert status.document([nothing], {})["stages"] == [
        {
            "name": "staging",
            "stack": {"name": "shop-staging-endpoint", "status": None},
            "endpoint": {"name": "shop-staging", "status": None},
            "model_package_arn": None,
            "approval": "Approved",
            "rollout": None,
            "model_sha256": None,
            "api": None,
            "latest": None,
            "problems": [],
        }
    ]


def test_a_model_of_no_package_has_no_version():
    assert seen(live=replace(LIVE, package_arn=None)).version is None
    assert "  model     none" in status.lines([seen(live=replace(LIVE, package_arn=None))])


def test_an_update_is_told_with_its_package_and_its_phases():
    phases = (Phase("ActivatingTraffic", "Moving 10%"), Phase("Baking", "Baking now", NOON))
    updating = replace(
        seen(live=endpoint(status="Updating", phases=phases)), becoming_arn=f"{GROUP}/8", bake_seconds=300
    )
    # The bake began long ago, so nothing of it is left.
    told = "  rollout   to version 8: ActivatingTraffic: Moving 10%; Baking now, 0 s left of 300 s"
    assert told in status.lines([updating])
    assert status.document([updating], {})["stages"][0]["rollout"] == {
        "model_package_arn": f"{GROUP}/8",
        "phases": [
            {"status": "ActivatingTraffic", "message": "Moving 10%", "seconds_left": None},
            {"status": "Baking", "message": "Baking now", "seconds_left": 0.0},
        ],
    }


def test_stages_whose_file_cannot_be_used_stand_beside_the_others():
    broken = {"canary": StageError("stages/canary.yaml has a problem:\n  endpoint: missing.")}
    document = status.document([HEALTHY], broken)
    assert [stage["name"] for stage in document["stages"]] == ["staging", "canary"]
    assert document["stages"][1]["problems"] == ["stages/canary.yaml has a problem:\n  endpoint: missing."]
    assert status.broken_lines(broken) == ["canary", "  WRONG     its file cannot be used, see below"]


@pytest.mark.parametrize(
    ("phase", "left"),
    [
        (Phase("Baking", "", NOON), 240.0),
        (Phase("Baking", "", None), None),
        (Phase("Creating", "", NOON), None),
        (Phase("Baking", "", datetime(2026, 11, 21, 11, 0, tzinfo=UTC)), 0.0),
    ],
)
def test_only_a_bake_has_an_end_that_is_known(phase, left):
    assert phase.seconds_left(300, datetime(2026, 11, 21, 12, 1, tzinfo=UTC)) == left


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        (Phase("Baking", ""), "Baking"),
        (Phase("Baking", "Baking 50% of the fleet"), "Baking 50% of the fleet"),
        (Phase("Baking", "half"), "Baking: half"),
    ],
)
def test_a_phase_says_its_status_once(phase, told):
    assert str(phase) == told
