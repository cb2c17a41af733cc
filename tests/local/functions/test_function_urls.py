"""Function URLs: what a function gets of an HTTP request, what the client gets, and who may call."""

import base64
import json
from dataclasses import replace

import pytest
import requests

from local_aws.kernel.signing.request_auth import Signed

ECHO = "def handler(event, context): return event"
UNSIGNED = {
    "nothing": None,
    "a token": "Bearer token",
    "a made up signature": (
        "AWS4-HMAC-SHA256 Credential=local/20261121/eu-west-1/%s/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0123456789abcdef"
    ),
}


@pytest.fixture
def url(functions):
    """Makes a function that everybody may call at a URL; returns the URL."""

    def url(source):
        name = functions.create(source)
        functions.lambda_.add_permission(
            FunctionName=name,
            StatementId="everybody",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
        functions.lambda_.add_permission(
            FunctionName=name,
            StatementId="by-url",
            Action="lambda:InvokeFunction",
            Principal="*",
            InvokedViaFunctionUrl=True,
        )
        return functions.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]

    return url


def answering(value):
    return f"def handler(event, context): return {value!r}"


def test_a_url_is_below_the_servers_own_address(aws, url):
    made = url(ECHO)
    assert made.startswith(f"{aws.server.endpoint_url}/_url/")
    assert made.endswith("/")


def test_the_function_gets_the_request_in_payload_format_2(url):
    made = url(ECHO)
    event = requests.post(
        f"{made}classify/deep?a=1&a=2&b=",
        json={"texts": ["x"]},
        headers={"X-Trace": "T", "Cookie": "a=1; b=2", "User-Agent": "tests"},
        timeout=30,
    ).json()
    identity = made.rstrip("/").rpartition("/")[2]
    context = event["requestContext"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/classify/deep")
    assert event["rawQueryString"] == "a=1&a=2&b="
    assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-trace"] == "T"
    assert event["headers"]["content-type"] == "application/json"
    assert not {"cookie", "connection"} & set(event["headers"])
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"texts": ["x"]}, False)
    assert (context["apiId"], context["stage"]) == (identity, "$default")
    assert context["http"] == {
        "method": "POST",
        "path": "/classify/deep",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tests",
    }
    assert "authorizer" not in context


def test_a_request_without_body_and_query_has_none_in_its_event(url):
    event = requests.get(url(ECHO), timeout=30).json()
    assert not {"body", "queryStringParameters", "cookies", "pathParameters"} & set(event)
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded", None])
def test_what_is_no_text_comes_in_base64(url, kind):
    event = requests.post(
        url(ECHO), data=b"\xff\x00", headers={"Content-Type": kind} if kind else {}, timeout=30
    ).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)


def test_an_answer_with_a_status_is_the_response(url):
    response = requests.get(
        url(
            answering(
                {
                    "statusCode": 418,
                    "headers": {"Content-Type": "text/plain", "X-Pot": 1},
                    "cookies": ["a=1", "b=2"],
                    "body": "short and stout",
                }
            )
        ),
        timeout=30,
    )
    assert (response.status_code, response.text) == (418, "short and stout")
    assert (response.headers["Content-Type"], response.headers["X-Pot"]) == ("text/plain", "1")
    assert dict(response.cookies) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("value", "text"), [({"label": "positive"}, '{"label": "positive"}'), ("plain", "plain"), (None, "null")]
)
def test_any_other_answer_is_the_body_of_a_200(url, value, text):
    response = requests.get(url(answering(value)), timeout=30)
    assert (response.status_code, response.text) == (200, text)
    assert response.headers["Content-Type"] == "application/json"


def test_a_body_in_base64_is_decoded(url):
    answer = {"statusCode": 200, "body": base64.b64encode(b"\x89PNG").decode(), "isBase64Encoded": True}
    assert requests.get(url(answering(answer)), timeout=30).content == b"\x89PNG"


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context): raise ValueError('secret')",
        answering({"statusCode": "many"}),
        answering({"statusCode": 42}),
        answering({"statusCode": 200, "body": {"not": "text"}}),
        answering({"statusCode": 200, "headers": ["a"]}),
        answering({"statusCode": 200, "headers": {"a": "b\nc: d"}}),
        answering({"statusCode": 200, "cookies": "a=1"}),
        answering({"statusCode": 200, "body": "no base64!", "isBase64Encoded": True}),
    ],
)
def test_a_function_that_fails_or_answers_no_response_is_a_502_without_the_reason(url, source):
    response = requests.get(url(source), timeout=30)
    assert (response.status_code, response.text) == (502, "Internal Server Error")


PUBLIC = {
    "lambda:InvokeFunctionUrl": {"FunctionUrlAuthType": "NONE"},
    "lambda:InvokeFunction": {"InvokedViaFunctionUrl": True},
}


@pytest.mark.parametrize("action", PUBLIC)
def test_a_public_url_needs_both_of_lambdas_actions(functions, action):
    name = functions.create(ECHO)
    for sid, (given, condition) in enumerate(PUBLIC.items()):
        if given != action:
            functions.lambda_.add_permission(
                FunctionName=name, StatementId=f"s{sid}", Action=given, Principal="*", **condition
            )
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert requests.get(made, timeout=30).status_code == 403
    functions.lambda_.add_permission(
        FunctionName=name, StatementId="missing", Action=action, Principal="*", **PUBLIC[action]
    )
    assert requests.get(made, timeout=30).status_code == 200


def test_a_public_url_needs_a_permission_for_everybody(functions):
    name = functions.create(ECHO)
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    response = requests.get(made, timeout=30)
    assert response.status_code == 403
    assert response.json()["Message"].startswith("Forbidden.")


@pytest.mark.parametrize("authorization", UNSIGNED.values(), ids=UNSIGNED)
def test_a_url_for_iam_refuses_what_nobody_signed(functions, authorization):
    name = functions.create(ECHO)
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    headers = {"Authorization": authorization.replace("%s", "lambda")} if authorization else {}
    assert requests.get(made, headers=headers, timeout=30).status_code == 403


def test_a_url_for_iam_takes_requests_that_are_signed_for_lambda(aws, functions):
    name = functions.create(ECHO)
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    clients = aws.server.account.clients
    assert requests.get(made, auth=Signed(clients, "execute-api"), timeout=30).status_code == 403
    response = requests.get(made, auth=Signed(clients, "lambda"), timeout=30)
    assert response.json()["requestContext"]["authorizer"]["iam"]["accessKey"] == "local"


def test_a_url_for_iam_refuses_signatures_for_another_region(aws, functions):
    name = functions.create(ECHO)
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    elsewhere = replace(aws.server.account.clients, region="us-east-1")
    assert requests.get(made, auth=Signed(elsewhere, "lambda"), timeout=30).status_code == 403


def test_a_url_is_described_changed_and_deleted(functions, refusal):
    name = functions.create(ECHO)
    client = functions.lambda_
    made = client.create_function_url_config(FunctionName=name, AuthType="NONE")
    code, _ = refusal(client.create_function_url_config, FunctionName=name, AuthType="NONE")
    assert code == "ResourceConflictException"
    client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    described = client.get_function_url_config(FunctionName=name)
    assert (described["FunctionUrl"], described["AuthType"]) == (made["FunctionUrl"], "AWS_IAM")
    client.delete_function_url_config(FunctionName=name)
    for call in (client.get_function_url_config, client.delete_function_url_config):
        assert refusal(call, FunctionName=name)[0] == "ResourceNotFoundException"
    assert requests.get(made["FunctionUrl"], timeout=30).status_code == 403


def test_a_url_of_an_alias_answers_with_its_version(aws, functions):
    name = functions.create(answering("old"), Publish=True)
    client = functions.lambda_
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_configuration(FunctionName=name, Handler="app.missing")
    made = client.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="AWS_IAM")
    signed = Signed(aws.server.account.clients, "lambda")
    assert requests.get(made["FunctionUrl"], auth=signed, timeout=30).text == "old"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"Cors": {"AllowOrigins": ["*"]}}, "does not have Cors"),
        ({"InvokeMode": "RESPONSE_STREAM"}, "does not stream"),
        ({"Qualifier": "absent"}, "Function not found"),
    ],
)
def test_what_a_url_cannot_have_is_refused_by_name(functions, refusal, setting, said):
    name = functions.create(ECHO)
    _, message = refusal(
        functions.lambda_.create_function_url_config, FunctionName=name, AuthType="NONE", **setting
    )
    assert said in message


def test_a_request_that_is_too_large_for_a_function_is_refused(url):
    response = requests.post(url(ECHO), data="x" * 6_300_000, timeout=30)
    assert response.status_code == 413
    assert response.json()["Message"].startswith("Request must be smaller than 6291456 bytes")


def test_a_throttled_url_says_so(aws, functions):
    name = functions.create(ECHO)
    functions.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    made = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    response = requests.get(made, auth=Signed(aws.server.account.clients, "lambda"), timeout=30)
    assert response.status_code == 429
