"""The most that a project's role may be given, and by whom it stays that way."""

import json

import pytest

from local_aws.identity.policies.conditions import like
from local_aws.identity.policies.policy import Policy, Request, RolePolicies, decide

ROLE = "arn:aws:iam::123456789012:role/"
SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
WHO = {"aws:PrincipalTag/sagemaker:project-name": "reviews"}
THEIRS = {"aws:ResourceTag/sagemaker:project-name": "payments"}
OURS = {"aws:ResourceTag/sagemaker:project-name": "reviews"}


@pytest.fixture
def bounded(boundary):
    """Whether a role of the project that may do everything may do it under the boundary."""
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policies = RolePolicies((Policy.parse("everything", everything),), Policy.parse("boundary", boundary))

    def may(action, resource, context=None):
        values = {key: [value] for key, value in (WHO | (context or {})).items()}
        return decide(Request.make(action, resource, values), policies).allowed

    return may


def actions_of(documents):
    for document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                action = statement["Action"]
                yield from [action] if isinstance(action, str) else action


def granted(project):
    return {
        action
        for role in project.of_type("AWS::IAM::Role")
        for action in actions_of(project.documents(role).values())
    }


def test_it_leaves_the_projects_roles_what_they_have(project, boundary):
    allowed = set(actions_of([boundary]))
    lost = {
        action
        for action in granted(project)
        if not any(like(action, pattern, ignore_case=True) for pattern in allowed)
    }
    assert lost == set()


def test_it_holds_nothing_that_no_role_has(project, boundary):
    used = granted(project) | {"kms:Sign"}  # of publications that sign in as an App
    idle = {
        pattern
        for pattern in actions_of([boundary])
        if not any(like(action, pattern, ignore_case=True) for action in used)
    }
    assert idle == set()


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/x"),
        ("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/x"),
        (
            "iam:CreatePolicyVersion",
            "arn:aws:iam::123456789012:policy/text-classification-eu-west-1-boundary",
        ),
        ("iam:PutRolePolicy", f"{ROLE}admin"),
        ("iam:PutRolePolicy", f"{ROLE}sagemaker-projects/reviews/ProductionRole"),
        ("iam:PutRolePolicy", f"{ROLE}sagemaker-projects/payments/endpoints/x"),
        ("iam:UpdateAssumeRolePolicy", f"{ROLE}sagemaker-projects/payments/endpoints/x"),
        ("iam:DeleteRolePermissionsBoundary", f"{ROLE}sagemaker-projects/reviews/endpoints/x"),
        ("iam:CreateRole", f"{ROLE}sagemaker-projects/reviews/endpoints/x"),  # without the boundary
        ("iam:PassRole", f"{ROLE}admin"),
        ("sts:AssumeRole", f"{ROLE}admin"),
        ("ec2:RunInstances", "*"),
        ("organizations:LeaveOrganization", "*"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::x"),
        ("kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-1:123456789012:key/x"),
    ],
)
def test_a_role_that_is_given_everything_cannot(bounded, action, resource):
    context = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    assert not bounded(action, resource, context)


def test_roles_for_endpoints_can_be_made_with_the_boundary(bounded, publications):
    arn = publications.settings.boundary_arn("123456789012")
    own = f"{ROLE}sagemaker-projects/reviews/endpoints/x"
    assert bounded("iam:CreateRole", own, {"iam:PermissionsBoundary": arn})
    assert not bounded("iam:CreateRole", own, {"iam:PermissionsBoundary": arn.replace("boundary", "other")})


def test_another_projects_data_and_models_stay_its_own(bounded):
    key = "arn:aws:kms:eu-west-1:123456789012:key/x"
    assert bounded("kms:Decrypt", key, OURS)
    assert not bounded("kms:Decrypt", key, THEIRS)
    for action, resource in (
        ("sagemaker:StartPipelineExecution", f"{SM}pipeline/x"),
        ("sagemaker:DeleteEndpoint", f"{SM}endpoint/x"),
        ("sagemaker:InvokeEndpoint", f"{SM}endpoint/x"),
    ):
        assert bounded(action, resource, OURS), action
        assert not bounded(action, resource, THEIRS), action


def test_it_fits_into_a_managed_policy(boundary):
    assert len(json.dumps(boundary, separators=(",", ":"))) < 6144 * 0.9
