"""The classification API in the template: a function with little power, and two ways in."""

import json
from pathlib import Path
from typing import Any

import pytest

from model_deploy.core.plan.deployment import Deployment
from model_deploy.errors import UsageError
from model_deploy.stacks import synthesise
from model_deploy.stage import Stage

ENDPOINT = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 1}
HTTP_API = {"kind": "http_api", "auth": "iam"}
JWT = {
    "kind": "http_api",
    "auth": "jwt",
    "jwt": {"issuer": "https://id.example.com", "audience": ["shop", "desk"]},
}
FUNCTION_URL = {"kind": "function_url"}
PUBLIC_URL = {"kind": "function_url", "auth": "public", "concurrency": 3}
PUBLIC_API = {"kind": "http_api", "auth": "public", "requests_per_second": 20, "burst": 40}


def deployment(api: dict[str, Any] | None, **changes) -> Deployment:
    return Deployment(
        **{
            "stage": Stage.parse({"endpoint": ENDPOINT, "api": api}, Path("stages/live.yaml")),
            "model_package_arn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7",
            "image": "blazingtext:1",
            "model_uri": "s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
            "project_name": "reviews",
            "project_id": "p-abc123",
            "region": "eu-west-1",
            "bucket": "reviews-artifacts",
            "endpoint_role_arn": "arn:aws:iam::123456789012:role/reviews-endpoint",
            "api_archive": "code/deploy/live/aaa/api.zip" if api else None,
            **changes,
        }
    )


def resources(api: dict[str, Any] | None, **changes) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(synthesise(deployment(api, **changes)))["Resources"]
    return found


def properties(api: dict[str, Any] | None, **changes) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in resources(api, **changes).items()}


def test_a_stage_without_an_api_has_no_function_and_no_role():
    types = {resource["Type"] for resource in resources(None).values()}
    assert types == {
        "AWS::SageMaker::Model",
        "AWS::SageMaker::EndpointConfig",
        "AWS::SageMaker::Endpoint",
        "AWS::CloudWatch::Dashboard",
    }


def test_an_api_needs_its_archive_and_an_archive_its_api():
    with pytest.raises(ValueError, match="stage live: an API and its archive go together"):
        deployment(HTTP_API, api_archive=None)
    with pytest.raises(ValueError, match="go together"):
        deployment(None, api_archive="code/deploy/live/aaa/api.zip")


def test_the_role_may_ask_this_endpoint_and_write_its_own_log_and_nothing_else():
    role = properties(HTTP_API)["ApiRole"]
    (policy,) = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": {"Ref": "Endpoint"}},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["ApiLogGroup", "Arn"]},
        },
    ]
    assert "ManagedPolicyArns" not in role
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_role_stays_within_the_boundary_where_there_is_one():
    boundary = "arn:aws:iam::123456789012:policy/reviews-boundary"
    assert properties(HTTP_API, permissions_boundary=boundary)["ApiRole"]["PermissionsBoundary"] == boundary
    assert "PermissionsBoundary" not in properties(HTTP_API)["ApiRole"]


def test_the_function_runs_the_archive_and_knows_the_endpoint_not_the_package():
    function = properties(HTTP_API)["ApiFunction"]
    assert function["Code"] == {"S3Bucket": "reviews-artifacts", "S3Key": "code/deploy/live/aaa/api.zip"}
    assert function["Handler"] == "handler.handle"
    assert function["Environment"] == {"Variables": {"ENDPOINT_NAME": "reviews-live"}}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "ApiLogGroup"}}


def test_the_function_is_updated_after_the_endpoint():
    assert resources(HTTP_API)["ApiFunction"]["DependsOn"] == ["Endpoint"]


@pytest.mark.parametrize("api", [HTTP_API, FUNCTION_URL], ids=["http_api", "function_url"])
def test_logs_end_with_their_retention_and_with_the_stack(api):
    groups = [
        resource
        for resource in resources(api | {"log_retention_days": 7}).values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    ]
    assert groups
    for group in groups:
        assert group["Properties"]["RetentionInDays"] == 7
        assert group["DeletionPolicy"] == "Delete"


def test_an_http_api_has_one_route_for_signed_requests():
    found = properties(HTTP_API | {"requests_per_second": 50, "burst": 100})
    route = found["HttpApiRoute"]
    assert (route["RouteKey"], route["AuthorizationType"]) == ("POST /classify", "AWS_IAM")
    assert found["HttpApiIntegration"]["PayloadFormatVersion"] == "2.0"
    stage = found["HttpApiStage"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("reviews-live", True)
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100}
    assert json.loads(stage["AccessLogSettings"]["Format"])["status"] == "$context.status"
    permission = found["HttpApiPermission"]
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${HttpApi}/*/POST/classify")


def test_an_http_api_may_take_tokens_instead():
    found = properties(JWT)
    route = found["HttpApiRoute"]
    assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", {"Ref": "HttpApiAuthorizer"})
    assert found["HttpApiAuthorizer"]["JwtConfiguration"] == {
        "Issuer": "https://id.example.com",
        "Audience": ["shop", "desk"],
    }


def test_a_function_url_takes_signed_requests_and_needs_no_gateway():
    found = resources(FUNCTION_URL)
    assert found["FunctionUrl"]["Properties"]["AuthType"] == "AWS_IAM"
    assert not any(resource["Type"].startswith("AWS::ApiGatewayV2") for resource in found.values())
    template = json.loads(synthesise(deployment(FUNCTION_URL)))
    url = template["Outputs"]["ApiUrl"]["Value"]
    assert url == {"Fn::Join": ["", [{"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]}, "classify"]]}


def test_a_public_function_url_is_opened_to_everybody_by_url_alone_and_limited_by_concurrency():
    found = properties(PUBLIC_URL)
    assert found["FunctionUrl"]["AuthType"] == "NONE"
    assert found["ApiFunction"]["ReservedConcurrentExecutions"] == 3
    everybody = {"FunctionName": {"Ref": "ApiFunction"}, "Principal": "*"}
    assert found["PublicUrl"] == everybody | {
        "Action": "lambda:InvokeFunctionUrl",
        "FunctionUrlAuthType": "NONE",
    }
    assert found["PublicFunction"] == everybody | {
        "Action": "lambda:InvokeFunction",
        "InvokedViaFunctionUrl": True,
    }
    signed = properties(FUNCTION_URL)
    assert not {"PublicUrl", "PublicFunction"} & set(signed)
    assert "ReservedConcurrentExecutions" not in signed["ApiFunction"]


def test_a_public_http_api_has_an_open_route_and_throttles_it():
    found = properties(PUBLIC_API)
    assert found["HttpApiRoute"]["AuthorizationType"] == "NONE"
    assert "AuthorizerId" not in found["HttpApiRoute"]
    throttled = {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 40}
    assert found["HttpApiStage"]["DefaultRouteSettings"] == throttled
    assert not any(each.get("Principal") == "*" for each in found.values())


def test_the_policy_of_the_stage_reaches_the_function():
    policy = {"default": "everyone", "audiences": {"everyone": {"insult": "block"}}, "never": ["threat"]}
    variables = properties(HTTP_API | {"policy": policy})["ApiFunction"]["Environment"]["Variables"]
    assert json.loads(variables["POLICY"]) == policy
    assert "POLICY" not in properties(HTTP_API)["ApiFunction"]["Environment"]["Variables"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"default": "adults", "audiences": {"everyone": {}}}, "api.policy.default: found 'adults'"),
        (
            {"default": "everyone", "audiences": {"everyone": {"threat": "allow"}}, "never": ["threat"]},
            "It is in never, which blocks it for everybody",
        ),
        ({"default": "everyone", "audiences": {"everyone": {"threat": "hide"}}}, "api.policy.audiences"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_by_its_key(policy, said):
    with pytest.raises(UsageError, match=said):
        resources(HTTP_API | {"policy": policy})
