"""AWS's managed policies: nearly every sample attaches one to its role."""

import json

import pytest
from botocore.exceptions import ClientError

from local_aws.identity.policies.policy import Request, decide
from local_aws.identity.roles import policies_of

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
AWS = "arn:aws:iam::aws:policy"


@pytest.fixture
def role(aws):
    name = f"{aws.bucket}-managed"
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    return aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]


@pytest.mark.parametrize(
    ("policy", "action", "other"),
    [
        ("service-role/AWSLambdaBasicExecutionRole", "logs:PutLogEvents", "s3:GetObject"),
        ("AmazonSageMakerFullAccess", "sagemaker:CreateTrainingJob", "iam:CreateUser"),
        ("AmazonS3FullAccess", "s3:PutObject", "sqs:SendMessage"),
    ],
)
def test_an_attached_policy_grants_what_aws_says_in_it(aws, role, policy, action, other):
    iam = aws.client("iam")
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=f"{AWS}/{policy}")
    held = policies_of(iam, role["Arn"])

    def allowed(what):
        return decide(Request.make(what, "*", {"aws:ResourceAccount": ["123456789012"]}), held).allowed

    assert allowed(action)
    assert not allowed(other)


def test_a_policy_that_aws_does_not_have_cannot_be_attached(aws, role):
    with pytest.raises(ClientError) as caught:
        aws.client("iam").attach_role_policy(RoleName=role["RoleName"], PolicyArn=f"{AWS}/NoSuchPolicy")
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"
