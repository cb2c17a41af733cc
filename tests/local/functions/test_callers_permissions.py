"""Signed requests for HTTP APIs and function URLs: the caller's own policies decide, as on AWS."""

import dataclasses
import json

import pytest
import requests

from local_aws.kernel.signing.request_auth import Signed

ECHO = "def handler(event, context): return event['requestContext'].get('authorizer')"
ACCOUNT = "123456789012"


@pytest.fixture
def caller(aws):
    """Makes a role with one inline policy and signs requests with a session of it for `service`."""
    iam = aws.client("iam")
    name = f"{aws.name}-caller"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))

    def signed(service, *allowed):
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in [*allowed, ("s3:ListAllMyBuckets", "*")]
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        session = aws.server.account.sessions.issue(role["Role"]["Arn"], "me")
        return Signed(aws.server.account.clients, service, session)

    aws.server.gate.enforce = True
    yield signed
    aws.server.gate.enforce = False


@pytest.fixture
def api(aws, functions):
    """An HTTP API with POST /classify for IAM, in the stage "reviews-staging"."""
    client, name = aws.client("apigatewayv2"), functions.create(ECHO)
    made = client.create_api(Name=name, ProtocolType="HTTP")
    identity = made["ApiId"]
    integration = client.create_integration(
        ApiId=identity,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:{aws.region}:{ACCOUNT}:function:{name}",
        PayloadFormatVersion="2.0",
    )
    client.create_route(
        ApiId=identity,
        RouteKey="POST /classify",
        AuthorizationType="AWS_IAM",
        Target=f"integrations/{integration['IntegrationId']}",
    )
    client.create_stage(ApiId=identity, StageName="reviews-staging", AutoDeploy=True)
    functions.lambda_.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return f"{made['ApiEndpoint']}/reviews-staging/classify"


def invoked(aws, resource):
    return f"arn:aws:execute-api:{aws.region}:{ACCOUNT}:{resource}"


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, 403),
        ("*/reviews-production/POST/classify", 403),
        ("*/reviews-staging/GET/classify", 403),
        ("*/reviews-staging/POST/classify", 200),
        ("*", 200),
    ],
)
def test_an_http_api_lets_in_who_may_invoke_its_stage_method_and_path(aws, api, caller, resource, status):
    allowed = [("execute-api:Invoke", invoked(aws, resource))] if resource else []
    response = requests.post(api, auth=caller("execute-api", *allowed), timeout=30)
    assert response.status_code == status
    if status == 200:
        assert response.json()["iam"]["userArn"].endswith("-caller/me")
    else:
        assert response.json() == {"message": "Forbidden"}


def test_calls_of_an_api_are_recorded_with_the_role_that_made_them(aws, api, caller):
    before = len(aws.server.account.calls)
    requests.post(api, auth=caller("execute-api"), timeout=30)
    [call] = [each for each in aws.server.account.calls.since(before) if each.service == "execute-api"]
    assert call.action == "execute-api:Invoke"
    assert call.resources[0].endswith("/reviews-staging/POST/classify")
    assert call.role_arn.endswith("-caller")


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        ([], 403),
        (["lambda:InvokeFunctionUrl"], 403),
        (["lambda:InvokeFunction"], 403),
        (["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], 200),
    ],
)
def test_a_function_url_lets_in_who_may_invoke_both_the_url_and_the_function(
    aws, functions, caller, actions, status
):
    name = functions.create(ECHO)
    url = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    function = f"arn:aws:lambda:{aws.region}:{ACCOUNT}:function:{name}"
    signed = caller("lambda", *((action, function) for action in actions))
    response = requests.get(url, auth=signed, timeout=30)
    assert response.status_code == status
    if status == 200:
        assert response.json()["iam"]["userArn"].endswith("-caller/me")


@pytest.mark.parametrize("actions", [["InvokeFunctionUrl"], ["InvokeFunctionUrl", "InvokeFunction"]])
def test_a_public_url_needs_everybodys_permission_for_both_actions(functions, actions):
    name = functions.create(ECHO)
    for action in actions:
        condition = (
            {"FunctionUrlAuthType": "NONE"}
            if action == "InvokeFunctionUrl"
            else {"InvokedViaFunctionUrl": True}
        )
        functions.lambda_.add_permission(
            FunctionName=name, StatementId=action, Action=f"lambda:{action}", Principal="*", **condition
        )
    url = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert requests.get(url, timeout=30).status_code == (200 if len(actions) == 2 else 403)


def test_an_expired_or_unknown_session_is_refused(aws, api, caller):
    session = aws.server.account.sessions.issue(f"arn:aws:iam::{ACCOUNT}:role/{aws.name}-caller", "me")
    caller("execute-api", ("execute-api:Invoke", "*"))
    clients = aws.server.account.clients
    for wrong in ({"token": "another"}, {"secret_key": "another"}):
        signed = Signed(clients, "execute-api", dataclasses.replace(session, **wrong))
        assert requests.post(api, auth=signed, timeout=30).status_code == 403
    assert requests.post(api, auth=Signed(clients, "execute-api", session), timeout=30).status_code == 200
