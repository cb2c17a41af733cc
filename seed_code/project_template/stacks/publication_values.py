"""The values of a publication: those in every project's template, and those of the publication's own stack."""

from __future__ import annotations

from dataclasses import dataclass

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITHUB_API = "https://api.github.com"

TEMPLATE_ACTIONS = ("s3:GetObject", "s3:GetObjectTagging")
"""The actions on templates that users of the S3 form need."""

STACK_ACTIONS = (
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStacks",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateStack",
)
"""SageMaker's actions on the stacks of projects: as the user in the S3 form, as the launch role in Service Catalog's."""

RECIPES = (
    "clothing-reviews",
    "clothing-reviews-published",
    "amazon-sentences",
    "amazon-sentiment",
    "amazon-sentiment-tfidf",
    "bert-sentiment",
    "cooking",
    "helpful-reviews",
    "helpful-reviews-tfidf",
    "toxic-comments",
    "toxic-comments-blazingtext",
    "toxic-comments-fasttext",
)
"""The recipes of the build repository, of which a project begins with one."""


@dataclass(frozen=True)
class TokenSignIn:
    """The functions sign in to GitHub with a token: the string of this secret in Secrets Manager."""

    secret_arn: str


@dataclass(frozen=True)
class AppSignIn:
    """The functions sign in as a GitHub App, whose key KMS holds and signs with."""

    app_id: str
    key_arn: str


@dataclass(frozen=True)
class Publication:
    """The values in the template of a project.

    `bucket` holds the seeds below `seed_prefix` ("seeds/<sha256>/") and the functions' archive at `functions_key`.
    `issuer` is the URL of GitHub's OIDC provider; `oidc_provider_arn` and `permissions_boundary_arn` are defaults of
    parameters, and the first may be empty: then the project makes the provider. `version` names the template.
    `tags` are (key, value) for everything that the template makes; with `access_log_bucket` S3 logs there who uses the
    project's bucket.
    """

    bucket: str
    seed_prefix: str
    functions_key: str
    sign_in: TokenSignIn | AppSignIn
    permissions_boundary_arn: str
    version: str
    oidc_provider_arn: str = ""
    github_api_url: str = GITHUB_API
    issuer: str = GITHUB_ISSUER
    tags: tuple[tuple[str, str], ...] = ()
    access_log_bucket: str = ""

    @property
    def issuer_host(self) -> str:
        """The issuer as IAM writes it in condition keys and ARNs: without its scheme."""
        return _host(self.issuer)


@dataclass(frozen=True)
class Version:
    """A version of the product in Service Catalog, and the URL of its template."""

    name: str
    template_url: str
    description: str = ""


@dataclass(frozen=True)
class Catalog:
    """The Service Catalog form.

    `versions` oldest first; `principal_arns` are the roles that see the product in Studio.
    """

    portfolio: str
    product: str
    owner: str
    versions: tuple[Version, ...]
    principal_arns: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicationSettings:
    """The values of the publication's own stack.

    `name` and `region` are in the names of role and boundary, since IAM knows no regions; `name` has 32 characters at
    most. `user_arns` are the roles, users and groups that make projects, as Studio's execution roles do. With `in_s3` there
    is a policy for users of the S3 form. With `creates_oidc_provider` the stack makes GitHub's OIDC provider, of which an account has one per issuer:
    so that the first project does not make it, and the second does not fail because it is there.
    """

    name: str
    region: str
    bucket: str
    user_arns: tuple[str, ...] = ()
    in_s3: bool = True
    issuer: str = GITHUB_ISSUER
    creates_oidc_provider: bool = False
    catalog: Catalog | None = None
    tags: tuple[tuple[str, str], ...] = ()
    access_log_bucket: str = ""

    @property
    def issuer_host(self) -> str:
        """The issuer as IAM writes it: without its scheme."""
        return _host(self.issuer)

    @property
    def launch_role_name(self) -> str:
        """The name of the launch role."""
        return f"{self.name}-{self.region}-launch"

    @property
    def user_policy_name(self) -> str:
        """The name of the users' policy."""
        return f"{self.name}-{self.region}-users"

    @property
    def boundary_name(self) -> str:
        """The name of the permissions boundary."""
        return f"{self.name}-{self.region}-boundary"

    def launch_role_arn(self, account: str, partition: str = "aws") -> str:
        """The ARN that the launch role will have, which users type into Studio's form."""
        return f"arn:{partition}:iam::{account}:role/{self.launch_role_name}"

    def user_policy_arn(self, account: str, partition: str = "aws") -> str:
        """The ARN that the users' policy will have, "" where there is none."""
        return f"arn:{partition}:iam::{account}:policy/{self.user_policy_name}" if self.in_s3 else ""

    def boundary_arn(self, account: str, partition: str = "aws") -> str:
        """The ARN that the boundary will have: a project's template names it before the stack is there."""
        return f"arn:{partition}:iam::{account}:policy/{self.boundary_name}"


def _host(url: str) -> str:
    return url.partition("://")[2].rstrip("/")
