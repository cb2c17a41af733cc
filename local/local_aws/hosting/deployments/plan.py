"""The plan of a deployment: an endpoint configuration with its models, frozen when it is deployed.

A model or a configuration that is deleted later does not touch what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from local_aws.hosting.errors import LaunchError
from local_aws.kernel.account import Account
from local_aws.kernel.s3_addresses import s3_uri


@dataclass(frozen=True)
class Container:
    """A model's container: its image, its artifact (an S3 URI), and its own environment.

    `subnets` and `security_groups` are those of the model's VpcConfig.
    """

    image: str
    model_data: str
    role_arn: str
    environment: Mapping[str, str] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serverless:
    """A ServerlessConfig. `provisioned` are environments that are never shut down for idleness."""

    memory_mb: int
    max_concurrency: int
    provisioned: int = 0

    def described(self) -> dict[str, int]:
        """The settings as DescribeEndpointConfig answers them."""
        stated = {"MemorySizeInMB": self.memory_mb, "MaxConcurrency": self.max_concurrency}
        return {**stated, "ProvisionedConcurrency": self.provisioned} if self.provisioned else stated


@dataclass(frozen=True)
class Variant:
    """A production variant. `count` is of instances, and 1 where `serverless` is stated."""

    name: str
    container: Container
    weight: float
    count: int
    instance_type: str | None
    serverless: Serverless | None
    startup_seconds: int

    def scaled(self, count: int) -> Variant:
        """The variant with this number of instances."""
        return replace(self, count=count)

    def weighted(self, weight: float) -> Variant:
        """The variant with this weight."""
        return replace(self, weight=weight)


@dataclass(frozen=True)
class Plan:
    """The plan of a configuration. `capture` is its DataCaptureConfig, `asynchronous` its AsyncInferenceConfig, or None."""

    config_name: str
    variants: tuple[Variant, ...]
    capture: Mapping[str, Any] | None
    asynchronous: Mapping[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """The names of the variants."""
        return [variant.name for variant in self.variants]

    def variant(self, name: str) -> Variant | None:
        """The variant with this name, None if the plan has none."""
        return next((variant for variant in self.variants if variant.name == name), None)

    @property
    def is_serverless(self) -> bool:
        """Whether a variant is serverless."""
        return any(variant.serverless for variant in self.variants)

    def retaining(self, before: Plan, excluded: frozenset[str]) -> Plan:
        """This plan with the instance counts, weights and capture of `before`, but for the `excluded`.

        `excluded` holds the API's VariantPropertyTypes.
        """
        variants = tuple(
            _retaining(variant, before.variant(variant.name), excluded) for variant in self.variants
        )
        capture = self.capture if "DataCaptureConfig" in excluded else before.capture
        return replace(self, variants=variants, capture=capture)


def resolve(account: Account, config: Mapping[str, Any]) -> Plan:
    """The plan of a described endpoint configuration. Raises LaunchError where a model is gone."""
    variants = tuple(_variant(account, stated) for stated in config["ProductionVariants"])
    capture = config.get("DataCaptureConfig")
    enabled = capture is not None and capture.get("EnableCapture", True)
    return Plan(
        config["EndpointConfigName"],
        variants,
        capture if enabled else None,
        config.get("AsyncInferenceConfig"),
    )


def _retaining(variant: Variant, before: Variant | None, excluded: frozenset[str]) -> Variant:
    if before is None:
        return variant
    if "DesiredInstanceCount" not in excluded and variant.serverless is None:
        variant = variant.scaled(before.count)
    if "DesiredWeight" not in excluded:
        variant = variant.weighted(before.weight)
    return variant


def _variant(account: Account, stated: Mapping[str, Any]) -> Variant:
    serverless = stated.get("ServerlessConfig")
    return Variant(
        name=stated["VariantName"],
        container=_container(account, stated["ModelName"]),
        weight=stated.get("InitialVariantWeight", 1.0),
        count=stated.get("InitialInstanceCount", 1),
        instance_type=stated.get("InstanceType"),
        serverless=_serverless(serverless) if serverless else None,
        startup_seconds=stated.get("ContainerStartupHealthCheckTimeoutInSeconds", 480),
    )


def _serverless(stated: Mapping[str, Any]) -> Serverless:
    provisioned = stated.get("ProvisionedConcurrency", 0)
    return Serverless(stated["MemorySizeInMB"], stated["MaxConcurrency"], provisioned)


def _container(account: Account, model_name: str) -> Container:
    sagemaker = account.client("sagemaker")
    try:
        model = sagemaker.describe_model(ModelName=model_name)
        stated = (model.get("Containers") or [model["PrimaryContainer"]])[0]
        if package_name := stated.get("ModelPackageName"):
            package = sagemaker.describe_model_package(ModelPackageName=package_name)
            stated = package["InferenceSpecification"]["Containers"][0] | {
                name: value for name, value in stated.items() if name != "ModelPackageName"
            }
    except ClientError as error:
        raise LaunchError(error.response["Error"]["Message"]) from error
    return Container(
        stated["Image"],
        s3_uri(account.endpoint_url, _model_data(stated)),
        model.get("ExecutionRoleArn", ""),
        stated.get("Environment", {}),
        tuple(model.get("VpcConfig", {}).get("Subnets", ())),
        tuple(model.get("VpcConfig", {}).get("SecurityGroupIds", ())),
    )


def _model_data(stated: Mapping[str, Any]) -> str:
    """Where a container's artifact is, a .tar.gz, stated either way; empty where it has none."""
    source = (stated.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return str(stated.get("ModelDataUrl") or source.get("S3Uri") or "")
