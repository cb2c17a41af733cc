"""Clients that are slow, silent or many do not hold up the others."""

import threading
import time
from contextlib import closing

import pytest
import requests

from local_aws.kernel.http.connections import LimitedServer
from tests.local.guard.conftest import Line


@pytest.fixture
def limited():
    """A server with four connections, which reads bodies and has little patience."""
    release = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            release.wait(30)
        try:
            length = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        except TimeoutError:
            start_response("408 Request Timeout", [("Content-Length", "0")])
            return [b""]
        text = str(length).encode()
        start_response("200 OK", [("Content-Length", str(len(text)))])
        return [text]

    server = LimitedServer("127.0.0.1", 0, application, limit=4, header_seconds=0.5, body_seconds=0.5)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    line = Line(server.server_port)
    line.server, line.release = server, release
    yield line
    release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def drained(server):
    """Wait until no connection is open."""
    end = time.monotonic() + 30
    while len(server.connections):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_client_that_sends_nothing_is_let_go(limited):
    with closing(limited.open()) as silent:
        assert silent.recv(1) == b""
    drained(limited.server)


def test_headers_that_come_by_the_byte_have_a_deadline_for_all_of_them(limited):
    with closing(limited.open()) as slow, pytest.raises(OSError):
        for _ in range(600):
            slow.sendall(b"X")
            time.sleep(0.05)
    drained(limited.server)


def test_a_body_that_comes_by_the_byte_has_a_deadline(limited):
    with closing(limited.open()) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert b"408" in slow.recv(65536)


def test_new_clients_are_served_while_silent_ones_hold_every_connection(limited):
    silent = [limited.open() for _ in range(4)]
    for _ in range(8):
        assert limited.request("POST", "/", b"abc") == (200, "3")
    for each in silent:
        each.close()


def test_the_number_of_threads_is_bounded_and_the_rest_told_so(limited):
    before = threading.active_count()
    busy = [limited.open() for _ in range(4)]
    for each in busy:
        each.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    end = time.monotonic() + 30
    while limited.server.connections._waiting or len(limited.server.connections) < 4:
        assert time.monotonic() < end
        time.sleep(0.02)
    answers = [limited.send(b"") for _ in range(6)]
    assert all(answer.startswith("HTTP/1.1 503") and "as many connections" in answer for answer in answers)
    assert threading.active_count() <= before + 4
    limited.release.set()
    for each in busy:
        assert b"200 OK" in each.recv(65536)
        each.close()


def test_a_body_that_does_not_end_holds_nobody_up(aws, line):
    """Reading a body takes no lock: S3 answers others while one upload hangs."""
    hanging = []
    url = aws.client("s3").generate_presigned_url("put_object", Params={"Bucket": aws.bucket, "Key": "hangs"})
    path = url.partition(f":{line.port}")[2]
    for _ in range(8):
        connection = line.open()
        head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{line.port}\r\nContent-Length: 1000\r\n\r\nhalf"
        connection.sendall(head.encode())
        hanging.append(connection)
    aws.client("s3").put_object(Bucket=aws.bucket, Key="other", Body=b"x")
    assert requests.put(url, data=b"whole", timeout=20).status_code == 200
    for each in hanging:
        each.close()


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(line, length):
    status, text = line.request("PUT", "/bucket/key?" + "X-Amz-Algorithm=x", b"", Content_Length=length)
    assert status in {400, 403}
    assert "Internal" not in text
