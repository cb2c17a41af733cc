"""The endpoint stack's template: what a stage becomes, and what changes with a new model package."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import LARGEST_BYTES, synthesise
from model_deploy.stage import Stage

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7"
NEXT_PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/8"

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
SERVERLESS = {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 20, "provisioned_concurrency": 5}
ASYNCHRONOUS = {"kind": "asynchronous", "instance_type": "ml.m5.large", "instance_count": 1}
CANARY = {"strategy": "canary", "size_percent": 50, "bake_seconds": 300, "termination_wait_seconds": 60}
FOUR_ALARMS = {
    "invocation_5xx_percent": 1,
    "invocation_4xx_percent": 5,
    "latency_p99_ms": 250,
    "contract_failures": 2,
}


def deployment(stage: dict[str, Any] | Stage, **changes) -> Deployment:
    parsed = stage if isinstance(stage, Stage) else Stage.parse(stage, Path("stages/live.yaml"))
    return Deployment(
        **{
            "stage": parsed,
            "model_package_arn": PACKAGE,
            "image": "blazingtext:1",
            "model_uri": "s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
            "project_name": "reviews",
            "project_id": "p-abc123",
            "region": "eu-west-1",
            "bucket": "reviews-artifacts",
            "endpoint_role_arn": "arn:aws:iam::123456789012:role/reviews-endpoint",
            "api_archive": "code/deploy/live/aaa/api.zip" if parsed.api else None,
            **changes,
        }
    )


def template(stage: dict[str, Any] | Stage, **changes) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(synthesise(deployment(stage, **changes)))
    return made


def properties(stage: dict[str, Any], **changes) -> dict[str, dict[str, Any]]:
    """The properties of each resource, by logical name, without the tags."""
    resources = template(stage, **changes)["Resources"]
    return {
        name: {key: value for key, value in resource["Properties"].items() if key != "Tags"}
        for name, resource in resources.items()
    }


def differences(before, after, path=()) -> dict[str, tuple[Any, Any]]:
    """Where two templates differ: a dotted path, and the two values."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in before.keys() | after.keys():
            found |= differences(before.get(key), after.get(key), (*path, key))
        return found
    return {} if before == after else {".".join(path): (before, after)}


@pytest.fixture(scope="module")
def production(repository) -> Stage:
    return Stage.load(repository / "stages" / "production.yaml")


# --- what changes, and what does not ---


def test_an_equal_deployment_is_an_equal_template_in_another_process_too(production, repository):
    here = synthesise(deployment(production))
    assert synthesise(deployment(production)) == here
    script = (
        "import sys; from pathlib import Path; from model_deploy.core.plan.deployment import Deployment; "
        "from model_deploy.stage import Stage; from model_deploy.stacks import synthesise; "
        "sys.stdout.write(synthesise(Deployment(Stage.load(Path(sys.argv[1])), *sys.argv[2:])))"
    )
    path = str(repository / "stages" / "production.yaml")
    names = [field.name for field in dataclasses.fields(Deployment)]
    stated = [
        getattr(deployment(production), name)
        for name in names
        if isinstance(getattr(deployment(production), name), str)
    ]
    command = [sys.executable, "-c", script, path, *stated]
    there = subprocess.run(command, capture_output=True, text=True, check=True)
    assert there.stdout == here


def test_a_new_model_package_changes_the_model_and_nothing_else(production):
    # EndpointConfig and Endpoint follow by reference: the first is replaced, the second updated in place.
    before = template(production)
    after = template(production, model_package_arn=NEXT_PACKAGE)
    assert differences(before, after) == {
        "Resources.Model.Properties.PrimaryContainer.Environment.MODEL_PACKAGE_ARN": (PACKAGE, NEXT_PACKAGE),
        "Outputs.ModelPackageArn.Value": (PACKAGE, NEXT_PACKAGE),
    }
    resources = after["Resources"]
    (variant,) = resources["EndpointConfig"]["Properties"]["ProductionVariants"]
    assert variant["ModelName"] == {"Fn::GetAtt": ["Model", "ModelName"]}
    configuration = resources["Endpoint"]["Properties"]["EndpointConfigName"]
    assert configuration == {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}


def test_another_contract_changes_the_functions_archive_too(production):
    before = template(production)
    after = template(production, model_package_arn=NEXT_PACKAGE, api_archive="code/bbb/api.zip")
    assert differences(before, after).keys() == {
        "Resources.Model.Properties.PrimaryContainer.Environment.MODEL_PACKAGE_ARN",
        "Resources.ApiFunction.Properties.Code.S3Key",
        "Outputs.ModelPackageArn.Value",
    }


def test_model_and_configuration_have_no_name_and_outlive_their_replacement(production):
    resources = template(production)["Resources"]
    for name in ("Model", "EndpointConfig"):
        assert resources[name]["UpdateReplacePolicy"] == resources[name]["DeletionPolicy"] == "Retain"
        assert not any(key in resources[name]["Properties"] for key in ("ModelName", "EndpointConfigName"))
    assert resources["Endpoint"]["Properties"]["EndpointName"] == "reviews-production"


def test_the_outputs_say_what_serves_and_where(production):
    outputs = template(production)["Outputs"]
    assert {name: output["Value"] for name, output in outputs.items()} == {
        "EndpointName": "reviews-production",
        "ModelPackageArn": PACKAGE,
        "ApiUrl": {
            "Fn::Join": ["", [{"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}, "/reviews-production/classify"]]
        },
    }


def test_there_are_no_parameters_conditions_or_assets(production):
    assert template(production).keys() == {"Description", "Resources", "Outputs"}


def test_everything_carries_the_projects_tags_and_the_stages_own(production):
    stage = production.model_copy(update={"tags": {"team": "reviews"}})
    expected = {
        "sagemaker:project-name": "reviews",
        "sagemaker:project-id": "p-abc123",
        "sagemaker:deployment-stage": "production",
        "team": "reviews",
    }
    untagged = set()
    for resource in template(stage)["Resources"].values():
        tags = resource["Properties"].get("Tags")
        if tags is None:
            untagged.add(resource["Type"])
        else:
            assert (
                tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
            ) == expected
    # Those have no tags in CloudFormation.
    assert untagged == {
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::Lambda::Permission",
    }


def test_the_largest_template_needs_no_detour_through_s3():
    stage = {
        "endpoint": REALTIME,
        "rollout": CANARY,
        "alarms": FOUR_ALARMS,
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 100},
        "capture": {},
        "kms_key": "alias/models",
        "api": {
            "kind": "http_api",
            "auth": "jwt",
            "jwt": {"issuer": "https://id.example.com", "audience": ["shop"]},
        },
        "tags": {f"tag-{number}": "x" * 95 for number in range(10)},  # the most that a stage takes
    }
    assert len(synthesise(deployment(stage)).encode()) < LARGEST_BYTES


# --- hosting ---


def test_the_model_is_the_stages_copy_of_the_package_and_says_which_package_it_is():
    made = template({"endpoint": REALTIME}, environment={"THREADS": "2"})
    assert made["Resources"]["Model"]["Properties"] == {
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/reviews-endpoint",
        "PrimaryContainer": {
            "Image": "blazingtext:1",
            "ModelDataUrl": "s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
            "Environment": {"THREADS": "2", "MODEL_PACKAGE_ARN": PACKAGE},
        },
    } | {
        name: made["Resources"]["Model"]["Properties"][name]
        for name in ("Tags",)
        if name in made["Resources"]["Model"]["Properties"]
    }


def test_isolation_and_a_vpc_are_the_models():
    network = {"isolation": True, "subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"]}
    model = properties({"endpoint": REALTIME, "network": network})["Model"]
    assert model["EnableNetworkIsolation"] is True
    assert model["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}


def test_capture_takes_requests_and_answers_to_the_stages_folder():
    stage = {"endpoint": REALTIME, "capture": {"sampling_percent": 20}, "kms_key": "alias/models"}
    configuration = properties(stage)["EndpointConfig"]
    assert configuration["KmsKeyId"] == "alias/models"
    assert configuration["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://reviews-artifacts/datacapture/live/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json", "application/jsonlines"]},
        "KmsKeyId": "alias/models",
    }


KEY = "arn:aws:kms:eu-west-1:123456789012:key/project"


def outputs(value):
    """Every part of a template that says where something is written in S3."""
    if isinstance(value, dict):
        if {"DestinationS3Uri", "S3OutputPath"} & value.keys():
            yield value
        for each in value.values():
            yield from outputs(each)
    elif isinstance(value, list):
        for each in value:
            yield from outputs(each)


@pytest.mark.parametrize("volumes", [{}, {"kms_key": "alias/volumes"}])
@pytest.mark.parametrize("endpoint", [REALTIME, ASYNCHRONOUS])
def test_everything_that_an_endpoint_writes_is_encrypted_with_the_projects_key(endpoint, volumes):
    capture = {} if endpoint is ASYNCHRONOUS else {"capture": {"sampling_percent": 20}}
    found = list(outputs(template({"endpoint": endpoint} | capture | volumes, kms_key=KEY)))
    assert len(found) == 1
    assert {each["KmsKeyId"] for each in found} == {KEY}


def test_a_serverless_endpoint_has_memory_and_no_guardrails():
    resources = properties({"endpoint": SERVERLESS, "alarms": FOUR_ALARMS | {"rollback": False}})
    (variant,) = resources["EndpointConfig"]["ProductionVariants"]
    assert variant["ServerlessConfig"] == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 20,
        "ProvisionedConcurrency": 5,
    }
    assert not variant.keys() & {"InstanceType", "InitialInstanceCount"}
    assert resources["Endpoint"].keys() == {"EndpointName", "EndpointConfigName"}
    assert "Latency" in resources


def test_an_asynchronous_endpoint_answers_in_the_artifact_bucket():
    configuration = properties({"endpoint": ASYNCHRONOUS})["EndpointConfig"]
    assert configuration["AsyncInferenceConfig"]["OutputConfig"] == {
        "S3OutputPath": "s3://reviews-artifacts/asynchronous/live/answers/",
        "S3FailurePath": "s3://reviews-artifacts/asynchronous/live/failures/",
    }


# --- rollouts ---

PERCENT_25 = {"Type": "CAPACITY_PERCENT", "Value": 25}


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        ({"strategy": "all_at_once"}, None),
        (
            {"strategy": "all_at_once", "bake_seconds": 120},
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 120},
                    "TerminationWaitInSeconds": 0,
                    "MaximumExecutionTimeoutInSeconds": 1920,
                }
            },
        ),
        (
            CANARY | {"size_percent": 25},
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "CANARY",
                        "WaitIntervalInSeconds": 300,
                        "CanarySize": PERCENT_25,
                    },
                    "TerminationWaitInSeconds": 60,
                    "MaximumExecutionTimeoutInSeconds": 2460,
                }
            },
        ),
        (
            {"strategy": "linear", "size_percent": 25, "bake_seconds": 60},
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "LINEAR",
                        "WaitIntervalInSeconds": 60,
                        "LinearStepSize": PERCENT_25,
                    },
                    "TerminationWaitInSeconds": 0,
                    "MaximumExecutionTimeoutInSeconds": 2040,
                }
            },
        ),
        (
            {"strategy": "rolling", "size_percent": 25, "bake_seconds": 60},
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": PERCENT_25,
                    "WaitIntervalInSeconds": 60,
                    "MaximumExecutionTimeoutInSeconds": 7440,
                }
            },
        ),
    ],
    ids=["plain", "all at once", "canary", "linear", "rolling"],
)
def test_the_strategy_is_the_endpoints_deployment_configuration(rollout, expected):
    assert (
        properties({"endpoint": REALTIME, "rollout": rollout})["Endpoint"].get("DeploymentConfig") == expected
    )


def test_alarms_roll_the_endpoint_back_and_are_referenced_so_that_they_exist_first():
    resources = properties({"endpoint": REALTIME, "rollout": CANARY, "alarms": FOUR_ALARMS})
    rollback = resources["Endpoint"]["DeploymentConfig"]["AutoRollbackConfiguration"]
    names = ["ServerErrors", "ClientErrors", "Latency", "ContractFailures", "Unwatched"]
    assert rollback == {"Alarms": [{"AlarmName": {"Ref": name}} for name in names]}


@pytest.mark.parametrize(("bake_seconds", "periods"), [(300, 2), (120, 1)])
def test_an_update_that_nobody_watches_goes_back_and_nobody_is_told(bake_seconds, periods):
    alarms = FOUR_ALARMS | {"notify": ["arn:aws:sns:eu-west-1:123456789012:pager"]}
    rollout = CANARY | {"bake_seconds": bake_seconds}
    alarm = properties({"endpoint": REALTIME, "rollout": rollout, "alarms": alarms})["Unwatched"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("ModelDeploy", "Watched")
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, periods)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert "AlarmActions" not in alarm


def test_alarms_that_only_notify_leave_the_endpoint_alone():
    alarms = {
        "latency_p99_ms": 250,
        "rollback": False,
        "notify": ["arn:aws:sns:eu-west-1:123456789012:pager"],
    }
    resources = properties({"endpoint": REALTIME, "alarms": alarms})
    assert "DeploymentConfig" not in resources["Endpoint"]
    assert "Unwatched" not in resources
    assert resources["Latency"]["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:pager"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ServerErrors", {"MetricName": "Invocation5XXErrors", "Statistic": "Average", "Threshold": 0.01}),
        ("ClientErrors", {"MetricName": "Invocation4XXErrors", "Statistic": "Average", "Threshold": 0.05}),
        ("Latency", {"MetricName": "ModelLatency", "ExtendedStatistic": "p99", "Threshold": 250_000}),
        ("ContractFailures", {"MetricName": "ContractFailures", "Statistic": "Sum", "Threshold": 2}),
    ],
)
def test_an_alarm_watches_the_endpoint_that_it_guards(name, expected):
    alarms = FOUR_ALARMS | {"period_seconds": 120, "evaluation_periods": 2}
    alarm = properties({"endpoint": REALTIME, "rollout": CANARY, "alarms": alarms})[name]
    ours = name == "ContractFailures"
    dimensions = {"EndpointName": "reviews-live"} | ({} if ours else {"VariantName": "AllTraffic"})
    del alarm["AlarmDescription"]
    assert alarm == expected | {
        "AlarmName": f"reviews-live-{name}",
        "Namespace": "ModelDeploy" if ours else "AWS/SageMaker",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Period": 120,
        "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


# --- scaling ---


def test_without_scaling_the_stage_says_how_many_instances_there_are():
    resources = properties({"endpoint": REALTIME})
    assert "RetainAllVariantProperties" not in resources["Endpoint"]
    assert "ScalableTarget" not in resources


def test_a_scaled_endpoint_keeps_its_size_through_an_update():
    scaling = {"min": 2, "max": 4, "invocations_per_instance": 600}
    resources = template({"endpoint": REALTIME, "scaling": scaling})["Resources"]
    endpoint = resources["Endpoint"]["Properties"]
    assert endpoint["RetainAllVariantProperties"] is True
    assert endpoint["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]
    target = resources["ScalableTarget"]
    assert target["DependsOn"] == ["Endpoint"]  # which it names without a reference
    assert {key: value for key, value in target["Properties"].items() if key != "Tags"} == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/reviews-live/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 2,
        "MaxCapacity": 4,
    }
    policy = resources["ScalingPolicy"]["Properties"]
    assert policy["ScalingTargetId"] == {"Ref": "ScalableTarget"}
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 600,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
    }


def test_a_serverless_endpoint_scales_its_provisioned_concurrency():
    scaling = {"min": 1, "max": 10, "provisioned_utilization_percent": 70}
    resources = properties({"endpoint": SERVERLESS, "scaling": scaling})
    assert (
        resources["ScalableTarget"]["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    )
    tracking = resources["ScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 0.7
    assert tracking["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
    }
    assert "RetainAllVariantProperties" not in resources["Endpoint"]


def test_an_asynchronous_endpoint_scales_to_zero_and_wakes_up_for_the_first_request():
    scaling = {"min": 0, "max": 3, "backlog_per_instance": 5}
    resources = properties({"endpoint": ASYNCHRONOUS, "scaling": scaling})
    tracking = resources["ScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["CustomizedMetricSpecification"]["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert resources["ScalableTarget"]["MinCapacity"] == 0
    assert resources["Waiting"]["MetricName"] == "HasBacklogWithoutCapacity"
    assert resources["Waiting"]["AlarmActions"] == [{"Ref": "WakeUpPolicy"}]


def test_an_asynchronous_endpoint_that_never_sleeps_needs_no_waking():
    scaling = {"min": 1, "max": 3, "backlog_per_instance": 5}
    assert "WakeUpPolicy" not in properties({"endpoint": ASYNCHRONOUS, "scaling": scaling})
