"""What policies decide."""

import json

import pytest

from local_aws.identity.policies.policy import Policy, PolicyError, Request, RolePolicies, Verdict, decide

BUCKET = "arn:aws:s3:::shop"


def policy(*statements, name="P"):
    return Policy.parse(name, {"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


def verdict(request, *statements, boundary=None):
    return decide(request, RolePolicies((policy(*statements),), boundary)).verdict


def test_what_nobody_allows_is_denied():
    decision = decide(Request("s3:GetObject", f"{BUCKET}/a"), RolePolicies((policy(allow("s3:PutObject")),)))
    assert decision.verdict is Verdict.NOT_ALLOWED and not decision.allowed
    assert decision.words == "because no identity-based policy allows the s3:GetObject action"


def test_actions_match_in_any_case_and_by_wildcards_resources_in_their_own():
    request = Request("s3:GetObject", f"{BUCKET}/a")
    assert verdict(request, allow("S3:get*", f"{BUCKET}/?")) is Verdict.ALLOWED
    assert verdict(request, allow("s3:Get*", f"{BUCKET}/A")) is Verdict.NOT_ALLOWED
    assert verdict(request, allow(["s3:Put*", "s3:GetObject"], [BUCKET, f"{BUCKET}/*"])) is Verdict.ALLOWED


def test_an_explicit_deny_wins_and_says_which_statement_it_is():
    policies = RolePolicies(
        (policy(allow("*")), policy(deny("s3:Delete*", Sid="KeepData"), name="guard")),
    )
    decision = decide(Request("s3:DeleteObject", f"{BUCKET}/a"), policies)
    assert decision.verdict is Verdict.DENIED
    assert decision.reason == "with an explicit deny in an identity-based policy (guard/KeepData)"


def test_a_boundary_has_to_allow_as_well():
    boundary = policy(allow("s3:*"), deny("s3:DeleteBucket"), name="boundary")
    assert verdict(Request("s3:GetObject"), allow("*"), boundary=boundary) is Verdict.ALLOWED
    assert (
        verdict(Request("sqs:SendMessage"), allow("*"), boundary=boundary) is Verdict.NOT_ALLOWED_BY_BOUNDARY
    )
    assert verdict(Request("s3:DeleteBucket"), allow("*"), boundary=boundary) is Verdict.DENIED_BY_BOUNDARY
    assert verdict(Request("s3:GetObject"), allow("sqs:*"), boundary=boundary) is Verdict.NOT_ALLOWED


def test_not_action_and_not_resource_turn_things_round():
    not_iam = {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}
    assert verdict(Request("s3:GetObject"), not_iam) is Verdict.ALLOWED
    assert verdict(Request("iam:GetRole"), not_iam) is Verdict.NOT_ALLOWED
    elsewhere = {"Effect": "Deny", "Action": "s3:*", "NotResource": [BUCKET, f"{BUCKET}/*"]}
    assert verdict(Request("s3:GetObject", f"{BUCKET}/a"), allow("*"), elsewhere) is Verdict.ALLOWED
    assert verdict(Request("s3:GetObject", "arn:aws:s3:::other/a"), allow("*"), elsewhere) is Verdict.DENIED


def test_every_condition_of_a_statement_has_to_hold():
    statement = allow(
        "iam:PassRole",
        Condition={
            "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"},
            "StringLike": {"aws:ResourceTag/stage": ["prod", "stag*"]},
        },
    )
    passed = {"iam:PassedToService": ("sagemaker.amazonaws.com",), "aws:ResourceTag/stage": ("staging",)}
    assert verdict(Request.make("iam:PassRole", "arn", passed), statement) is Verdict.ALLOWED
    passed["iam:PassedToService"] = ("lambda.amazonaws.com",)
    assert verdict(Request.make("iam:PassRole", "arn", passed), statement) is Verdict.NOT_ALLOWED


def test_a_variable_in_a_resource_is_the_callers_own():
    home = allow("s3:GetObject", BUCKET + "/${aws:PrincipalTag/team}/*")
    context = {"aws:PrincipalTag/team": ("blue",)}
    assert verdict(Request.make("s3:GetObject", f"{BUCKET}/blue/a", context), home) is Verdict.ALLOWED
    assert verdict(Request.make("s3:GetObject", f"{BUCKET}/red/a", context), home) is Verdict.NOT_ALLOWED
    assert verdict(Request("s3:GetObject", f"{BUCKET}//a"), home) is Verdict.NOT_ALLOWED


def test_an_action_without_resources_needs_a_statement_for_all():
    assert verdict(Request("sagemaker:ListModels"), allow("sagemaker:*", "arn:aws:*")) is Verdict.NOT_ALLOWED
    assert verdict(Request("sagemaker:ListModels"), allow("sagemaker:List*")) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ({"Effect": "allow", "Action": "*", "Resource": "*"}, "P/1: Effect is 'allow'"),
        ({"Effect": "Allow", "Resource": "*"}, "exactly one of Action and NotAction"),
        (allow("*", Condition={"StringIs": {"a": "b"}}), "'StringIs' is unknown"),
        ({**allow("*"), "Principal": "me"}, "Principal is 'me'"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_by_name(statement, says):
    with pytest.raises(PolicyError, match=says):
        policy(statement)


def test_a_document_may_be_text_and_have_a_single_statement():
    read = Policy.parse("P", json.dumps({"Statement": allow("s3:*", Sid="All")}))
    assert [each.name for each in read.statements] == ["P/All"]
    with pytest.raises(PolicyError, match="P: no JSON"):
        Policy.parse("P", "{")


@pytest.mark.parametrize(("version", "applies"), [("2012-10-17", True), ("2008-10-17", False), (None, False)])
def test_a_policy_of_the_older_version_has_no_variables(version, applies):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}
    stated = {"Statement": statement} | ({"Version": version} if version else {})
    (parsed,) = Policy.parse("p", stated).statements
    for name, expected in (("blue", applies), ("${aws:PrincipalTag/team}", not applies)):
        request = Request.make(
            "s3:GetObject", f"arn:aws:s3:::b/{name}/k", {"aws:PrincipalTag/team": ["blue"]}
        )
        assert parsed.applies(request) is expected
