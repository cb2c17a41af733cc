"""Asking a model like its clients: by the contract at the endpoint, by texts at the API, and what counts as no answer."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from model_deploy.aws.clients import Aws
from model_deploy.core.model_package import contract as contracts
from model_deploy.verify import inference
from model_deploy.verify.inference import (
    EndpointModel,
    NoAnswerError,
    Prediction,
    PublicApi,
    SignedApi,
    TokenApi,
)

URL = "https://api.example.com/shop-live/classify"


def opened(**changes):
    stated = {
        "version": 1,
        "recipe": "reviews",
        "labels": ["bad", "good"],
        "multi_label": False,
        "threshold": None,
        "text_rules": {},
    } | changes
    rules = b"def tokenise(text, rules): return text.lower()"
    files = {"contract.json": json.dumps(stated).encode(), "text_rules.py": rules}
    return contracts.open_files(files, contracts.folder_sha256(files), "the contract")


SINGLE, MULTI = opened(), opened(multi_label=True, threshold=0.5)


class Answer:
    """What an address answers; and every request that it was sent."""

    def __init__(self, status=200, content=b"{}"):
        self.status_code, self.content, self.requests = status, content, []

    def send(self, request):
        self.requests.append(request)
        if isinstance(self.content, Exception):
            raise self.content
        return self


@pytest.fixture
def answered(monkeypatch):
    """Makes every address answer so."""

    def answered(content, status=200):
        body = content if isinstance(content, bytes | Exception) else json.dumps(content).encode()
        made = Answer(status, body)
        monkeypatch.setattr(inference, "URLLib3Session", lambda timeout: made)
        return made

    return answered


def predictions(*entries):
    return {"predictions": list(entries)}


GOOD = {"text": "a", "label": "good", "confidence": 0.9}


def session(**keys):
    return Aws(boto3.Session(region_name="eu-west-1", **keys))


@pytest.mark.parametrize("service", ["execute-api", "lambda"])
def test_a_signed_request_is_signed_for_the_service_and_region_of_its_address(answered, service):
    made = answered(predictions(GOOD))
    clients = session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="x")
    assert SignedApi(clients, URL, service)(["a"]) == [Prediction(("good",), {"good": 0.9})]
    [request] = made.requests
    assert (request.method, request.url) == ("POST", URL)
    assert json.loads(request.body) == {"texts": ["a"]}
    authorization = request.headers["Authorization"]
    authorization = authorization.decode() if isinstance(authorization, bytes) else authorization
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert f"/eu-west-1/{service}/aws4_request" in authorization


def test_without_credentials_nothing_is_signed_or_sent(answered, monkeypatch):
    made = answered(predictions(GOOD))
    clients = session()
    monkeypatch.setattr(clients.session, "get_credentials", lambda: None)
    with pytest.raises(NoCredentialsError):
        SignedApi(clients, URL, "lambda")(["a"])
    assert made.requests == []


def header(request, name):
    value = request.headers.get(name)
    return value.decode() if isinstance(value, bytes) else value


def test_a_token_goes_into_its_header_and_nobody_else_sends_one(answered):
    made = answered(predictions(GOOD))
    TokenApi(URL, "t0ken")(["a"])
    PublicApi(URL)(["a"])
    assert [header(request, "authorization") for request in made.requests] == ["Bearer t0ken", None]
    assert {header(request, "content-type") for request in made.requests} == {"application/json"}


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_a_stranger_is_told_a_status(answered, status):
    made = answered(b"<html>", status)
    assert inference.status_without_credentials(URL) == status
    assert header(made.requests[0], "authorization") is None


@pytest.mark.parametrize(
    ("entry", "prediction"),
    [
        (GOOD, Prediction(("good",), {"good": 0.9})),
        ({"label": None, "confidence": None}, Prediction((), {})),
        ({"label": "good", "confidence": "0.5"}, Prediction(("good",), {"good": 0.5})),
        (
            {"label": "a", "confidence": 0.9, "labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.6, "c": 0}},
            Prediction(("a", "b"), {"a": 0.9, "b": 0.6, "c": 0.0}),
        ),
        ({"label": None, "confidence": None, "labels": [], "scores": {"a": 0.1}}, Prediction((), {"a": 0.1})),
    ],
    ids=["a label", "no label", "a number as text", "several", "none of several"],
)
def test_an_entry_of_the_api_is_its_labels_and_scores(answered, entry, prediction):
    answered(predictions(entry))
    assert PublicApi(URL)(["a"]) == [prediction]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b'{"message": "Forbidden"}', 403, f'{URL} answered 403: {{"message": "Forbidden"}}'),
        (b"", 502, f"{URL} answered 502: nothing"),
        (b"x" * 300, 500, f"{URL} answered 500: {'x' * 200}"),
        (b"<html>\n Log in", 200, "the answer cannot be read (JSONDecodeError: "),
        (b"[" * 100_000, 200, "the answer cannot be read (RecursionError: "),
        ([], 200, "the answer cannot be read (TypeError: "),
        ({}, 200, "the answer cannot be read (KeyError: 'predictions'): {}"),
        (predictions("good"), 200, "the answer cannot be read (TypeError: "),
        (predictions({"label": "good"}), 200, "the answer cannot be read (KeyError: 'confidence')"),
        (predictions(GOOD | {"scores": ["good"]}), 200, "the answer cannot be read (AttributeError: "),
        (predictions(GOOD | {"confidence": "high"}), 200, "the answer cannot be read (ValueError: "),
        (predictions(), 200, "1 texts were sent and 0 answers came back"),
        (predictions(GOOD, GOOD), 200, "1 texts were sent and 2 answers came back"),
        (ReadTimeoutError(endpoint_url=URL), 200, f"{URL}: Read timeout on endpoint URL"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_answer_of_the_api_is_shown(answered, content, status, said):
    answered(content, status)
    with pytest.raises(NoAnswerError) as refused:
        PublicApi(URL)(["a"])
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


# The endpoint


def entry(**scores):
    return {"label": [f"__label__{name}" for name in scores], "prob": list(scores.values())}


def test_an_endpoint_is_asked_for_all_labels_of_the_texts_that_have_tokens(runtime_of):
    runtime = runtime_of([entry(good=0.7, bad=0.3)])
    found = EndpointModel(runtime, "shop-live", SINGLE)(["Lovely", " "])
    assert found == [Prediction(("good",), {"good": 0.7, "bad": 0.3}), Prediction((), {})]
    [request] = runtime.requests
    assert json.loads(request.pop("Body")) == {"instances": ["lovely"], "configuration": {"k": 2}}
    assert request == {
        "EndpointName": "shop-live",
        "ContentType": "application/json",
        "Accept": "application/json",
    }


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        ({"good": 0.5, "bad": 0.5}, ("bad", "good")),
        ({"good": 0.49, "bad": 0.6}, ("bad",)),
        ({"good": 0.4}, ()),
        ({}, ()),
    ],
)
def test_a_multi_label_model_gives_the_labels_that_reach_their_threshold(scores, labels):
    assert inference.contract_prediction(MULTI, entry(**scores)).labels == labels


@pytest.mark.parametrize(
    ("scores", "labels"),
    [({"bad": 0.1, "good": 0.9}, ("good",)), ({"bad": 0.5, "good": 0.5}, ("bad",)), ({}, ())],
)
def test_a_single_label_model_gives_its_best_label(scores, labels):
    assert inference.contract_prediction(SINGLE, entry(**scores)).labels == labels


def refusal(code, message="It said so."):
    return ClientError({"Error": {"Code": code, "Message": message}}, "InvokeEndpoint")


@pytest.mark.parametrize(
    "code", ["ModelError", "ModelNotReadyException", "InternalFailure", "ServiceUnavailable"]
)
@pytest.mark.parametrize(
    ("message", "said"), [("It said so.", "It said so."), ("", None)], ids=["words", "none"]
)
def test_an_error_of_the_model_is_no_answer(runtime_of, code, message, said):
    with pytest.raises(NoAnswerError) as refused:
        EndpointModel(runtime_of(refusal(code, message)), "shop-live", SINGLE)(["a"])
    assert str(refused.value) == (said or code)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationError", "ThrottlingException"])
def test_an_error_of_the_caller_is_none_of_the_models(runtime_of, code):
    with pytest.raises(ClientError, match=code):
        EndpointModel(runtime_of(refusal(code)), "shop-live", SINGLE)(["a"])


def test_an_endpoint_that_cannot_be_reached_does_not_answer(runtime_of):
    with pytest.raises(NoAnswerError, match="Read timeout"):
        EndpointModel(runtime_of(ReadTimeoutError(endpoint_url="https://x")), "shop-live", SINGLE)(["a"])


@pytest.mark.parametrize("answer", [{}, [entry(good=1), entry(good=1)], [["good"]], "good"], ids=repr)
def test_another_answer_of_the_endpoint_is_none(runtime_of, answer):
    with pytest.raises(NoAnswerError):
        EndpointModel(runtime_of(answer), "shop-live", SINGLE)(["a"])
