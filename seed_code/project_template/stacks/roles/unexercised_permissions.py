r"""Permissions that roles have and that an ordinary project does not exercise, with the reasons.

A test takes a project through its whole life. Each permission that it did not exercise has a reason here or is one that
CloudFormation's handlers need \(`handlers`\); the test fails for any other, and for a reason whose permission was exercised.
"""

from __future__ import annotations

from collections.abc import Mapping

_GUIDE = "SageMaker does it on the instances of its jobs and endpoints, as the role: its developer guide asks for it"
_STOPPED = "a pipeline that is stopped stops its jobs"
_MISSING = (
    "without it a missing object is a denied one, and nobody could say what is wrong with TRAINING_DATA"
)
_MERGED = (
    "a merge takes over what its pull request trained, and removes the rest (tests/e2e/test_workflows.py)"
)
_CONTAINER = {"cloudwatch:PutMetricData": _GUIDE, "logs:DescribeLogStreams": _GUIDE}
_SEARCH = "a recipe may search for hyperparameters"
_READS_SEARCHES = {
    "sagemaker:DescribeHyperParameterTuningJob": _SEARCH,
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob": _SEARCH,
}
_LEFT = "a trial that its job could not delete, since it was killed, is deleted"
_ENDS_TRIALS = {
    "sagemaker:DeleteEndpoint": _LEFT,
    "sagemaker:DeleteEndpointConfig": _LEFT,
    "sagemaker:DeleteModel": _LEFT,
    "sagemaker:ListTags": _LEFT,
}
_FIRST_JOBS = "an account's first jobs make the log groups, and they seldom are a pull request's or a trial"
_TRIAL = {**_CONTAINER, "logs:CreateLogGroup": _FIRST_JOBS, "sagemaker:ListTags": _LEFT}
_JOBS = {
    **_CONTAINER,
    **_READS_SEARCHES,
    "logs:PutLogEvents": _SEARCH,
    "sagemaker:AddTags": _SEARCH,
    "sagemaker:CreateHyperParameterTuningJob": _SEARCH,
    "sagemaker:StopHyperParameterTuningJob": _SEARCH,
    "sagemaker:StopProcessingJob": _STOPPED,
    "sagemaker:StopTrainingJob": _STOPPED,
}
_URL = "the API of a stage may be a function URL"
_STAGE = {
    "cloudformation:ContinueUpdateRollback": "the way out of UPDATE_ROLLBACK_FAILED",
    "cloudformation:DeleteChangeSet": "a change set that somebody left half made is made again",
    "lambda:InvokeFunction": _URL,
    "lambda:InvokeFunctionUrl": _URL,
    "s3:GetObjectVersion": "a template that is too large for a request is fetched by its version",
    "sagemaker:InvokeEndpointAsync": "the endpoint of a stage may be asynchronous",
    "sagemaker:AddTags": "an endpoint that is brought back gets its tags",
    "sagemaker:CreateEndpoint": "an endpoint that was deleted by hand is brought back",
    "sagemaker:DeleteEndpoint": "an endpoint whose stack was deleted by hand is torn down by itself",
}

UNEXERCISED: Mapping[str, Mapping[str, str]] = {
    "BuildPrRole": {
        **_READS_SEARCHES,
        **_ENDS_TRIALS,
        "s3:ListBucket": _MISSING,
        "sagemaker:UpdatePipeline": "a pull request gets a second commit",
        "sagemaker:StopPipelineExecution": "a pull request may be closed while it is tried",
    },
    "BuildRunRole": {
        **_READS_SEARCHES,
        **_ENDS_TRIALS,
        "s3:ListBucket": _MISSING,
        "s3:GetObject": _MERGED,
        "s3:DeleteObject": _MERGED,
        "s3:ListBucketVersions": _MERGED,
        "sagemaker:DeletePipeline": _MERGED,
        "sagemaker:DescribeTrainingJob": _MERGED,
        "sagemaker:ListPipelines": _MERGED,
        "sagemaker:StopPipelineExecution": "what runs of a merged pull request was stopped when it was closed",
    },
    "DispatchRole": {"sqs:SendMessage": "an approval that GitHub did not take in three attempts is kept"},
    "RetrainRole": {"sqs:SendMessage": "news that GitHub did not take in three attempts are kept"},
    "ScheduleRole": {"sqs:SendMessage": "news that Lambda did not take are kept"},
    "EndpointRole": {**_CONTAINER, "sns:Publish": "the endpoint of a stage may be asynchronous"},
    "PipelineRole": _JOBS,
    "ProductionRole": _STAGE,
    "PullRequestRole": {
        **_JOBS,
        "logs:CreateLogGroup": _FIRST_JOBS,
    },
    "PullRequestTrialRole": _TRIAL,
    "TrialRole": _TRIAL,
    "StagingRole": {
        **_STAGE,
        "execute-api:Invoke": "the API of a stage may be an HTTP API",
        "cloudwatch:DescribeAlarms": "a stage whose rollout moves in steps has alarms",
        "cloudwatch:PutMetricData": "a stage whose rollout moves in steps is probed",
        "sagemaker:CreateTransformJob": "batches may be tried in staging",
        "sagemaker:DescribeTransformJob": "batches may be tried in staging",
    },
}
"""By the role's logical id: actions, and why it is allowed them."""
