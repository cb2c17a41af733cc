"""Every denial of every role is there for something: take one out, and an attack succeeds.

What is allowed is held against needs elsewhere: of the roles that CloudFormation acts as in test_handlers, of the others
against the calls of a project's whole life in tests/e2e. An attack is made with a role that is allowed everything else.
"""

import pytest

from local_aws.identity.policies.policy import Policy, Request, RolePolicies, decide

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
PACKAGE = f"{SM}model-package/reviews-models/1"
ENDPOINT = f"{SM}endpoint/reviews-production"
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/reviews-production-endpoint/1"
BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"
TAG = "sagemaker:project-name"
OURS = {f"aws:ResourceTag/{TAG}": "reviews"}
THEIRS = {f"aws:ResourceTag/{TAG}": "payments"}

_ANOTHERS = (
    "sagemaker:StopPipelineExecution",
    f"{SM}pipeline/reviews-pr-clothing-reviews/execution/1",
    THEIRS,
)
"""Of a project that is called reviews-pr: its pipelines' names begin like those of this project's pull requests."""
_REGISTERS = ("sagemaker:CreateModelPackage", PACKAGE, OURS)
_APPROVES = ("sagemaker:UpdateModelPackage", PACKAGE, OURS | {"sagemaker:ModelApprovalStatus": "Approved"})
_SERVES = ("sagemaker:UpdateEndpoint", ENDPOINT, OURS)
_DEPLOYS = ("cloudformation:ExecuteChangeSet", STACK, OURS)
_ASKS: tuple[str, str, dict[str, str]] = (
    "execute-api:Invoke",
    "arn:aws:execute-api:eu-west-1:123456789012:x/reviews-production/POST/classify",
    {},
)
_WRITES: tuple[str, str, dict[str, str]] = ("s3:PutObject", f"{BUCKET}/code/build/x", {})
_STARTS_ENDPOINT = ("sagemaker:CreateEndpoint", ENDPOINT, {f"aws:RequestTag/{TAG}": "reviews"})
_PULL_REQUEST = [_ANOTHERS, _REGISTERS, _SERVES, _DEPLOYS, _ASKS, _WRITES]
_STAGE = [
    ("sagemaker:DeleteEndpoint", f"{SM}endpoint/reviews-production", THEIRS),
    _APPROVES,
    (
        "sagemaker:UpdateModelPackage",
        PACKAGE,
        OURS | {"sagemaker:ModelLifeCycle:StageStatus": "Approved"},
    ),
    ("sagemaker:StartPipelineExecution", f"{SM}pipeline/reviews-clothing-reviews", OURS),
    _REGISTERS,
]

ATTACKS = {
    "PipelineRole": [_ANOTHERS, _APPROVES, _SERVES],
    "PullRequestRole": _PULL_REQUEST,
    "BuildPrRole": _PULL_REQUEST,
    "BuildRunRole": [_ANOTHERS, _REGISTERS, _SERVES, _DEPLOYS, _ASKS],
    "EndpointRole": [_ANOTHERS],
    "TrialRole": [_ANOTHERS, _REGISTERS, _STARTS_ENDPOINT],
    "PullRequestTrialRole": [_ANOTHERS, _REGISTERS, _STARTS_ENDPOINT],
    "StagingRole": _STAGE,
    "ProductionRole": _STAGE,
    "DeployServiceRole": [
        (
            "iam:TagRole",
            "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/endpoints/x",
            {f"aws:RequestTag/{TAG}": "payments"},
        ),
        ("apigateway:DELETE", "arn:aws:apigateway:eu-west-1::/apis/abc", THEIRS),
        (
            "apigateway:POST",
            "arn:aws:apigateway:eu-west-1::/apis/abc/routes",
            {"apigateway:Request/RouteAuthorizationType": "NONE"},
        ),
    ],
}
"""By role: what it must not be able to do, whatever it is allowed: action, resource, condition keys."""

EVERYTHING = Policy.parse(
    "everything", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def statements(made, role, effect):
    return [
        each
        for document in made.documents(role).values()
        for each in document["Statement"]
        if each["Effect"] == effect
    ]


def succeeded(denials, attacks):
    """The attacks that a role gets through with which is allowed everything but what `denials` say."""
    policies = RolePolicies(
        (EVERYTHING, Policy.parse("denials", {"Version": "2012-10-17", "Statement": list(denials)}))
    )
    return [
        action
        for action, resource, context in attacks
        if decide(
            Request.make(action, resource, {key: [value] for key, value in context.items()}), policies
        ).allowed
    ]


def roles_with_denials(project):
    return {role for role in project.of_type("AWS::IAM::Role") if statements(project, role, "Deny")}


def test_every_role_that_is_denied_something_is_attacked(project):
    assert roles_with_denials(project) == ATTACKS.keys()


@pytest.mark.parametrize("role", ATTACKS)
def test_no_attack_succeeds_whatever_else_the_role_is_allowed(project, role):
    assert succeeded(statements(project, role, "Deny"), ATTACKS[role]) == []


@pytest.mark.parametrize("role", ATTACKS)
def test_without_any_one_denial_an_attack_succeeds(project, role):
    denials = statements(project, role, "Deny")
    idle = [
        each["Sid"]
        for each in denials
        if not succeeded([other for other in denials if other is not each], ATTACKS[role])
    ]
    assert idle == []
