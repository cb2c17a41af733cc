"""The client against answers as GitHub gives them, and against none."""

import http.client
import json
import logging
import pickle
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from github import Client, Deadline, HttpSender, Request, Response, Secret, Transport
from github.errors import (
    AnswerError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    TokenRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)

TOKEN = "github_pat_very-secret-0123456789"


class Script:
    """Gives these answers, one after the other: a Response, or an error that is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def send(self, request, timeout):
        self.sent.append((request, timeout))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status, body=None, **headers):
    content = b"" if body is None else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


@pytest.fixture
def client(clock):
    """A client on scripted answers, and the script."""

    def client(*answers, seconds=60):
        script = Script(*answers)
        ends = clock.now() + seconds
        deadline = Deadline(lambda: int((ends - clock.now()) * 1000), reserve=0)
        transport = Transport("https://api.example/v3", deadline, script, clock)
        return Client(transport, lambda: Secret(TOKEN)), script

    return client


def test_an_answer_is_its_json(client):
    made, script = client(answer(200, {"id": 7}))
    assert made.get("/repos/o/r") == {"id": 7}
    ((request, _),) = script.sent
    assert (request.method, request.path, request.body) == ("GET", "/repos/o/r", None)


def test_an_answer_without_a_body_is_none(client):
    assert client(answer(204))[0].patch("/repos/o/r", {}) is None


@pytest.mark.parametrize(
    "status, kind",
    [
        (401, TokenRefusedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, InvalidError),
        (451, AnswerError),
    ],
)
def test_each_refusal_has_its_error_with_githubs_words(client, status, kind):
    said = {"message": "Validation Failed", "errors": [{"message": "name exists"}, "and more"]}
    with pytest.raises(kind, match="Validation Failed; name exists; and more") as caught:
        client(answer(status, said))[0].post("/orgs/o/repos", {})
    assert "POST /orgs/o/repos" in str(caught.value)


def test_a_refused_token_says_what_to_do(client):
    with pytest.raises(TokenRefusedError, match=r"revoked or has expired.*put a new one"):
        client(answer(401, {"message": "Bad credentials"}))[0].get("/user")


def test_what_is_looked_for_may_be_absent(client):
    assert client(answer(404))[0].find("/x") is None
    assert client(answer(409))[0].find("/x", absent=(404, 409)) is None
    with pytest.raises(ForbiddenError):
        client(answer(403))[0].find("/x")


def test_github_that_comes_back_is_asked_again(client, clock):
    made, script = client(answer(502), ConnectionRefusedError(), TimeoutError(), answer(200, {}))
    assert made.get("/x") == {}
    assert clock.slept == [1, 2, 4]
    assert len(script.sent) == 4


def test_github_that_stays_away_is_given_up_on_with_the_reason(client, clock):
    made, script = client(answer(503), seconds=1000)
    with pytest.raises(
        UnreachableError, match=r"503 from GET https://api.example/v3/x after 8 attempts.*githubstatus"
    ):
        made.get("/x?page=2")
    assert len(script.sent) == 8
    assert sum(clock.slept) == 91


@pytest.mark.parametrize(
    "problem, words",
    [
        (socket.gaierror("api.example"), "no answer .gaierror"),
        (TimeoutError("slow"), "no answer in time"),
        (http.client.RemoteDisconnected("gone"), "no answer .RemoteDisconnected"),
        (http.client.IncompleteRead(b"half"), "no answer .IncompleteRead"),
    ],
)
def test_each_way_of_not_answering_is_named(client, problem, words):
    with pytest.raises(UnreachableError, match=words):
        client(problem)[0].get("/x")


def test_a_limit_is_waited_out_where_there_is_time(client, clock):
    limited = answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(clock.now()) + 20))
    assert client(limited, answer(200, [1]))[0].get("/x") == [1]
    assert clock.slept == [21]


def test_a_limit_beyond_the_functions_time_is_an_error_that_names_the_wait(client, clock):
    with pytest.raises(RateLimitedError, match="3000 seconds"):
        client(answer(429, retry_after="3000"))[0].get("/x")
    assert clock.slept == []


def test_waits_end_with_the_functions_time(client, clock):
    made, script = client(answer(500), seconds=10)
    with pytest.raises(UnreachableError):
        made.get("/x")
    assert sum(clock.slept) <= 10
    assert len(script.sent) < 8


def test_no_request_waits_for_longer_than_the_function_lives(client):
    made, script = client(answer(200, [1]), seconds=3)
    made.get("/x")
    assert script.sent[0][1] <= 3


def test_nothing_is_sent_after_the_functions_time(client):
    made, script = client(answer(200, [1]), seconds=0)
    with pytest.raises(OutOfTimeError, match="GET /x was not sent"):
        made.get("/x")
    assert script.sent == []


def test_nothing_is_sent_after_the_watch_has_answered(clock):
    script = Script(answer(200, {}))
    deadline = Deadline(lambda: 60_000)
    deadline.cancel()
    with pytest.raises(OutOfTimeError):
        Client(Transport("https://api.example", deadline, script, clock), lambda: None).get("/x")
    assert script.sent == []


def test_a_renamed_repository_is_followed(client):
    made, script = client(
        answer(301, location="https://api.example/v3/repositories/7?a=b"), answer(200, {"id": 7})
    )
    assert made.get("/repos/o/old") == {"id": 7}
    assert script.sent[1][0].path == "/repositories/7?a=b"
    assert script.sent[1][0].credential is not None


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/v3/x", "http://api.example/v3/x", "https://api.example/other"]
)
def test_the_token_is_not_sent_elsewhere(client, elsewhere):
    made, script = client(answer(302, location=elsewhere))
    with pytest.raises(UnexpectedAnswerError, match="302 to "):
        made.get("/x")
    assert len(script.sent) == 1


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b'"text"'])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_page_with_200_is_no_success(client, method, body):
    made, _ = client(Response(200, {"content-type": "text/html"}, body))
    with pytest.raises(UnexpectedAnswerError, match="not GitHub's API"):
        made.call(method, "/x", {} if method != "GET" else None)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_what_github_only_takes_notice_of_is_answered_by_204_alone(client, status):
    made, _ = client(answer(204))
    made.send("/dispatches", {})
    made, _ = client(answer(status, {"ok": True}))
    with pytest.raises(UnexpectedAnswerError):
        made.send("/dispatches", {})


def test_redirections_end(client):
    with pytest.raises(UnreachableError, match="redirecting"):
        client(answer(302, location="https://api.example/v3/x"))[0].get("/x")


def test_no_error_no_log_and_no_text_shows_the_token(client, caplog):
    caplog.set_level(logging.DEBUG)
    made, script = client(answer(422, {"message": f"bad token {TOKEN} given"}))
    with pytest.raises(InvalidError) as caught:
        made.post("/x", {"a": 1})
    shown = [
        str(caught.value),
        repr(caught.value),
        caught.value.reason,
        repr(script.sent),
        caplog.text,
        repr(made),
    ]
    assert not [text for text in shown if TOKEN in text]
    assert "bad token *** given" in caught.value.reason
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TOKEN))


@pytest.mark.parametrize("url", ["", "api.github.com", "ftp://x", "https://"])
def test_a_base_url_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="GITHUB_API_URL"):
        HttpSender(url)


# --- over HTTP ---


@pytest.fixture
def server():
    """A server that notes requests and answers with them; below /close it closes the connection afterwards, unannounced."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path, dict(self.headers), body))
            said = json.dumps({"path": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            self.close_connection = "/close" in self.path

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            """Requests are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/api/v3/", seen
        listening.shutdown()
        thread.join()


def test_requests_carry_what_github_asks_for(server):
    url, seen = server
    sender = HttpSender(url)
    sender.send(Request("POST", "/orgs/o/repos", {"name": "r"}, Secret(TOKEN)), 5)
    sender.close()
    ((method, path, headers, body),) = seen
    assert (method, path, json.loads(body)) == ("POST", "/api/v3/orgs/o/repos", {"name": "r"})
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["User-Agent"]


def test_a_connection_that_was_closed_meanwhile_is_opened_again(server):
    url, seen = server
    sender = HttpSender(url)
    for path in ("/close", "/after"):
        assert sender.send(Request("GET", path), 5).status == 200
    sender.close()
    assert [path for _, path, _, _ in seen] == ["/api/v3/close", "/api/v3/after"]


def test_nobody_listening_is_an_os_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError):
        HttpSender(f"http://127.0.0.1:{port}").send(Request("GET", "/x"), 1)
