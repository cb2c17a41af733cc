"""The client of GitHub's REST API: what it sends, what it tries again and for how long, and what it says of a refusal."""

import io
import json
import urllib.error
from email.message import Message
from typing import Any, ClassVar
from urllib.response import addinfourl

import pytest

from model_common import rest
from model_common.errors import GitHubError, SettingsError
from model_common.github import Client

URL = "https://api.example.com"
PLACE = f"{URL}/repos/o/shop/things"
VARIABLES = {"GITHUB_API_URL": URL, "GITHUB_REPOSITORY": "o/shop", "GITHUB_TOKEN": "secret"}


class Things(Client):
    """A client with one method for each kind of request."""

    agent = "things"
    advice: ClassVar = {404: "Make the thing first."}

    def fetch(self):
        return self._call("GET", f"{self._home}/things")[0]

    def change(self, method, body=None):
        return self._call(method, f"{self._home}/things", body)[0]

    def all(self, key=None):
        return list(self._pages(f"{self._home}/things", key))


class Answers:
    """Answers requests in turn: an exception is raised, (status, headers, body) is answered; the last one again and again."""

    def __init__(self, *answers):
        self.left, self.requests = list(answers), []

    def open(self, request, timeout):
        self.requests.append(request)
        answer = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        named = Message()
        for name, value in headers.items():
            named[name] = value
        content = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        if status >= 400:
            raise urllib.error.HTTPError(request.full_url, status, "Reason", named, content)
        return addinfourl(content, named, request.full_url, status)


@pytest.fixture
def slept():
    """The seconds of each wait."""
    return []


@pytest.fixture
def things(monkeypatch, slept):
    """Makes a client that is answered so, and the answers that it got."""

    def things(*answers):
        made = Answers(*answers)
        monkeypatch.setattr(rest, "opener", lambda: made)
        return Things(URL, "o/shop", "secret", slept.append), made

    return things


OK: tuple[int, dict[str, str], Any] = (200, {}, {"id": 1})


# What is sent


def test_a_request_says_who_asks_for_what_and_with_which_token(things):
    client, made = things(OK)
    assert client.fetch() == {"id": 1}
    [request] = made.requests
    assert (request.get_method(), request.full_url, request.data) == ("GET", PLACE, None)
    assert dict(request.header_items()) == {
        "Accept": "application/vnd.github+json",
        "Authorization": "Bearer secret",
        "User-agent": "things",
        "X-github-api-version": "2022-11-28",
    }


@pytest.mark.parametrize("body", [{"name": "Ä"}, {}], ids=["members", "no member"])
def test_a_body_is_json(things, body):
    client, made = things(OK)
    client.change("POST", body)
    [request] = made.requests
    assert json.loads(request.data) == body
    assert request.get_header("Content-type") == "application/json"


def test_an_answer_without_content_is_nothing(things):
    client, _ = things((204, {}, b""))
    assert client.change("DELETE") is None


# What is tried again


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_server_that_fails_is_asked_again(things, slept, method, status):
    client, made = things((status, {}, {}), (status, {}, {}), OK)
    assert client.change(method) == {"id": 1}
    assert slept == [1.0, 2.0]
    assert {request.get_method() for request in made.requests} == {method}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501])
def test_a_refusal_is_not_asked_again(things, slept, status):
    client, made = things((status, {}, {"message": "No"}))
    with pytest.raises(GitHubError) as refused:
        client.fetch()
    assert (refused.value.status, len(made.requests), slept) == (status, 1, [])


def test_after_five_attempts_the_last_answer_is_the_error(things, slept):
    client, made = things(*[(502, {}, {"message": f"Answer {number}."}) for number in range(1, 9)])
    with pytest.raises(GitHubError) as refused:
        client.fetch()
    assert len(made.requests) == 5
    assert slept == [1.0, 2.0, 4.0, 8.0]
    expected = f"GitHub answered 502 to GET {PLACE} (Answer 5). Run the same command again later."
    assert refused.value.message == expected


def test_what_may_have_been_done_is_not_done_twice(things, slept):
    for answer in ((502, {}, {}), ConnectionResetError("gone"), (200, {}, b"<html>")):
        client, made = things(answer, OK)
        with pytest.raises(GitHubError):
            client.change("POST", {})
        assert len(made.requests) == 1
    assert slept == []


@pytest.mark.parametrize(
    "answer", [ConnectionResetError("gone"), TimeoutError("slow"), (200, {}, b"<html>Log in")]
)
def test_a_lost_answer_is_asked_for_again_until_patience_ends(things, slept, answer):
    client, made = things(answer, OK)
    assert client.fetch() == {"id": 1}
    assert slept == [1.0]
    client, made = things(answer)
    with pytest.raises(GitHubError, match=rf"^{URL} cannot be reached \(GET {PLACE}: .*\)\. Run") as closed:
        client.fetch()
    assert (closed.value.status, len(made.requests)) == (None, 5)


# The rate limit

LIMITED = {"X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 60.0),
        (429, {"Retry-After": "0"}, 0.0),
        (429, {"Retry-After": "120"}, 120.0),
        (403, {"Retry-After": "7"}, 7.0),
        (403, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
        (403, LIMITED, 60.0),
        (403, LIMITED | {"X-RateLimit-Reset": "0"}, 1.0),
        (403, LIMITED | {"X-RateLimit-Reset": "soon"}, 60.0),
        (403, LIMITED | {"X-RateLimit-Reset": "0", "Retry-After": "9"}, 9.0),
    ],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_limit_is_waited_out_as_the_headers_say(things, slept, method, status, headers, seconds):
    client, _ = things((status, headers, {}), OK)
    assert client.change(method) == {"id": 1}
    assert slept == [seconds]


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "121"}, LIMITED | {"X-RateLimit-Reset": "99999999999"}],
    ids=["an interval", "a time"],
)
def test_a_limit_that_lasts_longer_than_two_minutes_ends_the_command(things, slept, headers):
    client, _ = things((403, headers, {"message": "Too fast."}))
    with pytest.raises(GitHubError) as refused:
        client.fetch()
    expected = f"GitHub answered 403 to GET {PLACE} (Too fast). The rate limit is used up; run the same command again later."
    assert (refused.value.message, slept) == (expected, [])


def test_a_403_with_requests_left_is_a_refusal(things, slept):
    client, _ = things((403, {"X-RateLimit-Remaining": "1"}, {"message": "Forbidden"}))
    with pytest.raises(GitHubError, match=r"\(Forbidden\)\. Run the same command again later\.$"):
        client.fetch()
    assert slept == []


# What a refusal says


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "GITHUB_TOKEN is not valid, or not any more."),
        (404, "Make the thing first."),
        (422, "Run the same command again later."),
    ],
)
def test_a_refusal_has_the_advice_of_its_status(things, status, advice):
    client, _ = things((status, {}, {"message": "No."}))
    with pytest.raises(GitHubError) as refused:
        client.fetch()
    assert refused.value.message == f"GitHub answered {status} to GET {PLACE} (No). {advice}"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"No"', b"{}", b"[" * 100_000], ids=lambda body: str(body[:8])
)
def test_a_refusal_without_a_message_has_the_reason_of_its_status(things, body):
    client, _ = things((404, {}, body))
    with pytest.raises(GitHubError, match=r"\(Reason\)"):
        client.fetch()


def test_no_message_shows_the_token(things):
    for answer in (
        (401, {}, {"message": "No"}),
        ConnectionResetError("gone"),
        (429, {"Retry-After": "999"}, {}),
    ):
        client, _ = things(answer)
        with pytest.raises(GitHubError) as refused:
            client.fetch()
        assert "secret" not in refused.value.message


# Listings


def test_a_listing_is_read_to_its_last_page(things):
    link = f'<{PLACE}?page=1>; rel="prev", <{PLACE}?page=%s>; rel="next", <{PLACE}?page=9>; rel="last"'
    pages = [
        (200, {"Link": link % 2}, [1, 2]),
        (200, {"Link": link % 3}, []),
        (200, {"Link": f'<{PLACE}>; rel="first"'}, [3]),
    ]
    client, made = things(*pages)
    assert client.all() == [1, 2, 3]
    assert [request.full_url for request in made.requests] == [PLACE, f"{PLACE}?page=2", f"{PLACE}?page=3"]


def test_a_page_may_hold_its_items_under_a_key(things):
    client, _ = things(
        (200, {"Link": f'<{PLACE}?page=2>; rel="next"'}, {"items": [1]}), (200, {}, {"items": [2]})
    )
    assert client.all("items") == [1, 2]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://api.example.com.evil/2", "http://api.example.com/2", "https://evil/api.example.com"],
)
def test_the_next_page_is_never_fetched_from_another_address(things, elsewhere):
    client, made = things((200, {"Link": f'<{elsewhere}>; rel="next"'}, [1]))
    with pytest.raises(GitHubError, match=f"the next page of {PLACE} to another address: {elsewhere}"):
        client.all()
    assert len(made.requests) == 1


# The variables


def test_a_client_is_made_of_a_steps_variables(things):
    _, made = things(OK)
    client = Things.connect(
        {
            name: f" {value}/ ".replace("shop/", "shop").replace("secret/", "secret")
            for name, value in VARIABLES.items()
        }
    )
    client.fetch()
    assert made.requests[0].full_url == PLACE
    assert made.requests[0].get_header("Authorization") == "Bearer secret"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:8080", "https://ghe.example.com/api/v3"]
)
def test_an_address_is_https_unless_it_is_this_machine(things, url):
    _, made = things(OK)
    Things.connect(VARIABLES | {"GITHUB_API_URL": url}).fetch()
    assert made.requests[0].full_url == f"{url}/repos/o/shop/things"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com:1",
        "api.example.com",
        "ftp://x",
    ],
)
def test_another_address_is_shown_with_what_was_expected(url):
    with pytest.raises(SettingsError) as refused:
        Things.connect(VARIABLES | {"GITHUB_API_URL": url})
    assert refused.value.message == f"GITHUB_API_URL is {url!r}; expected an https:// address."


@pytest.mark.parametrize("name", ["shop", "/shop", "o/", "o/shop/x", "o /shop", "o/shop?x=1"])
def test_a_name_of_no_repository_is_shown_with_what_was_expected(name):
    with pytest.raises(SettingsError) as refused:
        Things.connect(VARIABLES | {"GITHUB_REPOSITORY": name})
    assert refused.value.message == f"GITHUB_REPOSITORY is {name!r}; expected OWNER/NAME."


def test_every_missing_variable_is_named_at_once_with_where_it_comes_from():
    with pytest.raises(SettingsError, match=r"^Not set: GITHUB_REPOSITORY, GITHUB_TOKEN\. .*github\.token"):
        Things.connect({"GITHUB_API_URL": URL, "GITHUB_TOKEN": " "})
