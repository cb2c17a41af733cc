"""The project template as CloudFormation would make it of given parameters, without making anything."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import pytest
import yaml

from local_aws.cloudformation.templates.conditions import Conditions
from local_aws.cloudformation.templates.intrinsics import NO_VALUE, Evaluator
from local_aws.identity import trust
from local_aws.identity.policies.policy import Decision, Policy, Request, RolePolicies, decide
from project_template.stacks import (
    AppSignIn,
    Catalog,
    Publication,
    PublicationSettings,
    TokenSignIn,
    Version,
    project_template,
    publication_template,
)

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = f"text-classification-{ACCOUNT}-{REGION}"
STUDIO = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole"
HOST = "token.actions.githubusercontent.com"

SETTINGS = PublicationSettings(
    name="text-classification",
    region=REGION,
    bucket=BUCKET,
    user_arns=(STUDIO,),
    creates_oidc_provider=True,
    catalog=Catalog(
        portfolio="Machine learning",
        product="Text classification",
        owner="Platform",
        versions=(Version("1.0.0", f"https://{BUCKET}.s3.{REGION}.amazonaws.com/templates/1.yaml"),),
        principal_arns=(STUDIO,),
    ),
)
PUBLICATION = Publication(
    bucket=BUCKET,
    seed_prefix=f"seeds/{'a' * 64}/",
    functions_key=f"functions/{'b' * 64}.zip",
    sign_in=TokenSignIn(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:github-AbCdEf"),
    permissions_boundary_arn=SETTINGS.boundary_arn(ACCOUNT),
    oidc_provider_arn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}",
    version="1.0.0",
)
SIGNED_BY_APP = AppSignIn("4711", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/app")

# As AWS makes them of resources that have no name of their own, so far as policies look at it.
_ARNS = {
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/sagemaker-projects/{project}/{name}",
    "AWS::IAM::OIDCProvider": "arn:aws:iam::{account}:oidc-provider/{host}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{stack}-{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:/sagemaker-projects/{project}/{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{physical}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{stack}-{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{stated}",
}


@cache
def _parsed(text: str) -> dict[str, Any]:
    return yaml.load(text, yaml.CSafeLoader)


@dataclass(frozen=True)
class Made:
    """A template with the values of its parameters. `resources` are those that its conditions let be."""

    text: str
    parameters: dict[str, str] = field(default_factory=dict)
    stack: str = "SP-p-abcdefghijkl"
    region: str = REGION
    partition: str = "aws"
    full_names: bool = False
    """Whether roles are called as CloudFormation calls them, STACK-NAME-RANDOM, and not by their logical id."""

    @cached_property
    def template(self) -> dict[str, Any]:
        return copy.deepcopy(_parsed(self.text))

    @cached_property
    def _values(self) -> dict[str, Any]:
        declared = self.template.get("Parameters", {})
        values = {name: stated["Default"] for name, stated in declared.items() if "Default" in stated}
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackName": self.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        return values | self.parameters | pseudo

    @cached_property
    def _evaluator(self) -> Evaluator:
        values = Evaluator(self._values.__getitem__, self._attribute, lambda name: False, {}, self.region)
        conditions = Conditions(self.template.get("Conditions", {}), values)
        return Evaluator(self._reference, self._attribute, conditions.holds, {}, self.region)

    def evaluate(self, node: Any) -> Any:
        return self._evaluator.evaluate(node)

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        match self.template["Resources"][name]["Type"]:
            case "AWS::IAM::ManagedPolicy":
                policy = self.template["Resources"][name]["Properties"]["ManagedPolicyName"]
                return f"arn:{self.partition}:iam::{ACCOUNT}:policy/{policy}"
            case "AWS::IAM::OIDCProvider":
                return self._attribute(name, "Arn")
            case "AWS::S3::Bucket":
                return self._physical(name)
            case "Custom::GitHubRepository":
                return "101" if name == "BuildRepository" else "202"
        return f"{self.stack}-{name}"

    def _physical(self, name: str) -> str:
        stated = self.template["Resources"][name].get("Properties", {})
        return str(stated.get("BucketName", f"{self.stack}-{name}-1a2b3c".lower()))

    def _attribute(self, name: str, attribute: str) -> Any:
        kind = self.template["Resources"][name]["Type"]
        if kind == "Custom::GitHubRepository":
            repository = "reviews-build" if name == "BuildRepository" else "reviews-deploy"
            return {
                "Id": self._reference(name),
                "FullName": f"acme/{repository}",
                "HtmlUrl": f"https://github.com/acme/{repository}",
                "DefaultBranch": "main",
                "SubjectPrefix": f"repo:acme@1/{repository}@{self._reference(name)}",
            }[attribute]
        if attribute != "Arn":
            return f"{self.stack}-{name}-{attribute}"
        arn = _ARNS[kind].format(
            account=ACCOUNT,
            host=HOST,
            name=f"{self.stack}-{name}-AbCdEfGhIjKl"[:64] if self.full_names else name,
            physical=self._physical(name),
            project=self._values.get("SageMakerProjectName"),
            region=self.region,
            stack=self.stack,
            stated=(
                self.evaluate(self.template["Resources"][name]["Properties"]["Name"])
                if "Rule" in kind
                else ""
            ),
        )
        return arn.replace("arn:aws:", f"arn:{self.partition}:", 1)

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        return {
            name: {
                **stated,
                "Type": stated["Type"],
                "Properties": self.evaluate(stated.get("Properties", {})),
            }
            for name, stated in self.template["Resources"].items()
            if "Condition" not in stated or self._evaluator.condition(stated["Condition"])
        }

    def properties(self, name: str) -> dict[str, Any]:
        return self.resources[name]["Properties"]

    def of_type(self, *kinds: str) -> dict[str, dict[str, Any]]:
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] in kinds}

    def documents(self, role: str) -> dict[str, dict[str, Any]]:
        """The policies of a role by name: its own, and those that are resources of their own."""
        apart = [
            each
            for each in self.of_type("AWS::IAM::RolePolicy").values()
            if each["RoleName"] == f"{self.stack}-{role}"
        ]
        own = [*self.properties(role)["Policies"], *apart]
        return {each["PolicyName"]: each["PolicyDocument"] for each in own}

    def decided(self, role: str, action: str, resource: str, context: dict[str, str]) -> Decision:
        policies = tuple(Policy.parse(name, document) for name, document in self.documents(role).items())
        values = {key: [value] for key, value in context.items()}
        return decide(Request.make(action, resource, values), RolePolicies(policies))

    def may(self, role: str, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
        return self.decided(role, action, resource, context or {}).allowed

    def trusts(self, role: str, kind: str, name: str, action: str, context: dict[str, str]) -> bool:
        policy = Policy.parse("trust", self.properties(role)["AssumeRolePolicyDocument"])
        principal = trust.Principal(kind, frozenset({name}))
        values = {key: [value] for key, value in context.items()}
        return trust.decide(policy, principal, action, f"arn:aws:iam::{ACCOUNT}:role/{role}", values).trusted


GIVEN = {
    "SageMakerProjectName": "reviews",
    "SageMakerProjectId": "p-abcdefghijkl",
    "GitHubOwner": "acme",
    "TrainingData": "s3://lake/reviews/",
    "WatchedPrefix": "reviews/",
    "TrialEndpoint": "yes",
    "ProductionReviewers": "mona,acme/release",
}


@pytest.fixture(scope="session")
def template_text() -> str:
    return project_template(PUBLICATION)


@pytest.fixture(scope="session")
def project(template_text) -> Made:
    """A project "reviews" with everything that is optional."""
    return Made(template_text, GIVEN)


@pytest.fixture(scope="session")
def make_project(template_text):
    """A project with other parameters: `make_project(Recipe="...")`, `make_project(region=..., ...)`."""

    def make(
        *,
        stack: str = "SP-p-abcdefghijkl",
        region: str = REGION,
        partition: str = "aws",
        full_names: bool = False,
        **parameters: str,
    ) -> Made:
        return Made(template_text, GIVEN | parameters, stack, region, partition, full_names)

    return make


@pytest.fixture(scope="session")
def publication() -> Made:
    """A publication with both forms, and the OIDC provider."""
    return Made(publication_template(SETTINGS))


@pytest.fixture(scope="session")
def publications():
    """What a template is synthesised from, to change: `publications.project`, `.settings`, `.app`."""

    class Inputs:
        project, settings, app = PUBLICATION, SETTINGS, SIGNED_BY_APP

    return Inputs


@pytest.fixture(scope="session")
def boundary(publication) -> dict[str, Any]:
    return publication.properties("PermissionsBoundary")["PolicyDocument"]
