import pytest

from local_aws.hosting.scaling import Tracking

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
