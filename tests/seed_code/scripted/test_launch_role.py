"""The launch role in doctor's eyes: what its policies allow, who may take it on, and what others deny it."""

import json
from typing import Any

import pytest

from project_template.doctor import launch_role
from project_template.doctor.finding import Level

ROLE = "arn:aws:iam::123456789012:role/launch"


def policies(*statements, boundary=None, trusted=()):
    return launch_role.Role(ROLE, frozenset(trusted), ({"Statement": list(statements)},), boundary)


def statement(effect, action, resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


ALLOW = statement("Allow", ["sqs:*", "iam:Get*"])
COVERED: list[Any] = [
    ([ALLOW], None, "sqs:CreateQueue", True),
    ([ALLOW], None, "SQS:createqueue", True),
    ([ALLOW], None, "iam:GetRole", True),
    ([ALLOW], None, "iam:PutRolePolicy", False),
    ([ALLOW], None, "sqs:Get*", True),
    ([], None, "sqs:CreateQueue", False),
    ([statement("Allow", "sqs:CreateQueue", "arn:aws:sqs:*:*:x")], None, "sqs:CreateQueue", True),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], None, "sqs:CreateQueue", True),
    ([{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}], None, "iam:GetRole", False),
    ([ALLOW, statement("Deny", "sqs:Create*")], None, "sqs:CreateQueue", False),
    ([ALLOW, statement("Deny", "*")], None, "sqs:CreateQueue", False),
    ([ALLOW, statement("Deny", "sqs:Create*", ["*"])], None, "sqs:CreateQueue", False),
    ([ALLOW, statement("Deny", "sqs:Create*", "arn:aws:sqs:*:*:theirs")], None, "sqs:CreateQueue", True),
    ([ALLOW, statement("Deny", "sqs:*", Condition={"Bool": {"aws:SecureTransport": "false"}})], None, "sqs:CreateQueue", True),
    ([ALLOW], {"Statement": [statement("Allow", "sqs:Create*")]}, "sqs:CreateQueue", True),
    ([ALLOW], {"Statement": statement("Allow", "sqs:Create*")}, "sqs:DeleteQueue", False),
    ([ALLOW], {"Statement": []}, "sqs:CreateQueue", False),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "boundary", "action", "allowed"), COVERED)
def test_an_action_is_allowed_where_a_policy_allows_it_and_nothing_takes_it_away(
    stated, boundary, action, allowed
):
    assert launch_role.allows(policies(*stated, boundary=boundary), action) is allowed


@pytest.mark.parametrize(
    "trusted", [(), ("servicecatalog.amazonaws.com",), ("arn:aws:iam::123456789012:role/x", "a")]
)
def test_a_launch_role_that_cloudformation_may_not_take_on_says_whom_it_trusts(trusted):
    finding = launch_role.trust(policies(trusted=trusted))
    assert str(finding.level) == "FAIL"
    assert (
        f"trusts {', '.join(sorted(trusted)) or 'nobody'}, and not cloudformation.amazonaws.com"
        in finding.found
    )
    assert launch_role.trust(policies(trusted=("cloudformation.amazonaws.com", *trusted))).level is Level.OK


def test_the_role_is_read_with_inline_and_attached_policies_on_every_page_and_its_boundary(
    aws, script, stated
):
    document = json.dumps({"Statement": [ALLOW]})
    trust = {"Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["cloudformation.amazonaws.com", "b"], "AWS": "c"}},
        {"Effect": "Allow", "Principal": "*"}, {"Effect": "Deny", "Principal": {"AWS": "d"}}]}  # fmt: skip
    boundary = {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/b",
    }
    script.on("GetRole", {"Role": {"Path": "/", "RoleName": "launch", "RoleId": "AROA0123456789012345", "Arn": ROLE, "CreateDate": stated.now,
                                   "AssumeRolePolicyDocument": json.dumps(trust), "PermissionsBoundary": boundary}})  # fmt: skip
    script.on(
        "ListRolePolicies",
        {"PolicyNames": ["a"], "IsTruncated": True, "Marker": "m"},
        {"PolicyNames": ["b"], "IsTruncated": False},
    )
    attached = [{"PolicyName": "x", "PolicyArn": "arn:aws:iam::123456789012:policy/x"}]
    script.on("ListAttachedRolePolicies", {"AttachedPolicies": attached, "IsTruncated": False})
    script.on(
        "GetRolePolicy",
        lambda asked: {"RoleName": "launch", "PolicyName": asked["PolicyName"], "PolicyDocument": document},
    )
    script.on("GetPolicy", {"Policy": {"DefaultVersionId": "v7"}})
    script.on(
        "GetPolicyVersion",
        lambda asked: {"PolicyVersion": {"Document": document, "VersionId": asked["VersionId"]}},
    )
    role = launch_role.read(aws, ROLE)
    assert (len(role.policies), role.boundary) == (3, {"Statement": [ALLOW]})
    assert role.trusted == {"cloudformation.amazonaws.com", "b", "c"}
    assert {each["VersionId"] for each in script.asked("GetPolicyVersion")} == {"v7"}


def test_a_role_that_is_gone_is_none_and_one_that_is_denied_an_error(aws, script, stated):
    script.on("GetRole", stated.refusal("NoSuchEntity", status=404))
    assert launch_role.read(aws, ROLE) is None
    script.on("GetRole", stated.refusal("AccessDenied", status=403))
    with pytest.raises(aws.iam.exceptions.ClientError):
        launch_role.read(aws, ROLE)


def result(action, decision="allowed", organisation=True):
    return {
        "EvalActionName": action,
        "EvalDecision": decision,
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": organisation},
    }


@pytest.mark.parametrize(
    ("results", "level", "said"),
    [
        ([result("a:B")], "OK", "no other policy takes anything away"),
        ([result("a:B", "implicitDeny")], "OK", "no other policy takes anything away"),
        (
            [result("a:B", "explicitDeny"), result("a:A", organisation=False)],
            "FAIL",
            "another policy than its own: a:A, a:B",
        ),
    ],
)
def test_what_others_deny_is_asked_of_the_simulator_a_hundred_at_a_time(aws, script, results, level, said):
    script.on("SimulatePrincipalPolicy", {"EvaluationResults": results}, {"EvaluationResults": []})
    finding = launch_role.simulated(
        aws, policies(), [f"a:{number}" for number in range(101)] + ["a:1", "a:*"]
    )
    assert (
        str(finding.level),
        [len(each["ActionNames"]) for each in script.asked("SimulatePrincipalPolicy")],
    ) == (level, [100, 1])
    assert said in finding.found
