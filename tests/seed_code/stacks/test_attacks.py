"""For every role of a project, what it must never be able to do, tried against its policies and the boundary.

A role that the template makes and that has no list here fails: a new role comes with its attacks.
"""

from __future__ import annotations

import pytest

SM, IAM = "arn:aws:sagemaker:eu-west-1:123456789012:", "arn:aws:iam::123456789012:"
BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"
ROLE = f"{IAM}role/sagemaker-projects/reviews/"
APPROVED = {"sagemaker:ModelApprovalStatus": "Approved"}
OURS = {
    "aws:ResourceTag/sagemaker:project-name": "reviews",
    "aws:RequestTag/sagemaker:project-name": "reviews",
}
PACKAGE = f"{SM}model-package/reviews-models/7"

Attack = tuple[str, str, dict[str, str]]

NOBODY: dict[str, Attack] = {
    "becomes an administrator": ("iam:AttachRolePolicy", f"{ROLE}PipelineRole", {}),
    "changes its own policy": ("iam:PutRolePolicy", f"{ROLE}BuildRunRole", {}),
    "takes its boundary off": ("iam:DeleteRolePermissionsBoundary", f"{ROLE}DeployServiceRole", {}),
    "changes who may assume a role": ("iam:UpdateAssumeRolePolicy", f"{ROLE}ProductionRole", {}),
    "makes a key that lasts": ("iam:CreateAccessKey", f"{IAM}user/ada", {}),
    "trusts another issuer": ("iam:CreateOpenIDConnectProvider", f"{IAM}oidc-provider/evil.example", {}),
    "assumes a role by itself": ("sts:AssumeRole", f"{ROLE}ProductionRole", {}),
    "passes a role of somebody else": ("iam:PassRole", f"{IAM}role/Admin", {}),
    "approves a package": ("sagemaker:UpdateModelPackage", PACKAGE, APPROVED),
    "deletes a package": ("sagemaker:DeleteModelPackage", PACKAGE, OURS),
    "deletes a record": ("s3:DeleteObject", f"{BUCKET}/deployments/production/1.json", {}),
    "deletes a model's version": ("s3:DeleteObjectVersion", f"{BUCKET}/models/a/model.tar.gz", {}),
    "changes the bucket's policy": ("s3:PutBucketPolicy", BUCKET, {}),
    "opens the bucket": ("s3:PutBucketPublicAccessBlock", BUCKET, {}),
    "stops keeping versions": ("s3:PutBucketVersioning", BUCKET, {}),
    "reads another bucket": ("s3:GetObject", "arn:aws:s3:::payroll/2026.csv", {}),
    "reads GitHub's token": (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf",
        {},
    ),
    "deletes the key": ("kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-1:123456789012:key/Key", OURS),
    "changes another project": ("sagemaker:UpdateEndpoint", f"{SM}endpoint/reviewsx-production", {}),
    "registers in another project": (
        "sagemaker:CreateModelPackage",
        f"{SM}model-package/reviewsx-models/1",
        {},
    ),
    "switches the trail off": (
        "cloudtrail:StopLogging",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/t",
        {},
    ),
    "opens a console": ("sts:GetFederationToken", "*", {}),
    "starts a machine": ("ec2:RunInstances", "*", {}),
}
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
REGISTERS: Attack = ("sagemaker:CreateModelPackage", PACKAGE, OURS | PENDING)
RECORDS: Attack = ("s3:PutObject", f"{BUCKET}/deployments/production/1.json", {})
DEPLOYS: Attack = ("sagemaker:UpdateEndpoint", f"{SM}endpoint/reviews-production", OURS)
RUNS_MAIN: Attack = ("sagemaker:StartPipelineExecution", f"{SM}pipeline/reviews-clothing-reviews", OURS)
SERVED: Attack = ("s3:PutObject", f"{BUCKET}/code/deploy/production/a/api.zip", {})
SERVES_MODEL: Attack = ("s3:PutObject", f"{BUCKET}/deploy/production/models/a/model.tar.gz", {})
STAGING_SERVED: Attack = ("s3:PutObject", f"{BUCKET}/code/deploy/staging/a/api.zip", {})
STAGING_RECORD: Attack = ("s3:PutObject", f"{BUCKET}/deployments/staging/1.json", {})
BUILD_CODE: Attack = ("s3:PutObject", f"{BUCKET}/code/build/a/evaluate.py", {})
CONTRACT: Attack = ("s3:PutObject", f"{BUCKET}/contracts/a/text_rules.py", {})
TRAINED: Attack = ("s3:PutObject", f"{BUCKET}/models/a/output/model.tar.gz", {})
PR_CODE: Attack = ("s3:GetObject", f"{BUCKET}/pr/7/code/build/a/evaluate.py", {})
STOPS_MAINS_JOB: Attack = ("sagemaker:StopTrainingJob", f"{SM}training-job/pipelines-abc-Train-xyz", OURS)
STOPS_MAIN: Attack = (
    "sagemaker:StopPipelineExecution",
    f"{SM}pipeline/reviews-clothing-reviews/execution/abc",
    OURS,
)
LISTS_JOBS: list[Attack] = [
    (f"sagemaker:List{kind}Jobs", "*", {}) for kind in ("Training", "Processing", "Transform")
]
MAIN_CODE: Attack = ("s3:GetObject", f"{BUCKET}/code/build/a/evaluate.py", {})
MAIN_TRIAL: Attack = ("sagemaker:CreateEndpoint", f"{SM}endpoint/reviews-trial-abc", OURS)
PR_TRIAL: Attack = (
    "sagemaker:CreateEndpoint",
    f"{SM}endpoint/reviews-pr-7-trial-abc",
    OURS | {"aws:RequestTag/model-build:pull-request": "7"},
)
STARTS_ENDPOINT: Attack = ("sagemaker:CreateEndpoint", f"{SM}endpoint/reviews-production", OURS)
ASKS_ENDPOINT: Attack = ("sagemaker:InvokeEndpoint", f"{SM}endpoint/reviews-production", OURS)
TRAINS: Attack = ("sagemaker:CreateTrainingJob", f"{SM}training-job/pipelines-abc-Train-xyz", OURS)
EVALUATION: Attack = ("s3:PutObject", f"{BUCKET}/runs/abc/evaluate/evaluation/evaluation.json", {})
PR_EVALUATION: Attack = ("s3:PutObject", f"{BUCKET}/pr/7/runs/abc/evaluate/evaluation/evaluation.json", {})
CODE = [SERVED, SERVES_MODEL, STAGING_SERVED, BUILD_CODE, CONTRACT]

TRIES_NOTHING_ELSE = [
    *(REGISTERS, RECORDS, DEPLOYS, RUNS_MAIN, STAGING_RECORD, STARTS_ENDPOINT, ASKS_ENDPOINT, TRAINS),
    *(EVALUATION, PR_EVALUATION),
]

OWN = {
    "BuildPrRole": [
        *(REGISTERS, RECORDS, DEPLOYS, RUNS_MAIN, STAGING_RECORD, STOPS_MAIN, STOPS_MAINS_JOB, TRAINED),
        *(*CODE, *LISTS_JOBS),
    ],
    "PullRequestRole": [
        *(REGISTERS, RECORDS, DEPLOYS, RUNS_MAIN, STAGING_RECORD, STOPS_MAIN, STOPS_MAINS_JOB, TRAINED),
        *(*CODE, *LISTS_JOBS),
    ],
    "BuildRunRole": [
        *(REGISTERS, RECORDS, DEPLOYS, STAGING_RECORD, TRAINED, PR_CODE),
        *(SERVED, SERVES_MODEL, STAGING_SERVED),
    ],
    "PipelineRole": [RECORDS, DEPLOYS, STAGING_RECORD, PR_CODE, *CODE],
    "StagingRole": [
        *(REGISTERS, RECORDS, DEPLOYS, RUNS_MAIN, STOPS_MAIN, STOPS_MAINS_JOB, TRAINED, PR_CODE),
        *(SERVED, SERVES_MODEL, BUILD_CODE, CONTRACT),
    ],
    "ProductionRole": [
        *(REGISTERS, RUNS_MAIN, STAGING_RECORD, STOPS_MAIN, STOPS_MAINS_JOB, TRAINED, PR_CODE),
        *(STAGING_SERVED, BUILD_CODE, CONTRACT),
    ],
    "EndpointRole": [REGISTERS, RECORDS, DEPLOYS, RUNS_MAIN, STAGING_RECORD, TRAINED, PR_CODE, *CODE],
    "TrialRole": [*TRIES_NOTHING_ELSE, TRAINED, PR_CODE, PR_TRIAL, *CODE],
    "PullRequestTrialRole": [*TRIES_NOTHING_ELSE, TRAINED, MAIN_TRIAL, MAIN_CODE, *CODE],
    "DeployServiceRole": [REGISTERS, RECORDS, RUNS_MAIN, STAGING_RECORD, TRAINED, PR_CODE, *CODE],
}
EXCEPTIONS = {
    # It makes the role of an API's function, under the boundary; tests/seed_code/stacks/test_deploy_roles.py says which.
    ("DeployServiceRole", "changes who may assume a role"),
}


@pytest.mark.parametrize("role", OWN)
@pytest.mark.parametrize("attack", NOBODY)
def test_no_role_of_a_project(project, role, attack):
    action, resource, context = NOBODY[attack]
    if (role, attack) in EXCEPTIONS:
        resource = f"{IAM}role/Admin"
    assert not project.may(role, action, resource, context)


@pytest.mark.parametrize(
    ("role", "attack"), [(role, attack) for role, attacks in OWN.items() for attack in attacks]
)
def test_a_role_does_only_the_work_of_its_purpose(project, role, attack):
    action, resource, context = attack
    assert not project.may(role, action, resource, context)


def test_every_role_that_works_for_a_project_is_attacked(project):
    made = {name for name, each in project.resources.items() if each["Type"] == "AWS::IAM::Role"}
    of_functions = ("Pour", "Dispatch", "Function", "Retrain", "Schedule")
    functions = {name for name in made if any(kind in name for kind in of_functions)}
    assert made - functions <= set(OWN), "write the attacks of the new role"


def test_an_attack_that_is_allowed_would_be_seen(project):
    assert project.may("PipelineRole", *REGISTERS)
    assert project.may("ProductionRole", *RECORDS)
    assert project.may("StagingRole", *STAGING_RECORD)
    assert project.may("StagingRole", *STAGING_SERVED)
    assert project.may("ProductionRole", *SERVED)
    assert project.may("ProductionRole", *SERVES_MODEL)
    assert project.may("BuildRunRole", *BUILD_CODE)
    assert project.may("BuildRunRole", *CONTRACT)
    assert project.may("PipelineRole", *STOPS_MAINS_JOB)
    assert project.may("PipelineRole", *TRAINED)
    assert project.may("PipelineRole", *EVALUATION)
    assert project.may("PullRequestRole", *PR_EVALUATION)
    assert project.may("PullRequestRole", *PR_CODE)
    assert project.may("TrialRole", *MAIN_TRIAL)
    assert project.may("TrialRole", *MAIN_CODE)
    assert project.may("PullRequestTrialRole", *PR_TRIAL)
    assert project.may("PullRequestTrialRole", *PR_CODE)
