"""Calls held against roles' policies: by the audit afterwards, by the gate at once."""

import json

import pytest
from botocore.exceptions import ClientError

from local_aws.identity.policies.permissions import audit
from local_aws.identity.policies.policy import Policy, RolePolicies
from local_aws.identity.roles import Roles, all_policies, policies_of
from local_aws.kernel.calls import Call

ROLE = "arn:aws:iam::123456789012:role/identity/worker"
REGION = "eu-west-1"


def call(action, resource="*", role=ROLE, **context):
    stated = tuple((key.replace("__", ":"), (value,)) for key, value in context.items())
    return Call(role, action.partition(":")[0], action.partition(":")[2], action, (resource,), stated)


def granting(*statements, boundary=None, tags=None):
    return {
        ROLE: RolePolicies(
            (Policy.parse("own", {"Version": "2012-10-17", "Statement": list(statements)}),),
            boundary,
            tags or {},
        )
    }


def allow(sid, actions, resource="*", **more):
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, **more}


def test_a_call_that_is_not_allowed_is_reported_once_with_the_reason():
    calls = [call("s3:GetObject", "arn:aws:s3:::b/k")] * 2 + [call("s3:PutObject", "arn:aws:s3:::b/k")]
    report = audit(calls, granting(allow("Read", "s3:GetObject", "arn:aws:s3:::b/*")), REGION)
    [refused] = report.refused
    assert (refused.role_arn, refused.action, refused.resource) == (ROLE, "s3:PutObject", "arn:aws:s3:::b/k")
    assert str(refused).endswith("because no identity-based policy allows the s3:PutObject action")
    assert report.unused == ()


def test_what_is_granted_and_never_used_is_listed_by_statement_and_action():
    roles = granting(
        allow("Read", ["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::b*"), allow("Logs", "logs:*")
    )
    report = audit([call("s3:GetObject", "arn:aws:s3:::b/k")], roles, REGION)
    assert [(each.statement, each.action) for each in report.unused] == [
        ("own/Logs", "logs:*"),
        ("own/Read", "s3:ListBucket"),
    ]


def test_two_statements_that_allow_the_same_are_both_used():
    roles = granting(allow("A", "s3:Get*"), allow("B", "s3:GetObject"))
    assert audit([call("s3:GetObject")], roles, REGION).unused == ()


def test_what_the_boundary_denies_is_refused_though_the_role_has_it():
    boundary = Policy.parse("edge", {"Version": "2012-10-17", "Statement": [allow("S3", "s3:*")]})
    roles = granting(allow("All", "*"), boundary=boundary)
    [refused] = audit([call("s3:GetObject"), call("sqs:SendMessage")], roles, REGION).refused
    assert refused.reason == "because no permissions boundary allows the sqs:SendMessage action"


def test_every_request_has_the_global_condition_keys():
    condition = {
        "Bool": {"aws:SecureTransport": "true"},
        "StringEquals": {"aws:RequestedRegion": REGION, "aws:ResourceAccount": "123456789012"},
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/identity/*"},
    }
    roles = granting(allow("All", "s3:GetObject", Condition=condition))
    assert audit([call("s3:GetObject")], roles, REGION).refused == ()
    assert audit([call("s3:GetObject")], roles, "us-east-1").refused


def test_a_policy_reads_the_tags_of_the_role_that_calls():
    home = allow("Home", "s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*")
    own, others = call("s3:GetObject", "arn:aws:s3:::b/blue/k"), call("s3:GetObject", "arn:aws:s3:::b/red/k")
    report = audit([own, others], granting(home, tags={"team": "blue"}), REGION)
    assert [each.resource for each in report.refused] == ["arn:aws:s3:::b/red/k"]


def test_the_administrators_calls_are_left_out_and_strangers_are_named():
    other = ROLE.replace("worker", "other")
    calls = [call("s3:GetObject", role=None), call("s3:GetObject", role=other), call("sts:GetCallerIdentity")]
    report = audit(calls, granting(), REGION)
    assert (report.refused, report.unknown_roles) == ((), (other,))


def test_a_hand_made_role_is_audited_from_what_it_really_did(aws, roles):
    bucket = f"arn:aws:s3:::{aws.bucket}"
    role = roles.make((["s3:PutObject", "s3:DeleteObject"], f"{bucket}/pr/*"), ("s3:ListBucket", bucket))
    mark, s3 = len(aws.server.account.calls), roles.client(role, "s3")
    for key in ("pr/1/a", "data/a"):
        s3.put_object(Bucket=aws.bucket, Key=key, Body=b"x")
    s3.list_objects_v2(Bucket=aws.bucket)
    report = audit(aws.server.account.calls.since(mark), {role: policies_of(roles.iam, role)}, aws.region)
    assert [(each.action, each.resource) for each in report.refused] == [("s3:PutObject", f"{bucket}/data/a")]
    assert [(each.statement, each.action) for each in report.unused] == [("own/S1", "s3:DeleteObject")]


def test_the_policies_of_roles_are_read_with_those_attached_and_the_boundary(aws, roles):
    def managed(name, action):
        document = {"Version": "2012-10-17", "Statement": [allow("One", action)]}
        return roles.iam.create_policy(PolicyName=f"{aws.name}-{name}", PolicyDocument=json.dumps(document))[
            "Policy"
        ]["Arn"]

    role = roles.make(("s3:*", "*"), PermissionsBoundary=managed("edge", "s3:*"))
    attached = managed("more", "sqs:*")
    roles.iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=attached)
    found = all_policies(roles.iam, "/identity/")[role]
    assert [each.granted for policy in found.identity for each in policy.statements] == [
        ("s3:*",),
        ("sqs:*",),
    ]
    assert found.boundary is not None and found.boundary.name.endswith("-edge")
    assert policies_of(roles.iam, "arn:aws:iam::123456789012:role/nobody") == RolePolicies()


def test_a_pull_requests_role_is_denied_registration(aws, roles, enforced):
    bucket = f"arn:aws:s3:::{aws.bucket}"
    role = roles.make(("s3:PutObject", f"{bucket}/pr/*"), ("sagemaker:Describe*", "*"))
    sagemaker = roles.client(role, "sagemaker")
    with pytest.raises(ClientError) as refused:
        sagemaker.create_model_package(ModelPackageGroupName=aws.group)
    error = refused.value.response["Error"]
    name = role.rpartition("/")[2]
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        f"User: arn:aws:sts::123456789012:assumed-role/{name}/me is not authorized to perform: "
        "sagemaker:CreateModelPackage on resource: "
        f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{aws.group}/* "
        "because no identity-based policy allows the sagemaker:CreateModelPackage action"
    )
    assert sagemaker.describe_model_package_group(ModelPackageGroupName=aws.group)
    s3 = roles.client(role, "s3")
    s3.put_object(Bucket=aws.bucket, Key="pr/1/a", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=aws.bucket, Key="data/a", Body=b"x" * 9_000_000)
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=aws.bucket, Prefix="data/")


def test_a_permission_counts_from_the_moment_it_is_given_and_no_longer_than_that(aws, roles, enforced):
    role = roles.make()
    queues = roles.client(role, "sqs")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        queues.list_queues()
    name = role.rpartition("/")[2]
    document = {"Version": "2012-10-17", "Statement": [allow("Queues", "sqs:ListQueues")]}
    roles.iam.put_role_policy(RoleName=name, PolicyName="queues", PolicyDocument=json.dumps(document))
    assert queues.list_queues()
    roles.iam.delete_role_policy(RoleName=name, PolicyName="queues")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        queues.list_queues()


def test_a_new_version_of_a_managed_policy_counts_for_every_role_that_has_it(aws, roles, enforced):
    def document(action):
        return json.dumps({"Version": "2012-10-17", "Statement": [allow("One", action)]})

    policy = roles.iam.create_policy(
        PolicyName=f"{aws.name}-shared", PolicyDocument=document("sns:ListTopics")
    )["Policy"]["Arn"]
    queues = []
    for role in (roles.make(), roles.make()):
        roles.iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=policy)
        queues.append(roles.client(role, "sqs"))
    for each in queues:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            each.list_queues()
    roles.iam.create_policy_version(
        PolicyArn=policy, PolicyDocument=document("sqs:ListQueues"), SetAsDefault=True
    )
    for each in queues:
        assert each.list_queues()


def test_a_change_of_one_role_leaves_what_is_known_of_the_others(roles):
    read = []
    roles.iam.meta.events.register(
        "before-parameter-build.iam.GetRole", lambda params, **_: read.append(params["RoleName"])
    )
    one, other = roles.make(("s3:*", "*")), roles.make(("sqs:*", "*"))
    names = [each.rpartition("/")[2] for each in (one, other)]
    known = Roles(roles.iam)
    for change, expected in (
        (None, names),
        (names[0], names[:1]),
        ("nobody", []),
    ):
        read.clear()
        if change is not None:
            known.forget(change)
        assert [known.policies(role).identity[0].statements[0].granted for role in (one, other)] == [
            ("s3:*",),
            ("sqs:*",),
        ]
        assert read == expected
    read.clear()
    known.forget()
    known.policies(one), known.policies(other)
    assert read == names


def test_a_query_service_and_a_rest_service_refuse_in_their_own_words(aws, roles, enforced):
    role = roles.make()
    with pytest.raises(ClientError) as refused:
        roles.client(role, "sns").list_topics()
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as refused:
        roles.client(role, "lambda").list_functions()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_who_one_is_needs_no_permission(roles, enforced):
    assert roles.client(roles.make(), "sts").get_caller_identity()
