"""Policies that IAM would refuse for their size are refused here."""

import json

import pytest
from botocore.exceptions import ClientError


def policy(characters, **more):
    """A policy document of so many characters, as IAM counts them, with white space that it does not count."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::", ""], **more}
        ],
    }
    missing = characters - len(json.dumps(document, separators=(",", ":")))
    document["Statement"][0]["Resource"][1] = "arn:aws:s3:::" + "x" * (missing - len("arn:aws:s3:::"))
    return json.dumps(document, indent=4)


def trust(characters):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ""}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    missing = characters - len(json.dumps(document, separators=(",", ":")))
    statement["Condition"]["StringEquals"]["aws:SourceAccount"] = "1" * missing
    return json.dumps(document, indent=4)


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_inline_policies_of_a_role_have_10240_characters_together(roles):
    name = roles.make().rpartition("/")[2]
    roles.iam.put_role_policy(RoleName=name, PolicyName="first", PolicyDocument=policy(6_000))
    roles.iam.put_role_policy(RoleName=name, PolicyName="second", PolicyDocument=policy(4_240))
    code, message = refused(
        roles.iam.put_role_policy, RoleName=name, PolicyName="third", PolicyDocument=policy(200)
    )
    assert (code, message) == (
        "LimitExceeded",
        f"Maximum policy size of 10240 bytes exceeded for role {name}",
    )
    # A policy that takes the place of another counts once.
    roles.iam.put_role_policy(RoleName=name, PolicyName="second", PolicyDocument=policy(4_000))


def test_a_managed_policy_has_6144_characters(aws, roles):
    made = roles.iam.create_policy(PolicyName=f"{aws.name}-fits", PolicyDocument=policy(6_144))
    too_large = ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    arn = made["Policy"]["Arn"]
    assert refused(roles.iam.create_policy, PolicyName="larger", PolicyDocument=policy(6_145)) == too_large
    assert refused(roles.iam.create_policy_version, PolicyArn=arn, PolicyDocument=policy(6_145)) == too_large


def test_a_trust_policy_has_2048_characters(roles):
    name = roles.make(trust=trust(2_048)).rpartition("/")[2]
    too_large = ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    assert (
        refused(roles.iam.create_role, RoleName="larger", AssumeRolePolicyDocument=trust(2_049)) == too_large
    )
    assert (
        refused(roles.iam.update_assume_role_policy, RoleName=name, PolicyDocument=trust(2_049)) == too_large
    )
