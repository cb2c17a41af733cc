"""Rules: what parameters have to be together, refused before anything is made or changed."""

import json

import pytest
from botocore.exceptions import ClientError

RULES = {
    "Reviewed": {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Gate"}, "people"]},
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Reviewers"}, ""]}]},
                "AssertDescription": "Name somebody.",
            }
        ],
    }
}


@pytest.fixture
def ruled(things):
    parameters = {"Gate": {"Type": "String"}, "Reviewers": {"Type": "String", "Default": ""}}
    return things(A={"Text": {"Ref": "Gate"}}) | {"Parameters": parameters, "Rules": RULES}


def given(**values):
    return {"Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]}


def test_values_that_do_not_go_together_are_refused_with_the_rules_own_words(stacks, ruled):
    with pytest.raises(ClientError, match=r"Rule Reviewed is not satisfied: Name somebody\."):
        stacks.client.create_stack(
            StackName=stacks.named("ruled"), TemplateBody=json.dumps(ruled), **given(Gate="people")
        )
    with pytest.raises(ClientError, match="does not exist"):
        stacks.describe("ruled")


def test_a_rule_counts_only_where_its_condition_holds(stacks, ruled):
    assert stacks.create("free", ruled, **given(Gate="none"))["StackStatus"] == "CREATE_COMPLETE"
    assert (
        stacks.create("held", ruled, **given(Gate="people", Reviewers="ada"))["StackStatus"]
        == "CREATE_COMPLETE"
    )


def test_an_update_is_refused_too_and_the_stack_stays_as_it_is(stacks, ruled):
    stacks.create("kept", ruled, **given(Gate="none"))
    with pytest.raises(ClientError, match="Name somebody"):
        stacks.client.update_stack(
            StackName=stacks.named("kept"), TemplateBody=json.dumps(ruled), **given(Gate="people")
        )
    assert stacks.describe("kept")["StackStatus"] == "CREATE_COMPLETE"


def test_a_rule_asks_for_parameters_alone(stacks, ruled):
    ruled["Rules"] = {"R": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "A"}, ""]}}]}}
    with pytest.raises(ClientError, match=r"Unresolved dependencies \[A\].*in the Rules block"):
        stacks.client.validate_template(TemplateBody=json.dumps(ruled))
