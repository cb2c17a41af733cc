"""The project template, and the stack that publishes it. The one place of this package that imports the CDK.

`project_template` makes the template of a project. Its stack, `project`, consists of `parameters`, `storage` (key, bucket,
model package group), the package `roles`, and the package `github` (functions, custom resources, approvals).
`publication_template` makes the template that shows the first one in Studio. Its stack, `publication`, consists of the
template bucket and the package `publishing` (launch role, permissions boundary, Service Catalog product, users).

All are CloudFormation's own resources (the CDK's Cfn classes): nothing appears in a template that nobody asked for.

**What is a parameter and what is written in.** Whoever creates a project chooses the parameters. What the publication
knows (bucket, seeds, functions, how to sign in to GitHub) is written into the template, because an update keeps the
values of parameters that nobody names: a project would be updated to a new template and go on with the old functions.

**Policies.** A statement names resources by their full name where AWS lets the template choose it, and by tag where it
does not. Names alone would not do: the pipelines of project "a" begin with "a-", and so do those of project "a-pr".
So each role is also denied what carries another project's tag (`policies.deny_other_projects`). SageMaker writes ARNs in lower case
whatever a resource is called, and IAM compares letter by letter: so the names of projects are in lower case.
"""

from __future__ import annotations

from model_common.cdk import prepare
from project_template.stacks.publication_values import (
    AppSignIn,
    Catalog,
    Publication,
    PublicationSettings,
    TokenSignIn,
    Version,
)

__all__ = [
    "LARGEST_BYTES",
    "AppSignIn",
    "Catalog",
    "Publication",
    "PublicationSettings",
    "TokenSignIn",
    "Version",
    "project_template",
    "publication_template",
]

LARGEST_BYTES = 1_000_000
"""The largest template that CloudFormation takes from S3."""


def project_template(publication: Publication) -> str:
    """The template of a project, as YAML. Equal publications give equal text.

    The first call in a process takes a second or two, since it starts Node.
    """
    prepare()
    from project_template.stacks import synthesis

    return synthesis.project_template(publication)


def publication_template(settings: PublicationSettings) -> str:
    """The template of the publication's own stack, as YAML. Equal settings give equal text."""
    prepare()
    from project_template.stacks import synthesis

    return synthesis.publication_template(settings)
