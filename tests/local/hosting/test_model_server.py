import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest


@contextmanager
def container(model, module="model_server", **environment):
    """A running container: its process, its port, and whoever holds its standard input."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        command = [sys.executable, "-m", f"local_aws.hosting.instances.{module}"]
        process = subprocess.Popen(
            [*command, "--socket", str(descriptor), "--model", str(model)],
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        yield process, port
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    shutil.copy(models / "first.bin", folder / "model.bin")
    with container(folder) as (_, port), closing(connect(port)) as connection:
        yield connection


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def ask(server, body, content_type: str | None = "application/json"):
    """Status, content type and body of an answer."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    server.request("POST", "/invocations", body, headers)
    response = server.getresponse()
    return response.status, response.getheader("Content-Type"), response.read().decode()


def instances(*texts, **others):
    return json.dumps({"instances": texts, **others})


def test_a_loaded_model_answers_the_ping(server):
    server.request("GET", "/ping")
    response = server.getresponse()
    assert (response.status, response.read()) == (200, b"")


def test_each_instance_gets_its_best_label(server):
    status, kind, body = ask(server, instances("lovely great", "awful poor"))
    assert (status, kind) == (200, "application/json")
    answers = json.loads(body)
    assert [answer["label"] for answer in answers] == [["__label__first-good"], ["__label__first-bad"]]
    assert all(0.5 < answer["prob"][0] <= 1 for answer in answers)


def test_k_asks_for_more_labels_the_likeliest_first(server):
    _, _, body = ask(server, instances("lovely", configuration={"k": 5}))
    [answer] = json.loads(body)
    assert answer["label"] == ["__label__first-good", "__label__first-bad"]
    assert answer["prob"] == sorted(answer["prob"], reverse=True)


def test_json_lines_are_answered_line_by_line(server):
    lines = '{"source": "lovely"}\n\n{"source": "awful", "k": 2}\n'
    status, kind, body = ask(server, lines, "application/jsonlines")
    assert (status, kind) == (200, "application/jsonlines")
    assert [json.loads(line)["label"] for line in body.splitlines()] == [
        ["__label__first-good"],
        ["__label__first-bad", "__label__first-good"],
    ]


def test_the_content_type_may_have_parameters(server):
    status, _, _ = ask(server, instances("lovely"), "application/json; charset=utf-8")
    assert status == 200


@pytest.mark.parametrize("kind", [None, "text/csv", "application/octet-stream"])
def test_other_content_types_are_refused(server, kind):
    assert ask(server, instances("lovely"), kind) == (415, "text/plain", f"content-type {kind} not supported")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "Unable to decode payload: Incorrect data format. (caused by ValueError)"),
        ("[]", "Please provide a JSON object with a list of 'instances'."),
        ('{"instances": "lovely"}', "Please provide a JSON object with a list of 'instances'."),
        ('{"instances": [1]}', "'instances' must be text, not int."),
        (instances("a", configuration={"k": 0}), "'k' must be a positive integer, not 0."),
        (instances("a", configuration={"k": "2"}), "'k' must be a positive integer, not '2'."),
        (instances("a", configuration=[2]), "'configuration' must be a JSON object."),
    ],
)
def test_a_bad_body_is_a_client_error_that_says_why(server, body, words):
    status, _, answer = ask(server, body)
    assert status == 400
    assert words in answer


def test_a_bad_line_is_a_client_error(server):
    status, _, answer = ask(server, '{"source": "a"}\n{"text": "b"}', "application/jsonlines")
    assert status == 400
    assert "'source'" in answer


@pytest.mark.parametrize("text", ["lovely\ngreat", "lovely\r\ngreat\n", "\n", "", " ", "é\u2028x"])
def test_no_text_breaks_the_server(server, text):
    status, _, body = ask(server, instances(text))
    assert status == 200
    [answer] = json.loads(body)
    assert len(answer["label"]) == 1


def test_a_newline_is_a_space(server):
    assert ask(server, instances("lovely\ngreat")) == ask(server, instances("lovely great"))


def test_a_folder_without_a_model_ends_the_container(tmp_path):
    with container(tmp_path) as (process, _):
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "Unable to load model" in said.decode()


def test_the_container_ends_with_its_parent(models, tmp_path):
    shutil.copy(models / "first.bin", tmp_path / "model.bin")
    with container(tmp_path) as (process, port), closing(connect(port)) as connection:
        connection.request("GET", "/ping")
        assert connection.getresponse().status == 200
        process.stdin.close()
        process.stdin = None
        assert process.wait(timeout=10) == 0


def test_an_unknown_fault_is_refused(models, tmp_path):
    shutil.copy(models / "first.bin", tmp_path / "model.bin")
    with container(tmp_path, "faulty_server", LOCAL_AWS_FAULT="slow") as (process, _):
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "never-ready, answers-500, hangs, dies and slow:MS" in said.decode()


def test_it_starts_without_the_sdk(models):
    """boto3 alone takes longer to import than a model to load, and a canary waits for it."""
    code = "import sys, local_aws.hosting.instances.model_server; sys.exit('boto3' in sys.modules or 'moto' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0
