"""No statement is there for nothing: take any one out of a role, the boundary, the users' policy or a trust, and something changes.

A statement that allows is asked for with requests of its own: each of its actions on each of its resources, under its own
conditions. Without it one of them has to be refused, so no other statement says the same. That the actions are needed is shown
elsewhere: by the calls of a project's whole life (tests/e2e/test_project.py), and for the roles that CloudFormation acts as by
what its handlers call (test_handlers). Denials of roles are taken out in test_mutations; here those of the boundary.
"""

from __future__ import annotations

from itertools import product

import pytest

from local_aws.identity import trust
from local_aws.identity.policies.policy import Policy, Request, RolePolicies, decide

HOST = "token.actions.githubusercontent.com"
SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/x"
BOUNDARY = "arn:aws:iam::123456789012:policy/text-classification-eu-west-1-boundary"
TAG = "aws:ResourceTag/sagemaker:project-name"
WHO = {"aws:PrincipalTag/sagemaker:project-name": "reviews"}
EVERYTHING = Policy.parse(
    "everything", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)

BOUNDARY_ATTACKS = [
    ("kms:Decrypt", KEY, {TAG: "payments"}),
    ("sagemaker:InvokeEndpoint", f"{SM}endpoint/payments-production", {TAG: "payments"}),
    (
        "iam:DeleteRolePermissionsBoundary",
        "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/PipelineRole",
        {},
    ),
    ("iam:CreatePolicyVersion", BOUNDARY, {}),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/x", {}),
]
"""One for each denial of the boundary, by a role that is allowed everything else."""


def listed(stated):
    return stated if isinstance(stated, list) else [stated]


def own_requests(statement):
    """Requests that the statement allows: (action, resource, context)."""
    context = dict(WHO)
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            value = str(listed(values)[0])
            if operator == "Null":
                if value.lower() == "false":
                    context[key] = "reviews"
            else:
                context[key] = filled(value)
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    return [(filled(action), filled(each), context) for action, each in product(actions, resources)]


def filled(pattern):
    """Something that the pattern fits."""
    return pattern.replace("${aws:PrincipalTag/sagemaker:project-name}", "reviews").replace("*", "x")


def allowed(request, policies):
    action, resource, context = request
    return decide(
        Request.make(action, resource, {key: [value] for key, value in context.items()}), policies
    ).allowed


def idle(documents, boundary=None):
    """The statements that allow and that could be taken out without any of their own requests being refused."""
    stated = [
        (name, statement) for name, document in documents.items() for statement in document["Statement"]
    ]

    def role(left):
        return RolePolicies((Policy.parse("role", {"Version": "2012-10-17", "Statement": left}),), boundary)

    found = []
    for name, statement in stated:
        if statement["Effect"] == "Allow":
            whole, rest = role([each for _, each in stated]), role(
                [e for _, e in stated if e is not statement]
            )
            requests = own_requests(statement)
            if not any(allowed(each, whole) and not allowed(each, rest) for each in requests):
                found.append(f"{name}/{statement.get('Sid')}")
    return found


def roles_of(made):
    return made.of_type("AWS::IAM::Role")


def test_every_permission_of_every_role_is_missed_where_it_is_taken_out(project, publication, boundary):
    bounds = Policy.parse("boundary", boundary)
    of_project = {role: idle(project.documents(role), bounds) for role in roles_of(project)}
    assert {role: each for role, each in of_project.items() if each} == {}
    assert {role: idle(publication.documents(role)) for role in roles_of(publication)} == {"LaunchRole": []}


def test_a_permission_that_another_one_covers_would_be_found():
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::a/b/*",
        "Sid": "Narrow",
    }
    wide = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/*", "Sid": "Wide"}
    assert idle({"own": {"Statement": [statement, wide]}}) == ["own/Narrow"]


def test_every_permission_of_the_users_is_missed_where_it_is_taken_out(publication):
    document = publication.properties("UserPolicy")["PolicyDocument"]
    assert idle({"users": document}) == []


USERS_NEED = [
    ("iam:PassRole", "LaunchRole", {"iam:PassedToService": "sagemaker.amazonaws.com"}),
    ("iam:PassRole", "LaunchRole", {"iam:PassedToService": "cloudformation.amazonaws.com"}),
    *((f"s3:{action}", "template", {}) for action in ("GetObject", "GetObjectTagging")),
    *(
        (f"cloudformation:{action}", "stack", {})
        for action in (
            "CreateStack", "UpdateStack", "DeleteStack", "DescribeStacks", "TagResource", "UntagResource",
        )
    ),
]  # fmt: skip
"""What Studio's form needs of its user. Source: the sample templates of SageMaker Projects, Amazon SageMaker AI developer guide."""


def test_the_users_have_what_studios_form_needs_and_no_statement_of_it_can_be_spared(publication):
    document = publication.properties("UserPolicy")["PolicyDocument"]
    places = {
        "LaunchRole": document["Statement"][0]["Resource"],
        "template": "arn:aws:s3:::text-classification-123456789012-eu-west-1/templates/text-classification.yaml",
        "stack": "arn:aws:cloudformation:eu-west-1:123456789012:stack/SP-p-abcdefghijkl/1",
    }
    requests = [(action, places[place], context) for action, place, context in USERS_NEED]

    def refused(statements):
        policies = RolePolicies((Policy.parse("users", {"Version": "2012-10-17", "Statement": statements}),))
        return [action for action, *rest in requests if not allowed((action, *rest), policies)]

    assert refused(document["Statement"]) == []
    for statement in document["Statement"]:
        assert refused([each for each in document["Statement"] if each is not statement]), statement["Sid"]


def bounded(statements):
    return RolePolicies(
        (EVERYTHING,), Policy.parse("boundary", {"Version": "2012-10-17", "Statement": statements})
    )


def test_every_permission_of_the_boundary_is_missed_where_it_is_taken_out(boundary):
    found = []
    for statement in boundary["Statement"]:
        rest = [each for each in boundary["Statement"] if each is not statement]
        if statement["Effect"] == "Allow" and not any(
            allowed(each, bounded(boundary["Statement"])) and not allowed(each, bounded(rest))
            for each in own_requests(statement)
        ):
            found.append(statement["Sid"])
    assert found == []


def boundary_is_passed(statements):
    # A boundary that allows everything else: what is refused is refused by its denials.
    denials = [each for each in statements if each["Effect"] == "Deny"]
    policies = bounded([{"Effect": "Allow", "Action": "*", "Resource": "*"}, *denials])
    return [
        action
        for action, resource, context in BOUNDARY_ATTACKS
        if allowed((action, resource, WHO | context), policies)
    ]


def test_every_denial_of_the_boundary_stops_an_attack_that_succeeds_without_it(boundary):
    assert boundary_is_passed(boundary["Statement"]) == []
    for statement in boundary["Statement"]:
        if statement["Effect"] == "Deny":
            rest = [each for each in boundary["Statement"] if each is not statement]
            assert boundary_is_passed(rest), statement["Sid"]


@pytest.mark.parametrize("bucket", ["TemplateBucketPolicy", "ArtifactBucketPolicy"])
def test_the_buckets_policies_refuse_who_comes_without_tls_and_allow_nobody(project, publication, bucket):
    made = publication if bucket == "TemplateBucketPolicy" else project
    statements = made.properties(bucket)["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    tls_only = next(each for each in statements if each["Sid"] == "OnlyByTls")
    policies = RolePolicies(
        (EVERYTHING, Policy.parse("bucket", {"Version": "2012-10-17", "Statement": statements}))
    )
    for place, tls in product(tls_only["Resource"], ("true", "false")):
        request = ("s3:GetObject", filled(place), {"aws:SecureTransport": tls})
        assert allowed(request, policies) is (tls == "true")
        assert allowed(request, RolePolicies((EVERYTHING,)))


def claims(subject, repository):
    return {
        f"{HOST}:aud": "sts.amazonaws.com",
        f"{HOST}:sub": subject,
        f"{HOST}:repository_id": repository,
        f"{HOST}:ref": "refs/heads/main",
        "aws:SourceAccount": "123456789012",
    }


FORGED = {
    f"{HOST}:aud": "sigstore",
    f"{HOST}:sub": "repo:evil@6/reviews-build@6:ref:refs/heads/main",
    f"{HOST}:repository_id": "666",
    f"{HOST}:ref": "refs/heads/feature",
    "aws:SourceAccount": "999999999999",
}
"""By condition key: what an attacker would have there. Everything else of the token is right."""


def trusting(made, role, document, context):
    properties = made.properties(role)
    [statement] = [each for each in document["Statement"] if "Condition" in each]
    [(kind, names)] = statement["Principal"].items()
    principal = trust.Principal(kind, frozenset(listed(names)))
    values = {key: [value] for key, value in context.items()}
    arn = f"arn:aws:iam::123456789012:role{properties.get('Path', '/')}{role}"
    return trust.decide(Policy.parse("trust", document), principal, statement["Action"], arn, values).trusted


def without(document, operator, key):
    """The trust policy with that condition taken out."""
    return {
        "Statement": [
            each
            | {
                "Condition": {
                    name: {other: value for other, value in keys.items() if (name, other) != (operator, key)}
                    for name, keys in each.get("Condition", {}).items()
                }
            }
            for each in document["Statement"]
        ]
    }


def test_every_condition_of_every_trust_policy_stops_somebody_who_would_be_let_in_without_it(
    project, publication
):
    tried = set()
    for made in (project, publication):
        for role, properties in roles_of(made).items():
            document = properties["AssumeRolePolicyDocument"]
            for statement in document["Statement"]:
                stated = statement.get("Condition", {})
                held = {key: listed(value)[0] for keys in stated.values() for key, value in keys.items()}
                context = claims(held.get(f"{HOST}:sub", ""), held.get(f"{HOST}:repository_id", ""))
                for operator, keys in stated.items():
                    for key in keys:
                        forged = context | {key: FORGED[key]}
                        assert trusting(made, role, document, context), (role, key)
                        assert not trusting(made, role, document, forged), (role, key)
                        assert trusting(made, role, without(document, operator, key), forged), (role, key)
                        tried.add(key)
    assert tried == FORGED.keys()
