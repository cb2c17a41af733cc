"""The probe of how a pipeline names its tuning job."""

import json

import pytest

from project_template.smoke import searches
from project_template.smoke.verdicts import Verdict

REFUSED = "ClientError: User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: {} on resource: arn:aws:{}"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("abc123def456-Tune-AbCd012345", Verdict.CONFIRMED),
        ("pipelines-abc123def456-Tune-AbC", Verdict.DIFFERS),
        ("abc123def456-AbCd012345", Verdict.DIFFERS),
        ("Tune-abc123def456-AbCd012345", Verdict.DIFFERS),
    ],
)
def test_the_refusal_names_the_job(name, verdict):
    action = "sagemaker:CreateHyperParameterTuningJob"
    reason = REFUSED.format(action, f"sagemaker:eu-west-1:1:hyper-parameter-tuning-job/{name} because")
    assert searches.judge("Tune", "abc123def456", reason) == (
        verdict,
        f"the tuning job of abc123def456 is {name}",
    )


@pytest.mark.parametrize("reason", ["", "ClientError: Could not assume role"])
def test_another_failure_says_nothing_of_the_name(reason):
    assert searches.judge("Tune", "abc123def456", reason)[0] is Verdict.NOT_TRIED


def test_the_embedded_aws_takes_the_pipeline_and_refuses_its_search_by_name(aws):
    """The whole way: a role that may create no tuning job."""
    sagemaker, iam = aws.client("sagemaker"), aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = iam.create_role(RoleName=f"{aws.name}-p", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    policy = json.dumps({"Version": "2012-10-17", "Statement": passing})
    iam.put_role_policy(RoleName=f"{aws.name}-p", PolicyName="p", PolicyDocument=policy)
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"
    definition = searches.definition("Tune", role, image, f"s3://{aws.bucket}/probe/")
    sagemaker.create_pipeline(
        PipelineName=f"{aws.name}-p", PipelineDefinition=definition, RoleArn=role, ClientRequestToken="t" * 32
    )
    aws.server.gate.enforce = True
    try:
        started = sagemaker.start_pipeline_execution(
            PipelineName=f"{aws.name}-p", ClientRequestToken="t" * 32
        )["PipelineExecutionArn"]
        step = ended(sagemaker, started)
    finally:
        aws.server.gate.enforce = False
    verdict, seen = searches.judge("Tune", started.rpartition("/")[2], step["FailureReason"])
    assert verdict is Verdict.CONFIRMED, seen


def ended(sagemaker, execution):
    while True:
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)
        for step in steps["PipelineExecutionSteps"]:
            if step["StepStatus"] not in ("Starting", "Executing"):
                return step
