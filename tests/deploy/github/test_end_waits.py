"""`model-deploy end-waits`: which runs a decision ends, and what is said of them."""

import json

import pytest

from model_deploy.commands import end_waits

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
WORKFLOW = ".github/workflows/deploy.yml"
WAITING = "/actions/runs?status=waiting&per_page=100"
WORKING = "/actions/runs?status=in_progress&per_page=100"
DEPLOYMENTS = "/deployments?environment=production&per_page=100"


@pytest.fixture
def runs(api):
    """States the unfinished runs: number, version of the package, and the environments that they wait for."""

    def runs(*stated):
        listed = []
        for number, version, environments in stated:
            url = f"https://github.example.com/runs/{number}"
            listed.append(
                {
                    "id": number,
                    "run_number": number,
                    "display_title": f"model-approved {GROUP}/{version}",
                    "html_url": url,
                    "path": WORKFLOW,
                }
            )
            waited = [{"environment": {"name": name}} for name in environments]
            api.lists(f"/actions/runs/{number}/pending_deployments", waited)
            api.lists(
                f"/deployments/{number}/statuses", [{"log_url": f"https://x/actions/runs/{number}/job/1"}]
            )
        api.lists(WAITING, {"workflow_runs": listed})
        api.lists(WORKING, {"workflow_runs": []})
        api.lists(DEPLOYMENTS, [{"id": number} for number, _, _ in stated])

    return runs


def cancelled(api):
    return [path.split("/")[3] for method, path, _ in api.changes if path.endswith("/cancel")]


def test_an_approval_ends_the_earlier_runs_that_wait_for_production(api, github, own, arn, runs):
    runs(
        (3, 5, ["production"]),
        (4, 6, ["staging", "production"]),
        (5, 6, ["staging"]),
        (6, 6, []),
        (9, 7, ["production"]),
        (10, 8, ["production"]),
    )
    ended = end_waits.run(github, own, arn, rejected=False)
    assert cancelled(api) == ["3", "4"]
    assert [(run.number, run.package) for run in ended.runs] == [(3, f"{GROUP}/5"), (4, f"{GROUP}/6")]
    told = {
        "state": "inactive",
        "description": "Superseded by the approval of version 7 in run 9",
        "log_url": "https://github.example.com/o/shop/actions/runs/900",
        "environment": "production",
    }
    assert ("POST", "/deployments/3/statuses", told) in api.changes


def test_a_rejection_ends_the_wait_for_that_package_alone(api, github, own, arn, runs):
    runs((3, 7, ["production"]), (4, 70, ["production"]), (5, 6, ["production"]))
    ended = end_waits.run(github, own, arn, rejected=True)
    assert cancelled(api) == ["3"]
    assert ended.document() == {
        "reason": "version 7 was rejected",
        "runs": [
            {"number": 3, "url": "https://github.example.com/runs/3", "model_package_arn": f"{GROUP}/7"}
        ],
    }
    assert api.changes[-1][2]["description"] == "Version 7 was rejected in run 9"


def test_a_run_that_ends_by_itself_meanwhile_is_left_alone(api, github, own, arn, runs):
    runs((3, 5, ["production"]), (4, 6, ["production"]))
    api.refusals["POST", "/actions/runs/3/cancel"] = 409
    assert [run.number for run in end_waits.run(github, own, arn, rejected=False).runs] == [4]
    assert not any(path.startswith("/deployments/3/") for _, path, _ in api.changes)


def test_the_command_says_which_run_it_ended_and_why(api, run, runs):
    runs((3, 5, ["production"]))
    shown = run("end-waits")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout == (
        f"Ended run 3, which waited for a review of {GROUP}/5 (https://github.example.com/runs/3): superseded by the approval "
        "of version 7.\n"
    )
    assert json.loads(run("end-waits", "--json", "--rejected").stdout) == {
        "reason": "version 7 was rejected",
        "runs": [],
    }


def test_the_command_says_that_there_was_nothing_to_end(run, runs, tmp_path):
    runs()
    page = tmp_path / "summary.md"
    shown = run("end-waits", "--summary", GITHUB_STEP_SUMMARY=str(page))
    said = "No earlier run waits for a review that this one replaces."
    assert (shown.exit_code, shown.stdout) == (0, f"{said}\n")
    assert page.read_text() == f"### end-waits: production\n\n```text\n{said}\n```\n\n"


def test_a_missing_permission_ends_the_command_and_names_it(api, run, runs):
    runs((3, 5, ["production"]), (4, 6, ["production"]))
    api.refusals["POST", "/actions/runs/3/cancel"] = 403
    refused = run("end-waits")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "GitHub answered 403 to POST" in refused.stderr
    assert "actions: write" in refused.stderr
    assert cancelled(api) == []


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_RUN_ID", "MODEL_PACKAGE_ARN"])
def test_outside_of_a_workflow_the_missing_variable_is_named(api, run, name):
    refused = run("end-waits", **{name: None})
    assert refused.exit_code == 2
    assert name in refused.stderr or "--model-package" in refused.stderr
    assert api.asked == []
