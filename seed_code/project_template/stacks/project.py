"""The stack of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from project_template.stacks import storage
from project_template.stacks.github import approval
from project_template.stacks.github.functions import Functions
from project_template.stacks.github.repositories import Environment, Repositories
from project_template.stacks.github.retraining import Retraining
from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import ID_TAG, NAME_TAG
from project_template.stacks.publication_values import Publication
from project_template.stacks.roles import build_roles, deploy_roles, service_role
from project_template.stacks.roles.build_roles import BuildRoles
from project_template.stacks.roles.deploy_roles import DeployRoles
from project_template.stacks.roles.identity import Identity


@dataclass(frozen=True)
class _Roles:
    """The roles of a project: those of both repositories, of the endpoint, and of CloudFormation for endpoint stacks."""

    build: BuildRoles
    endpoint: iam.CfnRole
    service: iam.CfnRole
    deploy: DeployRoles


class ProjectStack(cdk.Stack):
    """Everything that a project consists of, but for what its pipelines and endpoints make later."""

    def __init__(self, scope: Construct, id: str, publication: Publication) -> None:
        super().__init__(
            scope,
            id,
            description=f"Text classification: build and deploy repositories on GitHub, wired to SageMaker ({publication.version})",
            synthesizer=cdk.LegacyStackSynthesizer(),
        )
        self._parameters = Parameters(self, publication)
        self._identity = Identity(self, publication, self._parameters)
        self._storage = storage.add(self, publication.access_log_bucket)
        functions = Functions(self, self._identity, publication)
        self._repositories = Repositories(self, publication, self._parameters, functions.pour())
        build = self._repositories.repository(
            "BuildRepository",
            self._parameters.build_repository,
            "Trains the models of ${SageMakerProjectName}",
        )
        deploy = self._repositories.repository(
            "DeployRepository",
            self._parameters.deploy_repository,
            "Deploys the models of ${SageMakerProjectName}",
        )
        roles = self._roles(build, deploy)
        undelivered = approval.queue(self)
        group = self._storage.group.model_package_group_name
        dispatch = functions.dispatch(_attribute(deploy, "FullName"), group, undelivered)
        approvals = approval.rule(self, dispatch, undelivered)
        retraining = Retraining(self, self._identity, self._parameters, undelivered)
        new_data = retraining.add(functions, _attribute(build, "FullName"))
        approval.queue_policy(self, undelivered, approvals, new_data, self._parameters.watches_data)
        self._pour_build(build, deploy, roles.build)
        self._pour_deploy(build, deploy, roles)
        self._tag(publication.tags)
        self._outputs(build, deploy)
        self._role_outputs(
            PipelineRoleArn=roles.build.pipeline,
            PullRequestRoleArn=roles.build.pull_request,
            EndpointRoleArn=roles.endpoint,
            DeployServiceRoleArn=roles.service,
        )
        trials = roles.build.trials
        for name, role in (("TrialRoleArn", trials.main), ("PullRequestTrialRoleArn", trials.pull_request)):
            cdk.CfnOutput(self, name, value=role.attr_arn, condition=self._parameters.has_trials)

    def _roles(self, build: cdk.CfnResource, deploy: cdk.CfnResource) -> _Roles:
        builders = build_roles.add(
            self._identity,
            self._storage,
            self._parameters,
            _attribute(build, "SubjectPrefix"),
            _attribute(build, "Id"),
        )
        endpoint = deploy_roles.endpoint(self._identity, self._storage, self._parameters)
        service = service_role.add(self._identity, self._storage, endpoint, self._parameters)
        deployers = deploy_roles.add(
            self._identity,
            self._storage,
            service,
            _attribute(deploy, "SubjectPrefix"),
            _attribute(deploy, "Id"),
        )
        return _Roles(builders, endpoint, service, deployers)

    def _role_outputs(self, **roles: iam.CfnRole) -> None:
        """The outputs that `project-template env` sets a shell up with."""
        for name, role in roles.items():
            cdk.CfnOutput(self, name, value=role.attr_arn)
        cdk.CfnOutput(self, "ProjectBoundaryArn", value=cdk.Fn.ref("PermissionsBoundaryArn"))

    def _where_tried(self, role_arn: str) -> Any:
        """The role, or nothing at all: a variable without a value is no variable on GitHub."""
        return cdk.Fn.condition_if(self._parameters.has_trials.logical_id, role_arn, cdk.Aws.NO_VALUE)

    def _pour_build(self, build: cdk.CfnResource, deploy: cdk.CfnResource, roles: BuildRoles) -> None:
        variables = self._variables(build, deploy) | {
            "BUILD_PR_ROLE_ARN": roles.build_pr.attr_arn,
            "BUILD_RUN_ROLE_ARN": roles.build_run.attr_arn,
            "PIPELINE_ROLE_ARN": roles.pipeline.attr_arn,
            "PULL_REQUEST_ROLE_ARN": roles.pull_request.attr_arn,
            "RECIPE": cdk.Fn.ref("Recipe"),
            "TRAINING_DATA": self._parameters.training_data,
            "TRIAL_ROLE_ARN": self._where_tried(roles.trials.main.attr_arn),
            "PULL_REQUEST_TRIAL_ROLE_ARN": self._where_tried(roles.trials.pull_request.attr_arn),
        }
        self._repositories.contents("BuildContents", build, "build.zip", variables)

    def _pour_deploy(self, build: cdk.CfnResource, deploy: cdk.CfnResource, roles: _Roles) -> None:
        variables = self._variables(build, deploy) | {
            "DEPLOY_SERVICE_ROLE_ARN": roles.service.attr_arn,
            "ENDPOINT_ROLE_ARN": roles.endpoint.attr_arn,
            "PERMISSIONS_BOUNDARY_ARN": cdk.Fn.ref("PermissionsBoundaryArn"),
            "PRODUCTION_ROLE_ARN": roles.deploy.production.attr_arn,
            "STAGING_ROLE_ARN": roles.deploy.staging.attr_arn,
        }
        contents = self._repositories.contents(
            "DeployContents",
            deploy,
            "deploy-${EndpointKind}-${ProductionGate}.zip",
            variables,
            [
                Environment("staging"),
                Environment("production", self._parameters.reviewers),
                # Takes back what was rejected, and waits for no review to do so.
                Environment("production-rollback"),
            ],
            guards_stacks=True,
        )
        self._repositories.comes_last(contents)

    def _variables(self, build: cdk.CfnResource, deploy: cdk.CfnResource) -> dict[str, Any]:
        """The variables that both repositories have."""
        return {
            "ARTIFACT_BUCKET": self._storage.bucket.ref,
            "AWS_REGION": cdk.Aws.REGION,
            "BUILD_REPOSITORY": _attribute(build, "FullName"),
            "DEPLOY_REPOSITORY": _attribute(deploy, "FullName"),
            "KMS_KEY_ARN": self._storage.key.attr_arn,
            "MODEL_PACKAGE_GROUP_NAME": self._storage.group.model_package_group_name,
            "SAGEMAKER_PROJECT_ID": self._parameters.project_id,
            "SAGEMAKER_PROJECT_NAME": self._parameters.project_name,
        }

    def _tag(self, stated: tuple[tuple[str, str], ...]) -> None:
        for key, value in stated:
            cdk.Tags.of(self).add(key, value)
        for key, value in ((NAME_TAG, self._parameters.project_name), (ID_TAG, self._parameters.project_id)):
            cdk.Tags.of(self).add(key, value)
            cdk.Tags.of(self._identity.provider).remove(key, priority=300)

    def _outputs(self, build: cdk.CfnResource, deploy: cdk.CfnResource) -> None:
        outputs = {
            "BuildRepositoryUrl": (_attribute(build, "HtmlUrl"), "Commits here train the model"),
            "DeployRepositoryUrl": (
                _attribute(deploy, "HtmlUrl"),
                "Carries approved models to the endpoints",
            ),
            "ArtifactBucketName": (
                self._storage.bucket.ref,
                "Data, models, reports, records; outlives the project",
            ),
            "ArtifactKeyArn": (
                self._storage.key.attr_arn,
                "Encrypts the artifact bucket; outlives the project",
            ),
            "ModelPackageGroupName": (
                self._storage.group.model_package_group_name,
                "Where models are approved; outlives the project",
            ),
        }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)


def _attribute(resource: cdk.CfnResource, name: str) -> str:
    return resource.get_att(name).to_string()
