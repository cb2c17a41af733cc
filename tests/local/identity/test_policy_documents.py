"""Malformed policies: what is wrong with a document, and that every API that takes one refuses it."""

import json

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from local_aws.checks.policies import ENTRIES
from local_aws.identity.policy_documents import IDENTITY, RESOURCE, TRUST, problem

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def document(*statements, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def trust(**changes):
    return document(
        {"Effect": "Allow", "Principal": {"Service": "a.amazonaws.com"}, "Action": "sts:AssumeRole"} | changes
    )


@pytest.mark.parametrize(
    "text",
    [
        document(STATEMENT),
        json.dumps({"Statement": STATEMENT}),
        document(STATEMENT | {"Resource": "*", "Action": ["s3:Get*", "*"]}),
        document({"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"}),
        document(STATEMENT | {"Condition": {"StringLike": {"s3:prefix": ["a/*", "b"]}}}),
        document(STATEMENT | {"Resource": "${aws:x}"}),
    ],
)
def test_a_good_policy_has_no_problem(text):
    assert problem(text, IDENTITY) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "Syntax errors"),
        ("[]", "Syntax errors"),
        ("{}", "Syntax errors"),
        (document(), "Syntax errors"),
        (document(STATEMENT, Colour="red"), "Syntax errors"),
        ('{"Statement": [], "Statement": []}', "Syntax errors"),
        (document(STATEMENT | {"Colour": "red"}), "Syntax errors"),
        (document(STATEMENT, Version="2012-10-18"), "Policy version"),
        (document({"Action": "s3:*", "Resource": "*"}), "Missing required field Effect"),
        (document(STATEMENT | {"Effect": "allow"}), "Syntax errors"),
        (document({"Effect": "Allow", "Resource": "*"}), "must contain actions"),
        (document(STATEMENT | {"NotAction": "s3:*"}), "must contain actions"),
        (document(STATEMENT | {"Action": []}), "must contain actions"),
        (document(STATEMENT | {"Action": "GetObject"}), "prefaced by a vendor"),
        (document({"Effect": "Allow", "Action": "s3:*"}), "must contain resources"),
        (document(STATEMENT | {"Resource": "my-bucket"}), "must be in ARN format"),
        (document(STATEMENT | {"Principal": "*"}), "should not specify a principal"),
        (document(STATEMENT | {"Sid": "no space"}), "must be alpha-numeric"),
        (document(STATEMENT | {"Sid": "A"}, STATEMENT | {"Sid": "A"}), "must be unique"),
        (document(STATEMENT | {"Condition": {"StringIs": {"k": "v"}}}), "Invalid Condition type"),
        (document(STATEMENT | {"Condition": {"StringEquals": "v"}}), "Invalid Condition type"),
        (document(STATEMENT | {"Condition": []}), "Syntax errors"),
    ],
)
def test_what_is_wrong_with_an_identity_policy(text, said):
    assert said in str(problem(text, IDENTITY))


def test_a_trust_policy_has_a_principal_and_no_resource():
    assert problem(trust(), TRUST) is None
    assert problem(trust(Resource="*"), TRUST) == "Has prohibited field Resource"
    assert (
        problem(trust(Action="s3:*"), TRUST) == "AssumeRole policy may only specify STS AssumeRole actions."
    )
    assert problem(document(STATEMENT), TRUST) is not None
    assert "Invalid principal" in str(problem(trust(Principal={"Robot": "x"}), TRUST))


def test_the_policy_of_a_resource_needs_a_principal_and_a_resource():
    whole = STATEMENT | {"Principal": {"AWS": "123456789012"}, "Sid": "may have spaces"}
    assert problem(document(whole), RESOURCE) is None
    assert problem(document(STATEMENT), RESOURCE) == "Missing required field Principal"


CALLS = {
    ("iam", "CreateRole"): {"RoleName": "r", "AssumeRolePolicyDocument": "{}"},
    ("iam", "UpdateAssumeRolePolicy"): {"RoleName": "r", "PolicyDocument": "{}"},
    ("iam", "PutRolePolicy"): {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"},
    ("iam", "PutUserPolicy"): {"UserName": "u", "PolicyName": "p", "PolicyDocument": "{}"},
    ("iam", "PutGroupPolicy"): {"GroupName": "g", "PolicyName": "p", "PolicyDocument": "{}"},
    ("iam", "CreatePolicy"): {"PolicyName": "p", "PolicyDocument": "{}"},
    ("iam", "CreatePolicyVersion"): {
        "PolicyArn": "arn:aws:iam::123456789012:policy/p",
        "PolicyDocument": "{}",
    },
    ("s3", "PutBucketPolicy"): {"Bucket": "b", "Policy": "{}"},
    ("kms", "CreateKey"): {"Policy": "{}"},
    ("kms", "PutKeyPolicy"): {"KeyId": "k", "Policy": "{}"},
    ("secretsmanager", "PutResourcePolicy"): {"SecretId": "s", "ResourcePolicy": "{}"},
    ("logs", "PutResourcePolicy"): {"policyName": "p", "policyDocument": "{}"},
    ("sqs", "CreateQueue"): {"QueueName": "q", "Attributes": {"Policy": "{}"}},
    ("sqs", "SetQueueAttributes"): {
        "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
        "Attributes": {"Policy": "{}"},
    },
    ("sns", "CreateTopic"): {"Name": "t", "Attributes": {"Policy": "{}"}},
    ("sns", "SetTopicAttributes"): {
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
        "AttributeName": "Policy",
        "AttributeValue": "{}",
    },
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.service}-{entry.operation}")
def test_every_api_that_takes_a_policy_refuses_a_malformed_one_in_its_own_way(aws, entry):
    call = getattr(aws.client(entry.service), xform_name(entry.operation))
    with pytest.raises(ClientError) as caught:
        call(**CALLS[entry.service, entry.operation])
    assert caught.value.response["Error"]["Code"].startswith(entry.code)


def test_a_buckets_policy_is_about_that_bucket(aws):
    other = STATEMENT | {"Principal": "*", "Resource": "arn:aws:s3:::another/*"}
    with pytest.raises(ClientError, match="Policy has invalid resource"):
        aws.client("s3").put_bucket_policy(Bucket=aws.bucket, Policy=document(other))


def test_a_principal_that_is_none_is_refused_by_lambda(aws):
    with pytest.raises(ClientError) as caught:
        aws.client("lambda").add_permission(
            FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="somebody"
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
