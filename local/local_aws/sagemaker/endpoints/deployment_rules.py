"""Rules for an update of an endpoint: deployment guardrails that SageMaker refuses, and members that must not change.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.hosting.deployments.plan import Plan
from local_aws.hosting.deployments.policy import BlueGreen, Policy, Rolling, Size
from local_aws.kernel.account import Account
from local_aws.kernel.wire import invalid

Stated = Mapping[str, Any]


_SERVERLESS = "Deployment guardrails (DeploymentConfig) are not supported for serverless endpoints."


def check_create(stated: Stated, plan: Plan) -> None:
    """Check the DeploymentConfig of a new endpoint. Raises ServiceError (ValidationException)."""
    check_config(stated)
    if plan.is_serverless:
        raise invalid(_SERVERLESS)


def check_config(stated: Stated) -> None:
    """Check a DeploymentConfig by itself. Raises ServiceError (ValidationException)."""
    if "BlueGreenUpdatePolicy" in stated and "RollingUpdatePolicy" in stated:
        raise invalid("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified.")
    routing = stated.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration")
    if routing:
        _check_routing(routing)
    strategy = Policy.parse(stated).strategy
    waits = strategy.wait_seconds + getattr(strategy, "termination_wait_seconds", 0)
    if waits >= strategy.timeout_seconds:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds ({strategy.timeout_seconds}) must be larger than the total waiting "
            f"time ({waits})."
        )


def check_update(policy: Policy, old: Plan, new: Plan) -> None:
    """Check a policy against what it would move. Raises ServiceError (ValidationException)."""
    if new.is_serverless and not old.is_serverless:
        raise invalid("An instance-based endpoint cannot be updated to a serverless endpoint.")
    if not policy.is_guarded:
        return
    if new.is_serverless or old.is_serverless:
        raise invalid(_SERVERLESS)
    if sorted(old.names) != sorted(new.names):
        raise invalid(
            "Variant names must be the same in the old and the new endpoint configuration where a DeploymentConfig is "
            f"specified: {', '.join(old.names)} against {', '.join(new.names)}."
        )
    if isinstance(policy.strategy, Rolling) and len(new.variants) > 1:
        raise invalid("RollingUpdatePolicy is not supported for endpoints with several variants.")
    for variant in new.variants:
        _check_sizes(policy, variant.count)


def check_alarms(account: Account, policy: Policy, plan: Plan) -> None:
    """Every alarm of the policy has to exist, and the role of the models of `plan` has to be able to see it.

    Source: "Auto-rollback configuration and monitoring", Amazon SageMaker developer guide. Raises ServiceError
    (ValidationException).
    """
    if not policy.alarms:
        return
    role = plan.variants[0].container.role_arn
    try:
        answer = account.client_of_role(role, "cloudwatch").describe_alarms(AlarmNames=list(policy.alarms))
    except ClientError as error:
        raise invalid(
            f"The execution role {role} cannot describe the CloudWatch alarms of the AutoRollbackConfiguration: "
            f"{error.response['Error']['Message']}"
        ) from error
    found = answer["MetricAlarms"]
    missing = set(policy.alarms) - {alarm["AlarmName"] for alarm in found}
    if missing:
        raise invalid(f"Could not find the CloudWatch alarms: {', '.join(sorted(missing))}.")


def check_retained(request: Stated, old: Plan, new: Plan) -> None:
    """Check what an UpdateEndpoint retains. Raises ServiceError (ValidationException)."""
    retained = request.get("RetainAllVariantProperties", False)
    if request.get("ExcludeRetainedVariantProperties") and not retained:
        raise invalid(
            "ExcludeRetainedVariantProperties can be specified with RetainAllVariantProperties only."
        )
    if retained and sorted(old.names) != sorted(new.names):
        raise invalid(
            "RetainAllVariantProperties needs the same variants in the old and the new endpoint configuration: "
            f"{', '.join(old.names)} against {', '.join(new.names)}."
        )
    if request.get("RetainDeploymentConfig") and "DeploymentConfig" in request:
        raise invalid("DeploymentConfig cannot be specified together with RetainDeploymentConfig.")


def check_instance_types(account: Account, endpoint: str, old: Plan, new: Plan) -> None:
    """Refuse another instance type for a variant that is a scalable target: it must be deregistered first.

    Raises ServiceError (ValidationException).
    """
    changed = {
        f"endpoint/{endpoint}/variant/{variant.name}"
        for variant in new.variants
        if (before := old.variant(variant.name)) and before.instance_type != variant.instance_type
    }
    if not changed:
        return
    answer = account.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    scaled = changed & {target["ResourceId"] for target in answer["ScalableTargets"]}
    if scaled:
        raise invalid(
            f"The instance type of a variant that is registered as a scalable target cannot be changed: "
            f"{', '.join(sorted(scaled))}. Deregister it first."
        )


def _check_routing(routing: Stated) -> None:
    sizes = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
    wanted = sizes.get(routing["Type"])
    for member in sizes.values():
        if (member in routing) != (member == wanted):
            raise invalid(
                f"TrafficRoutingConfiguration of type {routing['Type']} "
                f"{'needs' if member == wanted else 'cannot have'} {member}."
            )


def _check_sizes(policy: Policy, count: int) -> None:
    match policy.strategy:
        case BlueGreen(kind="CANARY", size=Size() as size):
            _check_size("CanarySize", size, count, 0)
        case BlueGreen(kind="LINEAR", size=Size() as size):
            _check_size("LinearStepSize", size, count, 10)
        case Rolling(batch=batch):
            _check_size("MaximumBatchSize", batch, count, 5)


def _check_size(member: str, size: Size, count: int, least: int) -> None:
    """A size is of whole instances: of one instance there is no half."""
    percent = size.value if size.kind == "CAPACITY_PERCENT" else size.value * 100 / count
    if percent < least or percent > 50 or size.of(count) * 2 > count:
        allowed = f"between {least}% and 50%" if least else "less than or equal to 50%"
        raise invalid(
            f"{member} ({size.value} by {size.kind}) must be {allowed} of the variant's total instance count, which is "
            f"{count}."
        )
