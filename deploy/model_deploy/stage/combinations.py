"""Combinations of keys that SageMaker refuses, found before a request is made.

No linter of templates knows these rules, and SageMaker reports them one by one, minutes into an update. Each rule
yields a key and a sentence: what was found, why it is refused, what is allowed. Sources, in the SageMaker developer
guide unless stated otherwise: "Serverless Inference" (feature exclusions), "Deployment guardrails" (exclusions,
canary, linear, rolling),
"Automatic scaling" (burstable instances), "Asynchronous inference", "Data capture"; CreateEndpointConfig (KmsKeyId).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from model_deploy.stage.endpoint import Instances, Serverless

if TYPE_CHECKING:
    from model_deploy.stage.stage import Stage

Problem = tuple[str, str]
"""A key of the stage file, and a sentence without its full stop."""


def problems(stage: Stage) -> Iterator[Problem]:
    """Every rule that `stage` breaks, in the order of the file's keys."""
    match stage.endpoint.capacity:
        case Serverless() as memory:
            yield from _serverless(stage)
            yield from _serverless_scaling(stage, memory)
        case Instances() as instances:
            yield from _guardrails(stage, instances)
            yield from _bake(stage)
            yield from _instance_scaling(stage, instances)
            yield from _local_storage(stage, instances)
    if stage.endpoint.kind == "asynchronous":
        yield from _asynchronous(stage)


def _serverless(stage: Stage) -> Iterator[Problem]:
    none = "serverless endpoints have none"
    if stage.rollout.strategy != "all_at_once":
        yield (
            "rollout.strategy",
            f"found {stage.rollout.strategy}. Allowed: all_at_once; SageMaker's deployment guardrails do not work for "
            "serverless endpoints",
        )
    elif stage.rollout.guarded:
        yield "rollout", f"found waits, and {none}. Allowed: bake_seconds and termination_wait_seconds of 0"
    if stage.alarms is not None and stage.alarms.rollback:
        yield "alarms.rollback", "found true. Serverless endpoints do not roll back by alarms. Allowed: false"
    if stage.capture is not None:
        yield "capture", f"SageMaker captures data of real-time endpoints only, and {none}; leave the key out"
    if stage.network.isolation:
        yield "network.isolation", f"found true. Allowed: false; {none}"
    if stage.network.subnets:
        yield "network.subnets", "serverless endpoints join no VPC; leave subnets and security_groups out"


def _serverless_scaling(stage: Stage, memory: Serverless) -> Iterator[Problem]:
    scaling = stage.scaling
    if scaling is None:
        return
    if memory.provisioned_concurrency is None:
        yield (
            "scaling",
            "a serverless endpoint scales by itself, up to endpoint.max_concurrency. Only provisioned concurrency is "
            "scaled: state endpoint.provisioned_concurrency, or leave scaling out",
        )
        return
    yield from _target(stage, "provisioned_utilization_percent")
    if scaling.min < 1:
        yield "scaling.min", f"found {scaling.min}. Allowed: 1 or more; provisioned concurrency does not scale to zero"
    if scaling.max > memory.max_concurrency:
        yield (
            "scaling.max",
            f"found {scaling.max}. Allowed: at most endpoint.max_concurrency, {memory.max_concurrency}",
        )
    yield from _start(stage, "endpoint.provisioned_concurrency", memory.provisioned_concurrency)


def _guardrails(stage: Stage, instances: Instances) -> Iterator[Problem]:
    rollout = stage.rollout
    if not instances.guarded:
        if rollout.guarded:
            yield (
                "rollout",
                f"found {rollout.strategy} with {rollout.waits_seconds} s of waits. Deployment guardrails do not work "
                f"for {instances.type}. Allowed: all_at_once without waits, or other instances",
            )
        if stage.alarms is not None and stage.alarms.rollback:
            yield "alarms.rollback", f"found true. {instances.type} does not roll back by alarms. Allowed: false"
        return
    fewest = stage.scaling.min if stage.scaling else instances.count
    if rollout.strategy != "all_at_once" and fewest < 2:
        key = "scaling.min" if stage.scaling else "endpoint.instance_count"
        yield (
            key,
            f"found {fewest}. Allowed with rollout.strategy {rollout.strategy}: 2 or more, since a step moves at most "
            "half of the instances",
        )


def _bake(stage: Stage) -> Iterator[Problem]:
    alarms, bake = stage.alarms, stage.rollout.bake_seconds
    if alarms is not None and alarms.rollback and bake < alarms.reaction_seconds:
        yield (
            "rollout.bake_seconds",
            f"found {bake}. Allowed: {alarms.reaction_seconds} or more, since that is how long the alarms "
            "(period_seconds times evaluation_periods) need to go off; or alarms.rollback: false",
        )


def _instance_scaling(stage: Stage, instances: Instances) -> Iterator[Problem]:
    if stage.scaling is None:
        return
    if instances.burstable:
        yield "scaling", f"SageMaker does not scale burstable instances, and {instances.type} is one; leave the key out"
    asynchronous = stage.endpoint.kind == "asynchronous"
    yield from _target(stage, "backlog_per_instance" if asynchronous else "invocations_per_instance")
    if stage.scaling.min < 1 and not asynchronous:
        yield (
            "scaling.min",
            f"found {stage.scaling.min}. Allowed: 1 or more; only asynchronous endpoints scale to zero",
        )
    yield from _start(stage, "endpoint.instance_count", instances.count)


def _target(stage: Stage, allowed: str) -> Iterator[Problem]:
    assert stage.scaling is not None
    if stage.scaling.target != allowed:
        yield (
            f"scaling.{stage.scaling.target}",
            f"this is not what a {stage.endpoint.kind} endpoint scales by. Allowed: {allowed}",
        )


def _start(stage: Stage, key: str, size: int) -> Iterator[Problem]:
    scaling = stage.scaling
    assert scaling is not None
    if not scaling.min <= size <= scaling.max:
        yield key, f"found {size}. Allowed with scaling: min to max, {scaling.min} to {scaling.max}"


def _local_storage(stage: Stage, instances: Instances) -> Iterator[Problem]:
    if stage.kms_key is not None and instances.local_storage:
        yield (
            "kms_key",
            f"{instances.type} has a local disk, which its hardware encrypts with a key of its own. Allowed: instances "
            "without one, such as ml.m5.large, or no kms_key",
        )


def _asynchronous(stage: Stage) -> Iterator[Problem]:
    if stage.alarms is not None and stage.alarms.contract_failures is not None:
        yield (
            "alarms.contract_failures",
            "a rollout cannot send the cases of checks/ to an asynchronous endpoint, which answers later and in S3; "
            "leave the key out",
        )
    if stage.capture is not None:
        yield (
            "capture",
            "SageMaker captures data of real-time endpoints only; requests and answers of an asynchronous one are in S3 "
            "anyway. Leave the key out",
        )
    if stage.api is not None:
        yield "api", "an asynchronous endpoint answers in S3, and the API answers its caller; leave the key out"
