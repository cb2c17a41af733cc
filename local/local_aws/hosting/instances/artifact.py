"""A model's artifact on disk: downloaded from S3 and unpacked, once for all instances of a fleet."""

from __future__ import annotations

from pathlib import Path

from local_aws.containers.errors import ContainerError
from local_aws.containers.s3_data import S3Data
from local_aws.hosting.deployments.plan import Container
from local_aws.hosting.errors import LaunchError
from local_aws.identity import image_pull, network_interfaces
from local_aws.kernel import archives
from local_aws.kernel.account import ACCOUNT_ID, Account


def unpack(account: Account, container: Container, folder: Path) -> Path:
    """Put the files of the container's model.tar.gz into `folder`/model, under the model's role; returns that.

    Raises LaunchError where the archive cannot be had or is none. What it holds is the container's business.
    """
    image_pull.record(account.calls, container.role_arn, container.image)
    network_interfaces.record(
        account.calls,
        container.role_arn,
        f"{account.region}:{ACCOUNT_ID}",
        container.subnets,
        container.security_groups,
    )
    uri = container.model_data
    model = folder / "model"
    model.mkdir(parents=True)
    if not uri:
        return model
    archive = folder / "model.tar.gz"
    try:
        s3 = account.client_of_role(container.role_arn, "s3")
        S3Data(s3, account.region, container.role_arn).download_file(uri, archive)
    except ContainerError as error:
        raise LaunchError(
            f'Failed to download model data for container "container_1" from URL: "{uri}". Please ensure that there '
            "is an object located at the URL and that the role passed to CreateModel has permissions to download the "
            "object."
        ) from error
    try:
        archives.unpack_tar(archive, model)
    except archives.ArchiveError as error:
        raise LaunchError(
            f'Failed to extract model data archive for container "container_1" from URL "{uri}". Please ensure that '
            f"the object located at the URL is a valid tar.gz archive: {error}."
        ) from error
    archive.unlink()
    return model
