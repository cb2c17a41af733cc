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


SOURCE = {"aws:SourceIp": "192.0.2.0/24"}


@pytest.mark.parametrize(
    ("effect", "condition"),
    [
        ("Deny", {"IpAddress": SOURCE}),
        ("Deny", {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}),
        ("Deny", {"StringEquals": {"s3:signatureversion": "AWS"}}),
        ("Allow", {"NotIpAddress": SOURCE}),
        ("Allow", {"StringEqualsIfExists": {"sagemaker:VpcSubnets": "subnet-1"}}),
        ("Allow", {"Null": {"aws:MultiFactorAuthAge": "true"}}),
    ],
)
def test_a_condition_that_would_be_kinder_here_than_on_aws_is_refused_by_name(aws, roles, effect, condition):
    key = next(iter(next(iter(condition.values()))))
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = roles.make().rpartition("/")[2]
    with pytest.raises(ClientError, match=f"does not set the condition key {key}"):
        aws.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy)
    trust = document(Principal={"AWS": ACCOUNT}, Action="sts:AssumeRole", Condition=condition)
    trust = trust.replace('"Allow"', f'"{effect}"')
    with pytest.raises(ClientError, match=f"does not set the condition key {key}"):
        aws.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust)


@pytest.mark.parametrize(
    ("effect", "condition"),
    [
        ("Allow", {"IpAddress": SOURCE}),
        ("Deny", {"NotIpAddress": SOURCE}),
        ("Deny", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
        ("Deny", {"DateGreaterThan": {"aws:CurrentTime": "2126-01-01T00:00:00Z"}}),
        ("Deny", {"StringLike": {"ec2:InstanceType": "p5.*"}}),
        ("Allow", {"StringEqualsIfExists": {"iam:PassedToService": "lambda.amazonaws.com"}}),
    ],
)
def test_a_condition_that_is_judged_as_on_aws_or_more_strictly_is_taken(aws, roles, effect, condition):
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = roles.make().rpartition("/")[2]
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy)


def test_time_is_a_condition_that_holds(aws, roles, enforced):
    before = {"DateLessThan": {"aws:CurrentTime": "2126-01-01T00:00:00Z"}}
    after = {"DateGreaterThan": {"aws:EpochTime": "4922899200"}}
    assert roles.client(roles.make(("s3:ListAllMyBuckets", "*", before)), "s3").list_buckets()
    with pytest.raises(ClientError, match="AccessDenied"):
        roles.client(roles.make(("s3:ListAllMyBuckets", "*", after)), "s3").list_buckets()


def test_the_callers_tags_are_conditions_of_trust_policies(aws, roles):
    by_team = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    trust = document(Principal={"AWS": ACCOUNT}, Action="sts:AssumeRole", Condition=by_team)
    target = roles.make(trust=trust)
    mine = ("sts:AssumeRole", "*")
    blue = roles.make(mine, Tags=[{"Key": "team", "Value": "blue"}])
    assert roles.client(blue, "sts").assume_role(RoleArn=target, RoleSessionName="me")
    with pytest.raises(ClientError, match="AccessDenied"):
        roles.client(roles.make(mine), "sts").assume_role(RoleArn=target, RoleSessionName="me")


def test_tags_of_an_object_are_conditions_of_its_write(aws, roles, enforced):
    only_red = {"StringEquals": {"s3:RequestObjectTag/colour": "red"}}
    role = roles.make((["s3:PutObject", "s3:PutObjectTagging"], "*", only_red))
    place = {"Bucket": aws.bucket, "Key": "k", "Body": b""}
    roles.client(role, "s3").put_object(**place, Tagging="colour=red")
    with pytest.raises(ClientError, match="AccessDenied"):
        roles.client(role, "s3").put_object(**place, Tagging="colour=blue")


DENIED = "with an explicit deny in a resource-based policy"


def test_the_policy_of_a_queue_topic_secret_or_key_denies_to_its_principal(aws, roles):
    role, other = roles.make(("*", "*")), roles.make(("*", "*"))
    queue = aws.client("sqs").create_queue(QueueName=aws.name)["QueueUrl"]
    topic = aws.client("sns").create_topic(Name=aws.name)["TopicArn"]
    secret = aws.client("secretsmanager").create_secret(Name=aws.name, SecretString="s")["ARN"]

    def denying(action):
        return document(Principal={"AWS": role}, Action=action, Resource="*").replace("Allow", "Deny")

    aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": denying("sqs:SendMessage")})
    aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=denying("sns:Publish")
    )
    aws.client("secretsmanager").put_resource_policy(
        SecretId=secret, ResourcePolicy=denying("secretsmanager:GetSecretValue")
    )
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Statement": [own, json.loads(denying("kms:Encrypt"))["Statement"]]})
    key = aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    calls = {
        "sqs": lambda client: client.send_message(QueueUrl=queue, MessageBody="m"),
        "sns": lambda client: client.publish(TopicArn=topic, Message="m"),
        "secretsmanager": lambda client: client.get_secret_value(SecretId=secret),
        "kms": lambda client: client.encrypt(KeyId=key, Plaintext=b"x"),
    }
    for service, call in calls.items():
        with pytest.raises(ClientError, match=DENIED):
            call(roles.client(role, service))
        call(roles.client(other, service))
        call(aws.client(service))


def test_what_a_keys_policy_allows_nobody_nobody_may(aws, roles):
    """A key is the one resource whose policy has to let even its own account in."""
    role, other = roles.make(("kms:*", "*")), roles.make(("kms:*", "*"))
    policy = document(Principal={"AWS": role}, Action="kms:*", Resource="*")
    key = roles.client(role, "kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    roles.client(role, "kms").encrypt(KeyId=key, Plaintext=b"x")
    for client in (roles.client(other, "kms"), aws.client("kms")):
        with pytest.raises(
            ClientError, match="because no resource-based policy allows the kms:Encrypt action"
        ):
            client.encrypt(KeyId=key, Plaintext=b"x")
