"""`model-build status`, `report`, `logs` and `stop` of executions that have ended."""

import json
from datetime import datetime
from pathlib import Path

import pytest


def text(result):
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_status_lists_the_executions_newest_first_with_why_they_failed(past):
    lines = text(past.call("status")).splitlines()
    assert lines[0] == "pipeline   past-garments"
    listed = [line.split()[1:3] for line in lines if line.startswith("execution")]
    ids = [past.executions[case].rpartition("/")[2] for case in ("passed", "refused", "failed")]
    assert listed == [[ids[0], "Succeeded"], [ids[1], "Failed"], [ids[2], "Failed"]]
    assert lines[-1] == "champion   none: no version is approved"
    assert sum(line.startswith("           ") for line in lines) == 2


def test_machines_get_the_status_with_arns_times_and_reasons(past):
    found = json.loads(text(past.call("status", "--json")))
    assert (found["pipeline"], found["champion"]) == ({"name": "past-garments", "exists": True}, None)
    newest, *others = found["executions"]
    assert (newest["arn"], newest["status"], newest["reason"]) == (
        past.executions["passed"],
        "Succeeded",
        None,
    )
    assert datetime.fromisoformat(newest["started"]).utcoffset() is not None
    assert all(each["reason"] for each in others)


def test_a_recipe_whose_pipeline_was_never_run_says_what_runs_it(past):
    other = past.root / "recipes" / "shoes.yaml"
    other.write_text((past.root / "recipes" / "garments.yaml").read_text().replace("garments", "shoes"))
    try:
        shown = text(past.call("status", "--recipe", "shoes"))
    finally:
        other.unlink()
    assert shown.splitlines()[0] == (
        "pipeline   past-shoes  (does not exist yet; `model-build run --data FILE --root "
        f"{past.root} --recipe shoes` makes it)"
    )


@pytest.mark.parametrize(
    ("case", "headline", "registered"),
    [
        ("passed", "The candidate passes the gate", "The model is registered and waits for approval."),
        ("refused", "The gate refuses the candidate", "No model was registered."),
        ("failed", "Prepare failed", "No model was registered."),
    ],
)
def test_a_report_is_written_here_and_into_the_bucket(past, case, headline, registered):
    page, comment, uri = text(past.call("report", *past.of(case))).splitlines()
    identity = past.of(case)[1]
    assert (page, comment) == (f"reports/{identity}/report.html", f"reports/{identity}/report.md")
    assert uri == f"s3://{past.aws.bucket}/runs/{identity}/report/"
    said = Path(comment).read_text()
    assert headline in said and registered in said
    assert ("Next: `model-build approve 1 --why 'I read its report'`" in said) == (case == "passed")
    s3 = past.aws.client("s3")
    for path, kind in ((page, "text/html"), (comment, "text/markdown")):
        stored = s3.get_object(Bucket=past.aws.bucket, Key=f"runs/{identity}/report/{Path(path).name}")
        assert stored["ContentType"] == f"{kind}; charset=utf-8"
        assert stored["Body"].read() == Path(path).read_bytes()


def test_a_report_has_the_figures_the_data_and_where_the_model_comes_from(past):
    text(past.call("report", "--json", *past.of("passed")))
    said = Path("reports", past.of("passed")[1], "report.md").read_text()
    assert "| **macro_f1** (gate) | 0.7000 |" in said
    assert "Data: 100 of 101 rows used" in said
    assert "- commit: `c0ffee`" in said
    assert "- object: `s3://lake/reviews.csv`" in said
    assert f"- sha256: `{'d' * 64}`" in said
    assert f"- execution: `{past.executions['passed']}`" in said
    assert f"- model package: `{past.package}`" in said
    assert "- training: algorithm blazingtext, mode supervised" in said


def test_the_latest_execution_is_reported_unless_another_is_named(past):
    found = json.loads(text(past.call("report", "--json")))
    assert found == {
        "html": f"reports/{past.of('passed')[1]}/report.html",
        "markdown": f"reports/{past.of('passed')[1]}/report.md",
        "uri": f"s3://{past.aws.bucket}/runs/{past.of('passed')[1]}/report/",
    }


def test_a_report_is_added_to_the_summary_of_its_job(past, tmp_path):
    (tmp_path / "summary.md").write_text("before\n")
    shown = text(past.call("report", "--summary", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md")))
    comment = shown.splitlines()[1]
    assert (tmp_path / "summary.md").read_text() == f"before\n{Path(comment).read_text()}\n"


def test_a_log_is_printed_line_by_line_whatever_case_its_step_is_written_in(past):
    assert text(past.call("logs", "--step", "PREPARE", *past.of("failed"))) == "one\ntwo\n"
    found = json.loads(text(past.call("logs", "--step", "evaluate", "--json")))
    assert (found["step"], found["lines"]) == ("Evaluate", ["one", "two"])
    assert found["job"].startswith("pipelines-")


@pytest.mark.parametrize(
    ("case", "step", "said"),
    [
        ("failed", "Evaluate", "has not reached a step Evaluate. Steps reached: Prepare."),
        (
            "passed",
            "Train",
            "has not reached a step Train. Steps reached: Prepare, Evaluate, Gate, Register.",
        ),
        ("passed", "gate", "Step Gate runs no job, so it has no log. Steps with logs: Prepare, Evaluate."),
        ("passed", "", "has not reached a step . Steps reached: Prepare"),
    ],
)
def test_a_step_without_a_log_is_answered_with_those_that_have_one(past, case, step, said):
    result = past.call("logs", "--step", step, *past.of(case))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_what_has_ended_is_not_stopped(past):
    identity = past.of("refused")[1]
    assert (
        text(past.call("stop", *past.of("refused"))) == f"Nothing to stop: execution {identity} is Failed.\n"
    )
    assert json.loads(text(past.call("stop", "--json"))) == {
        "execution_arn": past.executions["passed"],
        "status": "Succeeded",
        "stopped": False,
    }


@pytest.mark.parametrize("command", [["report"], ["stop"], ["logs", "--step", "Train"]])
def test_an_execution_that_is_not_there_is_answered_with_the_command_that_lists_them(past, command):
    result = past.call(*command, "--execution", "zzzzzzzzzzzz")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "error: The pipeline past-garments has no execution zzzzzzzzzzzz; "
        f"`model-build status --root {past.root}` lists the latest.\n"
    )
