import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.autoscaling.scaling import Scaling, Tracking
from local_aws.kernel.account import REGION, Account

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def tracking(target=100.0, least=1, most=10, may_scale_in=True):
    return Tracking("endpoint", "AllTraffic", least, most, target, 0, 0, may_scale_in)


@pytest.mark.parametrize(
    ("current", "out_rate", "in_rate", "wanted"),
    [
        (2, 100, 100, 2),  # on target
        (2, 101, 50, 3),  # above: in proportion, rounded up
        (2, 1_000, 1_000, 10),  # never above the maximum
        (4, 95, 95, 4),  # between 90% and the target nothing moves
        (4, 40, 40, 2),
        (4, 0, 0, 1),  # never below the minimum
        (4, 0, None, 4),  # not yet watched for long enough to scale in
        (20, 100, 100, 10),  # the limits hold whatever the load
    ],
)
def test_the_count_follows_the_rate(current, out_rate, in_rate, wanted):
    assert tracking().wanted(current, out_rate, in_rate) == wanted


def test_scaling_in_can_be_disabled():
    assert tracking(may_scale_in=False).wanted(4, 0, 0) == 4


@pytest.fixture
def sooner(quick, tmp_path):
    """A scaler beside the server's own, for which a quarter of an hour without load is over in two seconds."""
    scaling = Scaling(Account(REGION, quick.url, tmp_path, 0.002, quick.clients))
    yield
    scaling.close()


@pytest.mark.usefixtures("sooner")
def test_a_busy_variant_gets_more_instances_and_an_idle_one_fewer(hosting, load, eventually):
    hosting.create(hosting.config(hosting.model("a")))
    autoscaling = hosting.client("application-autoscaling")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{hosting.name}/variant/AllTraffic",
        "ScalableDimension": DIMENSION,
    }
    autoscaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=2)
    autoscaling.put_scaling_policy(
        **place,
        PolicyName="follow-the-load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 60,  # a minute and instance: one a second
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleInCooldown": 0,
            "ScaleOutCooldown": 0,
        },
    )

    def count():
        return hosting.describe()["ProductionVariants"][0]["CurrentInstanceCount"]

    with load:
        eventually(lambda: count() == 2)
    eventually(lambda: count() == 1, seconds=60)
    hosting.settled()
    autoscaling.deregister_scalable_target(**place)
    assert load.failures == []


def place(resource="endpoint/e/variant/AllTraffic", dimension=DIMENSION):
    return {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": dimension}


TRACKING = {
    "TargetValue": 70,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
    },
}


@pytest.fixture
def autoscaling(aws):
    return aws.client("application-autoscaling")


@pytest.mark.parametrize("dimension", [DIMENSION, "sagemaker:variant:DesiredProvisionedConcurrency"])
def test_a_target_and_its_policies_are_kept_until_it_is_deregistered(autoscaling, aws, dimension):
    at = place(f"endpoint/{aws.name}/variant/AllTraffic", dimension)
    arn = autoscaling.register_scalable_target(**at, MinCapacity=1, MaxCapacity=5)["ScalableTargetARN"]
    assert autoscaling.register_scalable_target(**at, MaxCapacity=9)["ScalableTargetARN"] == arn
    [target] = autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[at["ResourceId"]]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 9)
    autoscaling.put_scaling_policy(
        **at,
        PolicyName="p",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    [policy] = autoscaling.describe_scaling_policies(**at)["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == TRACKING
    autoscaling.deregister_scalable_target(**at)
    assert autoscaling.describe_scaling_policies(**at)["ScalingPolicies"] == []
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException):
        autoscaling.deregister_scalable_target(**at)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (place("endpoint/e"), "Unsupported service namespace, resource type or scalable dimension"),
        (place(dimension="sagemaker:variant:DesiredColour"), "scalableDimension"),
        (place(), "Both a minimum and a maximum"),
        (place() | {"MinCapacity": 2, "MaxCapacity": 1}, "Maximum capacity cannot be less"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(autoscaling, request_, words):
    with pytest.raises(ClientError, match=words):
        autoscaling.register_scalable_target(**request_)


def test_a_policy_needs_its_target_and_its_configuration(autoscaling, aws):
    at = place(f"endpoint/{aws.name}/variant/AllTraffic")
    with pytest.raises(ClientError, match="No scalable target registered for"):
        autoscaling.put_scaling_policy(**at, PolicyName="p", PolicyType="TargetTrackingScaling")
    autoscaling.register_scalable_target(**at, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(ClientError, match="needs its TargetTrackingScalingPolicyConfiguration"):
        autoscaling.put_scaling_policy(**at, PolicyName="p", PolicyType="TargetTrackingScaling")
    with pytest.raises(ClientError, match="No scaling policy found"):
        autoscaling.delete_scaling_policy(**at, PolicyName="p")
