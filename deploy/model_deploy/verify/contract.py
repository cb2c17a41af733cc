"""The candidate of a deployment: a model package with the serving contract that lies beside its model."""

from __future__ import annotations

from model_deploy.aws import registry
from model_deploy.aws.clients import Aws
from model_deploy.aws.objects import read_uri
from model_deploy.core.model_package import contract as contracts
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.errors import RefusedError


def load_candidate(aws: Aws, arn: str) -> Candidate:
    """The package with its contract, or with the reason why that cannot be used.

    Raises UsageError without a package.
    """
    package = registry.describe(aws, arn)
    try:
        return Candidate(package, load(aws, package))
    except RefusedError as error:
        return Candidate(package, None, contract_problem=error.message)


def load(aws: Aws, package: Package) -> Contract:
    """The contract of the package. The one place where contracts are opened: its hash is checked before it is read.

    Raises RefusedError if the package names no contract, or the stored one is missing or not the registered one.
    """
    if package.contract_uri is None or package.contract_sha256 is None:
        raise RefusedError(
            "It has no serving contract: its metadata lacks contract or contract-sha256. Register the model with "
            "`model-build run`, which stores it."
        )
    prefix = package.contract_uri.rstrip("/")
    stored = {name: read_uri(aws, f"{prefix}/{name}") for name in contracts.FILES}
    files = {name: content for name, content in stored.items() if content is not None}
    if not files:
        raise RefusedError(
            f"Its serving contract is not at {package.contract_uri} any more. Run the pipeline of its commit again."
        )
    return contracts.open_files(files, package.contract_sha256, f"Its serving contract at {prefix}/")
