"""Templates as data: parameters and what they refuse, differences, versions of a product. And names, and settings."""

import re

import pytest

from project_template import names, settings, template
from project_template.errors import ParameterError, UsageError
from project_template.settings import Form, PublishSettings
from project_template.stacks.published import AppSignIn, TokenSignIn

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
        ({"Owner": "a", "Colour": "red"}, "Colour is no parameter"),
    ],
)
def test_a_value_is_refused_by_name_with_what_is_allowed(given, said):
    with pytest.raises(ParameterError) as refused:
        template.check(template.parameters(template.parse(TEXT)), given, "team")
    assert said in refused.value.message
    assert "parameters are: Gate, Owner, Public" in refused.value.message


def test_defaults_are_read_as_cloudformation_reads_them():
    known = template.parameters(template.parse(TEXT))
    template.check(known, {"Owner": "abc"}, "team")
    assert known["Public"].default == "false"


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
