"""The roles of the build repository: those of its jobs, and those of its workflows.

Anybody who may open a pull request can run code in its roles. These roles therefore deny what a pull request may not
do, so that a statement that is added later cannot allow it by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    PROJECT,
    Statement,
    allow,
    deny,
    deny_elsewhere,
    deny_other_projects,
    passes,
    sagemaker,
    tagged_as_project,
    trusts_service,
)
from project_template.stacks.roles import trial_roles
from project_template.stacks.roles.build_statements import JOB_NAMES, TRAINING_JOBS, Statements
from project_template.stacks.roles.identity import BUILD_HOURS, Identity, Subjects
from project_template.stacks.roles.trial_roles import MAIN, PULL_REQUESTS, REGISTERS, SERVES, TrialRoles
from project_template.stacks.storage import Storage

_PULL_REQUESTS = f"{PROJECT}-pr-*"
"""The names of pull requests' pipelines."""

_DEPLOYS = ("apigateway:*", "cloudformation:*", "execute-api:*", "lambda:*")


@dataclass(frozen=True)
class BuildRoles:
    """The roles of the build repository: `pipeline`, `pull_request` and `trials` for jobs, the others for workflows."""

    pipeline: iam.CfnRole
    pull_request: iam.CfnRole
    build_pr: iam.CfnRole
    build_run: iam.CfnRole
    trials: TrialRoles


def add(
    identity: Identity, storage: Storage, parameters: Parameters, prefix: str, repository_id: str
) -> BuildRoles:
    """`prefix` is how the subjects of the build repository's tokens begin."""
    shared = Statements(storage, parameters)
    trials = trial_roles.add(identity, storage, parameters)
    pipeline = _pipeline(identity, shared, trials)
    pull_request = _pull_request(identity, shared, trials)
    return BuildRoles(
        pipeline=pipeline,
        pull_request=pull_request,
        build_pr=_build_pr(
            identity, shared, Subjects(prefix, repository_id, (":pull_request",)), pull_request
        ),
        build_run=_build_run(
            identity, shared, Subjects(prefix, repository_id, (":ref:refs/heads/main",)), pipeline
        ),
        trials=trials,
    )


def _pipeline(identity: Identity, shared: Statements, trials: TrialRoles) -> iam.CfnRole:
    models = sagemaker("model/pipelines-*")
    packages = sagemaker(f"model-package/{PROJECT}-models/*")
    role = identity.role(
        "PipelineRole",
        f"What the pipelines of {PROJECT} and their jobs run as: trains, evaluates, registers.",
        trusts_service("sagemaker"),
        [
            *shared.reads("code/build/", "contracts/", "data/", "models/", "runs/"),
            # Nothing that is named by its content: what its jobs run and are served under, it cannot change.
            *shared.writes("models/", "runs/"),
            *shared.runs_jobs(),
            allow(
                "CreatesModels",
                "sagemaker:CreateModel",
                models,
                because=JOB_NAMES,
                StringEquals=tagged_as_project("RequestTag"),
            ),
            allow(
                "TagsNewModels",
                "sagemaker:AddTags",
                models,
                because=JOB_NAMES,
                StringEquals={"sagemaker:TaggingAction": "CreateModel"},
            ),
            allow("ReadsModels", "sagemaker:DescribeModel", models, because=JOB_NAMES),
            # What is registered waits for somebody's approval, unless the project was made to do without.
            allow(
                "Registers",
                "sagemaker:CreateModelPackage",
                [*packages, *sagemaker(f"model-package-group/{PROJECT}-models")],
                StringEquals={"sagemaker:ModelApprovalStatus": shared.parameters.approvals},
            ),
            allow("ReadsPackages", "sagemaker:DescribeModelPackage", packages),
            trials.passes(trials.main),
            deny("ApprovesNothing", ["sagemaker:UpdateModelPackage", *SERVES]),
            deny_other_projects(),
        ],
    )
    identity.passes_itself(
        "PipelineRolePassesItself", role, passes("PassesItself", role.attr_arn, "sagemaker")
    )
    return role


def _pull_request(identity: Identity, shared: Statements, trials: TrialRoles) -> iam.CfnRole:
    role = identity.role(
        "PullRequestRole",
        f"What the pipelines of {PROJECT}'s pull requests run as: writes under pr/ alone, registers nothing.",
        trusts_service("sagemaker"),
        [
            # Beside its own: the data, and the champion that the candidate is compared with. The contract of a
            # champion whose thresholds were chosen is an output of Evaluate.
            *shared.reads("contracts/", "data/", "models/", "pr/", "runs/*/evaluate/contract/"),
            *shared.writes("pr/"),
            *shared.runs_jobs(of_pull_requests=True),
            trials.passes(trials.pull_request),
            deny("ServesNothing", SERVES),
            *_pull_requests_never(shared),
        ],
    )
    identity.passes_itself(
        "PullRequestRolePassesItself", role, passes("PassesItself", role.attr_arn, "sagemaker")
    )
    return role


def _pull_requests_never(shared: Statements) -> list[Statement]:
    return [
        deny("RegistersNothing", REGISTERS),
        deny("TouchesNoDeployment", _DEPLOYS),
        deny_elsewhere("WritesNowhereElse", ["s3:DeleteObject*", "s3:PutObject*"], shared.objects("pr/")[0]),
        deny_other_projects(),
    ]


def _build_pr(
    identity: Identity, shared: Statements, subjects: Subjects, pull_request: iam.CfnRole
) -> iam.CfnRole:
    return identity.role(
        "BuildPrRole",
        f"What pull requests on {PROJECT}'s build repository may do: plan, and train in pipelines of their own.",
        identity.trusts_github(subjects),
        [
            *shared.reads("contracts/", "data/", "models/", "pr/"),
            *shared.writes("pr/"),
            *shared.watches(f"{PROJECT}-*"),
            *shared.runs(_PULL_REQUESTS),
            *_cleans(shared),
            *trial_roles.ends(shared.parameters, PULL_REQUESTS),
            trial_roles.serves_nothing(shared.parameters, PULL_REQUESTS),
            passes("PassesPullRequestRole", pull_request.attr_arn, "sagemaker"),
            *_pull_requests_never(shared),
        ],
        hours=BUILD_HOURS,
    )


def _cleans(shared: Statements) -> list[Statement]:
    """Remove what a closed pull request leaves."""
    return [
        allow(
            "StopsExecutions",
            "sagemaker:StopPipelineExecution",
            sagemaker(f"pipeline/{_PULL_REQUESTS}/execution/*"),
        ),
        allow("DeletesPipelines", "sagemaker:DeletePipeline", sagemaker(f"pipeline/{_PULL_REQUESTS}")),
        allow("DeletesObjects", "s3:DeleteObject", shared.objects("pr/")),
        allow(
            "FindsPipelines",
            "sagemaker:ListPipelines",
            "*",
            because="The action knows no resource; it shows names.",
        ),
    ]


def _takes_over(shared: Statements) -> list[Statement]:
    """Copy what a merged pull request trained, after a look at all versions of what its job read and made.

    The workflow reads artifacts, and the hash of the training script's archive; the pipelines read nothing of it.
    """
    return [
        allow("ReadsTrained", "s3:GetObject", shared.objects("pr/*/models/", "pr/*/code/build/*/sourcedir.")),
        allow("SeesVersions", "s3:ListBucketVersions", shared.bucket),
        allow(
            "ReadsTrainingJobs",
            "sagemaker:DescribeTrainingJob",
            sagemaker(TRAINING_JOBS),
            because=JOB_NAMES,
        ),
        *_cleans(shared),
    ]


def _build_run(
    identity: Identity, shared: Statements, subjects: Subjects, pipeline: iam.CfnRole
) -> iam.CfnRole:
    return identity.role(
        "BuildRunRole",
        f"What the main branch of {PROJECT}'s build repository may do: run the pipelines that register.",
        identity.trusts_github(subjects),
        [
            *shared.reads("code/build/", "contracts/", "data/", "models/", "runs/"),
            *shared.writes("code/build/", "contracts/", "data/", "models/merged/", "runs/*/report/"),
            *shared.watches(f"{PROJECT}-*"),
            *shared.runs(f"{PROJECT}-*"),
            *_takes_over(shared),
            passes("PassesPipelineRole", pipeline.attr_arn, "sagemaker"),
            # The pipeline registers, as its own role; and what was registered is approved by people.
            deny("RegistersNothingItself", REGISTERS),
            deny("TouchesNoDeployment", _DEPLOYS),
            *trial_roles.ends(shared.parameters, MAIN, PULL_REQUESTS),
            trial_roles.serves_nothing(shared.parameters, MAIN, PULL_REQUESTS),
            deny_other_projects(),
        ],
        hours=BUILD_HOURS,
    )
