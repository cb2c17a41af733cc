"""GitHub's OIDC provider, and the roles that its tokens may assume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import ROLES_PATH, Stated, Statement, document, reasons, text
from project_template.stacks.publication_values import GITHUB_ISSUER, Publication

MAIN = "refs/heads/main"
AUDIENCE = "sts.amazonaws.com"

HOUR = 3600
BUILD_HOURS = 12
"""A session is not renewed, and a pipeline is watched to its end. 12 hours are the longest that IAM gives."""
DEPLOY_HOURS = 6
"""A rollout's bake, forth and back. A job on GitHub's own runners ends after 6 hours."""


@dataclass(frozen=True)
class Subjects:
    """The subjects of the jobs that may assume a role: of one repository, one for each of `suffixes`.

    `ref` is the Git reference that they run on, where the subjects do not hold it: an environment's do not, and a branch
    may name any environment in a workflow of its own. "" is any.
    """

    prefix: str
    repository_id: str
    suffixes: tuple[str, ...]
    ref: str = ""


class Identity:
    """Makes roles, all of them under the project's path and the permissions boundary."""

    def __init__(self, stack: cdk.Stack, publication: Publication, parameters: Parameters) -> None:
        self._stack, self._publication = stack, publication
        provider = iam.CfnOIDCProvider(
            stack, "OidcProvider", url=publication.issuer, client_id_list=[AUDIENCE]
        )
        # It is the account's, not the project's: others will use it, so it stays, and has no tags of a project.
        provider.cfn_options.condition = parameters.makes_provider
        provider.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
        provider.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        self.provider = provider
        self._provider_arn = cdk.Fn.condition_if(
            parameters.makes_provider.logical_id, provider.ref, cdk.Fn.ref("OidcProviderArn")
        ).to_string()

    def role(
        self,
        name: str,
        description: str,
        trust: Mapping[str, Any],
        statements: Sequence[Stated],
        hours: int | None = None,
    ) -> iam.CfnRole:
        """Add a role under the permissions boundary; `hours` is the longest session."""
        role = iam.CfnRole(
            self._stack,
            name,
            description=text(description),
            path=text(ROLES_PATH),
            permissions_boundary=cdk.Fn.ref("PermissionsBoundaryArn"),
            max_session_duration=hours * HOUR if hours else None,
            assume_role_policy_document=dict(trust),
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="Project", policy_document=document(*statements))
            ],
        )
        role.cfn_options.metadata = reasons(*statements)
        return role

    def trusts_github(self, subjects: Subjects) -> dict[str, Any]:
        """A trust policy for jobs of GitHub Actions: full subjects, as GitHub reports them; no wildcard anywhere.

        The repository's id as well, which no other repository ever gets, also where the subject holds names alone, and
        the reference where there is one. Source: STS's condition keys for GitHub's claims (January 2026), which are
        github.com's only: the tokens of GHE.com and of a GitHub Enterprise Server are known by audience and subject.
        """
        host = self._publication.issuer_host
        claims = {
            f"{host}:aud": AUDIENCE,
            f"{host}:sub": [cdk.Fn.join("", [subjects.prefix, suffix]) for suffix in subjects.suffixes],
        }
        if self._publication.issuer == GITHUB_ISSUER:
            claims[f"{host}:repository_id"] = subjects.repository_id
            if subjects.ref:
                claims[f"{host}:ref"] = subjects.ref
        return document(
            {
                "Effect": "Allow",
                "Principal": {"Federated": self._provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": claims},
            }
        )

    def passes_itself(self, name: str, role: iam.CfnRole, statement: Statement) -> iam.CfnRolePolicy:
        """A policy that names its own role, which the role itself cannot hold: that would be a circle."""
        return iam.CfnRolePolicy(
            self._stack, name, policy_name="Itself", role_name=role.ref, policy_document=document(statement)
        )
