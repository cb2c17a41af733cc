"""The classification API of a stage, end to end: each way in lets the right ones in, and nobody else."""

import base64
import json
import time
import urllib.error
import urllib.request

import pytest

ISSUER, AUDIENCE = "https://id.example.com", "shop"
APIS = {
    "iam": "{kind: http_api, auth: iam}",
    "function_url": "{kind: function_url}",
    "public": "{kind: http_api, auth: public, requests_per_second: 1000, burst: 1000}",
    "public_url": "{kind: function_url, auth: public, concurrency: 1}",
    "jwt": f"{{kind: http_api, auth: jwt, jwt: {{issuer: '{ISSUER}', audience: [{AUDIENCE}]}}}}",
}


def token(**claims):
    """A token as its issuer would make it; the embedded AWS checks everything of it but the signature."""
    stated = {"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 3600, "sub": "ann"} | claims
    parts = [{"alg": "RS256", "kid": "1", "typ": "JWT"}, stated]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.fixture
def deployed(project):
    """Rolls a model out to staging behind an API of that kind; what the rollout says, and the API's address."""

    def deployed(kind):
        stage = project.root / "stages" / "staging.yaml"
        stage.write_text(f"{stage.read_text()}\napi: {APIS[kind]}")
        result = project.json("rollout", "--stage", "staging", "--model-package", project.register())
        return result, project.json("status", "--stage", "staging")["stages"][0]["api"]

    return deployed


def ask(url, **headers):
    """The status and the body of an answer to a plain request."""
    body = json.dumps({"texts": ["I love this lovely dress"]}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("kind", ["iam", "function_url"])
def test_a_signed_request_is_answered_in_plain_words_and_a_strangers_is_not(project, deployed, kind):
    result, url = deployed(kind)
    assert {finding["target"] for finding in result["findings"]} == {"endpoint", "api"}
    assert (result["verified"], sorted(result["milliseconds"])) == (True, ["api", "endpoint"])
    assert url.endswith("/classify")
    assert ask(url)[0] == 403
    assert project.json("verify", "--stage", "staging")["verified"] is True


def test_a_token_of_the_issuer_for_this_audience_is_let_in_and_no_other(project, deployed):
    # Without a token all that can be verified is that nobody gets in without one.
    result, url = deployed("jwt")
    assert [finding["case"] for finding in result["findings"] if finding["target"] == "api"] == [
        "refuses requests without credentials"
    ]
    project.variables["API_TOKEN"] = token()
    verified = project.json("verify", "--stage", "staging")
    asked = [finding for finding in verified["findings"] if finding["target"] == "api"]
    assert {finding["case"] for finding in asked} >= {"praise", "complaint", "anything"}
    status, answer = ask(url, authorization=f"Bearer {token()}")
    assert (status, answer["predictions"][0]["label"]) == (200, "positive")
    for wrong in (token(aud="desk"), token(iss="https://evil.example.com"), token(exp=1), "nonsense"):
        assert ask(url, authorization=f"Bearer {wrong}")[0] == 401
    project.variables["API_TOKEN"] = token(exp=1)
    failed = project.run("verify", "--stage", "staging")
    assert failed.exit_code == 3
    assert "answered 401" in failed.stdout


@pytest.mark.parametrize("kind", ["public", "public_url"])
def test_everybody_is_let_in_where_that_is_asked_for_by_name(project, deployed, kind):
    result, url = deployed(kind)
    asked = {finding["case"] for finding in result["findings"] if finding["target"] == "api"}
    assert asked >= {"praise", "complaint", "anything"}
    assert result["verified"] is True
    status, answer = ask(url)
    assert (status, answer["predictions"][0]["label"]) == (200, "positive")
    arn = project.json("status", "--stage", "staging")["stages"][0]["model_package_arn"]
    planned = project.json("plan", "--stage", "staging", "--model-package", arn)
    assert "whoever knows the address may ask the model" in planned["warnings"][0]
    if kind == "public_url":
        reserved = project.client("lambda").get_function_concurrency(
            FunctionName=f"{project.names.name}-staging-api"
        )
        assert reserved["ReservedConcurrentExecutions"] == 1
