"""The classification API is what `api/openapi.yaml` says: schemathesis asks its handler what the description allows, and more."""

import ast
import base64
import copy
import importlib
import io
import json
import sys
import zipfile

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks

from model_deploy.core import archive

CONTRACT = {
    "version": 1,
    "recipe": "reviews",
    "labels": ["negative", "positive"],
    "multi_label": False,
    "threshold": None,
    "text_rules": {},
}
POLICY = {
    "default": "everyone",
    "never": ["negative"],
    "audiences": {"everyone": {"positive": "mask"}, "adults": {}},
}
TEXT_RULES = b"def tokenise(text, rules):\n    return ' '.join(text.split())\n"


class Model:
    """A client of the runtime whose model is sure of everything."""

    def invoke_endpoint(self, Body, **_):
        asked = json.loads(Body)
        labels = ["__label__positive", "__label__negative"][: asked["configuration"]["k"]]
        answer = [{"label": labels, "prob": [0.9, 0.1][: len(labels)]} for _ in asked["instances"]]
        return {"Body": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture(scope="module")
def repository(pytestconfig):
    return pytestconfig.rootpath / "deploy"


@pytest.fixture(scope="module")
def description(repository):
    return yaml.safe_load((repository / "api" / "openapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=[False, True], ids=["one label", "several labels"])
def handler(request, repository, tmp_path_factory):
    """The handler, unpacked from its archive and imported as Lambda does, with a model that answers."""
    contract = CONTRACT | {"multi_label": request.param, "threshold": 0.5 if request.param else None}
    files = {"contract.json": json.dumps(contract).encode(), "text_rules.py": TEXT_RULES}
    task = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(io.BytesIO(archive.build(repository / "api", files).content)) as zipped:
        zipped.extractall(task)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ENDPOINT_NAME", "reviews-staging")
        if request.param:
            patched.setenv("POLICY", json.dumps(POLICY))
        patched.syspath_prepend(str(task))
        module = importlib.import_module("handler")
        patched.setattr(module.boto3, "client", lambda *_, **__: Model())
        module._classifier.cache_clear()
        yield module
    for path in (repository / "api").glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture(scope="module")
def described(handler, description):
    """The API as a WSGI application: what a gateway makes of a request, and of the handler's answer."""

    served = copy.deepcopy(description)
    properties = served["components"]["schemas"]["Texts"]["properties"]
    # A stage without a policy knows no audiences, one with a policy its own.
    if handler._policy() is None:
        del properties["audience"]
    else:
        properties["audience"]["enum"] = list(POLICY["audiences"])

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(served).encode()]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        event = {
            "version": "2.0",
            "rawPath": path,
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": "1",
                "stage": "$default",
            },
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = handler.handle(event, None)
        start_response(f"{answer['statusCode']} X", list(answer["headers"].items()))
        return [answer["body"].encode()]

    return schemathesis.openapi.from_wsgi("/openapi.json", application)


# Its own pytest plugin does not know pytest 9: the strategies are asked for directly.
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_the_api_does_what_its_description_says(described, mode):
    """Requests of the description are answered, others refused, all with the statuses and documents that it names."""

    @settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    @given(described["/classify"]["POST"].as_strategy(generation_mode=mode))
    def asks(case):
        answer = case.call_and_validate(excluded_checks=[checks.negative_data_rejection])  # it knows no 413
        expected = {200} if mode is schemathesis.GenerationMode.POSITIVE else {400, 413}
        assert answer.status_code in expected

    asks()


def test_the_description_names_every_code_and_status_of_the_handler(repository, description):
    calls = [
        node
        for path in (repository / "api").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"
    ]
    stated = {(call.args[0].value, call.args[1].value) for call in calls}
    codes = description["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert {code for _, code in stated} == set(codes)
    responses = description["paths"]["/classify"]["post"]["responses"]
    # Another path or method is no operation of the description.
    assert {str(status) for status, _ in stated} - {"404", "405"} == set(responses) - {"200"}


def test_the_description_states_the_limits_of_the_handler(handler, description):
    request = sys.modules["request"]
    texts = description["components"]["schemas"]["Texts"]["properties"]["texts"]
    assert (texts["maxItems"], texts["items"]["maxLength"]) == (request.MOST_TEXTS, request.LONGEST_TEXT)
    body = description["paths"]["/classify"]["post"]["requestBody"]["description"]
    assert f"{request.LARGEST_BODY:,} bytes" in body
