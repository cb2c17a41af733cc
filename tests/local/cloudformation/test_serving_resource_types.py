"""The types of what serves a model, against the embedded AWS: endpoints, functions, HTTP APIs."""

import io
import json
import tarfile

import fasttext
import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ],
}


@pytest.fixture
def model(aws):
    """The model of BlazingText that a template deploys: its properties."""
    folder = aws.server.account.state
    (folder / "lines.txt").write_text("__label__good fine\n__label__bad awful\n" * 20)
    trained = fasttext.train_supervised(
        str(folder / "lines.txt"), dim=2, minCount=1, bucket=1, thread=1, verbose=0
    )
    trained.save_model(str(folder / "model.bin"))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(folder / "model.bin", "model.bin")
    aws.client("s3").put_object(Bucket=aws.bucket, Key="model.tar.gz", Body=archive.getvalue())
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
    container = {"Image": image, "ModelDataUrl": f"s3://{aws.bucket}/model.tar.gz"}
    return {"ExecutionRoleArn": aws.role_arn, "PrimaryContainer": container}


def test_a_model_is_served_by_an_endpoint_and_a_new_model_replaces_it_behind_the_same_name(
    aws, deploy, real_stacks, model
):
    name = real_stacks.named("reviews")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": {"Fn::Sub": f"endpoint/{name}/variant/AllTraffic"},
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    tracking = {
        "TargetValue": "100.5",
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }

    def endpoint(**environment):
        container = {**model["PrimaryContainer"], "Environment": environment}
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": {"Fn::GetAtt": "Model.ModelName"},
            "InitialInstanceCount": "1",
            "InstanceType": "ml.m5.large",
        }
        return {
            "Model": ("SageMaker::Model", {**model, "PrimaryContainer": container}),
            "Config": ("SageMaker::EndpointConfig", {"ProductionVariants": [variant]}),
            "Endpoint": (
                "SageMaker::Endpoint",
                {"EndpointName": name, "EndpointConfigName": {"Fn::GetAtt": "Config.EndpointConfigName"}},
            ),
        }

    def predicted():
        body = json.dumps({"instances": ["fine"]})
        runtime = aws.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="application/json", Body=body)
        return json.loads(answer["Body"].read())[0]["label"]

    deploy(**endpoint(VERSION="1"))
    assert predicted() == ["__label__good"]
    first = aws.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"]

    made = deploy(**endpoint(VERSION="2"))

    found = aws.client("sagemaker").describe_endpoint(EndpointName=name)
    assert found["EndpointConfigName"] == made["Config"].rpartition("/")[2] != first
    assert predicted() == ["__label__good"]
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=first)
    tags = aws.client("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags}["aws:cloudformation:logical-id"] == "Endpoint"

    scaling = {
        "Target": ("ApplicationAutoScaling::ScalableTarget", {**place, "MinCapacity": "1", "MaxCapacity": 2}),
        "Scaling": (
            "ApplicationAutoScaling::ScalingPolicy",
            {
                "PolicyName": "invocations",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": {"Ref": "Target"},
                "TargetTrackingScalingPolicyConfiguration": tracking,
            },
        ),
    }
    deploy(**endpoint(VERSION="2"), **scaling)
    policies = aws.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    assert [policy["ResourceId"] for policy in policies["ScalingPolicies"]] == [
        f"endpoint/{name}/variant/AllTraffic"
    ]


def test_a_function_with_its_version_alias_url_and_permission(aws, deploy):
    functions = aws.client("lambda")
    role = ("IAM::Role", {"AssumeRolePolicyDocument": TRUST})

    def function(said, **properties):
        source = f"def handler(event, context):\n    return {said!r}\n"
        stated = {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": "Role.Arn"},
            "Code": {"ZipFile": source},
            **properties,
        }
        return {
            "Role": role,
            "Function": ("Lambda::Function", stated),
            "Version": ("Lambda::Version", {"FunctionName": {"Ref": "Function"}}),
            "Alias": (
                "Lambda::Alias",
                {
                    "FunctionName": {"Ref": "Function"},
                    "FunctionVersion": {"Fn::GetAtt": "Version.Version"},
                    "Name": "live",
                },
            ),
            "Url": (
                "Lambda::Url",
                {"TargetFunctionArn": {"Fn::GetAtt": "Function.Arn"}, "AuthType": "AWS_IAM"},
            ),
            "Permission": (
                "Lambda::Permission",
                {
                    "FunctionName": {"Ref": "Function"},
                    "Action": "lambda:InvokeFunctionUrl",
                    "Principal": "*",
                    "FunctionUrlAuthType": "AWS_IAM",
                },
            ),
        }

    def said(name):
        return json.loads(functions.invoke(FunctionName=name)["Payload"].read())

    made = deploy({"Url": {"Fn::GetAtt": "Url.FunctionUrl"}}, **function("first", MemorySize="256"))
    assert said(made["Function"]) == "first"
    assert deploy.outputs["Url"].startswith("http")
    assert "InvokeFunctionUrl" in functions.get_policy(FunctionName=made["Function"])["Policy"]

    deploy(**function("second", MemorySize="512", Environment={"Variables": {"SIZE": 1}}))

    assert said(made["Function"]) == "second"
    found = functions.get_function_configuration(FunctionName=made["Function"])
    assert (found["MemorySize"], found["Environment"]["Variables"]) == (512, {"SIZE": "1"})
    assert said(made["Alias"]) == "first"


def test_an_http_api_with_its_parts(aws, deploy):
    api = aws.client("apigatewayv2")
    role = ("IAM::Role", {"AssumeRolePolicyDocument": TRUST})
    source = "def handler(event, context):\n    return {}\n"
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": "Role.Arn"},
        "Code": {"ZipFile": source},
    }

    def parts(timeout, description):
        ref = {"ApiId": {"Ref": "Api"}}
        return {
            "Role": role,
            "Function": ("Lambda::Function", function),
            "Api": (
                "ApiGatewayV2::Api",
                {"Name": "classify", "ProtocolType": "HTTP", "Description": description},
            ),
            "Integration": (
                "ApiGatewayV2::Integration",
                {
                    **ref,
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": {"Fn::GetAtt": "Function.Arn"},
                    "PayloadFormatVersion": "2.0",
                    "TimeoutInMillis": timeout,
                },
            ),
            "Route": (
                "ApiGatewayV2::Route",
                {
                    **ref,
                    "RouteKey": "POST /classify",
                    "AuthorizationType": "AWS_IAM",
                    "Target": {"Fn::Sub": "integrations/${Integration}"},
                },
            ),
            "Stage": ("ApiGatewayV2::Stage", {**ref, "StageName": "$default", "AutoDeploy": True}),
        }

    made = deploy({"Url": {"Fn::GetAtt": "Api.ApiEndpoint"}}, **parts(5000, "first"))
    assert deploy.outputs["Url"].startswith("http")
    route = api.get_route(ApiId=made["Api"], RouteId=made["Route"])
    assert (route["RouteKey"], route["Target"]) == ("POST /classify", f"integrations/{made['Integration']}")

    deploy(**parts("6000", "second"))

    assert api.get_api(ApiId=made["Api"])["Description"] == "second"
    integration = api.get_integration(ApiId=made["Api"], IntegrationId=made["Integration"])
    assert integration["TimeoutInMillis"] == 6000
