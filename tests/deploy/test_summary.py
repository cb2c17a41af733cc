"""What a workflow's page shows of a command; and that what an event says can come in by variables."""

import json

from model_deploy.summary import Summary


def test_a_summary_is_a_heading_and_the_lines_as_they_are(tmp_path):
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    summary = Summary.on_github("plan: staging, version 7", {"GITHUB_STEP_SUMMARY": str(page)})
    summary.add(["<b>one</b>", "``` two"])
    summary.write()
    summary.write()
    assert page.read_text() == (
        "before\n### plan: staging, version 7\n\n````text\n<b>one</b>\n``` two\n````\n\n"
    )


def test_refusals_and_results_are_on_the_page_of_the_run(project, tmp_path):
    page = tmp_path / "summary.md"
    arn = project.register(approval="PendingManualApproval")
    elsewhere = project.run("plan", "--stage", "staging", "--model-package", arn, "--summary")
    assert elsewhere.exit_code == 2
    assert "GITHUB_STEP_SUMMARY" in elsewhere.stderr

    project.variables |= {
        "GITHUB_STEP_SUMMARY": str(page),
        "MODEL_PACKAGE_ARN": arn,
        "WHY": "event 7 of the registry",
    }
    refused = project.run("rollout", "--stage", "staging", "--summary")
    assert refused.exit_code == 3
    assert "### rollout: staging, version 1" in page.read_text()
    assert "Its approval is PendingManualApproval" in page.read_text()

    project.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    for command in ("plan", "rollout", "verify"):
        page.write_text("")
        assert project.run(command, "--stage", "staging", "--summary", "--json").exit_code == 0
        shown = page.read_text()
        assert shown.startswith(f"### {command}: staging, version 1\n\n```text\n")
        assert project.endpoint("staging") in shown
    page.write_text("")
    again = project.run("rollout", "--stage", "staging", "--plan", "--summary", "--json")
    plan, rollout = page.read_text().split("### ")[1:]
    assert plan.startswith("plan: staging, version 1\n")
    assert "Nothing changes" in plan
    assert "Nothing changes" in again.stderr
    assert json.loads(again.stdout)["changed"] is False
    assert rollout.startswith("rollout: staging, version 1\n")
    assert [record["why"] for record in project.records("staging")] == ["event 7 of the registry"]
    for command in ("rollback", "reject"):
        page.write_text("")
        assert project.run(command, "--stage", "staging", "--summary").exit_code == 3
        assert f"### {command}: staging" in page.read_text()
        assert "error: " in page.read_text()


def test_without_an_occasion_the_record_has_what_the_approver_said(project):
    arn = project.register()
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="macro-F1 is up"
    )
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    assert [record["why"] for record in project.records("staging")] == ["macro-F1 is up"]
