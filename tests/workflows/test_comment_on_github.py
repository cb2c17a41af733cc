"""`model-build comment` against the embedded GitHub, each exchange held against GitHub's own description."""

import json
import os
import urllib.request

import pytest
from typer.testing import CliRunner

from local_aws.github import RateLimited, serve
from model_build.cli import app

REPORT = "<!-- model-build-report: garments -->\n\n## Passed\n"


def call(github, method, path, token, body=None):
    request = urllib.request.Request(
        f"{github.api_url}{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


@pytest.fixture
def github(tmp_path, github_exchanges):
    with serve(tmp_path / "github", github_exchanges) as served:
        served.add_user("octo", "octo-token")
        served.add_user("eve", "eve-token")
        yield served


@pytest.fixture
def number(github):
    """The number of a pull request of octo/shop-build, which anybody may comment on."""
    call(github, "POST", "/user/repos", "octo-token", {"name": "shop-build", "auto_init": True})
    repository = "/repos/octo/shop-build"
    sha = call(github, "GET", f"{repository}/git/ref/heads/main", "octo-token")["object"]["sha"]
    call(github, "POST", f"{repository}/git/refs", "octo-token", {"ref": "refs/heads/new", "sha": sha})
    added = {"message": "Add", "content": "eA==", "branch": "new"}
    call(github, "PUT", f"{repository}/contents/x.txt", "octo-token", added)
    opened = {"title": "New", "head": "new", "base": "main"}
    return call(github, "POST", f"{repository}/pulls", "octo-token", opened)["number"]


@pytest.fixture
def comment(github, number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "reports" / "e1" / "report.md"
    path.parent.mkdir(parents=True)

    def run(text, token="octo-token", pull_request=number):
        path.write_text(text)
        variables = {
            "GITHUB_API_URL": github.api_url,
            "GITHUB_REPOSITORY": "octo/shop-build",
            "GITHUB_TOKEN": token,
            "PULL_REQUEST_NUMBER": str(pull_request),
        }
        return CliRunner().invoke(app, ["comment"], env=dict.fromkeys(os.environ) | variables)

    return run


def bodies(github, number):
    found = call(github, "GET", f"/repos/octo/shop-build/issues/{number}/comments?per_page=100", "octo-token")
    return [comment["body"] for comment in found]


def test_pushes_leave_one_comment_and_it_is_the_last_report(github, number, comment):
    place = f"/repos/octo/shop-build/issues/{number}/comments"
    for talk in range(120):
        call(github, "POST", place, "octo-token", {"body": f"talk {talk}"})
    for verdict, done in (("Passed", "created "), ("Refused", "edited "), ("Refused", "unchanged ")):
        result = comment(REPORT.replace("Passed", verdict))
        assert (result.exit_code, result.stdout.startswith(done)) == (0, True), result.stderr
    reports = [
        body
        for page in (1, 2)
        for body in [
            found["body"] for found in call(github, "GET", f"{place}?per_page=100&page={page}", "octo-token")
        ]
        if body.startswith("<!--")
    ]
    assert [text.strip() for text in reports] == [REPORT.replace("Passed", "Refused").strip()]


def test_a_comment_that_was_deleted_by_hand_is_written_anew(github, number, comment):
    assert comment(REPORT).exit_code == 0
    place = f"/repos/octo/shop-build/issues/{number}/comments"
    [found] = call(github, "GET", place, "octo-token")
    call(github, "DELETE", f"/repos/octo/shop-build/issues/comments/{found['id']}", "octo-token")
    assert comment(REPORT).stdout.startswith("created ")
    assert len(bodies(github, number)) == 1


def test_a_comment_of_somebody_who_does_not_belong_is_left_alone(github, number, comment):
    place = f"/repos/octo/shop-build/issues/{number}/comments"
    call(github, "POST", place, "eve-token", {"body": REPORT + "I wrote this."})
    assert comment(REPORT).exit_code == 0
    assert len(bodies(github, number)) == 2


def test_a_rate_limit_is_waited_for(github, number, comment):
    github.faults.add(RateLimited(retry_after=1, times=1))
    result = comment(REPORT)
    assert result.exit_code == 0, result.stderr
    assert len(bodies(github, number)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"token": "revoked"}, "answered 401"), ({"pull_request": 999}, "answered 404")],
)
def test_a_refusal_is_one_message_without_the_token(comment, changes, said):
    result = comment(REPORT, **changes)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert changes.get("token", "octo-token") not in result.stderr
