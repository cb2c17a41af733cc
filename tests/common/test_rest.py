"""Requests with a credential: no other address gets it, and what answers speaks JSON."""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model_common import rest


@pytest.fixture
def server():
    """Starts servers that answer each path with (status, headers, body), and keep what they were asked."""
    started = []

    def server(answers):
        seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, self.headers.get("Authorization")))
                status, headers, body = answers[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                """Requests are no news."""

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        started.append(made)
        return f"http://127.0.0.1:{made.server_port}", seen

    yield server
    for each in started:
        each.shutdown()
        each.server_close()


def asked(url, method="GET"):
    return urllib.request.Request(url, headers={"Authorization": "Bearer secret"}, method=method)


def test_a_redirect_at_the_same_address_is_followed(server):
    answers = {"/old": (301, {"Location": "/new"}, b""), "/new": (200, {}, b'{"id": 7}')}
    url, _ = server(answers)
    with rest.opener().open(asked(f"{url}/old"), timeout=10) as response:
        assert rest.document(response.status, response.read()) == {"id": 7}


def test_another_address_gets_neither_request_nor_credential(server):
    elsewhere, seen = server({"/x": (200, {}, b"{}")})
    url, _ = server({"/x": (302, {"Location": f"{elsewhere}/x"}, b"")})
    with pytest.raises(urllib.error.HTTPError) as caught:
        rest.opener().open(asked(f"{url}/x"), timeout=10)
    caught.value.close()
    assert caught.value.code == 302
    assert seen == []


def test_what_changes_something_is_not_redirected_at_all(server):
    url, seen = server({"/x": (302, {"Location": "/y"}, b"")})
    with pytest.raises(urllib.error.HTTPError) as caught:
        rest.opener().open(asked(f"{url}/x", "POST"), timeout=10)
    caught.value.close()
    assert [path for path, _ in seen] == ["/x"]


@pytest.mark.parametrize("body", [b"<html></html>", b"", b"{"])
def test_a_page_is_no_answer(body):
    with pytest.raises(rest.NotJsonError, match="which is not JSON"):
        rest.document(200, body)


def test_204_says_nothing():
    assert rest.document(204, b"") is None
