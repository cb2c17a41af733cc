"""One comment on a pull request, edited in place, whatever GitHub answers."""

import http.server
import json
import os
import threading
import time
from typing import Any

import pytest
from typer.testing import CliRunner

from model_build.cli import app
from model_build.commands.pull_requests import comment
from model_build.errors import GitHubError, SettingsError, UsageError
from model_build.github import GitHub

REPORT = "<!-- model-build-report: garments -->\n\n## Passed\n"
BOT = {"user": {"type": "Bot"}, "author_association": "NONE"}
STRANGER = {"user": {"type": "User"}, "author_association": "NONE"}


class Api:
    """GitHub's comments of one issue, on a port of its own; `answers` come before its own, in turn."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.page = 100
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def add(self, body, **fields):
        number = len(self.comments) + 1
        self.comments.append(
            {"id": number, "body": body, "html_url": f"https://x/{number}", **(fields or BOT)}
        )
        return self.comments[-1]

    def answer(self, method, path, body):
        self.requests.append((method, path))
        if self.answers:
            return self.answers.pop(0)
        route, _, query = path.partition("?")
        match method, route:
            case "GET", "/repos/o/n/issues/7/comments":
                start = int(query.rpartition("page=")[2]) if "&page=" in query else 0
                link = f'<{self.url}{route}?per_page=100&page={start + self.page}>; rel="next"'
                more = start + self.page < len(self.comments)
                return 200, {"Link": link} if more else {}, self.comments[start : start + self.page]
            case "POST", "/repos/o/n/issues/7/comments":
                return 201, {}, self.add(body["body"])
            case "PATCH", _ if found := self.find(route):
                found["body"] = body["body"]
                return 200, {}, found
        return 404, {}, {"message": "Not Found"}

    def find(self, route):
        number = route.removeprefix("/repos/o/n/issues/comments/")
        return next((found for found in self.comments if str(found["id"]) == number), None)

    def _handler(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def respond(self):
                assert self.headers["Authorization"] == "Bearer token"
                text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, document = api.answer(self.command, self.path, json.loads(text or "{}"))
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            do_GET = do_POST = do_PATCH = respond

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def api():
    made = Api()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def github(api, slept):
    return GitHub(api.url, "o/n", "token", slept.append)


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, execution="e1"):
        path = tmp_path / "reports" / execution / "report.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_the_first_report_is_a_comment_and_later_ones_edit_it(api, github, report):
    report(REPORT)
    assert comment.post(github, 7, None).done == "created"
    later = report(REPORT.replace("Passed", "Refused"), "e2")
    os.utime(later, (time.time() + 5, time.time() + 5))
    assert comment.post(github, 7, None).done == "edited"
    assert [found["body"] for found in api.comments] == [later.read_text()]
    asked = len(api.requests)
    assert comment.post(github, 7, None).done == "unchanged"
    assert [method for method, _ in api.requests[asked:]] == ["GET"]


def test_every_recipe_has_a_comment_of_its_own(api, github, report):
    api.add(REPORT.replace("garments", "shoes"))
    assert comment.post(github, 7, report(REPORT)).done == "created"
    assert len(api.comments) == 2


def test_the_comment_is_found_on_any_page(api, github, report):
    api.page = 2
    for number in range(5):
        api.add(f"talk {number}", **STRANGER)
    api.add(REPORT)
    assert comment.post(github, 7, report(REPORT + "more")).done == "edited"
    assert api.comments[5]["body"].endswith("more")


def test_what_a_stranger_wrote_or_somebody_quoted_is_left_alone(api, github, report):
    api.add(REPORT, **STRANGER)
    api.add(f"> {REPORT}", user={"type": "User"}, author_association="OWNER")
    assert comment.post(github, 7, report(REPORT + "more")).done == "created"
    assert len(api.comments) == 3


def test_a_report_longer_than_a_comment_is_cut_and_says_so(api, github, report):
    comment.post(github, 7, report(REPORT + "a line of text\n" * 10_000))
    [posted] = api.comments
    assert len(posted["body"]) <= 65_536
    assert "the job summary has the rest" in posted["body"]


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (502, {}, [1.0]),
        (429, {"Retry-After": "17"}, [17.0]),
        (403, {"Retry-After": "3"}, [3.0]),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, [1.0]),
    ],
)
def test_what_may_pass_is_waited_for_as_the_server_says(api, github, slept, report, status, headers, waited):
    api.answers.append((status, headers, {"message": "not now"}))
    assert comment.post(github, 7, report(REPORT)).done == "created"
    assert slept == waited


def test_a_lost_connection_is_tried_again_but_never_a_comment_that_may_have_been_made(
    api, github, slept, report
):
    api.answers.append((0, {}, None))
    assert comment.post(github, 7, report(REPORT)).done == "created"
    assert slept == [1.0]
    api.answers += [(200, {}, []), (0, {}, None)]
    with pytest.raises(GitHubError, match=r".* cannot be reached"):
        comment.post(github, 7, report(REPORT))
    assert len(api.comments) == 1


def test_patience_ends(api, github, slept, report):
    api.answers += [(500, {}, {"message": "broken"})] * 5
    with pytest.raises(GitHubError, match=r"answered 500 .*\(broken\)"):
        comment.post(github, 7, report(REPORT))
    assert slept == [1.0, 2.0, 4.0, 8.0]
    api.answers.append((429, {"Retry-After": "4000"}, {"message": "slow down"}))
    with pytest.raises(GitHubError, match="rate limit is used up"):
        comment.post(github, 7, report(REPORT))


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "not valid"), (403, "pull-requests: write"), (404, "no such pull request"), (410, "switched off")],
)
def test_a_refusal_says_what_to_do(api, github, slept, report, status, advice):
    api.answers.append((status, {}, {"message": "no"}))
    with pytest.raises(GitHubError, match=rf"answered {status} to GET .*\(no\)\. .*{advice}") as caught:
        comment.post(github, 7, report(REPORT))
    assert caught.value.exit_code == 1
    assert "token" not in caught.value.message.replace("The token", "").replace("the token", "").replace(
        "GITHUB_TOKEN", ""
    )
    assert slept == []


@pytest.mark.parametrize("status", [301, 307])
def test_a_token_follows_no_redirect(api, github, report, status):
    api.answers.append((status, {"Location": "http://127.0.0.1:1/elsewhere"}, {}))
    with pytest.raises(GitHubError, match=f"answered {status}"):
        comment.post(github, 7, report(REPORT))


def test_the_next_page_is_never_fetched_from_elsewhere(api, github, report):
    api.answers.append((200, {"Link": '<https://elsewhere/2>; rel="next"'}, []))
    with pytest.raises(GitHubError, match="another address: https://elsewhere/2"):
        comment.post(github, 7, report(REPORT))


def test_without_a_report_nothing_is_asked(api, github, report, tmp_path):
    with pytest.raises(UsageError, match="There is no report in"):
        comment.post(github, 7, None)
    with pytest.raises(UsageError, match="is not a report of model-build"):
        comment.post(github, 7, report("# something else\n"))
    with pytest.raises(UsageError, match="cannot be read"):
        comment.post(github, 7, tmp_path / "nowhere.md")
    assert api.requests == []


VARIABLES = {"GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "o/n", "GITHUB_TOKEN": "token"}


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_missing_variable_is_named(variable):
    with pytest.raises(SettingsError, match=f"Not set: {variable}"):
        GitHub.connect(VARIABLES | {variable: " "})


@pytest.mark.parametrize(
    "wrong",
    [{"GITHUB_API_URL": "http://api.github.com"}, {"GITHUB_REPOSITORY": "n"}, {"GITHUB_REPOSITORY": "o/n/x"}],
)
def test_a_malformed_variable_is_named(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        GitHub.connect(VARIABLES | wrong)


def test_the_command_says_what_it_did(api, report):
    report(REPORT)
    environment = VARIABLES | {"GITHUB_API_URL": api.url, "PULL_REQUEST_NUMBER": "7"}
    result = CliRunner().invoke(app, ["comment", "--json"], env=dict.fromkeys(os.environ) | environment)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"url": "https://x/1", "done": "created"}
    assert api.comments[0]["body"] == REPORT
