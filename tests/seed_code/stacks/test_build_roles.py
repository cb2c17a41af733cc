"""What the build repository's workflows and pipelines may do, and what they may not."""

import pytest

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
NEW = {"aws:RequestTag/sagemaker:project-name": "reviews"}
OURS = {"aws:ResourceTag/sagemaker:project-name": "reviews"}
THEIRS = {"aws:ResourceTag/sagemaker:project-name": "reviews-pr"}
BUILDERS = ["PipelineRole", "PullRequestRole", "BuildPrRole", "BuildRunRole"]


def test_main_runs_its_pipelines_as_the_pipelines_role(project):
    pipeline = f"{SM}pipeline/reviews-clothing-reviews"
    assert project.may("BuildRunRole", "sagemaker:CreatePipeline", pipeline, NEW)
    for action in ("DescribePipeline", "UpdatePipeline", "StartPipelineExecution", "ListPipelineExecutions"):
        assert project.may("BuildRunRole", f"sagemaker:{action}", pipeline, OURS), action
    assert not project.may(
        "BuildRunRole", "sagemaker:StopPipelineExecution", f"{pipeline}/execution/abc", OURS
    )
    assert project.may("BuildRunRole", "iam:PassRole", f"{ROLE}PipelineRole", TO_SAGEMAKER)
    assert not project.may("BuildRunRole", "iam:PassRole", f"{ROLE}EndpointRole", TO_SAGEMAKER)


def test_a_pull_request_runs_only_pipelines_of_pull_requests(project):
    own, main = f"{SM}pipeline/reviews-pr-7-clothing-reviews", f"{SM}pipeline/reviews-clothing-reviews"
    for action in ("UpdatePipeline", "StartPipelineExecution", "DeletePipeline"):
        assert project.may("BuildPrRole", f"sagemaker:{action}", own, OURS), action
        assert not project.may("BuildPrRole", f"sagemaker:{action}", main, OURS), action
    assert project.may("BuildPrRole", "sagemaker:CreatePipeline", own, NEW)
    assert not project.may("BuildPrRole", "sagemaker:CreatePipeline", main, NEW)
    # To plan is to look at what main has.
    assert project.may("BuildPrRole", "sagemaker:DescribePipeline", main, OURS)


def test_a_pull_request_passes_only_its_own_execution_role(project):
    assert project.may("BuildPrRole", "iam:PassRole", f"{ROLE}PullRequestRole", TO_SAGEMAKER)
    assert not project.may("BuildPrRole", "iam:PassRole", f"{ROLE}PipelineRole", TO_SAGEMAKER)
    to_lambda = {"iam:PassedToService": "lambda.amazonaws.com"}
    assert not project.may("BuildPrRole", "iam:PassRole", f"{ROLE}PullRequestRole", to_lambda)


@pytest.mark.parametrize("role", ["PullRequestRole", "BuildPrRole"])
def test_a_pull_request_writes_below_pr_only(project, role):
    assert project.may(role, "s3:PutObject", f"{BUCKET}/pr/7/runs/x/evaluation.json")
    for key in ("models/x/model.tar.gz", "data/a.csv", "runs/x", "deployments/production/x.json", "pr"):
        assert not project.may(role, "s3:PutObject", f"{BUCKET}/{key}"), key
        assert not project.may(role, "s3:DeleteObject", f"{BUCKET}/{key}"), key
    assert project.may(role, "s3:GetObject", f"{BUCKET}/models/x/model.tar.gz")


def test_a_closed_pull_requests_objects_can_be_removed(project):
    assert project.may("BuildPrRole", "s3:DeleteObject", f"{BUCKET}/pr/7/data/x.csv")
    assert project.may("BuildPrRole", "sagemaker:ListPipelines", "*")


@pytest.mark.parametrize("role", ["PullRequestRole", "BuildPrRole"])
def test_pull_requests_are_denied_registration_and_deployments_by_name(project, role):
    refused = {
        "sagemaker:CreateModelPackage": f"{SM}model-package/reviews-models/1",
        "sagemaker:UpdateModelPackage": f"{SM}model-package/reviews-models/1",
        "sagemaker:UpdateEndpoint": f"{SM}endpoint/reviews-production",
        "sagemaker:InvokeEndpoint": f"{SM}endpoint/reviews-production",
        "cloudformation:ExecuteChangeSet": "arn:aws:cloudformation:eu-west-1:123456789012:stack/reviews-production-endpoint/1",
        "lambda:UpdateFunctionCode": "arn:aws:lambda:eu-west-1:123456789012:function:reviews-production-api",
    }
    for action, resource in refused.items():
        decision = project.decided(role, action, resource, OURS)
        assert decision.statement is not None, action  # not merely unmentioned: denied
        assert not decision.allowed, action


def test_only_the_pipeline_registers_and_nothing_is_approved(project):
    package = f"{SM}model-package/reviews-models/1"
    pending, approved = (
        {"sagemaker:ModelApprovalStatus": status} for status in ("PendingManualApproval", "Approved")
    )
    may = [role for role in BUILDERS if project.may(role, "sagemaker:CreateModelPackage", package, pending)]
    assert may == ["PipelineRole"]
    for role in BUILDERS:
        assert not project.may(role, "sagemaker:CreateModelPackage", package, approved), role
        assert not project.may(role, "sagemaker:UpdateModelPackage", package, OURS), role


@pytest.mark.parametrize("role", BUILDERS)
def test_the_build_roles_touch_no_endpoint(project, role):
    endpoint = f"{SM}endpoint/reviews-staging"
    for verb in ("Create", "Update", "Delete", "Invoke"):
        assert not project.may(role, f"sagemaker:{verb}Endpoint", endpoint, OURS | NEW), verb
    assert not project.may(role, "sagemaker:CreateEndpointConfig", f"{SM}endpoint-config/x", NEW)


@pytest.mark.parametrize("role", ["BuildPrRole", "BuildRunRole"])
def test_a_project_whose_name_begins_the_same_is_another_one(project, role):
    theirs = f"{SM}pipeline/reviews-pr-clothing-reviews"  # of the project "reviews-pr"
    for action in ("UpdatePipeline", "StartPipelineExecution", "DeletePipeline", "DescribePipeline"):
        assert not project.may(role, f"sagemaker:{action}", theirs, THEIRS), action
    assert not project.may(
        role, "sagemaker:CreatePipeline", theirs, {"aws:RequestTag/sagemaker:project-name": "x"}
    )


@pytest.mark.parametrize("role", ["PipelineRole", "PullRequestRole"])
def test_pipelines_start_tagged_jobs_as_themselves(project, role):
    job = f"{SM}processing-job/pipelines-abc-Prepare-xyz"
    tagged = NEW | {"aws:RequestTag/model-build:pull-request": "7"}
    assert project.may(role, "sagemaker:CreateProcessingJob", job, tagged)
    assert not project.may(role, "sagemaker:CreateProcessingJob", job)
    assert project.may(role, "sagemaker:AddTags", job, {"sagemaker:TaggingAction": "CreateProcessingJob"})
    assert not project.may(role, "sagemaker:StopProcessingJob", job, THEIRS)
    assert project.may(role, "iam:PassRole", f"{ROLE}{role}", TO_SAGEMAKER)
    other = {"PipelineRole": "PullRequestRole", "PullRequestRole": "PipelineRole"}[role]
    assert not project.may(role, "iam:PassRole", f"{ROLE}{other}", TO_SAGEMAKER)


def test_a_pull_request_stops_and_looks_at_jobs_of_pull_requests_only(project):
    job = f"{SM}training-job/pipelines-abc-Train-xyz"
    theirs = OURS | {"aws:ResourceTag/model-build:pull-request": "7"}
    for action in ("StopTrainingJob", "StopProcessingJob", "DescribeTrainingJob"):
        assert project.may("PullRequestRole", f"sagemaker:{action}", job, theirs), action
        assert not project.may("PullRequestRole", f"sagemaker:{action}", job, OURS), action
    assert not project.may("PullRequestRole", "sagemaker:CreateTrainingJob", job, NEW)
    assert project.may("PipelineRole", "sagemaker:StopTrainingJob", job, OURS)


def test_a_model_is_registered_as_approved_only_in_projects_that_were_made_for_it(project, make_project):
    package, action = f"{SM}model-package/reviews-models/1", "sagemaker:CreateModelPackage"
    trusting = make_project(RegisterApproved="yes")
    for status, allowed in (("Approved", False), ("PendingManualApproval", True)):
        asked = {"sagemaker:ModelApprovalStatus": status}
        assert project.may("PipelineRole", action, package, asked) is allowed
        assert trusting.may("PipelineRole", action, package, asked)
        assert not trusting.may("PullRequestRole", action, package, asked)


@pytest.mark.parametrize("role", ["PipelineRole", "PullRequestRole"])
def test_pipelines_search_for_hyperparameters_in_jobs_of_their_own(project, role):
    job, create = f"{SM}hyper-parameter-tuning-job/a1b2-Tune-x", "sagemaker:CreateHyperParameterTuningJob"
    assert project.may(role, create, job, NEW | {"aws:RequestTag/model-build:pull-request": "7"})
    assert not project.may(role, create, job)
    assert not project.may(role, "sagemaker:StopHyperParameterTuningJob", job, THEIRS)


@pytest.mark.parametrize("role", ["PipelineRole", "BuildRunRole"])
def test_main_reads_nothing_that_a_pull_request_could_have_written(project, role):
    assert project.may("PullRequestRole", "s3:PutObject", f"{BUCKET}/pr/7/runs/x")
    assert not project.may(role, "s3:GetObject", f"{BUCKET}/pr/7/runs/x")


def test_the_training_data_is_read_and_nothing_beside_it(project, make_project):
    for role in BUILDERS:
        assert project.may(role, "s3:GetObject", "arn:aws:s3:::lake/reviews/2026.csv"), role
        assert project.may(role, "s3:ListBucket", "arn:aws:s3:::lake"), role
        assert not project.may(role, "s3:GetObject", "arn:aws:s3:::lake/salaries.csv"), role
        assert not project.may(role, "s3:PutObject", "arn:aws:s3:::lake/reviews/2026.csv"), role
    without = make_project(TrainingData="", WatchedPrefix="")
    assert not without.may("BuildRunRole", "s3:ListBucket", "arn:aws:s3:::lake")


def test_the_training_datas_key_is_used_by_way_of_s3_where_one_is_named(project, make_project):
    key = "arn:aws:kms:eu-west-1:123456789012:key/lake"
    via = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    keyed = make_project(TrainingDataKey=key)
    for role in BUILDERS:
        assert keyed.may(role, "kms:Decrypt", key, via), role
        assert not keyed.may(role, "kms:Decrypt", key), role
        assert not keyed.may(role, "kms:GenerateDataKey", key, via), role
        assert not project.may(role, "kms:Decrypt", key, via), role


def test_the_key_is_used_by_way_of_s3_only(project):
    key = "arn:aws:kms:eu-west-1:123456789012:key/ArtifactKey"
    assert project.may("BuildRunRole", "kms:Decrypt", key, {"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert not project.may("BuildRunRole", "kms:Decrypt", key)
