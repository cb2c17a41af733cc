"""Policies whose form is right and which AWS refuses: principals that do not exist, actions, and a key's lockout."""

import json

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


class Entries:
    """Every way in which a policy with a principal enters, each with a policy that names `principal`."""

    def __init__(self, aws):
        self.aws = aws

    def trust(self, principal):
        policy = document(Principal=principal, Action="sts:AssumeRole")
        self.aws.client("iam").create_role(RoleName=f"{self.aws.name}-t", AssumeRolePolicyDocument=policy)

    def bucket(self, principal):
        objects = f"arn:aws:s3:::{self.aws.bucket}/*"
        policy = document(Principal=principal, Action="s3:GetObject", Resource=objects)
        self.aws.client("s3").put_bucket_policy(Bucket=self.aws.bucket, Policy=policy)

    def key(self, principal):
        root = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Statement": [root, root | {"Principal": principal}]})
        self.aws.client("kms").create_key(Policy=policy)

    def queue(self, principal):
        policy = document(Principal=principal, Action="sqs:SendMessage", Resource="*")
        self.aws.client("sqs").create_queue(QueueName=self.aws.name, Attributes={"Policy": policy})

    def topic(self, principal):
        policy = document(Principal=principal, Action="sns:Publish", Resource="*")
        self.aws.client("sns").create_topic(Name=self.aws.name, Attributes={"Policy": policy})

    def secret(self, principal):
        secrets = self.aws.client("secretsmanager")
        secrets.create_secret(Name=f"{self.aws.name}-{len(str(principal))}", SecretString="s")
        policy = document(Principal=principal, Action="secretsmanager:GetSecretValue", Resource="*")
        secrets.put_resource_policy(SecretId=f"{self.aws.name}-{len(str(principal))}", ResourcePolicy=policy)


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("trust", "MalformedPolicyDocument", "Invalid principal in policy"),
        ("bucket", "MalformedPolicy", "Invalid principal in policy"),
        ("key", "MalformedPolicyDocumentException", "Invalid principal in policy"),
        ("queue", "InvalidAttributeValue", "Invalid value for the parameter Policy"),
        ("topic", "InvalidParameter", "PrincipalNotFound"),
        ("secret", "MalformedPolicyDocumentException", "Invalid principal in policy"),
    ],
)
def test_a_principal_of_this_account_has_to_exist(aws, roles, entry, code, words):
    role = roles.make()
    for missing in (f"{role}-gone", f"arn:aws:iam::{ACCOUNT}:user/{aws.name}"):
        with pytest.raises(ClientError, match=words) as caught:
            getattr(Entries(aws), entry)({"AWS": missing})
        assert caught.value.response["Error"]["Code"] == code
    getattr(Entries(aws), entry)({"AWS": role})


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "somebody"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root/x"},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/nobody/me"},
        {"Service": "lambda"},
        {"Service": "lambda.example.com"},
        {"Federated": "nobody"},
    ],
)
def test_what_is_no_principal_is_refused(aws, principal):
    with pytest.raises(ClientError, match="Invalid principal in policy"):
        Entries(aws).trust(principal)


def test_a_principal_has_its_own_path(aws, roles):
    """`roles` are made under a path: without it, the ARN is another's."""
    arn = roles.make()
    with pytest.raises(ClientError, match="Invalid principal"):
        Entries(aws).trust({"AWS": arn.replace("/identity/", "/")})


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": ["*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]},
        {"AWS": "arn:aws:iam::999999999999:role/of-another-account"},
        {"Service": ["lambda.amazonaws.com", "delivery.logs.amazonaws.com"]},
        {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
        {"Federated": "cognito-identity.amazonaws.com"},
    ],
)
def test_principals_that_aws_takes(aws, principal):
    Entries(aws).trust(principal)


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("s3:GetObjects", "{}/*", "Policy has invalid action"),
        ("sqs:SendMessage", "{}/*", "Policy has invalid action"),
        ("s3:ListAllMyBuckets", "{}", "Policy has invalid action"),
        ("s3:GetObject", "{}", "Action does not apply to any resource"),
        ("s3:ListBucket", "{}/*", "Action does not apply to any resource"),
        (["s3:GetObject", "s3:ListBucket"], ["{}/a", "{}/b"], "Action does not apply to any resource"),
        ("s3:GetBucket*", "{}/*", "Action does not apply to any resource"),
    ],
)
def test_an_action_of_a_buckets_policy_is_s3s_and_about_its_resource(aws, action, resource, said):
    with pytest.raises(ClientError, match=said) as caught:
        state(aws, action, resource)
    assert caught.value.response["Error"]["Code"] == "MalformedPolicy"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:*", "{}/*"),
        ("*", "{}"),
        ("s3:Get*", "{}/*"),
        ("S3:getobject", "{}/a"),
        (["s3:GetObject", "s3:ListBucket"], ["{}", "{}/*"]),
        (["s3:GetObject", "s3:ListBucket"], "{}*"),
        ("s3:GetObject", "*"),
    ],
)
def test_actions_that_s3_takes_in_a_buckets_policy(aws, action, resource):
    state(aws, action, resource)


def state(aws, action, resource):
    resources = [resource] if isinstance(resource, str) else resource
    arns = [each if each == "*" else f"arn:aws:s3:::{each.format(aws.bucket)}" for each in resources]
    policy = document(Principal="*", Action=action, Resource=arns)
    aws.client("s3").put_bucket_policy(Bucket=aws.bucket, Policy=policy)


def test_identity_policies_take_actions_that_nobody_knows(aws, roles):
    assert roles.make((["s3:GetObjects", "nosuch:Thing"], "*"))


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"Service": "logs.amazonaws.com"}, "Action": "kms:*"},
        {"Principal": {"AWS": ACCOUNT}, "Action": "kms:Decrypt"},
        {"Principal": {"AWS": ACCOUNT}, "NotAction": "kms:Put*"},
        {"Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Condition": {"StringEquals": {"aws:x": "y"}}},
    ],
)
def test_a_keys_policy_lets_its_maker_change_it(aws, statement):
    kms = aws.client("kms")
    policy = document(Resource="*", **statement)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for change in (
        lambda **more: kms.create_key(Policy=policy, **more),
        lambda **more: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy, **more),
    ):
        with pytest.raises(ClientError, match="will not allow you to update the key policy") as caught:
            change()
        assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocumentException"
        change(BypassPolicyLockoutSafetyCheck=True)


def test_a_denial_locks_a_keys_maker_out_and_a_role_may_name_itself(aws, roles):
    kms = aws.client("kms")
    allow = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    denied = json.dumps({"Statement": [allow, allow | {"Effect": "Deny", "Action": "kms:PutKeyPolicy"}]})
    with pytest.raises(ClientError, match="will not allow you"):
        kms.create_key(Policy=denied)
    role = roles.make(("kms:*", "*"))
    own = document(Resource="*", Principal={"AWS": role}, Action="kms:*")
    roles.client(role, "kms").create_key(Policy=own)
    with pytest.raises(ClientError, match="will not allow you"):
        kms.create_key(Policy=own)
