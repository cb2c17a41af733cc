"""The control plane of HTTP APIs: made, described, changed, deleted; what is not embedded is refused by name."""

import pytest

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:classify"
JWT = {"Issuer": "https://issuer.example", "Audience": ["api"]}


@pytest.fixture
def client(aws):
    return aws.client("apigatewayv2")


@pytest.fixture
def api(aws, client):
    return client.create_api(Name=aws.name, ProtocolType="HTTP")["ApiId"]


@pytest.fixture
def integration(client, api):
    """Makes an integration of a function in the API; returns its id."""

    def integration(**changes):
        request = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
        return client.create_integration(ApiId=api, **(request | changes))["IntegrationId"]

    return integration


@pytest.fixture
def authorizer(client, api):
    """Makes a JWT authorizer in the API; returns its id."""

    def authorizer(**changes):
        request = {
            "Name": "jwt",
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": JWT,
        }
        return client.create_authorizer(ApiId=api, **(request | changes))["AuthorizerId"]

    return authorizer


def test_an_api_is_described_as_it_was_created(aws, client):
    made = client.create_api(Name="texts", ProtocolType="HTTP", Description="labels", Tags={"team": "a"})
    described = client.get_api(ApiId=made["ApiId"])
    assert described["ApiEndpoint"] == f"{aws.server.endpoint_url}/_api/{made['ApiId']}"
    assert (described["Name"], described["Description"]) == ("texts", "labels")
    assert described["ProtocolType"] == "HTTP"
    assert described["Tags"] == {"team": "a"}
    assert described["CreatedDate"].tzinfo is not None


def test_an_api_is_changed_listed_and_deleted(client, api, refusal):
    client.update_api(ApiId=api, Name="renamed")
    assert [each["Name"] for each in client.get_apis()["Items"] if each["ApiId"] == api] == ["renamed"]
    client.delete_api(ApiId=api)
    for call in (client.get_api, client.delete_api):
        assert refusal(call, ApiId=api) == ("NotFoundException", f"Invalid API identifier specified {api}")


def test_what_belongs_to_an_api_is_described_changed_and_deleted(client, api, integration, authorizer):
    target, tokens = integration(), authorizer()
    route = client.create_route(ApiId=api, RouteKey="GET /a", Target=f"integrations/{target}")["RouteId"]
    client.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)

    client.update_integration(ApiId=api, IntegrationId=target, TimeoutInMillis=5000)
    client.update_authorizer(ApiId=api, AuthorizerId=tokens, Name="tokens")
    client.update_route(ApiId=api, RouteId=route, AuthorizationType="JWT", AuthorizerId=tokens)
    client.update_stage(ApiId=api, StageName="dev", Description="for trying out")

    assert client.get_integration(ApiId=api, IntegrationId=target)["TimeoutInMillis"] == 5000
    assert client.get_authorizer(ApiId=api, AuthorizerId=tokens)["Name"] == "tokens"
    changed = client.get_route(ApiId=api, RouteId=route)
    assert (changed["RouteKey"], changed["AuthorizationType"]) == ("GET /a", "JWT")
    assert client.get_stage(ApiId=api, StageName="dev")["Description"] == "for trying out"

    client.delete_route(ApiId=api, RouteId=route)
    client.delete_integration(ApiId=api, IntegrationId=target)
    client.delete_authorizer(ApiId=api, AuthorizerId=tokens)
    client.delete_stage(ApiId=api, StageName="dev")


@pytest.mark.parametrize("verb", ["get", "delete"])
@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("route", "RouteId"),
        ("integration", "IntegrationId"),
        ("authorizer", "AuthorizerId"),
        ("stage", "StageName"),
    ],
)
def test_what_an_api_does_not_have_is_not_found(client, api, refusal, kind, key, verb):
    code, message = refusal(getattr(client, f"{verb}_{kind}"), ApiId=api, **{key: "absent"})
    assert code == "NotFoundException"
    assert message == f"Unable to find {kind.title()} by key absent within the provided {kind.title()}"


def test_a_route_key_and_a_stage_are_taken_once(client, api, refusal):
    client.create_route(ApiId=api, RouteKey="GET /a")
    client.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    assert refusal(client.create_route, ApiId=api, RouteKey="GET /a") == (
        "ConflictException",
        "Route with key GET /a already exists for this API",
    )
    code, _ = refusal(client.create_stage, ApiId=api, StageName="dev", AutoDeploy=True)
    assert code == "ConflictException"


def test_what_a_route_uses_cannot_be_deleted(client, api, integration, authorizer, refusal):
    target, tokens = integration(), authorizer()
    client.create_route(
        ApiId=api,
        RouteKey="GET /a",
        Target=f"integrations/{target}",
        AuthorizationType="JWT",
        AuthorizerId=tokens,
    )
    for call, request in (
        (client.delete_integration, {"IntegrationId": target}),
        (client.delete_authorizer, {"AuthorizerId": tokens}),
    ):
        code, message = refusal(call, ApiId=api, **request)
        assert code == "ConflictException"
        assert "GET /a" in message


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"RouteKey": "FETCH /a"}, "The provided route key FETCH /a is not formatted properly"),
        ({"RouteKey": "GET a"}, "The provided route key GET a is not formatted properly"),
        ({"RouteKey": "GET /a", "Target": "integrations/absent"}, "is no integration of this API"),
        ({"RouteKey": "GET /a", "AuthorizationType": "JWT"}, "Invalid authorizer ID specified: None"),
        ({"RouteKey": "GET /a", "AuthorizationType": "CUSTOM"}, "not by a function"),
        ({"RouteKey": "GET /a", "RequestParameters": {"x": {"Required": True}}}, "have RequestParameters"),
    ],
)
def test_a_route_that_cannot_be_is_refused(client, api, refusal, route, said):
    code, message = refusal(client.create_route, ApiId=api, **route)
    assert code == "BadRequestException"
    assert said in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"IntegrationType": "HTTP_PROXY"}, "IntegrationType must be AWS_PROXY"),
        ({"IntegrationUri": "https://example.org"}, "ARN of a function"),
        ({"PayloadFormatVersion": "1.0"}, "PayloadFormatVersion 2.0"),
        ({"TlsConfig": {"ServerNameToVerify": "x"}}, "does not have TlsConfig"),
    ],
)
def test_an_integration_is_of_a_function_in_payload_format_2(integration, refusal, changes, said):
    code, message = refusal(integration, **changes)
    assert code == "BadRequestException"
    assert said in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"AuthorizerType": "REQUEST"}, "of the type JWT"),
        ({"JwtConfiguration": {"Issuer": "https://issuer.example"}}, "needs an Issuer and an Audience"),
        ({"IdentitySource": []}, "exactly one IdentitySource"),
        ({"Name": "taken"}, "Authorizer taken already exists"),
    ],
)
def test_an_authorizer_is_of_tokens(authorizer, refusal, changes, said):
    authorizer(Name="taken")
    code, message = refusal(authorizer, **changes)
    assert code == "BadRequestException"
    assert said in message


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"ProtocolType": "WEBSOCKET"}, "no WEBSOCKET APIs"),
        ({"CorsConfiguration": {"AllowOrigins": ["*"]}}, "does not have CorsConfiguration"),
        ({"Target": FUNCTION}, "does not have Target"),
        ({"RouteSelectionExpression": "$request.body"}, "are selected by $request.method $request.path"),
        ({"DisableExecuteApiEndpoint": True}, "does not have DisableExecuteApiEndpoint"),
    ],
)
def test_what_an_api_cannot_have_is_refused_by_name(client, refusal, request_, said):
    code, message = refusal(client.create_api, **({"Name": "x", "ProtocolType": "HTTP"} | request_))
    assert code == "BadRequestException"
    assert said in message


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({}, "AutoDeploy must be true"),
        ({"AutoDeploy": True, "DeploymentId": "abc"}, "does not have DeploymentId"),
        ({"AutoDeploy": True, "AccessLogSettings": {"Format": "$context.status"}}, "DestinationArn"),
    ],
)
def test_what_a_stage_cannot_have_is_refused_by_name(client, api, refusal, stage, said):
    code, message = refusal(client.create_stage, ApiId=api, StageName="dev", **stage)
    assert code == "BadRequestException"
    assert said in message


def test_apis_and_stages_have_tags(aws, client, api, refusal):
    client.create_stage(ApiId=api, StageName="dev", AutoDeploy=True, Tags={"stage": "dev"})
    arn = f"arn:aws:apigateway:{aws.region}::/apis/{api}"
    client.tag_resource(ResourceArn=arn, Tags={"team": "a", "cost": "b"})
    client.untag_resource(ResourceArn=arn, TagKeys=["cost"])
    assert client.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    assert client.get_tags(ResourceArn=f"{arn}/stages/dev")["Tags"] == {"stage": "dev"}
    assert refusal(client.get_tags, ResourceArn=f"{arn}/stages/prod")[0] == "NotFoundException"
