"""`model-deploy incident`: one issue about what fails, opened with the reason, extended, and closed when all is solved."""

import json

import pytest

from model_deploy.commands import incident

JOBS = "/actions/runs/900/jobs?per_page=100"
ISSUES = "/issues?state=open&direction=asc&per_page=100"
OWN = "https://github.example.com/o/shop/actions/runs/900"
BOT, PERSON = {"type": "Bot"}, {"type": "User"}


def marker(*stages):
    return f"<!-- model-deploy-incident: {', '.join(stages)} -->"


def issue(number=12, body=None, user=None):
    url = f"https://github.example.com/issues/{number}"
    return {
        "number": number,
        "body": body or f"{marker('staging')}\n\nWhy",
        "html_url": url,
        "user": user or BOT,
    }


@pytest.fixture
def world(api):
    """States the jobs of run 9 (name, conclusion, and errors that they are annotated with) and the open issues."""

    def world(*jobs, issues=()):
        listed = []
        for number, (name, conclusion, *errors) in enumerate(jobs, start=1):
            ran = "success" if conclusion == "success" else "failure"
            steps = [
                {"name": "Roll out", "conclusion": None if conclusion in ("skipped", "cancelled") else ran}
            ]
            url = f"https://github.example.com/job/{number}"
            listed.append(
                {"id": number, "name": name, "conclusion": conclusion, "html_url": url, "steps": steps}
            )
            told = [{"annotation_level": "failure", "message": message} for message in errors]
            api.lists(f"/check-runs/{number}/annotations?per_page=100", told)
        api.lists(JOBS, {"jobs": listed})
        api.lists(ISSUES, list(issues))

    return world


def test_the_first_failure_opens_an_issue_with_the_reason(api, github, own, arn, world):
    world(("staging", "failure", "error: it rang", "and more"), ("production", "skipped"))
    done = incident.report(github, own, arn)
    [(method, path, opened)] = api.changes
    assert (method, path, opened["title"]) == ("POST", "/issues", "Deployments fail")
    assert opened["body"] == (
        f"{marker('staging')}\n\n{OWN} failed for `{arn}`.\n\n"
        "### staging\n\n```text\nerror: it rang\nand more\n```\n\nhttps://github.example.com/job/1\n"
    )
    assert done.lines() == ["opened https://github.example.com/12"]


def test_another_stage_extends_the_issue_by_a_comment_and_its_marker(api, github, own, arn, world):
    world(("reject in production", "timed_out", "error: slow"), issues=[issue()])
    done = incident.report(github, own, arn)
    comment, edit = api.changes
    assert comment[:2] == ("POST", "/issues/12/comments")
    assert "### reject in production\n\n```text\nerror: slow\n```" in comment[2]["body"]
    assert edit == ("PATCH", "/issues/12", {"body": f"{marker('production', 'staging')}\n\nWhy"})
    assert done.document() == {"done": "extended", "url": "https://github.example.com/issues/12"}


def test_a_failure_without_an_annotation_names_its_steps(api, github, own, arn, world):
    world(("staging", "failure"))
    incident.report(github, own, arn)
    assert "```text\nThe failed steps: Roll out\n```" in api.changes[0][2]["body"]


def test_what_succeeds_later_closes_the_issue(api, github, own, arn, world):
    world(("staging", "success"), ("production", "success"), issues=[issue()])
    assert incident.report(github, own, arn).done == "closed"
    assert api.changes == [
        ("POST", "/issues/12/comments", {"body": f"Solved by {OWN}."}),
        ("PATCH", "/issues/12", {"state": "closed"}),
    ]


def test_what_solves_one_of_two_stages_takes_it_out_of_the_marker(api, github, own, arn, world):
    world(("staging", "success"), issues=[issue(body=f"{marker('production', 'staging')}\n\nWhy")])
    assert incident.report(github, own, arn).done == "edited"
    assert api.changes == [("PATCH", "/issues/12", {"body": f"{marker('production')}\n\nWhy"})]


def test_a_run_that_neither_fails_nor_solves_leaves_the_issue_open(api, github, own, arn, world):
    world(("production", "success"), ("staging", "skipped"), issues=[issue()])
    assert incident.report(github, own, arn).lines() == ["left open https://github.example.com/issues/12"]
    assert api.changes == []


@pytest.mark.parametrize(
    "job",
    [("production", "cancelled"), ("production", "skipped"), ("production", "neutral")],
    ids=["a review that was declined", "a job that was not reached", "a job without a verdict"],
)
def test_what_did_not_run_is_no_failure(api, github, own, arn, world, job):
    world(job)
    assert incident.report(github, own, arn).lines() == ["Nothing failed, and no issue is open."]
    assert api.changes == []


def test_a_failed_job_of_which_no_step_ran_is_a_declined_review(api, github, own, arn, world):
    world(("production", "failure"))
    api.listings[JOBS][0]["jobs"][0]["steps"] = [{"name": "Roll out", "conclusion": "skipped"}]
    assert incident.report(github, own, arn).done == ""


@pytest.mark.parametrize(
    "other",
    [
        issue(3, user=PERSON),
        issue(3, body=f"> {marker('staging')}"),
        issue(3, body="Deployments fail"),
        issue(3) | {"pull_request": {}},
    ],
    ids=["a person's", "a quotation", "without a marker", "a pull request"],
)
def test_issues_of_others_are_left_alone(api, github, own, arn, world, other):
    world(("staging", "failure", "error: no"), issues=[other])
    assert incident.report(github, own, arn).done == "opened"
    world(("staging", "success"), issues=[other])
    assert incident.report(github, own, arn).done == ""


def test_a_reason_cannot_leave_its_code_block_and_an_arn_not_its_own(api, github, own, world):
    world(("staging", "failure", "``` <b>\n@everyone"))
    incident.report(github, own, "arn:a/7`\n@all")
    body = api.changes[0][2]["body"]
    assert "````text\n``` <b>\n@everyone\n````" in body
    assert "failed for `arn:a/7___all`." in body


@pytest.mark.parametrize("failed", [1, 2, 5])
def test_the_whole_text_fits_what_github_takes_however_many_jobs_failed(api, github, own, arn, world, failed):
    world(*((f"job {number}", "failure", "w" * 64_000) for number in range(failed)), issues=[issue()])
    incident.report(github, own, arn)
    comment = api.changes[0][2]["body"]
    assert len(comment) <= 65_536
    assert [f"### job {number}\n" in comment for number in range(failed)] == [True] * failed
    world(*((f"job {number}", "failure", "w" * 64_000) for number in range(failed)))
    incident.report(github, own, arn)
    assert len(api.changes[-1][2]["body"]) <= 65_536


def test_the_command_says_what_it_did_and_where(run, world):
    world(("staging", "failure", "error: no"))
    assert run("incident").stdout == "opened https://github.example.com/12\n"
    world(("staging", "success"))
    assert json.loads(run("incident", "--json").stdout) == {"done": "", "url": ""}


def test_issues_that_are_switched_off_are_an_error_that_says_where_to_switch_them_on(api, run, world):
    world(("staging", "failure", "error: no"))
    api.refusals["POST", "/issues"] = 410
    refused = run("incident")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "GitHub answered 410 to POST" in refused.stderr
    assert "switch them on in its settings" in refused.stderr
