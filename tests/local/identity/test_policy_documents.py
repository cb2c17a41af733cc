"""Malformed policies: what is wrong with a document, and that every API that takes one refuses it."""

import json

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.checks.policies import ENTRIES
from local_aws.identity.policies.policy import Policy, Request
from local_aws.identity.policy_documents import IDENTITY, RESOURCE, TRUST, VERSIONS, problem

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


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"]


@st.composite
def wrong_documents(draw):
    """A policy of which a part has another JSON type than it should have."""
    statement = STATEMENT | {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"aws:a": ["b"]}}}
    wrong = draw(WRONG)
    match draw(st.sampled_from(["document", "top", "statement", "condition", "principal", "nested"])):
        case "document":
            return wrong
        case "top":
            return {"Version": VERSIONS[0], "Statement": [statement], draw(st.sampled_from(TOP)): wrong}
        case "statement":
            statement |= {draw(st.sampled_from(ELEMENTS)): wrong}
        case "condition":
            operator = draw(
                st.sampled_from(["StringEquals", "NumericLessThan", "Bool", "ForAnyValue:ArnLike"])
            )
            statement |= {"Condition": {operator: draw(st.sampled_from([wrong, {"aws:a": wrong}]))}}
        case "principal":
            statement |= {"Principal": {draw(st.sampled_from(["AWS", "Service", "Federated"])): wrong}}
    return {"Statement": draw(st.sampled_from([[statement], statement, [[statement]], [wrong]]))}


TOP = ["Version", "Id", "Statement"]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(wrong_documents(), st.sampled_from([IDENTITY, TRUST, RESOURCE]))
def test_a_policy_of_whatever_json_types_is_judged_and_what_is_kept_can_be_read(stated, kind):
    if problem(json.dumps(stated), kind) is None:
        policy = Policy.parse("policy", json.dumps(stated))
        for action in ("s3:GetObject", "sts:AssumeRole"):
            request = Request.make(action, "arn:aws:s3:::b/k", {"aws:a": ["b"]})
            assert all(isinstance(each.applies(request), bool) for each in policy.statements)


DEEP = "[" * 5000
TYPES = {
    "nested without end": DEEP,
    "nested in an object": '{"Statement": ' + DEEP,
    "nested to the end": '{"Statement": ' + "[" * 500 + "]" * 500 + "}",
    "NaN": '{"Version": NaN, "Statement": []}',
    "a statement that is a text": '{"Statement": "x"}',
    "statements that are lists": '{"Statement": [[]]}',
    "an action that is an object": document(STATEMENT | {"Action": {"a": "b"}}),
    "a principal that is a number": document(STATEMENT | {"Principal": 7}),
}


@pytest.mark.parametrize("text", TYPES.values(), ids=TYPES)
def test_no_api_fails_itself_on_a_policy_of_wrong_types(aws, text):
    for entry in ENTRIES:
        given_ = CALLS[entry.service, entry.operation]
        call = getattr(aws.client(entry.service), xform_name(entry.operation))
        with pytest.raises(ClientError) as caught:
            call(**json.loads(json.dumps(given_).replace('"{}"', json.dumps(text))))
        said = caught.value.response
        assert said["ResponseMetadata"]["HTTPStatusCode"] < 500, (entry, said)
        assert said["Error"]["Code"].startswith(entry.code) or "Limit" in said["Error"]["Code"], (entry, said)


def test_a_key_with_a_policy_of_one_statement_works(aws):
    """Statement may be one object, as everywhere in IAM's grammar."""
    kms = aws.client("kms")
    whole = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": whole})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == policy
    assert kms.list_resource_tags(KeyId=key)["Tags"] == []
