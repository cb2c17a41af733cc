"""Templates as data: parameters and what they refuse, differences, versions of a product. And names, and settings."""

import re
from dataclasses import replace

import pytest

from model_build.core.settings import Settings as ProjectSettings
from model_deploy.core.plan import deployment
from project_template.core import names, settings, template
from project_template.core.settings import Form, PublishSettings
from project_template.errors import ParameterError, UsageError
from project_template.stacks.publication_values import AppSignIn, TokenSignIn

TEXT = """
Parameters:
  Owner: {Type: String, AllowedPattern: "^[a-z]+$", ConstraintDescription: lower-case letters, MaxLength: 4}
  Gate: {Type: String, Default: github, AllowedValues: [github, registry]}
  Public: {Type: String, Default: false, AllowedValues: [true, false]}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Owner}-topic", Tags: [{Key: a, Value: !GetAtt Queue.Arn}]}}
  Queue: {Type: AWS::SQS::Queue}
"""
SECRET = TokenSignIn("arn:aws:secretsmanager:eu-west-1:123456789012:secret:github")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Owner is missing"),
        ({"Owner": "A"}, "Owner is 'A'; lower-case letters"),
        ({"Owner": "abcde"}, "Owner has 5 characters"),
        ({"Owner": "a", "Gate": "door"}, "Gate is 'door'; it takes github, registry"),
        ({"Owner": "a", "Colour": "red"}, "Colour is not a parameter"),
    ],
)
def test_a_value_is_refused_by_name_with_what_is_allowed(given, said):
    with pytest.raises(ParameterError) as refused:
        template.check(template.parse(TEXT), given, "team")
    assert said in refused.value.message
    assert "parameters are: Gate, Owner, Public" in refused.value.message


def test_defaults_are_read_as_cloudformation_reads_them():
    known = template.parameters(template.parse(TEXT))
    template.check(template.parse(TEXT), {"Owner": "abc"}, "team")
    assert known["Public"].default == "false"


RULE = """
Rules:
  Gated:
    RuleCondition: !Equals [!Ref Gate, github]
    Assertions:
      - Assert: !And [!Not [!Equals [!Ref Owner, x]], !Or [!Equals [!Ref Owner, a], !Equals [!Ref Owner, b]]]
        AssertDescription: Only a and b have a gate.
"""


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({"Owner": "a"}, False),
        ({"Owner": "c"}, True),
        ({"Owner": "x"}, True),
        ({"Owner": "c", "Gate": "registry"}, False),
    ],
)
def test_values_have_to_go_together_as_the_templates_rules_say(given, broken):
    ruled = template.parse(TEXT + RULE)
    if not broken:
        template.check(ruled, given, "team")
        return
    with pytest.raises(ParameterError, match=r"^Only a and b have a gate\. The template's parameters are"):
        template.check(ruled, given, "team")


def test_a_rule_with_another_function_is_left_to_cloudformation():
    other = RULE.replace("!Equals [!Ref Owner, x]", "!Contains [[x], !Ref Owner]")
    template.check(template.parse(TEXT + other), {"Owner": "c"}, "team")


def test_short_forms_of_functions_are_read_as_their_long_ones():
    topic = template.parse(TEXT)["Resources"]["Topic"]["Properties"]
    assert topic["TopicName"] == {"Fn::Sub": "${Owner}-topic"}
    assert topic["Tags"][0]["Value"] == {"Fn::GetAtt": "Queue.Arn"}


def test_what_two_templates_differ_in_is_said_by_resource():
    after = TEXT.replace("-topic", "-news").replace("Queue: {", "Bell: {")
    assert template.changes(TEXT, after) == [
        "Add     Bell AWS::SQS::Queue",
        "Modify  Topic AWS::SNS::Topic",
        "Remove  Queue AWS::SQS::Queue",
    ]
    assert template.changes(None, TEXT)[0].startswith("Add")
    assert template.same(TEXT, "# a comment\n" + TEXT)
    assert not template.same(TEXT, None)


def test_everything_named_after_a_project_of_32_characters_fits_with_the_longest_stage_and_recipe():
    project = "p" * names.LONGEST_PROJECT
    names.check_project(project)
    recipe, stage = "r" * names.LONGEST_RECIPE, "s" * names.LONGEST_STAGE
    assert [each for each in names.derived(project, [recipe], [stage]) if not each.fits] == []
    assert not all(each.fits for each in names.derived(project + "p" * 20, [recipe], [stage]))


def test_names_are_those_that_the_poured_commands_give():
    found = {each.what: each.name for each in names.derived("team", ["reviews"], ["staging"])}
    assert found["endpoint"] == deployment.endpoint_name("team", "staging")
    assert found["endpoint's stack"] == deployment.stack_name("team", "staging")
    arn = "arn:aws:iam::123456789012:role/r"
    project = ProjectSettings("team", "p-1", "bucket", "team-models", arn, "eu-west-1")
    assert found["pipeline"] == project.pipeline_name("reviews")
    pull_request = replace(project, pull_request=names.LARGEST_PULL_REQUEST)
    assert found["pull request's pipeline"] == pull_request.pipeline_name("reviews")


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "a" * 33, "a b"])
def test_names_that_sagemaker_refuses_are_refused(name):
    with pytest.raises(UsageError):
        names.check_project(name)


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"name": "x" * 33}, "--name"),
        ({"bucket": "Not_A_Bucket"}, "--bucket"),
        ({"version": "one two"}, "--version"),
        ({"domains": ("somewhere",)}, "--domain"),
        ({"principals": ("ada",)}, "--principal"),
        ({"oidc_provider_arn": "arn:aws:iam::1:role/x"}, "--oidc-provider"),
        ({"github_api_url": "http://github.example.com"}, "--github-url"),
        ({"sign_in": TokenSignIn("github_pat_1")}, "--token-secret"),
        ({"sign_in": AppSignIn("seventeen", "arn:aws:kms:eu-west-1:123456789012:key/a")}, "--app-id"),
        ({"sign_in": AppSignIn("17", "a.pem")}, "--app-key"),
    ],
)
def test_options_that_cannot_be_meant_are_named(changes, option):
    with pytest.raises(UsageError, match=re.escape(option)):
        PublishSettings(**({"sign_in": SECRET} | changes))


@pytest.mark.parametrize(
    "given", [("", "", ""), ("arn", "17", "key"), ("", "17", ""), ("", "", "key"), ("arn", "", "key")]
)
def test_there_is_exactly_one_way_to_sign_in(given):
    with pytest.raises(UsageError):
        settings.sign_in(*given)


def test_the_issuer_follows_from_the_api():
    assert settings.issuer_of("https://api.github.com") == "https://token.actions.githubusercontent.com"
    assert settings.issuer_of("https://ghe.example.com/api/v3/") == "https://ghe.example.com/_services/token"
    assert settings.issuer_of("https://api.acme.ghe.com") == "https://token.actions.acme.ghe.com"
    with pytest.raises(UsageError, match="--issuer"):
        settings.issuer_of("https://git.example.com")


def test_a_form_says_what_it_publishes():
    assert (Form.BOTH.in_s3, Form.BOTH.in_catalog) == (True, True)
    assert (Form.S3.in_catalog, Form.SERVICE_CATALOG.in_s3) == (False, False)
