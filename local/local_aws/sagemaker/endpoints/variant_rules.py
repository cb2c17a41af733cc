"""Rules for an endpoint configuration: members that SageMaker refuses, and those that are not embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from local_aws.containers import images
from local_aws.containers.errors import UnknownImageError
from local_aws.kernel.account import Account
from local_aws.kernel.wire import invalid

Stated = Mapping[str, Any]

_CONFIG_NOT_EMBEDDED = (
    "ExplainerConfig",
    "ShadowProductionVariants",
    "CrossRegionTrafficConfig",
)
_VARIANT_NOT_EMBEDDED = (
    "InstancePools",
    "ManagedInstanceScaling",
    "CapacityReservationConfig",
    "AcceleratorPartitionLayouts",
)
_NOT_SERVERLESS = {
    "DataCaptureConfig": "data capture",
    "VpcConfig": "a VPC configuration",
    "EnableNetworkIsolation": "network isolation",
    "AsyncInferenceConfig": "asynchronous inference",
}
_NOT_A_SERVERLESS_VARIANT = (
    "InstanceType",
    "InitialInstanceCount",
    "AcceleratorType",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
)


def check(account: Account, request: Stated) -> None:
    """Raises ServiceError (ValidationException) for a CreateEndpointConfig request that cannot be deployed here."""
    variants = request["ProductionVariants"]
    serverless = any("ServerlessConfig" in variant for variant in variants)
    if serverless:
        _check_serverless(request)
    for member in _CONFIG_NOT_EMBEDDED:
        if member in request:
            raise invalid(f"{member} is not embedded yet.")
    require_unique([variant["VariantName"] for variant in variants])
    if stated := request.get("AsyncInferenceConfig"):
        _check_asynchronous(request, stated)
    for variant in variants:
        _check_variant(variant)
        _check_model(account, variant, serverless)


def require_unique(names: Sequence[str]) -> None:
    """Raises ServiceError (ValidationException) where a request names a variant twice."""
    for name in names:
        if names.count(name) > 1:
            raise invalid(f'The variant name "{name}" was non-unique within the request.')


def _check_asynchronous(request: Stated, stated: Stated) -> None:
    """Source: "Create an asynchronous inference endpoint" and "Exclusions", Amazon SageMaker developer guide."""
    if len(request["ProductionVariants"]) > 1:
        raise invalid("Asynchronous endpoints support one production variant only.")
    if request.get("DataCaptureConfig"):
        raise invalid("DataCaptureConfig: data capture is not supported for asynchronous endpoints.")
    output = stated["OutputConfig"]
    if "S3OutputPath" not in output:
        raise invalid("AsyncInferenceConfig.OutputConfig has no S3OutputPath, where answers are written to.")
    for member in ("S3OutputPath", "S3FailurePath"):
        if member in output and not output[member].startswith("s3://"):
            raise invalid(f"{member} is {output[member]!r}; the embedded SageMaker writes to s3:// alone.")


def _check_variant(variant: Stated) -> None:
    name = variant["VariantName"]
    for member in _VARIANT_NOT_EMBEDDED:
        if member in variant:
            raise invalid(f"{member} of the variant {name} is not embedded yet.")
    if "ModelName" not in variant:
        raise invalid(f"The variant {name} has no ModelName: inference components are not embedded yet.")
    if "ServerlessConfig" in variant:
        return
    for member in ("InstanceType", "InitialInstanceCount"):
        if member not in variant:
            raise invalid(f"{member} must be specified for the production variant {name}.")


def _check_serverless(request: Stated) -> None:
    if len(request["ProductionVariants"]) > 1:
        raise invalid("Serverless endpoints support one production variant only.")
    for member, what in _NOT_SERVERLESS.items():
        if request.get(member):
            raise invalid(f"{member}: {what} is not supported for serverless endpoints.")
    [variant] = request["ProductionVariants"]
    for member in _NOT_A_SERVERLESS_VARIANT:
        if member in variant:
            raise invalid(f"{member} cannot be specified together with ServerlessConfig.")
    stated = variant["ServerlessConfig"]
    if stated["MemorySizeInMB"] % 1024:
        raise invalid(
            f"MemorySizeInMB is {stated['MemorySizeInMB']}; it must be one of 1024, 2048, 3072, 4096, 5120, 6144."
        )
    if stated.get("ProvisionedConcurrency", 0) > stated["MaxConcurrency"]:
        raise invalid("ProvisionedConcurrency must be less than or equal to MaxConcurrency.")


def _check_model(account: Account, variant: Stated, serverless: bool) -> None:
    """The model has to exist, and to be of a kind that is embedded."""
    sagemaker = account.client("sagemaker")
    try:
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        containers = model.get("Containers") or [model["PrimaryContainer"]]
        uris = [_image(sagemaker, container) for container in containers]
    except ClientError as error:
        raise invalid(error.response["Error"]["Message"]) from error
    source = (containers[0].get("ModelDataSource") or {}).get("S3DataSource") or {}
    if source and (source["S3DataType"], source["CompressionType"]) != ("S3Object", "Gzip"):
        raise invalid(
            f"The model {variant['ModelName']} has a ModelDataSource with S3DataType {source['S3DataType']} and CompressionType "
            f"{source['CompressionType']}, which is not embedded: use S3Object and Gzip."
        )
    if len(uris) > 1:
        raise invalid(f"The model {variant['ModelName']} has {len(uris)} containers; one is embedded.")
    if serverless and (model.get("EnableNetworkIsolation") or "VpcConfig" in model):
        raise invalid(
            f"The model {variant['ModelName']} has network isolation or a VPC configuration, which are not supported "
            "for serverless endpoints."
        )
    _check_images(uris)


def _check_images(uris: Sequence[str]) -> None:
    for uri in uris:
        try:
            images.find(uri, serving=True)
        except UnknownImageError as error:
            raise invalid(str(error)) from error


def _image(sagemaker: Any, container: Stated) -> str:
    if "ModelPackageName" in container:
        package = sagemaker.describe_model_package(ModelPackageName=container["ModelPackageName"])
        container = package["InferenceSpecification"]["Containers"][0]
    image: str = container["Image"]
    return image
