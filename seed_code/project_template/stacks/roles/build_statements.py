"""The statements that the roles of the build repository share, on objects, jobs and pipelines."""

from __future__ import annotations

import aws_cdk as cdk

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    PROJECT,
    PULL_REQUEST_TAG,
    Stated,
    Statement,
    allow,
    arn,
    encrypts,
    objects_below,
    sagemaker,
    tagged_as_project,
    via_s3,
)
from project_template.stacks.roles.containers import LOG_NAMES, container
from project_template.stacks.storage import Storage

_IMAGES = ("sagemaker-scikit-learn", "blazingtext", "pytorch-training")
"""The repositories of AWS's images that the pipelines' jobs run in, in accounts of AWS."""

_JOB_GROUPS = ("ProcessingJobs", "TrainingJobs")
PROCESSING_JOBS, TRAINING_JOBS = "processing-job/pipelines-*", "training-job/pipelines-*"
_SEARCHES = "hyper-parameter-tuning-job/*-?une-*"
_SEARCH_STREAMS = "*-?une-*"
_SEARCH_NAMES = "A pipeline names the search of its step Tune EXECUTION-Tune-RANDOM, and SageMaker names the training jobs after it."
JOB_NAMES = (
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


class Statements:
    """The statements, with this project's bucket, key and parameters."""

    def __init__(self, storage: Storage, parameters: Parameters) -> None:
        self.storage, self.parameters = storage, parameters
        self.bucket = storage.bucket.attr_arn

    def objects(self, *prefixes: str) -> list[str]:
        """The ARNs of the objects below prefixes of the project's bucket."""
        return [objects_below(self.bucket, prefix) for prefix in prefixes]

    def reads(self, *prefixes: str) -> list[Stated]:
        """Read the objects below prefixes of the project's bucket, and the training data."""
        # Without ListBucket on the whole bucket, S3 answers 403 for a missing object, and the commands could not tell
        # a first run from a forbidden one. Source: GetObject, Amazon S3 API reference.
        return [
            allow("ListsBucket", "s3:ListBucket", self.bucket),
            allow("ReadsObjects", "s3:GetObject", self.objects(*prefixes)),
            self._reads_training_data("ReadsTrainingData", "s3:GetObject", whole=True),
            self._reads_training_data("ListsTrainingData", "s3:ListBucket", whole=False),
            self._decrypts_training_data(),
        ]

    def writes(self, *prefixes: str) -> list[Statement]:
        """Write objects below prefixes of the project's bucket, with its key."""
        return [
            allow("WritesObjects", "s3:PutObject", self.objects(*prefixes)),
            via_s3("UsesKey", ["kms:Decrypt", "kms:GenerateDataKey"], self.storage.key.attr_arn),
        ]

    def _reads_training_data(self, sid: str, action: str, *, whole: bool) -> cdk.IResolvable:
        """The object that the parameter `TrainingData` names, in any bucket; no statement if it is empty."""
        path = cdk.Fn.select(1, cdk.Fn.split("s3://", cdk.Fn.ref("TrainingData")))
        place = cdk.Fn.join("", [path, "*"]) if whole else cdk.Fn.select(0, cdk.Fn.split("/", path))
        resource = cdk.Fn.join("", ["arn:", cdk.Aws.PARTITION, ":s3:::", place])
        statement = allow(sid, action, resource)
        return cdk.Fn.condition_if(self.parameters.has_data, statement, cdk.Aws.NO_VALUE)

    def _decrypts_training_data(self) -> cdk.IResolvable:
        """The key that the parameter `TrainingDataKey` names, for objects only; no statement if it is empty."""
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
        """Read the pipelines and their results: definitions, executions, jobs, logs, champion."""
        named = sagemaker(f"pipeline/{pipelines}", f"pipeline/{pipelines}/execution/*")
        groups = [
            arn("logs", f"log-group:/aws/sagemaker/{group}:log-stream:pipelines-*") for group in _JOB_GROUPS
        ]
        groups.append(arn("logs", f"log-group:/aws/sagemaker/TrainingJobs:log-stream:{_SEARCH_STREAMS}"))
        return [
            allow("ReadsExecutions", _READS_EXECUTIONS, named),
            allow(
                "ReadsJobs", "sagemaker:DescribeProcessingJob", sagemaker(PROCESSING_JOBS), because=JOB_NAMES
            ),
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


def _creates_jobs(new: dict[str, dict[str, str]], there: dict[str, dict[str, str]]) -> list[Statement]:
    """The permissions for processing and training jobs; `new` and `there` are conditions on new and on existing ones."""
    jobs = sagemaker(PROCESSING_JOBS, TRAINING_JOBS)
    return [
        allow(
            "CreatesJobs",
            ["sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"],
            jobs,
            because=JOB_NAMES,
            StringEquals=tagged_as_project("RequestTag"),
            **new,
        ),
        allow(
            "TagsNewJobs",
            "sagemaker:AddTags",
            jobs,
            because=JOB_NAMES,
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
            because=JOB_NAMES,
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
