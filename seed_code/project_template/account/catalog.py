"""The Service Catalog form: the product's version that was published, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The version of the product that was published last.

    Raises UsageError where the publication has no product, or its product not that version.
    """
    if not found.product_id:
        raise UsageError(
            f"The publication {found.name} has no Service Catalog product: publish it with --form service-catalog or both, or "
            "create the project with --form s3."
        )
    product = aws.catalog.describe_product(Id=found.product_id)
    versions = {each["Name"]: each["Id"] for each in product.get("ProvisioningArtifacts", [])}
    version = str(found.record.get("version", ""))
    if version not in versions:
        raise UsageError(
            f"The product {found.product_id} has no version {version or '(none was published)'}; it has "
            f"{', '.join(versions) or 'none'}. Publish again: `project-template publish` adds it."
        )
    paths = aws.catalog.list_launch_paths(ProductId=found.product_id).get("LaunchPathSummaries", [])
    return Offer(found.product_id, versions[version], version, paths[0]["Id"] if paths else "")
