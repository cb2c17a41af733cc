"""HTTP APIs that answer: requests are routed, authorized, passed on and logged, as API Gateway does it."""

import base64
import json
import time
from dataclasses import dataclass, replace
from typing import Any

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
ISSUER = "https://issuer.example"
FAILED = {"message": "Internal Server Error"}


@dataclass(frozen=True)
class HttpApi:
    """An HTTP API with one function behind it. `client` is that of apigatewayv2."""

    client: Any
    id: str
    endpoint: str
    function: str
    target: str

    def route(self, key, **request):
        return self.client.create_route(ApiId=self.id, RouteKey=key, Target=self.target, **request)["RouteId"]

    def stage(self, name="$default", **request):
        self.client.create_stage(ApiId=self.id, StageName=name, AutoDeploy=True, **request)

    def request(self, path, method="POST", **parts):
        return requests.request(method, self.endpoint + path, timeout=30, **parts)


@pytest.fixture
def http_api(aws, functions):
    """Makes an HTTP API, whose function it may call, without routes and stages."""

    def http_api(source=ECHO, permitted="*", **settings):
        client, name = aws.client("apigatewayv2"), functions.create(source, **settings)
        arn = f"arn:aws:lambda:{aws.region}:123456789012:function:{name}"
        made = client.create_api(Name=name, ProtocolType="HTTP")
        integration = client.create_integration(
            ApiId=made["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            PayloadFormatVersion="2.0",
        )
        if permitted:
            functions.lambda_.add_permission(
                FunctionName=name,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:{aws.region}:123456789012:{made['ApiId']}/{permitted}",
            )
        target = f"integrations/{integration['IntegrationId']}"
        return HttpApi(client, made["ApiId"], made["ApiEndpoint"], name, target)

    return http_api


@pytest.fixture
def classify(http_api):
    """Makes an API with the route POST /classify in its default stage."""

    def classify(source=ECHO, route=None, stage=None, **settings):
        api = http_api(source, **settings)
        api.route("POST /classify", **(route or {}))
        api.stage(**(stage or {}))
        return api

    return classify


def token(**claims):
    """A token as issuers make them, but for the signature."""
    stated = {"iss": ISSUER, "aud": "api", "exp": time.time() + 86_400, "sub": "ann"} | claims
    parts = [{"alg": stated.pop("alg", "RS256"), "kid": "1"}, stated]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.fixture
def protected(http_api):
    """Makes an API with the route POST /classify, which asks for a token."""

    def protected(source=ECHO, **route):
        api = http_api(source)
        authorizer = api.client.create_authorizer(
            ApiId=api.id,
            Name="jwt",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": ISSUER, "Audience": ["api", "other"]},
        )
        api.route("POST /classify", AuthorizationType="JWT", AuthorizerId=authorizer["AuthorizerId"], **route)
        api.stage()
        return api

    return protected


def test_the_function_gets_the_request_and_the_client_its_answer(classify):
    api = classify("""
        import json
        def handler(event, context):
            texts = json.loads(event["body"])["texts"]
            return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(texts)}
        """)
    response = api.request("/classify", json={"texts": ["lovely", "dreadful"]})
    assert (response.status_code, response.json()) == (201, ["lovely", "dreadful"])
    assert response.headers["Content-Type"] == "application/json"


def test_the_event_tells_the_route_and_the_stage(http_api):
    api = http_api()
    api.route("GET /pets/{kind}")
    api.stage("dev", StageVariables={"colour": "blue"})
    event = api.request("/dev/pets/dog?a=1", "GET").json()
    context = event["requestContext"]
    assert (event["routeKey"], event["rawPath"]) == ("GET /pets/{kind}", "/dev/pets/dog")
    assert event["pathParameters"] == {"kind": "dog"}
    assert event["stageVariables"] == {"colour": "blue"}
    assert event["queryStringParameters"] == {"a": "1"}
    assert (context["apiId"], context["stage"], context["http"]["method"]) == (api.id, "dev", "GET")


def test_an_answer_without_content_type_is_text(classify):
    response = classify("def handler(event, context): return {'statusCode': 200, 'body': 'x'}").request(
        "/classify"
    )
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("path", "method"), [("/other", "POST"), ("/classify", "GET"), ("", "POST")])
def test_a_request_without_a_route_is_not_found(classify, path, method):
    response = classify().request(path, method)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


def test_an_api_without_a_stage_or_without_existence_is_not_found(aws, http_api):
    api = http_api()
    api.route("POST /classify")
    for url in (f"{api.endpoint}/classify", f"{aws.server.endpoint_url}/_api/absent/classify"):
        assert requests.post(url, timeout=30).status_code == 404


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context): raise ValueError('secret')",
        "raise RuntimeError('secret')",
        "def handler(event, context): return {'statusCode': 'secret'}",
    ],
)
def test_a_function_that_fails_is_a_500_without_the_reason(classify, source):
    response = classify(source).request("/classify")
    assert (response.status_code, response.json()) == (500, FAILED)


@pytest.mark.parametrize("permitted", [None, "*/*/other", "prod/POST/classify", "*/GET/classify"])
def test_an_api_that_may_not_call_the_function_is_a_500(classify, permitted):
    response = classify(permitted=permitted).request("/classify")
    assert (response.status_code, response.json()) == (500, FAILED)


@pytest.mark.parametrize("permitted", ["*/*/classify", "$default/POST/classify", "*/POST/classify", "*"])
def test_a_permission_names_stage_method_and_path(classify, permitted):
    assert classify(permitted=permitted).request("/classify").status_code == 200


def test_a_request_that_is_too_large_for_a_function_is_refused(classify):
    response = classify().request("/classify", data="x" * 6_300_000, headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_function_that_is_gone_is_a_500(functions, classify):
    api = classify()
    functions.lambda_.delete_function(FunctionName=api.function)
    assert api.request("/classify").status_code == 500


def test_a_throttled_or_slow_function_is_unavailable(functions, classify):
    api = classify("import time\ndef handler(event, context): time.sleep(0.2)")
    integration = api.target.partition("/")[2]
    api.client.update_integration(ApiId=api.id, IntegrationId=integration, TimeoutInMillis=50)
    functions.invoke(api.function)
    slow = api.request("/classify")
    functions.lambda_.put_function_concurrency(FunctionName=api.function, ReservedConcurrentExecutions=0)
    throttled = api.request("/classify")
    unavailable = (503, {"message": "Service Unavailable"})
    assert (slow.status_code, slow.json()) == unavailable
    assert (throttled.status_code, throttled.json()) == unavailable


@pytest.mark.parametrize("authorization", UNSIGNED.values(), ids=UNSIGNED)
def test_a_route_for_iam_refuses_what_nobody_signed(classify, authorization):
    api = classify(route={"AuthorizationType": "AWS_IAM"})
    headers = {"Authorization": authorization.replace("%s", "execute-api")} if authorization else {}
    response = api.request("/classify", headers=headers)
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_a_route_for_iam_takes_requests_that_are_signed_for_execute_api(aws, classify):
    api = classify(route={"AuthorizationType": "AWS_IAM"})
    clients = aws.server.account.clients
    assert api.request("/classify", auth=Signed(clients, "lambda")).status_code == 403
    response = api.request("/classify", auth=Signed(clients, "execute-api"))
    assert response.json()["requestContext"]["authorizer"]["iam"]["accessKey"] == "local"


def test_a_route_for_iam_refuses_signatures_for_another_region(aws, classify):
    api = classify(route={"AuthorizationType": "AWS_IAM"})
    elsewhere = replace(aws.server.account.clients, region="us-east-1")
    response = api.request("/classify", auth=Signed(elsewhere, "execute-api"))
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_a_valid_token_opens_the_route_and_its_claims_reach_the_function(protected):
    stated = token(aud=["web", "other"], scope="read write", level=3)
    response = protected().request("/classify", headers={"Authorization": f"Bearer {stated}"})
    authorizer = response.json()["requestContext"]["authorizer"]["jwt"]
    assert authorizer["claims"]["sub"] == "ann"
    assert authorizer["claims"]["level"] == "3"
    assert authorizer["scopes"] == ["read", "write"]


@pytest.mark.parametrize(
    "stated",
    [
        None,
        "Bearer",
        "Bearer nonsense",
        "Bearer a.b.c",
        f"Bearer {token(iss='https://other.example')}",
        f"Bearer {token(aud='web')}",
        f"Bearer {token(exp=time.time() - 1)}",
        f"Bearer {token(exp='tomorrow')}",
        f"Bearer {token(aud=[{}])}",
        f"Bearer {token(nbf=time.time() + 86_400)}",
        f"Bearer {token(alg='none')}",
        f"Bearer {token(alg='HS256')}",
        f"Bearer {token().rpartition('.')[0]}.",
    ],
    ids=[
        "missing",
        "empty",
        "nonsense",
        "undecodable",
        "issuer",
        "audience",
        "expired",
        "no-time",
        "no-text",
        "early",
        "unsigned",
        "shared-key",
        "bare",
    ],
)
def test_any_other_token_is_unauthorized(protected, stated):
    response = protected().request("/classify", headers={"Authorization": stated} if stated else {})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_forbidden(protected):
    api = protected(AuthorizationScopes=["classify", "admin"])
    statuses = [
        api.request("/classify", headers={"Authorization": token(**scopes)}).status_code
        for scopes in ({}, {"scope": "read"}, {"scope": "read admin"}, {"scp": ["classify"]})
    ]
    assert statuses == [403, 403, 200, 200]


def test_a_client_id_stands_for_the_audience_of_access_tokens(protected):
    stated = token(client_id="api")
    header, claims, signature = stated.split(".")
    without = json.loads(base64.urlsafe_b64decode(claims + "=="))
    del without["aud"]
    claims = base64.urlsafe_b64encode(json.dumps(without).encode()).decode().rstrip("=")
    response = protected().request("/classify", headers={"Authorization": f"{header}.{claims}.{signature}"})
    assert response.status_code == 200


def test_more_requests_than_the_burst_are_too_many(classify):
    limits = {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}
    api = classify(stage={"DefaultRouteSettings": limits})
    responses = [api.request("/classify") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[-1].json() == {"message": "Too Many Requests"}


def test_a_route_can_have_limits_of_its_own(classify):
    none = {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 0}
    api = classify(
        stage={
            "DefaultRouteSettings": none,
            "RouteSettings": {"POST /classify": {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 10}},
        }
    )
    assert api.request("/classify").status_code == 200


def test_requests_are_logged_in_the_format_of_the_stage(aws, functions, classify):
    group = f"/model-deploy/{aws.name}/access"
    api = classify(
        "def handler(event, context): raise ValueError",
        route={"AuthorizationType": "AWS_IAM"},
        stage={
            "AccessLogSettings": {
                "DestinationArn": f"arn:aws:logs:{aws.region}:123456789012:log-group:{group}:*",
                "Format": "$context.routeKey $context.status $context.error.message|$context.authorizer.error|"
                "$context.integrationErrorMessage|$context.unheardOf",
            }
        },
    )
    api.request("/classify")
    api.request("/classify", auth=Signed(aws.server.account.clients, "execute-api"))
    assert functions.logged(group, "the function failed") == [
        "POST /classify 403 Forbidden|the request is not signed for execute-api|-|-",
        "POST /classify 500 Internal Server Error|-|the function failed|-",
    ]
