"""The roles of the build repository: those of its jobs, and those of its workflows.

A pull request's code is anybody's who may open one. What it may not do is therefore said twice: it is not allowed, and it
is denied, so that nothing that is added to the role later allows it by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    PROJECT,
    PULL_REQUEST_TAG,
    Stated,
    Statement,
    allow,
    arn,
    deny,
    deny_elsewhere,
    deny_other_projects,
    encrypts,
    objects_below,
    passes,
    sagemaker,
    tagged_as_project,
    trusts_service,
    via_s3,
)
from project_template.stacks.roles import trial_roles
from project_template.stacks.roles.containers import LOG_NAMES, container
from project_template.stacks.roles.identity import BUILD_HOURS, Identity, Subjects
from project_template.stacks.roles.trial_roles import MAIN, PULL_REQUESTS, REGISTERS, SERVES, TrialRoles
from project_template.stacks.storage import Storage

_IMAGES = ("sagemaker-scikit-learn", "blazingtext", "pytorch-training")
"""The repositories of AWS's images that the pipelines' jobs run in, in accounts of AWS."""

_PULL_REQUESTS = f"{PROJECT}-pr-*"
"""The names of pull requests' pipelines."""

_JOB_GROUPS = ("ProcessingJobs", "TrainingJobs")
_JOBS = ("processing-job/pipelines-*", "training-job/pipelines-*")
_SEARCHES = "hyper-parameter-tuning-job/*-?une-*"
_SEARCH_STREAMS = "*-?une-*"
_SEARCH_NAMES = "A pipeline names the search of its step Tune EXECUTION-Tune-RANDOM, and SageMaker names the training jobs after it."
_JOB_NAMES = (
    "A pipeline names its jobs and models pipelines-EXECUTION-STEP-RANDOM: whose they are is in their tags, and those of "
    "another project are denied."
)

_READS_EXECUTIONS = (
    "sagemaker:DescribePipeline",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:DescribePipelineExecution",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:ListPipelineExecutions",
    "sagemaker:ListPipelineParametersForExecution",
)
_DEPLOYS = ("apigateway:*", "cloudformation:*", "execute-api:*", "lambda:*")


@dataclass(frozen=True)
class BuildRoles:
    """The roles of the build repository: `pipeline`, `pull_request` and `trials` for jobs, the others for workflows."""

    pipeline: iam.CfnRole
    pull_request: iam.CfnRole
    build_pr: iam.CfnRole
    build_run: iam.CfnRole
    trials: TrialRoles


class _Statements:
    """The statements that the roles share."""

    def __init__(self, storage: Storage, parameters: Parameters) -> None:
        self.storage, self.parameters = storage, parameters
        self.bucket = storage.bucket.attr_arn

    def objects(self, *prefixes: str) -> list[str]:
        return [objects_below(self.bucket, prefix) for prefix in prefixes]

    def reads(self, *prefixes: str) -> list[Stated]:
        # The whole bucket is listed, not prefixes of it: without that a missing object is a denied one, and
        # the commands
        # could not tell a first run from a forbidden one. Source: GetObject, Amazon S3 API reference.
        return [
            allow("ListsBucket", "s3:ListBucket", self.bucket),
            allow("ReadsObjects", "s3:GetObject", self.objects(*prefixes)),
            self._reads_training_data("ReadsTrainingData", "s3:GetObject", whole=True),
            self._reads_training_data("ListsTrainingData", "s3:ListBucket", whole=False),
            self._decrypts_training_data(),
        ]

    def writes(self, *prefixes: str) -> list[Statement]:
        return [
            allow("WritesObjects", "s3:PutObject", self.objects(*prefixes)),
            via_s3("UsesKey", ["kms:Decrypt", "kms:GenerateDataKey"], self.storage.key.attr_arn),
        ]

    def _reads_training_data(self, sid: str, action: str, *, whole: bool) -> cdk.IResolvable:
        """The object that was named when the project was made, in whatever bucket: nothing where none was."""
        path = cdk.Fn.select(1, cdk.Fn.split("s3://", cdk.Fn.ref("TrainingData")))
        place = cdk.Fn.join("", [path, "*"]) if whole else cdk.Fn.select(0, cdk.Fn.split("/", path))
        resource = cdk.Fn.join("", ["arn:", cdk.Aws.PARTITION, ":s3:::", place])
        statement = allow(sid, action, resource)
        return cdk.Fn.condition_if(self.parameters.has_data, statement, cdk.Aws.NO_VALUE)

    def _decrypts_training_data(self) -> cdk.IResolvable:
        """The key that was named when the project was made, for objects alone: nothing where none was."""
        statement = via_s3("DecryptsTrainingData", ["kms:Decrypt"], cdk.Fn.ref("TrainingDataKey"))
        return cdk.Fn.condition_if(self.parameters.has_data_key, statement, cdk.Aws.NO_VALUE)

    def runs_jobs(self, *, of_pull_requests: bool = False) -> list[Statement]:
        """The permissions of a pipeline for its steps, and of a job's container.

        A pull request's jobs have a tag of their own, and its role reaches no others.

        Source: "IAM access management" for pipelines and "CreateProcessingJob API: execution role permissions",
        Amazon SageMaker developer guide.
        """
        new, there = (
            {"Null": {f"aws:{key}/{PULL_REQUEST_TAG}": "false"}} if of_pull_requests else {}
            for key in ("RequestTag", "ResourceTag")
        )
        return [
            *_creates_jobs(new, there),
            *_creates_searches(new, there),
            encrypts(self.storage.key.attr_arn),
            *container(_IMAGES, _JOB_GROUPS, "pipelines-*", _JOB_GROUPS),
            allow(
                "WritesLogsOfSearches",
                "logs:PutLogEvents",
                [arn("logs", f"log-group:/aws/sagemaker/TrainingJobs:log-stream:{_SEARCH_STREAMS}")],
                because=LOG_NAMES,
            ),
        ]

    def watches(self, pipelines: str) -> list[Statement]:
        """Look at the pipelines and what they did: definitions, executions, jobs, logs, champion."""
        named = sagemaker(f"pipeline/{pipelines}", f"pipeline/{pipelines}/execution/*")
        groups = [
            arn("logs", f"log-group:/aws/sagemaker/{group}:log-stream:pipelines-*") for group in _JOB_GROUPS
        ]
        groups.append(arn("logs", f"log-group:/aws/sagemaker/TrainingJobs:log-stream:{_SEARCH_STREAMS}"))
        return [
            allow("ReadsExecutions", _READS_EXECUTIONS, named),
            allow("ReadsJobs", "sagemaker:DescribeProcessingJob", sagemaker(_JOBS[0]), because=_JOB_NAMES),
            allow(
                "ReadsSearches",
                [
                    "sagemaker:DescribeHyperParameterTuningJob",
                    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
                ],
                sagemaker(_SEARCHES),
                because=_SEARCH_NAMES,
            ),
            allow(
                "ReadsModels",
                [
                    "sagemaker:DescribeModelPackage",
                    "sagemaker:DescribeModelPackageGroup",
                    "sagemaker:ListModelPackages",
                ],
                sagemaker(f"model-package/{PROJECT}-models/*", f"model-package-group/{PROJECT}-models"),
            ),
            allow("ReadsLogs", "logs:GetLogEvents", groups, because=LOG_NAMES),
            allow(
                "FindsLogs",
                "logs:DescribeLogStreams",
                [arn("logs", f"log-group:/aws/sagemaker/{group}:*") for group in _JOB_GROUPS],
                because=LOG_NAMES,
            ),
        ]

    def runs(self, pipelines: str) -> list[Statement]:
        """Bring the pipelines up to date and start them."""
        named = sagemaker(f"pipeline/{pipelines}")
        return [
            allow(
                "CreatesPipelines",
                "sagemaker:CreatePipeline",
                named,
                StringEquals=tagged_as_project("RequestTag"),
            ),
            allow(
                "TagsNewPipelines",
                "sagemaker:AddTags",
                named,
                StringEquals={"sagemaker:TaggingAction": "CreatePipeline"},
            ),
            allow("RunsPipelines", ["sagemaker:StartPipelineExecution", "sagemaker:UpdatePipeline"], named),
        ]


def add(
    identity: Identity, storage: Storage, parameters: Parameters, prefix: str, repository_id: str
) -> BuildRoles:
    """`prefix` is how the subjects of the build repository's tokens begin."""
    shared = _Statements(storage, parameters)
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


def _pipeline(identity: Identity, shared: _Statements, trials: TrialRoles) -> iam.CfnRole:
    models = sagemaker("model/pipelines-*")
    packages = sagemaker(f"model-package/{PROJECT}-models/*", f"model-package-group/{PROJECT}-models")
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
                because=_JOB_NAMES,
                StringEquals=tagged_as_project("RequestTag"),
            ),
            allow(
                "TagsNewModels",
                "sagemaker:AddTags",
                models,
                because=_JOB_NAMES,
                StringEquals={"sagemaker:TaggingAction": "CreateModel"},
            ),
            allow("ReadsModels", "sagemaker:DescribeModel", models, because=_JOB_NAMES),
            # What is registered waits for somebody's approval, unless the project was made to do without.
            allow(
                "Registers",
                "sagemaker:CreateModelPackage",
                packages,
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


def _pull_request(identity: Identity, shared: _Statements, trials: TrialRoles) -> iam.CfnRole:
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


def _pull_requests_never(shared: _Statements) -> list[Statement]:
    return [
        deny("RegistersNothing", REGISTERS),
        deny("TouchesNoDeployment", _DEPLOYS),
        deny_elsewhere("WritesNowhereElse", ["s3:DeleteObject*", "s3:PutObject*"], shared.objects("pr/")[0]),
        deny_other_projects(),
    ]


def _build_pr(
    identity: Identity, shared: _Statements, subjects: Subjects, pull_request: iam.CfnRole
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


def _cleans(shared: _Statements) -> list[Statement]:
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


def _takes_over(shared: _Statements) -> list[Statement]:
    """Copy what a merged pull request trained, after a look at all versions of what its job read and made.

    The workflow reads artifacts, and the hash of the training script's archive; the pipelines read nothing of it.
    """
    return [
        allow("ReadsTrained", "s3:GetObject", shared.objects("pr/*/models/", "pr/*/code/build/*/sourcedir.")),
        allow("SeesVersions", "s3:ListBucketVersions", shared.bucket),
        allow(
            "ReadsTrainingJobs",
            "sagemaker:DescribeTrainingJob",
            sagemaker(_JOBS[1]),
            because=_JOB_NAMES,
        ),
        *_cleans(shared),
    ]


def _build_run(
    identity: Identity, shared: _Statements, subjects: Subjects, pipeline: iam.CfnRole
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


def _creates_jobs(new: dict[str, dict[str, str]], there: dict[str, dict[str, str]]) -> list[Statement]:
    """The permissions for processing and training jobs; `new` and `there` are conditions on new and on existing ones."""
    jobs = sagemaker(*_JOBS)
    return [
        allow(
            "CreatesJobs",
            ["sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"],
            jobs,
            because=_JOB_NAMES,
            StringEquals=tagged_as_project("RequestTag"),
            **new,
        ),
        allow(
            "TagsNewJobs",
            "sagemaker:AddTags",
            jobs,
            because=_JOB_NAMES,
            StringEquals={"sagemaker:TaggingAction": ["CreateProcessingJob", "CreateTrainingJob"]},
        ),
        allow(
            "WatchesJobs",
            [
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
            ],
            jobs,
            because=_JOB_NAMES,
            **there,
        ),
    ]


def _creates_searches(new: dict[str, dict[str, str]], there: dict[str, dict[str, str]]) -> list[Statement]:
    """The permissions for tuning jobs; `new` and `there` are conditions on new and on existing ones."""
    return [
        allow(
            "CreatesSearches",
            "sagemaker:CreateHyperParameterTuningJob",
            sagemaker(_SEARCHES),
            because=_SEARCH_NAMES,
            StringEquals=tagged_as_project("RequestTag"),
            **new,
        ),
        allow(
            "TagsNewSearches",
            "sagemaker:AddTags",
            sagemaker(_SEARCHES),
            because=_SEARCH_NAMES,
            StringEquals={"sagemaker:TaggingAction": "CreateHyperParameterTuningJob"},
        ),
        allow(
            "WatchesSearches",
            [
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
                "sagemaker:StopHyperParameterTuningJob",
            ],
            sagemaker(_SEARCHES),
            because=_SEARCH_NAMES,
            **there,
        ),
    ]
