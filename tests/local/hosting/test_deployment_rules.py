"""What SageMaker refuses in an update, rule by rule; test_deployments has what it does."""

from dataclasses import replace

import pytest

from local_aws.hosting.deployments.plan import Container, Plan, Serverless, Variant
from local_aws.hosting.deployments.policy import Policy
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.endpoints import deployment_rules


def plan(*names, instances=2, serverless=False):
    container = Container("image", "s3://bucket/model.tar.gz", "role")
    environments = Serverless(1024, 5) if serverless else None
    variants = (
        Variant(name, container, 1.0, instances, "ml.m5.large", environments, 60) for name in names or ["v"]
    )
    return Plan("config", tuple(variants), None)


def blue_green(kind, size=None, wait=60, **others):
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    sizes = {member: {"Type": "CAPACITY_PERCENT", "Value": size}} if member and size else {}
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **sizes}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **others}}


def rolling(percent):
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 60}}


def update(stated, old, new):
    deployment_rules.check_config(stated)
    deployment_rules.check_update(Policy.parse(stated), old, new)


@pytest.mark.parametrize(
    ("stated", "instances"),
    [
        (blue_green("ALL_AT_ONCE"), 1),
        (blue_green("CANARY", 50), 2),
        (blue_green("CANARY", 1), 2),  # one instance at least, and that is half
        (blue_green("LINEAR", 10), 10),
        (rolling(50), 2),
        (rolling(5), 20),
    ],
)
def test_what_can_be_guarded_passes(stated, instances):
    update(stated, plan(instances=instances), plan(instances=instances))


@pytest.mark.parametrize(
    ("stated", "instances", "words"),
    [
        (
            blue_green("CANARY", 51),
            4,
            "CanarySize (51 by CAPACITY_PERCENT) must be less than or equal to 50%",
        ),
        (blue_green("CANARY", 50), 1, "total instance count, which is 1"),
        (blue_green("LINEAR", 9), 20, "LinearStepSize (9 by CAPACITY_PERCENT) must be between 10% and 50%"),
        (blue_green("LINEAR", 60), 4, "LinearStepSize (60 by CAPACITY_PERCENT) must be between 10% and 50%"),
        (rolling(4), 50, "MaximumBatchSize (4 by CAPACITY_PERCENT) must be between 5% and 50%"),
        (rolling(50), 1, "total instance count, which is 1"),
    ],
)
def test_a_size_that_is_no_part_of_the_fleet_is_refused(stated, instances, words):
    with pytest.raises(ServiceError) as error:
        update(stated, plan(instances=instances), plan(instances=instances))
    assert words in error.value.message


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (blue_green("CANARY"), "TrafficRoutingConfiguration of type CANARY needs CanarySize"),
        (
            blue_green("ALL_AT_ONCE") | rolling(50),
            "Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy",
        ),
        (
            blue_green(
                "CANARY", 50, wait=500, TerminationWaitInSeconds=500, MaximumExecutionTimeoutInSeconds=600
            ),
            "MaximumExecutionTimeoutInSeconds (600) must be larger than the total waiting time (1000)",
        ),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(stated, words):
    with pytest.raises(ServiceError) as error:
        update(stated, plan(), plan())
    assert words in error.value.message


@pytest.mark.parametrize(
    ("stated", "old", "new", "words"),
    [
        (blue_green("ALL_AT_ONCE"), plan("a"), plan("b"), "Variant names must be the same"),
        (rolling(50), plan("a", "b"), plan("a", "b"), "not supported for endpoints with several variants"),
        (
            blue_green("ALL_AT_ONCE"),
            plan(serverless=True),
            plan(serverless=True),
            "not supported for serverless",
        ),
        ({}, plan(), plan(serverless=True), "cannot be updated to a serverless endpoint"),
    ],
)
def test_what_the_endpoint_is_forbids_some_updates(stated, old, new, words):
    with pytest.raises(ServiceError) as error:
        update(stated, old, new)
    assert words in error.value.message


def test_without_guardrails_variants_may_be_renamed():
    update({}, plan("a"), plan("b"))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}]},
            "with RetainAllVariantProperties only",
        ),
        ({"RetainAllVariantProperties": True}, "RetainAllVariantProperties needs the same variants"),
        ({"RetainDeploymentConfig": True, "DeploymentConfig": {}}, "together with RetainDeploymentConfig"),
    ],
)
def test_what_is_to_be_retained_has_to_be_there(request_, words):
    with pytest.raises(ServiceError) as error:
        deployment_rules.check_retained(request_, plan("a"), plan("b"))
    assert words in error.value.message


def test_retained_are_counts_weights_and_capture_but_for_those_excluded():
    before = replace(plan(instances=7), capture={"InitialSamplingPercentage": 5})
    before = replace(before, variants=tuple(variant.weighted(3.0) for variant in before.variants))
    after = plan(instances=2)
    [variant] = after.retaining(before, frozenset()).variants
    assert (variant.count, variant.weight) == (7, 3.0)
    assert after.retaining(before, frozenset()).capture == before.capture
    [variant] = after.retaining(before, frozenset({"DesiredInstanceCount", "DesiredWeight"})).variants
    assert (variant.count, variant.weight) == (2, 1.0)
    assert after.retaining(before, frozenset({"DataCaptureConfig"})).capture is None
