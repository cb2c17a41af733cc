"""The Service Catalog form: a portfolio with one product, whom it is shown to, and which role launches it."""

from __future__ import annotations

import hashlib

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_servicecatalog as servicecatalog

from project_template.stacks.publication_values import Catalog

VISIBLE = ("sagemaker:studio-visibility", "true")


def add(stack: cdk.Stack, catalog: Catalog, launch: iam.CfnRole) -> None:
    """Add portfolio, product, their association and the launch constraint to the publication's stack."""
    portfolio = servicecatalog.CfnPortfolio(
        stack,
        "Portfolio",
        display_name=catalog.portfolio,
        provider_name=catalog.owner,
        description="Templates of SageMaker projects.",
    )
    product = _product(stack, catalog)
    association = servicecatalog.CfnPortfolioProductAssociation(
        stack, "PortfolioProduct", portfolio_id=portfolio.ref, product_id=product.ref
    )
    constraint = servicecatalog.CfnLaunchRoleConstraint(
        stack,
        "LaunchConstraint",
        portfolio_id=portfolio.ref,
        product_id=product.ref,
        role_arn=launch.attr_arn,
        description="Projects are made as the launch role, whoever asks for them.",
    )
    constraint.add_resource_dependency(association)
    for principal in sorted(set(catalog.principal_arns)):
        # Named after whom it is for, so that one more leaves the others alone.
        servicecatalog.CfnPortfolioPrincipalAssociation(
            stack,
            f"Principal{hashlib.sha256(principal.encode()).hexdigest()[:12]}",
            portfolio_id=portfolio.ref,
            principal_arn=principal,
            principal_type="IAM",
        )
    cdk.CfnOutput(stack, "PortfolioId", value=portfolio.ref)
    cdk.CfnOutput(stack, "ProductId", value=product.ref)


def _product(stack: cdk.Stack, catalog: Catalog) -> servicecatalog.CfnCloudFormationProduct:
    return servicecatalog.CfnCloudFormationProduct(
        stack,
        "Product",
        name=catalog.product,
        owner=catalog.owner,
        description="Text classification: build and deploy repositories on GitHub, wired to SageMaker.",
        # Versions stay, with their templates: a project may be of an old one. So none is replaced, new ones are added.
        replace_provisioning_artifacts=False,
        provisioning_artifact_parameters=[
            servicecatalog.CfnCloudFormationProduct.ProvisioningArtifactPropertiesProperty(
                name=version.name,
                description=version.description or None,
                info={"LoadTemplateFromURL": version.template_url},
            )
            for version in catalog.versions
        ],
        # What makes Studio list it. Source: "Create custom project templates", Amazon SageMaker developer guide.
        tags=[cdk.CfnTag(key=VISIBLE[0], value=VISIBLE[1])],
    )
