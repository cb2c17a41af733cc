"""The two repositories, as custom resources that the pour function serves.

Each is two resources: the empty repository, whose subject the roles trust, and its contents, whose variables name the
roles. The deploy repository's contents come last of all: so they go first, and refuse to while endpoints live, before
anything else of the project is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from project_template.stacks.github.functions import POUR_SECONDS
from project_template.stacks.parameters import Parameters
from project_template.stacks.publication_values import Publication

TOPICS = ["sagemaker-project"]
REQUIRED_CHECK = "test"

_PATIENCE_SECONDS = 2 * (POUR_SECONDS + 60)
"""How long CloudFormation waits. The function answers before its own time is over. One that is killed outright does not:
then Lambda hands it the same request again after a minute, and that attempt may take as long as the first.

Source: "Asynchronous invocation", AWS Lambda developer guide.
"""


@dataclass(frozen=True)
class Environment:
    """A GitHub environment of the deploy repository, for protected branches only."""

    name: str
    reviewers: Any = None

    def properties(self) -> dict[str, Any]:
        """The environment as the custom resource takes it."""
        return {"Name": self.name, "Reviewers": self.reviewers or [], "ProtectedBranches": "true"}


class Repositories:
    """Adds the custom resources of repositories and their contents."""

    def __init__(
        self, stack: cdk.Stack, publication: Publication, parameters: Parameters, pour: lambda_.CfnFunction
    ) -> None:
        self._stack, self._publication, self._parameters, self._pour = stack, publication, parameters, pour
        self._named: dict[str, set[str]] = {}

    def repository(self, logical_id: str, name: str, description: str) -> cdk.CfnResource:
        """An empty repository. Its Ref is GitHub's id of it."""
        properties = {
            "Owner": cdk.Fn.ref("GitHubOwner"),
            "Name": name,
            "Visibility": cdk.Fn.ref("RepositoryVisibility"),
            "Description": cdk.Fn.sub(description),
            "Topics": TOPICS,
        }
        return self._custom("Custom::GitHubRepository", logical_id, properties)

    def contents(
        self,
        logical_id: str,
        repository: cdk.CfnResource,
        seed: str,
        variables: Mapping[str, Any],
        environments: Sequence[Environment] = (),
        *,
        guards_stacks: bool = False,
    ) -> cdk.CfnResource:
        """The contents of a repository.

        `seed` is the archive's name below the published prefix, with `${...}` placeholders.
        """
        key = f"{self._publication.seed_prefix}{seed}"
        properties = {
            "RepositoryId": repository.ref,
            "FullName": repository.get_att("FullName").to_string(),
            "Seed": {"Bucket": self._publication.bucket, "Key": cdk.Fn.sub(key) if "${" in key else key},
            "Variables": dict(sorted(variables.items())),
            "Environments": [environment.properties() for environment in environments],
            "RequiredChecks": [REQUIRED_CHECK],
            "ProductionGate": cdk.Fn.ref("ProductionGate"),
            "Topics": TOPICS,
            "GuardStacks": str(guards_stacks).lower(),
        }
        return self._custom("Custom::GitHubContents", logical_id, properties)

    def comes_last(self, contents: cdk.CfnResource) -> None:
        """Make `contents` after everything else of the stack, and so delete it first."""
        named = self._named[contents.node.id]
        for child in self._stack.node.children:
            # What may not be there cannot be waited for; what is named is waited for anyhow.
            if not isinstance(child, cdk.CfnResource) or child.cfn_options.condition is not None:
                continue
            if child is not contents and child.node.id not in named:
                contents.add_resource_dependency(child)

    def _custom(self, kind: str, logical_id: str, given: Mapping[str, Any]) -> cdk.CfnResource:
        properties = {
            "ServiceToken": self._pour.attr_arn,
            "ServiceTimeout": _PATIENCE_SECONDS,
            **given,
            "ProjectName": self._parameters.project_name,
            "ProjectId": self._parameters.project_id,
        }
        self._named[logical_id] = set(_names(self._stack.resolve(properties)))
        return cdk.CfnResource(self._stack, logical_id, type=kind, properties=properties)


def _names(value: Any) -> Iterator[str]:
    """The logical ids that Ref and Fn::GetAtt name in it."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict():
            for item in value.values():
                yield from _names(item)
        case list():
            for item in value:
                yield from _names(item)
