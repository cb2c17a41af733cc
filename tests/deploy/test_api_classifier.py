"""The classification API between request and model: the contract, what the model is asked, and the policy's decision."""

import importlib
import json
import sys

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

MODULES = ("request", "policy", "serving_contract", "classifier")
SINGLE = {
    "version": 1,
    "recipe": "reviews",
    "labels": ["bad", "good"],
    "multi_label": False,
    "threshold": None,
    "text_rules": {"lowercase": True},
}
MULTI = SINGLE | {
    "version": 2,
    "labels": ["insult", "obscene", "threat"],
    "multi_label": True,
    "thresholds": {"insult": 0.4, "obscene": 0.5, "threat": 0.1},
    "serving": {
        "request": {"texts": "data.texts", "count": None},
        "line": {"text": "text", "count": None},
        "answer": {"labels": "names", "scores": "values", "prefix": ""},
    },
}
RULES = "def tokenise(text, rules):\n    return text.lower() if rules['lowercase'] else text\n"


@pytest.fixture(scope="module")
def api(repository):
    """The modules of the API's folder, by name."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(repository / "api"))
        yield {name: importlib.import_module(name) for name in MODULES}
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture
def contract(api, tmp_path):
    """Loads a contract with that description, and rules."""

    def contract(description=SINGLE, rules=RULES):
        (tmp_path / "contract.json").write_text(json.dumps(description))
        (tmp_path / "text_rules.py").write_text(rules)
        return api["serving_contract"].Contract.load(tmp_path)

    return contract


@pytest.fixture
def classifier(api, contract, runtime_of):
    """A classifier with that contract, answered by a runtime; both."""

    def classifier(answer, description=SINGLE, policy=None):
        runtime = runtime_of(answer)
        made = api["policy"].Policy.parse(json.dumps(policy) if policy else "")
        return api["classifier"].Classifier(contract(description), runtime, "shop-live", made), runtime

    return classifier


# The contract


@pytest.mark.parametrize(
    ("text", "line"),
    [("One\nTwo ", "one two"), ("", ""), (" \n ", ""), ("half: \ud83d", "half: ?"), ("ÄÖ", "äö")],
)
def test_a_line_is_one_line_in_valid_unicode(contract, text, line):
    assert contract().tokens(text) == line


def test_a_contract_is_read_with_its_thresholds_and_its_format(contract):
    read = contract(MULTI)
    assert read.labels == ("insult", "obscene", "threat")
    assert read.thresholds == {"insult": 0.4, "obscene": 0.5, "threat": 0.1}
    assert (read.serving.texts, read.serving.count, read.serving.labels) == ("data.texts", None, "names")
    assert contract().thresholds is None


def test_the_rules_of_a_contract_are_its_own_even_if_others_were_imported(contract, monkeypatch):
    monkeypatch.setitem(sys.modules, "text_rules", object())
    assert contract(rules="def tokenise(text, rules): return 'mine'\n").tokens("a") == "mine"
    assert contract(rules="def tokenise(text, rules): return 'yours'\n").tokens("a") == "yours"


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_a_contract_of_another_version_is_refused_with_those_that_are_read(contract, version):
    expected = rf"^contract\.json has version {version}; this API reads the versions 1 and 2$"
    with pytest.raises(ValueError, match=expected):
        contract(SINGLE | {"version": version})


# What the model is asked


def test_a_model_is_asked_for_the_best_label_of_the_texts_that_have_tokens(classifier):
    made, runtime = classifier([{"label": ["__label__good"], "prob": [0.9]}])
    made.classify(["", "Lovely", " "])
    [request] = runtime.requests
    assert json.loads(request.pop("Body")) == {"instances": ["lovely"], "configuration": {"k": 1}}
    assert request == {
        "EndpointName": "shop-live",
        "ContentType": "application/json",
        "Accept": "application/json",
    }


def test_a_multi_label_model_is_asked_by_its_own_format_and_answers_by_its_own_thresholds(classifier):
    answer = [{"names": ["threat", "insult"], "values": [0.1, 0.39]}]
    made, runtime = classifier(answer, MULTI)
    [told] = made.classify(["You"])
    assert json.loads(runtime.requests[0]["Body"]) == {"data": {"texts": ["you"]}}
    assert told == {
        "text": "You",
        "label": "threat",
        "confidence": 0.1,
        "labels": ["threat"],
        "scores": {"insult": 0.39, "threat": 0.1, "obscene": 0.0},
        "thresholds": {"insult": 0.4, "obscene": 0.5, "threat": 0.1},
    }
    assert list(told["scores"]) == ["insult", "threat", "obscene"]


def test_a_request_beyond_the_endpoints_limit_is_not_sent(api, classifier):
    # A character outside of ASCII is six bytes of JSON, so texts within their own limits can be too much together.
    made, runtime = classifier([{"label": [], "prob": []}] * 100)
    with pytest.raises(api["request"].Problem) as caught:
        made.classify(["ü" * 10_000] * 67)
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")
    assert runtime.requests == []
    made, runtime = classifier([{"label": [], "prob": []}] * 66)
    assert len(made.classify(["ü" * 10_000] * 66)) == 66
    assert len(runtime.requests[0]["Body"]) <= 4_000_000


def refusal(code, status=400, **members):
    return ClientError(
        {
            "Error": {"Code": code, "Message": "secret"},
            "ResponseMetadata": {"HTTPStatusCode": status},
            **members,
        },
        "InvokeEndpoint",
    )


@pytest.mark.parametrize(
    ("error", "status", "code", "details"),
    [
        (refusal("ModelError", 424, OriginalStatusCode=500), 502, "model_error", {"model_status": 500}),
        (refusal("ModelError", 424), 502, "model_error", {"model_status": None}),
        (refusal("ModelNotReadyException", 429), 503, "unavailable", {"aws": "ModelNotReadyException"}),
        (refusal("TooManyRequestsException", 400), 503, "unavailable", {"aws": "TooManyRequestsException"}),
        (refusal("ServiceUnavailableException"), 503, "unavailable", {"aws": "ServiceUnavailableException"}),
        (refusal("Throttling"), 503, "unavailable", {"aws": "Throttling"}),
        (refusal("ValidationException"), 503, "unavailable", {"aws": "ValidationException"}),
        (refusal("Unheard", 429), 503, "unavailable", {"aws": "Unheard"}),
        (refusal("Unheard", 503), 503, "unavailable", {"aws": "Unheard"}),
        (refusal("Unheard", 500), 500, "internal_error", {"aws": "Unheard"}),
        (refusal("AccessDeniedException", 403), 500, "internal_error", {"aws": "AccessDeniedException"}),
        (ReadTimeoutError(endpoint_url="https://x"), 504, "timeout", {}),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            503,
            "unavailable",
            {"aws": "EndpointConnectionError"},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, int | str) else "",
)
def test_what_keeps_the_model_from_answering_is_a_status_and_a_line_for_the_log(
    api, classifier, error, status, code, details
):
    made, _ = classifier(error)
    with pytest.raises(api["request"].Problem) as caught:
        made.classify(["a"])
    problem = caught.value
    assert (problem.status, problem.code, problem.details) == (status, code, details)
    assert problem.headers == ({"retry-after": "1"} if code == "unavailable" else {})
    assert "secret" not in problem.message


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>", "answer not understood"),
        (b"\xff", "answer not understood"),
        (b"null", "answer not understood"),
        (b"[" * 100_000, "answer not understood"),
        ([["good", 0.9]], "answer not understood"),
        ([{"label": ["good"], "prob": []}], "answer not understood"),
        ([{"label": ["good"], "prob": [None]}], "answer not understood"),
        (b'[{"label": ["good"], "prob": [Infinity]}]', "answer not understood"),
        ([], "answer incomplete"),
        ([{"label": ["good"], "prob": [0.9]}] * 2, "answer incomplete"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_is_none_of_the_model_is_the_models_error(api, classifier, answer, reason):
    made, _ = classifier(answer)
    with pytest.raises(api["request"].Problem) as caught:
        made.classify(["a"])
    assert (caught.value.status, caught.value.code, caught.value.details) == (
        502,
        "model_error",
        {"reason": reason},
    )


# The policy

POLICY = {
    "default": "everyone",
    "never": ["threat"],
    "audiences": {
        "everyone": {"insult": "block", "obscene": "mask"},
        "adults": {"obscene": "allow"},
        "press": {},
    },
}


@pytest.mark.parametrize(
    ("audience", "given", "action", "because"),
    [
        ("everyone", [], "allow", []),
        ("everyone", ["obscene"], "mask", ["obscene"]),
        ("everyone", ["obscene", "insult"], "block", ["insult"]),
        ("everyone", ["insult", "threat"], "block", ["insult", "threat"]),
        ("adults", ["obscene", "insult"], "allow", []),
        ("adults", ["threat", "obscene"], "block", ["threat"]),
        ("press", ["insult", "obscene"], "allow", []),
        ("press", ["threat"], "block", ["threat"]),
    ],
)
def test_the_strictest_action_decides_and_names_the_labels_that_ask_for_it(
    api, audience, given, action, because
):
    policy = api["policy"].Policy.parse(json.dumps(POLICY))
    scores = {"insult": 0.7, "obscene": 0.6, "threat": 0.2}
    assert policy.decision(audience, scores, given) == {
        "action": action,
        "audience": audience,
        "because": [{"label": label, "score": scores[label]} for label in because],
    }


def test_without_a_text_there_is_no_policy(api):
    assert api["policy"].Policy.parse("") is None


@pytest.mark.parametrize(
    ("audience", "action"),
    [(None, "mask"), ("everyone", "mask"), ("adults", "allow")],
    ids=["default", "same", "other"],
)
def test_a_request_without_an_audience_is_decided_for_the_default_one(classifier, audience, action):
    made, _ = classifier([{"names": ["obscene"], "values": [0.6]}], MULTI, POLICY)
    [told] = made.classify(["you"], audience)
    assert told["decision"]["action"] == action
    assert told["decision"]["audience"] == (audience or "everyone")


@pytest.mark.parametrize(("answer", "action"), [(("bad", 0.9), "block"), (("good", 0.8), "allow")])
def test_a_single_label_models_label_is_decided_with_its_confidence(classifier, answer, action):
    policy = {"default": "all", "never": ["bad"], "audiences": {"all": {}}}
    label, score = answer
    made, _ = classifier([{"label": [f"__label__{label}"], "prob": [score]}], SINGLE, policy)
    [told, nothing] = made.classify(["so", ""])
    because = [{"label": "bad", "score": 0.9}] if action == "block" else []
    assert told["decision"] == {"action": action, "audience": "all", "because": because}
    assert nothing["decision"] == {"action": "allow", "audience": "all", "because": []}


def test_without_a_policy_nothing_is_decided(classifier):
    made, _ = classifier([{"label": ["__label__good"], "prob": [0.8]}])
    assert "decision" not in made.classify(["so"])[0]
