import json

import pytest
from botocore.exceptions import ClientError


def canary(wait=60, size=1, termination=0, alarms=()):
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": wait,
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": size},
            },
            "TerminationWaitInSeconds": termination,
        },
        **rollback(alarms),
    }


def all_at_once(wait=0, alarms=()):
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}, **rollback(alarms)}


def linear(percent=50, wait=30):
    routing = {
        "Type": "LINEAR",
        "WaitIntervalInSeconds": wait,
        "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": percent},
    }
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def rolling(batch=1, wait=30, alarms=()):
    size = {"Type": "INSTANCE_COUNT", "Value": batch}
    return {
        "RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait},
        **rollback(alarms),
    }


def rollback(alarms):
    return (
        {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    )


@pytest.fixture
def pair(hosting):
    """An endpoint of two instances of the first model; the name of a configuration of the second."""
    hosting.create(hosting.config(hosting.model("a"), instances=2))
    return hosting.config(hosting.model("b", "second"), instances=2)


@pytest.fixture
def deployed(hosting, eventually):
    """Update and wait; returns the endpoint and what was seen on the way: statuses and phases, each once."""

    def deployed(config, deployment=None):
        hosting.update(config, **({"DeploymentConfig": deployment} if deployment else {}))
        seen = []

        def look():
            endpoint = hosting.describe()
            pending = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", ())
            for each in (
                endpoint["EndpointStatus"],
                *(s["Status"] for v in pending for s in v["VariantStatus"]),
            ):
                if each not in seen:
                    seen.append(each)
            return endpoint["EndpointStatus"] == "InService" and endpoint

        return eventually(look), seen

    return deployed


def test_an_update_replaces_the_configuration(hosting, pair, deployed):
    before = hosting.describe()
    endpoint, _ = deployed(pair)
    assert endpoint["EndpointConfigName"] == pair
    assert endpoint["LastModifiedTime"] > before["LastModifiedTime"]
    assert "PendingDeploymentSummary" not in endpoint
    assert "FailureReason" not in endpoint
    assert {hosting.top() for _ in range(5)} == {"__label__second-good"}


def test_a_canary_bakes_on_part_of_the_traffic_and_no_request_fails(hosting, pair, deployed, load):
    deployment = canary(wait=100, termination=50)
    with load:
        endpoint, seen = deployed(pair, deployment)
        during = list(load.labels)
    assert endpoint["EndpointConfigName"] == pair
    assert endpoint["LastDeploymentConfig"] == deployment
    assert [each for each in seen if each in ("Updating", "Creating", "Baking")] == [
        "Updating",
        "Creating",
        "Baking",
    ]
    assert set(during) == {"__label__first-good", "__label__second-good"}
    assert load.failures == []


def test_during_an_update_the_old_configuration_is_live_and_the_new_one_pending(hosting, pair, eventually):
    before = hosting.describe()["EndpointConfigName"]
    hosting.update(pair, DeploymentConfig=canary(wait=200))

    eventually(lambda: hosting.phase() == "Baking")
    endpoint = hosting.describe()
    [variant] = endpoint["PendingDeploymentSummary"]["ProductionVariants"]
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("Updating", before)
    assert endpoint["PendingDeploymentSummary"]["EndpointConfigName"] == pair
    assert variant["CurrentInstanceCount"] == 2
    assert (
        variant["VariantStatus"][0]["StatusMessage"]
        == "New fleet: 1 of 2 instances of AllTraffic take traffic"
    )
    hosting.settled()


@pytest.mark.parametrize(
    "deployment", [linear(), rolling(), all_at_once(wait=30)], ids=["linear", "rolling", "all"]
)
def test_no_request_fails_in_any_strategy(hosting, pair, deployed, load, deployment):
    with load:
        endpoint, _ = deployed(pair, deployment)
    assert endpoint["EndpointConfigName"] == pair
    [variant] = endpoint["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2
    assert load.labels[-1] == "__label__second-good"
    assert load.failures == []


@pytest.mark.parametrize("strategy", [canary, rolling], ids=["canary", "rolling"])
def test_an_alarm_in_the_bake_brings_the_old_configuration_back(hosting, pair, deployed, load, strategy):
    before = hosting.describe()["EndpointConfigName"]
    bad = hosting.config(hosting.model("bad", LOCAL_AWS_FAULT="answers-500"), instances=2)
    alarm = hosting.alarm("errors", "Invocation5XXErrors", 0.1)
    with load:
        endpoint, _ = deployed(bad, strategy(wait=600, alarms=[alarm]))
        answered, failed = len(load.labels), len(load.failures)
    assert endpoint["EndpointConfigName"] == before
    assert alarm in endpoint["FailureReason"]
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    # The canary is half of the instances: it has no more than its share of failures.
    assert 0 < failed < answered
    assert {hosting.top() for _ in range(10)} == {"__label__first-good"}


def test_a_slow_model_is_rolled_back_by_a_latency_percentile_without_a_failed_request(
    hosting, pair, deployed, load
):
    slow = hosting.config(hosting.model("slow", LOCAL_AWS_FAULT="slow:1000"), instances=2)
    alarm = hosting.alarm("latency", "ModelLatency", 500_000, statistic="p99", period=120)
    with load:
        endpoint, seen = deployed(slow, canary(wait=2_000, alarms=[alarm]))
    # What the slow instances work on is answered before they go: the rollback can be seen.
    assert "RollingBack" in seen
    assert alarm in endpoint["FailureReason"]
    assert load.failures == []


def test_an_alarm_after_the_shift_still_rolls_back(hosting, pair, deployed, load):
    before = hosting.describe()["EndpointConfigName"]
    bad = hosting.config(hosting.model("bad", LOCAL_AWS_FAULT="answers-500"), instances=2)
    alarm = hosting.alarm("errors", "Invocation5XXErrors", 0.1)
    with load:
        endpoint, _ = deployed(bad, all_at_once(wait=600, alarms=[alarm]))
    assert endpoint["EndpointConfigName"] == before
    assert hosting.top() == "__label__first-good"


def test_an_alarm_set_by_hand_rolls_back(hosting, pair, eventually):
    before = hosting.describe()["EndpointConfigName"]
    alarm = hosting.alarm("by-hand", "Invocation5XXErrors", 0.5, period=120)
    hosting.update(pair, DeploymentConfig=canary(wait=3_000, alarms=[alarm]))
    eventually(lambda: hosting.phase() == "Baking")
    hosting.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="stop this")
    endpoint = hosting.settled()
    assert endpoint["EndpointConfigName"] == before
    assert alarm in endpoint["FailureReason"]


@pytest.mark.parametrize("deployment", [None, canary(), rolling()], ids=["default", "canary", "rolling"])
def test_a_model_that_does_not_start_is_rolled_back(hosting, pair, deployed, load, deployment):
    before = hosting.describe()["EndpointConfigName"]
    bad = hosting.config(hosting.model("bad", b"no archive"), instances=2)
    with load:
        endpoint, _ = deployed(bad, deployment)
    assert endpoint["EndpointConfigName"] == before
    assert "Failed to extract model data archive" in endpoint["FailureReason"]
    assert load.failures == []


def test_after_a_rollback_the_next_good_update_clears_the_reason(hosting, pair, deployed):
    bad = hosting.config(hosting.model("bad", b"no archive"), instances=2)
    deployed(bad)
    endpoint, _ = deployed(pair)
    assert endpoint["EndpointConfigName"] == pair
    assert "FailureReason" not in endpoint


def test_a_deleted_live_configuration_stops_updates_but_not_the_endpoint(hosting, pair):
    live = hosting.describe()["EndpointConfigName"]
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName=live)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        hosting.update(pair)
    assert hosting.top() == "__label__first-good"


def test_retained_properties_outlive_the_update(hosting, pair, eventually):
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=hosting.name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "DesiredInstanceCount": 1, "DesiredWeight": 5}
        ],
    )
    hosting.settled()
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    hosting.update(pair, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
    [variant] = hosting.settled()["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (1, 1)


def test_the_last_deployment_configuration_can_be_used_again(hosting, pair, deployed):
    stated = all_at_once(wait=1)
    deployed(pair, stated)
    hosting.update(hosting.config(hosting.model("c"), instances=2), RetainDeploymentConfig=True)
    assert hosting.settled()["LastDeploymentConfig"] == stated


def test_an_update_that_cannot_be_guarded_is_refused(hosting, pair):
    """The rules one by one are in test_deployment_rules."""
    for deployment, words in (
        (canary(size=2), "CanarySize"),
        (canary(alarms=["nobody"]), "Could not find the CloudWatch alarms: nobody"),
    ):
        with pytest.raises(ClientError, match=words) as error:
            hosting.update(pair, DeploymentConfig=deployment)
        assert error.value.response["Error"]["Code"] == "ValidationException"
    assert hosting.describe()["EndpointStatus"] == "InService"


def test_an_autoscaled_variant_keeps_its_instance_type(hosting, pair):
    autoscaling = hosting.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{hosting.name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    model = hosting.model("c")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.c5.large",
        "InitialInstanceCount": 1,
    }
    hosting.sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant])
    with pytest.raises(ClientError, match="Deregister it first"):
        hosting.update(model)
    autoscaling.deregister_scalable_target(**target)
    hosting.update(model)
    assert hosting.settled()["EndpointConfigName"] == model


@pytest.fixture
def heard(hosting):
    """What EventBridge hears of the endpoint: a function that gives every event so far."""
    sqs, events, seen = hosting.client("sqs"), hosting.client("events"), []
    url = sqs.create_queue(QueueName=hosting.name)["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{hosting.name}"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"source": ["aws.sagemaker"], "detail": {"EndpointName": [hosting.name]}}
    events.put_rule(Name=hosting.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=hosting.name, Targets=[{"Id": "queue", "Arn": arn}])

    def heard():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
        seen.extend(json.loads(message["Body"]) for message in found)
        return seen

    yield heard
    events.remove_targets(Rule=hosting.name, Ids=["queue"])
    events.delete_rule(Name=hosting.name)


def test_eventbridge_hears_of_each_phase_of_a_deployment(hosting, pair, deployed, heard, eventually):
    before = hosting.describe()["EndpointConfigName"]
    deployed(pair, canary(wait=30))

    def in_service():
        return [each for each in heard() if each["detail"]["EndpointStatus"] == "IN_SERVICE"]

    [ended] = eventually(in_service)
    phases = [each for each in heard() if each["detail-type"] == "SageMaker Endpoint Deployment State Change"]
    told = {
        each["detail"]["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        for each in phases
    }
    assert told == {"Creating", "ActivatingTraffic", "Baking", "Deleting"}
    assert {each["detail"]["EndpointConfigName"] for each in phases} == {before}
    assert ended["detail-type"] == "SageMaker Endpoint State Change"
    assert ended["detail"]["EndpointConfigName"] == pair
