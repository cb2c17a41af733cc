"""What `rollout`, `verify`, `reject`, `teardown` and `history` tell of their outcome, to people and to machines."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_common.leftovers import Leftovers
from model_deploy.commands import history, reject, rollout, teardown, verify
from model_deploy.commands.reject import Rejection
from model_deploy.commands.teardown import Inventory
from model_deploy.commands.verify import Verified
from model_deploy.core.model_package.package import Package
from model_deploy.core.plan.observed import Endpoint, Stack
from model_deploy.core.record import Record, record_key
from model_deploy.errors import RefusedError, RolledBackError, UsageError
from model_deploy.rollout.request import Result
from model_deploy.verify.judge import Finding, Verification

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
SEVEN = Package(f"{GROUP}/7", "shop-models", 7, "Approved")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PASSED = Verification(
    (Finding("endpoint", "praise"), Finding("api", "praise")), (("endpoint", 12.4), ("api", 30.6))
)
FAILED = Verification(
    (Finding("endpoint", "praise"), Finding("api", "complaint", "answered bad")), (("api", 1.0),)
)
DONE = Result(
    stage="staging",
    endpoint="shop-staging",
    package=SEVEN,
    plan_sha256="0" * 64,
    changed=True,
    verification=PASSED,
    contract_failures=0,
    excused=(),
    restored=None,
    cause=None,
    error=None,
    seconds=1.5,
)
TAKEN_BACK = replace(
    DONE,
    verification=None,
    restored=f"{GROUP}/6",
    cause="it rang",
    contract_failures=3,
    excused=("Latency",),
    error=RolledBackError("Version 7 was rolled back"),
)


# rollout


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (
            DONE,
            [
                f"shop-staging serves version 7 ({GROUP}/7).",
                "Verified: 2 of 2 checks passed (endpoint 12 ms, api 31 ms).",
            ],
        ),
        (
            replace(DONE, changed=False, verification=replace(FAILED, milliseconds=())),
            [f"shop-staging serves version 7 ({GROUP}/7), as before.", "Verified: 1 of 2 checks passed."],
        ),
        (TAKEN_BACK, []),
    ],
    ids=["verified", "as before, not verified", "taken back"],
)
def test_a_rollout_says_what_serves_and_how_it_was_verified(result, lines):
    assert rollout.lines(result) == lines


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (DONE, {"status": "InService", "verified": True, "changed": True, "restored": None, "cause": None}),
        (replace(DONE, verification=FAILED), {"status": "InService", "verified": False}),
        (
            TAKEN_BACK,
            {
                "status": "RolledBack",
                "verified": False,
                "findings": [],
                "milliseconds": {},
                "restored": f"{GROUP}/6",
                "cause": "it rang",
                "contract_failures": 3,
                "excused_alarms": ["Latency"],
            },
        ),
        (replace(TAKEN_BACK, restored=None), {"status": "Failed", "restored": None}),
    ],
    ids=["verified", "not verified", "taken back", "failed"],
)
def test_a_rollouts_document_tells_the_outcome(result, expected):
    document = rollout.document(result)
    assert {name: document[name] for name in expected} == expected
    assert document["version"] == 7
    assert document.keys() == {
        *(
            "stage",
            "endpoint",
            "model_package_arn",
            "version",
            "plan_sha256",
            "changed",
            "status",
            "verified",
        ),
        *("findings", "milliseconds", "contract_failures", "excused_alarms", "cause", "restored", "seconds"),
    }


def test_a_finding_in_a_document_is_its_target_its_case_and_its_failure():
    assert rollout.document(replace(DONE, verification=FAILED))["findings"] == [
        {"target": "endpoint", "case": "praise", "failure": None},
        {"target": "api", "case": "complaint", "failure": "answered bad"},
    ]
    assert rollout.document(DONE)["milliseconds"] == {"endpoint": 12.4, "api": 30.6}


@pytest.fixture
def workspace(tmp_path):
    """A workspace in a folder whose name has a space, with these stages."""
    root = tmp_path / "my shop"
    (root / "stages").mkdir(parents=True)

    def workspace(*stages: str, options: tuple[str, ...] = ()) -> Any:
        for name in stages:
            (root / "stages" / f"{name}.yaml").touch()
        return SimpleNamespace(
            root=root,
            command=lambda *words: shlex.join(["model-deploy", *words, *options, "--root", str(root)]),
        )

    return workspace


@pytest.mark.parametrize(
    ("stages", "stage", "expected"),
    [
        (("staging", "production"), "staging", "rollout --stage production --model-package 7"),
        (("staging", "canary", "production"), "staging", "rollout --stage canary --model-package 7"),
        (("staging", "production"), "production", "status"),
        (("staging", "canary", "production"), "canary", "status"),
        (("staging",), "staging", "status"),
        (("production",), "production", "status"),
    ],
)
def test_the_next_command_is_the_next_stages_or_status(workspace, stages, stage, expected):
    made = workspace(*stages)
    [line] = rollout.next_lines(made, replace(DONE, stage=stage))
    assert shlex.split(line) == ["Next:", "model-deploy", *expected.split(), "--root", str(made.root)]


def test_after_a_failure_there_is_no_next_command(workspace):
    assert rollout.next_lines(workspace("staging", "production"), TAKEN_BACK) == []


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_force_without_a_reason_is_refused_before_anything_is_asked(reason):
    nothing: Any = None
    request: Any = SimpleNamespace(forced=reason)
    with pytest.raises(UsageError, match=r"^--force needs a reason; it is recorded\.$"):
        rollout.run(nothing, request, nothing)


# verify

VERIFIED = Verified("staging", "shop-staging", SEVEN, FAILED)


def test_a_verification_is_a_line_for_each_case():
    assert verify.lines(VERIFIED) == [
        f"shop-staging: version 7 ({GROUP}/7)",
        "  ok      endpoint  praise",
        "  FAILED  api       complaint: answered bad",
    ]
    document = verify.document(VERIFIED)
    assert (document["verified"], document["version"], document["milliseconds"]) == (False, 7, {"api": 1.0})
    assert document["findings"][1] == {"target": "api", "case": "complaint", "failure": "answered bad"}


def test_a_failed_verification_is_an_error_with_the_first_failure_and_the_way_back(monkeypatch):
    nothing: Any = None
    monkeypatch.setattr(verify.rollback, "way_back", lambda _: "`back` brings 6 back.")
    error = verify.verdict(nothing, VERIFIED)
    assert isinstance(error, RefusedError)
    assert error.message == (
        "Version 7 is not verified in staging: 1 of 2 checks failed, the first one: api, complaint: answered bad. `back` brings "
        "6 back."
    )
    assert verify.verdict(nothing, replace(VERIFIED, verification=PASSED)) is None


# reject


@pytest.mark.parametrize(
    ("live", "said"),
    [(f"{GROUP}/8", f"serves {GROUP}/8"), (None, "does not exist, or serves no model package")],
    ids=["another", "nothing"],
)
def test_a_rejection_of_what_is_not_live_says_what_is(live, said):
    rejection = Rejection("staging", "shop-staging", SEVEN, live, None)
    assert reject.lines(rejection) == [
        f"Rejected version 7 ({GROUP}/7) is not live in staging: shop-staging {said}."
    ]
    document = reject.document(rejection)
    assert (document["was_live"], document["rollback"], rejection.error) == (False, None, None)


def test_a_rejection_of_what_is_live_tells_the_rollback():
    back = replace(DONE, package=replace(SEVEN, arn=f"{GROUP}/6", version=6))
    rejection = Rejection("staging", "shop-staging", SEVEN, f"{GROUP}/7", back)
    assert reject.lines(rejection)[:2] == [
        f"Rejected version 7 ({GROUP}/7) leaves staging.",
        f"shop-staging serves version 6 ({GROUP}/6).",
    ]
    assert reject.document(rejection)["was_live"] is True
    assert reject.document(rejection)["rollback"]["version"] == 6
    assert replace(rejection, rollback=TAKEN_BACK).error is TAKEN_BACK.error


# teardown

EVERYTHING = Inventory(
    stage="staging",
    stack=Stack("shop-staging-endpoint", "id", "CREATE_COMPLETE", NOON),
    resources={
        "Role": ("AWS::IAM::Role", "shop-role"),
        "Endpoint": ("AWS::SageMaker::Endpoint", "shop-staging"),
        "Latency": ("AWS::CloudWatch::Alarm", "shop-staging-Latency"),
        "Model": ("AWS::SageMaker::Model", "Model-1"),
    },
    endpoint=None,
    package_arn=f"{GROUP}/7",
    leftovers=Leftovers(endpoint_configs=("config-0",), models=("Model-0",)),
    kept="s3://shop/deployments/staging/",
)
NOTHING = replace(EVERYTHING, stack=None, resources={}, leftovers=Leftovers(), package_arn=None)


def test_what_costs_is_listed_first():
    assert [" ".join(line.split()) for line in teardown.lines(EVERYTHING)] == [
        "stack shop-staging-endpoint CREATE_COMPLETE",
        "AWS::CloudWatch::Alarm shop-staging-Latency (billed per alarm and month)",
        "AWS::SageMaker::Endpoint shop-staging (billed for its instances, every second)",
        "AWS::IAM::Role shop-role",
        "AWS::SageMaker::Model Model-1",
        "endpoint configuration config-0, used by nothing",
        "model Model-0, used by nothing",
        "Kept: s3://shop/deployments/staging/",
    ]


@pytest.mark.parametrize(
    "found",
    [
        replace(NOTHING, stack=EVERYTHING.stack),
        replace(NOTHING, endpoint=Endpoint("shop-staging", "InService", "config-1")),
        replace(NOTHING, leftovers=EVERYTHING.leftovers),
    ],
    ids=["a stack", "an endpoint", "leftovers"],
)
def test_anything_of_a_stage_is_something(found):
    assert found
    assert not NOTHING
    assert teardown.lines(NOTHING) == ["There is nothing of staging."]


def test_an_endpoint_in_no_stack_is_listed_with_its_price():
    alone = replace(NOTHING, endpoint=Endpoint("shop-staging", "InService", "config-1"))
    assert (
        teardown.lines(alone)[0]
        == "endpoint shop-staging, in no stack  (billed for its instances, every second)"
    )
    assert teardown.document(alone, NOTHING) == {
        "stage": "staging",
        "deleted": ["endpoint shop-staging"],
        "left": [],
        "kept": "s3://shop/deployments/staging/",
    }


def test_a_document_names_everything_that_was_deleted():
    assert teardown.document(EVERYTHING, NOTHING)["deleted"] == [
        "stack shop-staging-endpoint",
        "AWS::IAM::Role shop-role",
        "AWS::SageMaker::Endpoint shop-staging",
        "AWS::CloudWatch::Alarm shop-staging-Latency",
        "AWS::SageMaker::Model Model-1",
        "endpoint configuration config-0",
        "model Model-0",
    ]


@pytest.mark.parametrize(
    ("yes", "answer", "asked"), [(True, False, []), (False, True, ["Delete all of this of staging?"])]
)
def test_a_yes_is_given_or_asked_for(yes, answer, asked):
    questions = []
    teardown.confirm(EVERYTHING, yes, lambda question: bool(questions.append(question)) or answer)
    assert questions == asked


def test_without_a_yes_nothing_is_deleted():
    with pytest.raises(
        UsageError, match=r"^Nothing of staging was deleted\. --yes deletes it without asking\.$"
    ):
        teardown.confirm(EVERYTHING, False, lambda _: False)


# history

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
    who="arn:aws:sts::123456789012:assumed-role/shop-staging/ada",
    commit="c0ffee" * 7,
    model_commit="beef",
    plan_sha256="0" * 64,
    replaced=f"{GROUP}/6",
)


def test_a_history_has_a_row_for_each_deployment_and_a_line_for_each_failure():
    east = timezone(timedelta(hours=5))
    bad = replace(
        RECORD,
        time=datetime(2026, 11, 22, 1, 30, tzinfo=east),
        model_package_version=12,
        verified=False,
        failures=("endpoint, praise: no", "api, praise: no"),
        replaced=None,
        forced="on fire",
        who="ada (GitHub)",
    )
    assert history.lines("staging", [bad, RECORD]) == [
        "time (UTC)           version  before  outcome                 who               commit        why",
        "2026-11-21 20:30:00  12       -       deployed, NOT verified  ada (GitHub)      c0ffeec0ffee  it is better (forced: on fire)",
        "    endpoint, praise: no",
        "    api, praise: no",
        "2026-11-21 12:00:00  7        6       deployed, verified      shop-staging/ada  c0ffeec0ffee  it is better",
    ]
    assert history.lines("staging", []) == ["Nothing was deployed to staging yet."]


def test_a_record_for_machines_is_as_stored_with_its_schema():
    [shown] = history.document("staging", [RECORD])["deployments"]
    assert (shown["schema"], "version" in shown) == (1, False)
    assert (shown["time"], shown["failures"], shown["replaced"]) == (
        "2026-11-21T12:00:00+00:00",
        [],
        f"{GROUP}/6",
    )
    assert (shown["model_sha256"], shown["model_version"]) == (None, None)
    assert RECORD.document()["version"] == 1


@pytest.mark.parametrize(
    ("moment", "key"),
    [
        (NOON, "20261121T120000.000Z-7"),
        (NOON.replace(microsecond=999_999), "20261121T120000.999Z-7"),
        (datetime(2026, 11, 21, 14, tzinfo=timezone(timedelta(hours=2))), "20261121T120000.000Z-7"),
    ],
)
def test_a_records_key_is_its_moment_in_utc_to_the_millisecond(moment, key):
    assert record_key("staging", moment, 7) == f"deployments/staging/{key}.json"


def test_keys_sort_by_time():
    moments = [NOON + timedelta(milliseconds=step) for step in (0, 1, 10, 999, 1000, 60_000, 86_400_000)]
    keys = [record_key("staging", moment, version) for version, moment in enumerate(moments, start=3)]
    assert keys == sorted(keys)
    assert len({Path(key).stem for key in keys}) == len(keys)
