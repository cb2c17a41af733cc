"""What the commands ask GitHub: runs, reviews, jobs, annotations and issues, over all pages."""

import pytest

from model_deploy.errors import GitHubError
from model_deploy.github import Issue, Job, Run

WORKFLOW = ".github/workflows/deploy.yml"
WAITING = "/actions/runs?status=waiting&per_page=100"
WORKING = "/actions/runs?status=in_progress&per_page=100"
RUN = Run(800, 8, "model-approved arn:7", "https://github.example.com/runs/800", WORKFLOW)
ISSUE = Issue(12, "text", "https://github.example.com/12", by_bot=True)


def run(number, path=WORKFLOW, title="model-approved arn:7"):
    return {
        "id": number * 100,
        "run_number": number,
        "display_title": title,
        "html_url": f"https://github.example.com/runs/{number * 100}",
        "path": path,
    }


def job(name, conclusion, *steps, **fields):
    return {
        "id": 5,
        "name": name,
        "conclusion": conclusion,
        "html_url": "https://github.example.com/job/5",
        "steps": [{"name": step, "conclusion": ended} for step, ended in steps],
        **fields,
    }


def test_unfinished_runs_are_those_of_the_workflow_from_every_page_the_oldest_first(api, github):
    api.lists(
        WAITING, {"workflow_runs": [run(8), run(7, ".github/workflows/x.yml")]}, {"workflow_runs": [run(3)]}
    )
    api.lists(WORKING, {"workflow_runs": [run(5, f"{WORKFLOW}@refs/heads/main"), run(8)]})
    found = github.unfinished(WORKFLOW)
    assert [each.number for each in found] == [3, 5, 8]
    assert found[2] == RUN


@pytest.mark.parametrize(
    ("title", "package"),
    [("model-approved arn:a/7", "arn:a/7"), ("by hand: arn:a/7", "arn:a/7"), ("push", "push"), ("push ", "")],
)
def test_a_runs_package_is_the_last_word_of_its_title(title, package):
    assert Run(1, 1, title, "", "").package == package


def test_the_environments_that_a_run_waits_for_are_named(api, github):
    api.lists(
        "/actions/runs/800/pending_deployments", [{"environment": {"name": name}} for name in ("a", "b")]
    )
    assert github.awaited(RUN) == {"a", "b"}


def test_a_run_is_cancelled(api, github):
    github.cancel(RUN)
    assert api.changes == [("POST", "/actions/runs/800/cancel", None)]


def test_the_runs_own_deployment_is_said_to_be_inactive_and_no_other(api, github):
    api.lists("/deployments?environment=production&per_page=100", [{"id": 1}], [{"id": 2}, {"id": 3}])
    for number, url in ((1, "https://x/actions/runs/8001/job/1"), (2, "https://x/actions/runs/800/job/2")):
        api.lists(f"/deployments/{number}/statuses", [{"log_url": ""}, {"log_url": url}])
    github.end_deployment(RUN, "production", "w" * 141, "https://github.example.com/runs/900")
    told = {
        "state": "inactive",
        "description": "w" * 140,  # the most that GitHub takes
        "log_url": "https://github.example.com/runs/900",
        "environment": "production",
    }
    assert api.changes == [("POST", "/deployments/2/statuses", told)]
    assert "GET /deployments/3/statuses" not in api.asked


def test_a_run_without_a_deployment_changes_none(api, github):
    api.lists("/deployments?environment=production&per_page=100", [])
    github.end_deployment(RUN, "production", "over", "https://x")
    assert api.changes == []


def test_jobs_that_have_ended_are_told_with_their_failed_steps(api, github):
    steps = [("install", "success"), ("rollout", "failure"), ("verify", "skipped"), ("last", None)]
    listed = [
        job("staging", "failure", *steps),
        job("production", None, ("install", None)),
        job("reject", "cancelled", ("install", "skipped"), ("last", None)),
        {"id": 6, "name": "bare", "conclusion": "skipped", "html_url": None, "steps": None},
    ]
    api.lists("/actions/runs/900/jobs?per_page=100", {"jobs": listed[:2]}, {"jobs": listed[2:]})
    assert github.jobs(900) == [
        Job(5, "staging", "failure", "https://github.example.com/job/5", ("rollout",), ran=True),
        Job(5, "reject", "cancelled", "https://github.example.com/job/5", (), ran=False),
        Job(6, "bare", "skipped", "", (), ran=False),
    ]


def test_a_jobs_errors_are_its_annotations_of_that_level_that_say_something(api, github):
    annotations = [
        ("warning", "old"),
        ("failure", "error: no"),
        ("failure", None),
        ("failure", ""),
        ("notice", "x"),
    ]
    listed = [{"annotation_level": level, "message": message} for level, message in annotations]
    api.lists(
        "/check-runs/5/annotations?per_page=100", listed, [{"annotation_level": "failure", "message": "too"}]
    )
    found = Job(5, "staging", "failure", "", (), ran=True)
    assert list(github.errors(found)) == ["error: no", "too"]


def test_open_issues_are_told_without_pull_requests(api, github):
    listed = [
        {"number": 1, "body": None, "html_url": "u1", "user": {"type": "User"}},
        {"number": 2, "body": "b", "html_url": "u2", "user": {"type": "Bot"}, "pull_request": {}},
        {"number": 3, "body": "b", "html_url": "u3", "user": {"type": "Bot"}},
        {"number": 4, "body": "b", "html_url": "u4", "user": None},
    ]
    api.lists("/issues?state=open&direction=asc&per_page=100", listed)
    assert list(github.open_issues()) == [
        Issue(1, "", "u1", by_bot=False),
        Issue(3, "b", "u3", by_bot=True),
        Issue(4, "b", "u4", by_bot=False),
    ]


def test_an_issue_is_opened_edited_and_commented_on(api, github):
    assert github.create_issue("Title", "Body").number == 12
    github.edit_issue(ISSUE, {"state": "closed"})
    github.comment(ISSUE, "Solved.")
    assert api.changes == [
        ("POST", "/issues", {"title": "Title", "body": "Body"}),
        ("PATCH", "/issues/12", {"state": "closed"}),
        ("POST", "/issues/12/comments", {"body": "Solved."}),
    ]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (403, "`permissions` in deploy.yml need actions: write"),
        (410, "Issues are switched off in this repository"),
        (401, "GITHUB_TOKEN is not valid"),
        (404, "Run the same command again later."),
    ],
)
def test_a_refusal_names_status_request_reason_and_what_to_do(api, github, status, advice):
    api.refusals["POST", "/issues"] = status
    with pytest.raises(GitHubError) as refused:
        github.create_issue("Title", "Body")
    assert refused.value.status == status
    assert (
        f"GitHub answered {status} to POST https://api.example.com/repos/o/shop/issues (It said so)"
        in str(refused.value)
    )
    assert advice in refused.value.message
