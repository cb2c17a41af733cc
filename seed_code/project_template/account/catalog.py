"""The Service Catalog form: the product's version that was published, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_text, is_missing
from project_template.account.publication import Published
from project_template.aws.clients import Aws
from project_template.errors import UsageError


@dataclass(frozen=True)
class Offer:
    """The ids that CreateProject takes. `path_id` is "" if the caller has no launch path."""

    product_id: str
    artifact_id: str
    version: str
    path_id: str


def published(aws: Aws, found: Published) -> Offer:
    """The version of the product that was published last, by the launch path that has the launch role.

    Raises UsageError where the publication has no product, the caller does not see it, or it has not that version.
    """
    if not found.product_id:
        raise UsageError(
            f"The publication {found.name} has no Service Catalog product: publish it with --form service-catalog or both, or "
            "create the project with --form s3."
        )
    versions = _versions(aws, found)
    version = str(found.record.get("version", ""))
    if version not in versions:
        raise UsageError(
            f"The product {found.product_id} has no version {version or '(none was published)'}; it has "
            f"{', '.join(versions) or 'none'}. Publish again: `project-template publish` adds it."
        )
    return Offer(found.product_id, versions[version], version, _path(aws, found.product_id))


def _versions(aws: Aws, found: Published) -> dict[str, str]:
    """The ids of the product's versions by name."""
    try:
        product = aws.catalog.describe_product(Id=found.product_id)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UsageError(
            f"Service Catalog shows you no product {found.product_id} ({error_text(error)}): it shows it to the principals of "
            f"the portfolio {found.portfolio_id}. `project-template publish --principal ARN` adds your role; or create the "
            "project with --form s3."
        ) from error
    return {each["Name"]: each["Id"] for each in product.get("ProvisioningArtifacts", [])}


def _path(aws: Aws, product: str) -> str:
    """The launch path's id, "" without one. A product in several portfolios has several, and only ours a launch role."""
    pages = aws.catalog.get_paginator("list_launch_paths").paginate(ProductId=product)
    paths: list[Any] = [each for page in pages for each in page.get("LaunchPathSummaries", [])]
    launched = [
        each
        for each in paths
        if any(constraint.get("Type") == "LAUNCH" for constraint in each.get("ConstraintSummaries", []))
    ]
    return next((str(each["Id"]) for each in (*launched, *paths)), "")
