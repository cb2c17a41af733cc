"""The candidate of a deployment: a model package with the serving contract that lies beside its model."""

from __future__ import annotations

from model_deploy.aws import registry
from model_deploy.aws.clients import Aws
from model_deploy.aws.objects import read_uri
from model_deploy.core import contract as contracts
from model_deploy.core.contract import Contract
from model_deploy.core.package import Candidate, Package


def load_candidate(aws: Aws, arn: str) -> Candidate:
    """The package and its contract. Raises UsageError without a package, RefusedError when the contract is broken."""
    package = registry.describe(aws, arn)
    return Candidate(package, load(aws, package))


def load(aws: Aws, package: Package) -> Contract | None:
    """The contract of the package; None when the package names none, or nothing lies there."""
    if package.contract_uri is None:
        return None
    prefix = package.contract_uri.rstrip("/")
    stored = {name: read_uri(aws, f"{prefix}/{name}") for name in contracts.FILES}
    files = {name: content for name, content in stored.items() if content is not None}
    return contracts.parse(files, f"The contract of {package.arn} at {prefix}/") if files else None
