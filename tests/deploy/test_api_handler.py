"""The classification API's Lambda, unpacked from its archive, in front of an HTTP server that speaks the runtime's REST."""

import ast
import base64
import importlib
import io
import json
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from model_deploy.core import archive

LABELS = ["negative", "neutral", "positive"]
SINGLE = {
    "version": 1,
    "recipe": "reviews",
    "labels": LABELS,
    "multi_label": False,
    "threshold": None,
    "text_rules": {"lowercase": True},
}
MULTI = SINGLE | {"labels": ["insult", "obscene", "threat"], "multi_label": True, "threshold": 0.5}
TEXT_RULES = """
import re

def tokenise(text, rules):
    words = re.findall("[a-z']+", text.lower() if rules["lowercase"] else text)
    return " ".join(words)
"""


class Endpoint:
    """A SageMaker endpoint: `answer(line) -> {label: score}` for each line; or `failure`, an error of the runtime."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answer = lambda line: {"positive": 0.9, "neutral": 0.07, "negative": 0.03}
        self.body: bytes | None = None
        self.failure: tuple[int, str, dict[str, Any]] | None = None

    def respond(self, payload: dict[str, Any]) -> bytes:
        if self.body is not None:
            return self.body
        k = payload["configuration"]["k"]
        answers = []
        for line in payload["instances"]:
            best = sorted(self.answer(line).items(), key=lambda item: -item[1])[:k]
            answers.append(
                {"label": [f"__label__{name}" for name, _ in best], "prob": [score for _, score in best]}
            )
        return json.dumps(answers).encode()


@pytest.fixture
def endpoint(monkeypatch):
    served = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.requests.append(json.loads(body))
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            served.paths.append(self.path)
            if served.failure is None:
                self._send(200, served.respond(json.loads(body)), {})
            else:
                status, code, members = served.failure
                self._send(
                    status,
                    json.dumps({"Message": "quotes: a secret text"} | members).encode(),
                    {"x-amzn-errortype": code},
                )

        def _send(self, status, body, headers):
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Requests are no news."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"http://127.0.0.1:{server.server_port}")
    for name, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ENDPOINT_NAME": "reviews-live",
    }.items():
        monkeypatch.setenv(name, value)
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def deploy(repository, tmp_path, monkeypatch):
    """Unpack the archive with a contract and import its handler, as Lambda does."""
    scripts = [path.stem for path in (repository / "api").glob("*.py")]

    def deploy(contract):
        files = {"contract.json": json.dumps(contract).encode(), "text_rules.py": TEXT_RULES.encode()}
        with zipfile.ZipFile(io.BytesIO(archive.build(repository / "api", files).content)) as zipped:
            zipped.extractall(tmp_path / "task")
        monkeypatch.syspath_prepend(str(tmp_path / "task"))
        return importlib.import_module("handler")

    yield deploy
    for name in scripts:
        sys.modules.pop(name, None)


@pytest.fixture
def classify(deploy, endpoint):
    """POST a body to the API: status and parsed answer."""
    handler = deploy(SINGLE)
    return lambda body, **changes: call(handler, body, **changes)


def event(body, path="/classify", method="POST", **changes) -> dict[str, Any]:
    """An event of payload format 2.0: what an HTTP API and a function URL both send."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
        **changes,
    }


def call(handler, body, **changes) -> tuple[int, dict[str, Any]]:
    response = handler.handle(event(body, **changes), None)
    assert response["headers"]["content-type"] == "application/json"
    return response["statusCode"], json.loads(response["body"])


# --- answers ---


def test_a_stage_with_a_name_stands_before_the_path(classify):
    context = {"http": {"method": "POST"}, "requestId": "request-1", "stage": "reviews-staging"}
    for path, status in (("/reviews-staging/classify", 200), ("/other/classify", 404)):
        assert classify({"texts": ["dress"]}, path=path, requestContext=context)[0] == status


def test_each_text_is_answered_with_its_label_in_plain_words_and_the_confidence(classify, endpoint):
    endpoint.answer = lambda line: {"negative": 0.8} if "awful" in line else {"positive": 0.95}
    status, answer = classify({"texts": ["Lovely DRESS!", "Awful fit, sent it back"]})
    assert (status, answer) == (
        200,
        {
            "predictions": [
                {"text": "Lovely DRESS!", "label": "positive", "confidence": 0.95},
                {"text": "Awful fit, sent it back", "label": "negative", "confidence": 0.8},
            ]
        },
    )


def test_the_endpoint_gets_the_contracts_tokens_in_blazingtexts_json(classify, endpoint):
    classify({"texts": ["Lovely DRESS!", "It's\nfine"]})
    assert endpoint.requests == [{"instances": ["lovely dress", "it's fine"], "configuration": {"k": 1}}]
    assert endpoint.paths == ["/endpoints/reviews-live/invocations"]
    assert endpoint.headers[0]["content-type"] == "application/json"


def test_a_multi_label_model_answers_every_label_with_its_score(deploy, endpoint):
    endpoint.answer = lambda line: {"obscene": 0.7, "insult": 0.9}
    status, answer = call(deploy(MULTI), {"texts": ["you ..."]})
    assert status == 200
    assert endpoint.requests[0]["configuration"] == {"k": 3}
    (prediction,) = answer["predictions"]
    assert prediction == {
        "text": "you ...",
        "label": "insult",
        "confidence": 0.9,
        "labels": ["insult", "obscene"],
        "scores": {"insult": 0.9, "obscene": 0.7, "threat": 0.0},
        "threshold": 0.5,
    }
    assert list(prediction["scores"]) == ["insult", "obscene", "threat"]


def test_where_no_score_reaches_the_threshold_there_is_no_label(deploy, endpoint):
    endpoint.answer = lambda line: {"obscene": 0.49, "insult": 0.01, "threat": 0.0}
    _, answer = call(deploy(MULTI), {"texts": ["hello"]})
    (prediction,) = answer["predictions"]
    assert (prediction["label"], prediction["confidence"], prediction["labels"]) == (None, None, [])
    assert prediction["scores"]["obscene"] == 0.49


def test_a_score_at_the_threshold_counts(deploy, endpoint):
    endpoint.answer = lambda line: {"obscene": 0.5}
    _, answer = call(deploy(MULTI), {"texts": ["hello"]})
    assert answer["predictions"][0]["labels"] == ["obscene"]


def test_fasttexts_probability_above_one_is_one(classify, endpoint):
    endpoint.answer = lambda line: {"positive": 1.00001}
    assert classify({"texts": ["great"]})[1]["predictions"][0]["confidence"] == 1.0


@pytest.mark.parametrize("text", ["", "   ", "\n", "!!!", "12"])
def test_a_text_with_nothing_to_read_has_no_label_and_says_why(classify, endpoint, text):
    # fastText would answer an empty line with a confident label.
    status, answer = classify({"texts": [text, "great"]})
    nothing, great = answer["predictions"]
    assert status == 200
    assert (nothing["text"], nothing["label"], nothing["confidence"]) == (text, None, None)
    assert "nothing in this text" in nothing["note"]
    assert (great["label"], "note" in great) == ("positive", False)
    assert endpoint.requests[0]["instances"] == ["great"]


def test_a_text_of_words_that_the_model_never_saw_has_no_label_either(classify, endpoint):
    endpoint.body = b'[{"label": [], "prob": []}]'
    status, answer = classify({"texts": ["xyzzy"]})
    (prediction,) = answer["predictions"]
    assert (status, prediction["label"], prediction["confidence"]) == (200, None, None)
    assert "note" in prediction


def test_texts_with_nothing_to_read_alone_do_not_reach_the_endpoint(classify, endpoint):
    assert classify({"texts": ["", " "]})[0] == 200
    assert endpoint.requests == []


def test_a_multi_label_model_answers_an_empty_text_with_scores_of_zero(deploy, endpoint):
    _, answer = call(deploy(MULTI), {"texts": [""]})
    (prediction,) = answer["predictions"]
    assert prediction["scores"] == {"insult": 0.0, "obscene": 0.0, "threat": 0.0}
    assert (prediction["label"], prediction["labels"]) == (None, [])


def test_any_character_comes_back_as_it_came(classify):
    texts = ["schön 👗", "a\u2028b", "half a pair: \ud83d"]
    status, answer = classify({"texts": texts})
    assert (status, [prediction["text"] for prediction in answer["predictions"]]) == (200, texts)


def test_a_body_in_base64_is_read_too(classify):
    body = base64.b64encode(json.dumps({"texts": ["great"]}).encode()).decode()
    assert classify(body, isBase64Encoded=True)[0] == 200


# --- requests that are to blame ---


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "not_json"),
        ("", 400, "not_json"),
        ("{texts: [a]}", 400, "not_json"),
        ("[" * 100_000, 400, "not_json"),
        (["great"], 400, "not_json"),
        ({}, 400, "texts_missing"),
        ({"texts": "great"}, 400, "texts_missing"),
        ({"texts": []}, 400, "texts_missing"),
        ({"texts": ["great"], "k": 2}, 400, "unknown_key"),
        ({"texts": ["great", 5]}, 400, "text_not_a_string"),
        ({"texts": ["great"] * 101}, 413, "too_many_texts"),
        ({"texts": ["x" * 10_001]}, 413, "text_too_long"),
        ({"texts": ["x" * 1_000_000]}, 413, "body_too_large"),
        (json.dumps({"texts": ["ü" * 600_000]}, ensure_ascii=False), 413, "body_too_large"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(classify, endpoint, body, status, code):
    found, answer = classify(body)
    assert (found, answer["error"]["code"], answer["request_id"]) == (status, code, "request-1")
    assert endpoint.requests == []


def test_the_limits_themselves_are_within_them(classify):
    assert classify({"texts": ["x" * 9_000] * 100})[0] == 200
    assert classify({"texts": ["x" * 10_000]})[0] == 200


def test_a_message_names_the_text_by_its_place_and_does_not_repeat_it(classify):
    _, answer = classify({"texts": ["fine", None]})
    assert answer["error"]["message"] == "texts[1] is not a string."


def test_broken_base64_is_no_json(classify):
    assert classify("%%%", isBase64Encoded=True)[1]["error"]["code"] == "not_json"


def test_there_is_one_path_and_one_method(classify, deploy):
    assert classify({"texts": ["x"]}, path="/")[0] == 404
    assert classify(None, method="GET")[0] == 405
    response = sys.modules["handler"].handle(event(None, method="GET"), None)
    assert response["headers"]["allow"] == "POST"


# --- the model is to blame ---


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ((424, "ModelError", {"OriginalStatusCode": 500}), 502, "model_error"),
        ((424, "ModelError", {"OriginalStatusCode": 400}), 502, "model_error"),
        ((400, "ThrottlingException", {}), 503, "unavailable"),
        ((429, "ModelNotReadyException", {}), 503, "unavailable"),
        ((503, "ServiceUnavailable", {}), 503, "unavailable"),
        ((400, "ValidationError", {}), 503, "unavailable"),
        ((403, "AccessDeniedException", {}), 500, "internal_error"),
    ],
)
def test_what_the_runtime_says_becomes_a_status_without_its_words(
    classify, endpoint, capsys, failure, status, code
):
    endpoint.failure = failure
    found, answer = classify({"texts": ["a secret text"]})
    assert (found, answer["error"]["code"]) == (status, code)
    assert "secret" not in json.dumps(answer) + capsys.readouterr().out


def test_a_busy_model_says_when_to_come_back(deploy, endpoint):
    endpoint.failure = (400, "ThrottlingException", {})
    response = deploy(SINGLE).handle(event({"texts": ["great"]}), None)
    assert response["headers"]["retry-after"] == "1"


def test_an_endpoint_that_cannot_be_reached_is_unavailable(deploy, endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:1")
    assert call(deploy(SINGLE), {"texts": ["great"]})[0] == 503


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'[{"label": []}]',
        b'[{"label": ["a"], "prob": [NaN]}]',
        b'{"predictions": []}',
        b'[{"label": ["a"], "prob": ["b"]}]',
    ],
)
def test_an_answer_that_is_no_classification_is_the_models_error(classify, endpoint, body):
    endpoint.body = body
    status, answer = classify({"texts": ["great"]})
    assert (status, answer["error"]["code"]) == (502, "model_error")


def test_what_nobody_expected_is_a_plain_500(deploy, endpoint, monkeypatch, capsys):
    handler = deploy(SINGLE)
    monkeypatch.delenv("ENDPOINT_NAME")
    status, answer = call(handler, {"texts": ["a secret text"]})
    assert (status, answer["error"]["code"]) == (500, "internal_error")
    assert "ENDPOINT_NAME" not in json.dumps(answer) and "Traceback" not in json.dumps(answer)
    line = json.loads(capsys.readouterr().out)
    assert line["error"] == "KeyError"
    assert line["at"][-1].startswith("os.py") or "handler.py" in " ".join(line["at"])


def test_a_contract_of_another_version_stops_the_function_at_its_start(deploy):
    with pytest.raises(
        ValueError, match=r"contract\.json has version 3; this API reads the versions 1 and 2"
    ):
        deploy(SINGLE | {"version": 3})


# --- the log, and the runtime ---


def test_each_request_is_one_line_of_json_without_the_texts(classify, capsys):
    classify({"texts": ["a secret text", ""]})
    line = json.loads(capsys.readouterr().out)
    assert "secret" not in json.dumps(line)
    assert {"request_id": "request-1", "status": 200, "texts": 2, "unread": 1}.items() <= line.items()
    assert line["ms"] >= line["classify_ms"]


def test_a_refused_request_is_logged_with_its_code(classify, capsys):
    classify({"texts": []})
    assert {"status": 400, "error": "texts_missing"}.items() <= json.loads(capsys.readouterr().out).items()


def test_it_needs_what_the_lambda_runtime_ships_and_nothing_else(repository):
    scripts = {path.stem: ast.parse(path.read_text()) for path in (repository / "api").glob("*.py")}
    imported = set()
    for tree in scripts.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    ours = scripts.keys() | {"model_common"}  # the archive holds what they need of it
    assert imported - sys.stdlib_module_names <= {"boto3", "botocore"} | ours


# --- a policy ---

POLICY = {
    "default": "everyone",
    "never": ["threat"],
    "audiences": {"everyone": {"insult": "block", "obscene": "mask"}, "adults": {"insult": "mask"}},
}
SCORES = {
    "swearing": {"obscene": 0.9, "insult": 0.1},
    "both": {"obscene": 0.9, "insult": 0.7},
    "dangerous": {"threat": 0.8, "obscene": 0.6},
    "kind": {"obscene": 0.1},
}


@pytest.fixture
def decide(deploy, endpoint, monkeypatch):
    """Decisions on texts, for an audience or for nobody in particular: the action, and the labels that decided."""
    endpoint.answer = SCORES.__getitem__
    monkeypatch.setenv("POLICY", json.dumps(POLICY))
    handler = deploy(MULTI)

    def decide(*texts, **audience):
        status, answer = call(handler, {"texts": list(texts), **audience})
        assert status == 200, answer
        decisions = [each["decision"] for each in answer["predictions"]]
        return [(each["action"], [why["label"] for why in each["because"]]) for each in decisions]

    return decide


def test_the_strictest_action_of_a_texts_labels_is_taken_and_names_what_decided(decide):
    assert decide("swearing", "both", "kind") == [("mask", ["obscene"]), ("block", ["insult"]), ("allow", [])]


def test_an_audience_that_asked_for_it_is_shown_more_and_threats_never(decide):
    texts = ("swearing", "both", "dangerous")
    assert decide(*texts, audience="adults") == [
        ("allow", []),
        ("mask", ["insult"]),
        ("block", ["threat"]),
    ]


def test_a_text_in_which_nothing_was_read_is_allowed(decide):
    assert decide("") == [("allow", [])]


def test_an_audience_that_the_policy_has_not_is_refused_and_so_is_one_without_a_policy(
    deploy, endpoint, monkeypatch
):
    monkeypatch.setenv("POLICY", json.dumps(POLICY))
    status, answer = call(deploy(MULTI), {"texts": ["kind"], "audience": "children"})
    assert (status, answer["error"]["code"]) == (400, "unknown_audience")
    assert answer["error"]["message"] == '"audience" is one of adults, everyone.'


def test_without_a_policy_a_request_names_no_audience(classify):
    status, answer = classify({"texts": ["great"], "audience": "adults"})
    assert (status, answer["error"]["code"]) == (400, "unknown_key")
