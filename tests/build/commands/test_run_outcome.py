"""What `model-build run` says at its end: figures, verdict, package, next step; and the error that sets its exit code."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from model_build.aws.data import Data
from model_build.commands import run
from model_build.commands.report import ReportFiles
from model_build.core.execution import Execution, Step
from model_build.core.provenance import Provenance
from model_build.core.search import Search
from model_build.errors import CommandError, RefusedError, StepFailedError
from model_build.run.launch import How
from model_build.run.results import Results

ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"
EXECUTION = f"{ACCOUNT}:pipeline/shop-garments/execution/abcdefghijkl"
PACKAGE = f"{ACCOUNT}:model-package/shop-models/7"
GATE = {"passed": True, "forced": False, "reason": "macro_f1 0.7000 reaches 0.6000.", "metric": "macro_f1"}
EVALUATION = {
    "candidate": {"metrics": {"macro_f1": 0.7, "log_loss": 0.51239}},
    "champion": None,
    "comparison": None,
    "gate": GATE,
}
PREPARATION = {"rows": 101, "used": 100, "dropped": {"empty_text": {"count": 1, "first_rows": [7]}}}
REPORT = ReportFiles(Path("reports/x/report.html"), Path("reports/x/report.md"), "s3://b/runs/x/report/")


class Streams:
    """CloudWatch Logs with one stream, whose last lines are these."""

    def __init__(self, *lines):
        self.lines = lines

    def describe_log_streams(self, **_):
        return {"logStreams": [{"logStreamName": "job/1"}] if self.lines else []}

    def get_log_events(self, limit, **_):
        return {"events": [{"message": line} for line in self.lines[-limit:]]}


def outcome(
    status="Succeeded",
    steps=(),
    how=How.STARTED,
    pull_request=None,
    log=(),
    reuses=False,
    reason="",
    **changes,
):
    settings = SimpleNamespace(pull_request=pull_request, reuses_training=reuses)
    workspace = SimpleNamespace(
        settings=settings,
        pipeline="shop-garments",
        aws=SimpleNamespace(logs=Streams(*log)),
        command=lambda *words: " ".join(["model-build", *words, "--root", "x"]),
    )
    made = run.Outcome(
        workspace,
        Data("reviews.csv", "s3://b/data/x/data", "d" * 64),
        how,
        Execution(EXECUTION, status, tuple(steps), reason=reason),
        Results(EVALUATION, PREPARATION, PACKAGE, "PendingManualApproval"),
        REPORT,
        12.5,
    )
    return replace(made, **changes)


def evaluated(**changes):
    return Results(EVALUATION | changes, PREPARATION, None)


def test_a_registered_candidate_has_its_figures_the_verdict_the_package_and_what_comes_next():
    assert run.lines(outcome()) == [
        "                            candidate",
        "macro_f1                       0.7000",
        "log_loss                       0.5124",
        "",
        "Gate passed: macro_f1 0.7000 reaches 0.6000.",
        f"Model package: {PACKAGE} (pending approval)",
        "Report: reports/x/report.html",
        "Next: model-build approve 7 --why 'I read its report'",
    ]


def test_a_champion_stands_beside_the_candidate_where_it_could_be_measured():
    compared = evaluated(
        champion={"metrics": {"macro_f1": 0.65}},
        comparison={"metric": "macro_f1", "difference": 0.05, "interval": [-0.01, 0.11], "confidence": 0.95},
    )
    assert run.lines(outcome(results=compared))[:4] == [
        "                            candidate    champion",
        "macro_f1                       0.7000      0.6500",
        "log_loss                       0.5124",
        "macro_f1 differs by +0.0500 (95% interval -0.0100 to +0.1100)",
    ]
    assert run.lines(outcome(results=evaluated(champion={"arn": PACKAGE})))[0].split() == ["candidate"]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({}, "Gate passed: macro_f1 0.7000 reaches 0.6000."),
        ({"forced": True}, "Gate passed by force: macro_f1 0.7000 reaches 0.6000."),
        ({"passed": False}, "Gate refused: macro_f1 0.7000 reaches 0.6000."),
    ],
)
def test_the_verdict_is_passed_forced_or_refused(gate, said):
    assert said in run.lines(outcome(results=evaluated(gate=GATE | gate)))


@pytest.mark.parametrize(("pull_request", "said"), [(None, "No model was registered."), (7, run.PASSED_OVER)])
def test_what_is_not_registered_says_so(pull_request, said):
    shown = run.lines(outcome(results=evaluated(), pull_request=pull_request))
    assert said in shown
    assert not any(line.startswith(("Model package", "Next")) for line in shown)


def test_a_run_that_measured_nothing_has_its_report_alone():
    assert run.lines(outcome(results=Results(None, None, None))) == ["Report: reports/x/report.html"]


@pytest.mark.parametrize(
    ("approval", "shown", "following"),
    [
        ("Approved", "approved", "Next in the deploy repository, unless its workflow does so: model-deploy rollout --stage staging --model-package 7"),
        ("PendingManualApproval", "pending approval", "Next: model-build approve 7 --why 'I read its report'"),
        ("Rejected", "rejected", None),
        ("deleted", "deleted", None),
    ],
)  # fmt: skip
def test_the_next_step_depends_on_what_the_registry_says_now(approval, shown, following):
    lines = run.lines(outcome(results=Results(EVALUATION, None, PACKAGE, approval)))
    assert f"Model package: {PACKAGE} ({shown})" in lines
    assert lines[-1] == (following or "Report: reports/x/report.html")


@pytest.mark.parametrize("how", How)
def test_a_version_that_an_earlier_run_registered_is_not_told_as_this_runs(how):
    [said] = [line for line in run.lines(outcome(how=how)) if "an earlier run" in line] or [""]
    assert bool(said) == (how is How.FOUND)
    assert not said or (said.startswith("That is version 7,") and "--force with a reason" in said)


def test_what_became_of_a_merged_training_is_told_and_stands_in_the_summary(tmp_path):
    comment = tmp_path / "report.md"
    comment.write_text("# A report\n")
    made = outcome(training="Trains again: on other data.", report=replace(REPORT, markdown=comment))
    assert "Trains again: on other data." in run.lines(made)
    assert run.summary(made) == "# A report\n\nTrains again: on other data.\n"
    assert run.summary(replace(made, training="")) == "# A report\n"


def test_machines_get_all_of_it():
    steps = [Step("Prepare", "Succeeded", cached_from=EXECUTION), Step("Train", "Executing")]
    best = Search("grid", "validation:accuracy", (), None)
    made = outcome(
        steps=steps,
        how=How.ATTACHED,
        training="Does not train again.",
        provenance=Provenance(7, "octocat"),
        results=Results(EVALUATION | {"trial": {"texts": 5}}, PREPARATION, PACKAGE, "Approved", best),
    )
    found = json.loads(json.dumps(run.document(made)))
    assert found == {
        "data": {
            "source": "reviews.csv",
            "uri": "s3://b/data/x/data",
            "sha256": "d" * 64,
            "rows": 101,
            "used": 100,
            "dropped": {"empty_text": 1},
        },
        "training": "Does not train again.",
        "pull_request": 7,
        "author": "octocat",
        "pipeline": {
            "name": "shop-garments",
            "execution_arn": EXECUTION,
            "status": "Succeeded",
            "launched": "attached",
            "steps": [
                {"name": "Prepare", "status": "Succeeded", "seconds": None, "cache_hit": True},
                {"name": "Train", "status": "Executing", "seconds": None, "cache_hit": False},
            ],
        },
        "metrics": {"macro_f1": 0.7, "log_loss": 0.51239},
        "search": best.document(),
        "trial": {"texts": 5},
        "gate": GATE,
        "model_package_arn": PACKAGE,
        "report": {
            "html": "reports/x/report.html",
            "markdown": "reports/x/report.md",
            "uri": "s3://b/runs/x/report/",
        },
        "seconds": 12.5,
    }


def test_machines_get_nulls_for_what_there_was_not():
    found = run.document(outcome(results=Results(None, None, None)))
    assert found["data"] | {"source": 0, "uri": 0, "sha256": 0} == {
        "source": 0,
        "uri": 0,
        "sha256": 0,
        "rows": None,
        "used": None,
        "dropped": {},
    }
    missing = ("training", "pull_request", "author", "search", "trial", "gate", "model_package_arn")
    assert [found[key] for key in missing] == [None] * len(missing)
    assert found["metrics"] == {}


FAIL = Step("Fail", "Failed", reason="The gate refused it.")
PREPARE = Step(
    "Prepare", "Failed", reason="ClientError: bad", kind="ProcessingJob", job_arn=f"{ACCOUNT}:x/job"
)


def test_a_success_is_no_error():
    assert run.verdict(outcome()) is None


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (
            evaluated(gate=GATE | {"passed": False, "reason": "too low."}),
            "The gate refused the candidate: too low.",
        ),
        (Results(None, None, None), "The gate refused the candidate: one step failed"),
    ],
)
def test_a_refusal_says_why_by_the_gates_own_reason(results, said):
    error = run.verdict(outcome("Failed", [FAIL], results=results, reason="one step failed"))
    assert (type(error), error.exit_code, error.message) == (RefusedError, 3, said)


def test_a_failed_step_has_its_reason_the_end_of_its_log_and_the_command_for_all_of_it():
    log = [f"line {number}" for number in range(30)]
    error = run.verdict(outcome("Failed", [PREPARE, FAIL], log=log))
    assert (type(error), error.exit_code, error.step) == (StepFailedError, 1, "Prepare")
    assert error.message.splitlines() == [
        "Step Prepare failed: ClientError: bad",
        "  The end of its log:",
        *(f"    line {number}" for number in range(10, 30)),
        "  The whole log: model-build logs --step Prepare --execution abcdefghijkl --root x",
    ]


def test_an_execution_of_another_pipeline_is_named_by_its_arn():
    error = run.verdict(outcome("Failed", [PREPARE], log=["x"], reuses=True))
    assert f"--execution {EXECUTION} --root x" in error.message


def test_a_failed_step_without_a_log_names_no_log():
    assert run.verdict(outcome("Failed", [PREPARE])).message == "Step Prepare failed: ClientError: bad"


@pytest.mark.parametrize("status", ["Stopped", "Failed", "CompletedWithFailures"])
@pytest.mark.parametrize(("reason", "said"), [("", "it says no more"), ("Quota used up.", "Quota used up.")])
def test_an_execution_that_ended_otherwise_says_how_and_why(status, reason, said):
    error = run.verdict(outcome(status, reason=reason))
    assert type(error) is CommandError
    assert error.message == f"The execution {EXECUTION} ended as {status}: {said}"
