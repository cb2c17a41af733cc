"""CloudFormation templates of any nesting of intrinsic functions are resolved, or refused in CloudFormation's error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.cloudformation.templates import markup
from local_aws.cloudformation.templates.definition import define, pseudo_parameters
from local_aws.cloudformation.templates.parameters import chosen
from local_aws.cloudformation.templates.template import parse
from local_aws.kernel.wire import ServiceError
from tests.properties.budget import SCALARS, budget, documents

PSEUDO = pseudo_parameters("eu-west-1", "arn:stack", "demo", ["arn:topic"])
ATTRIBUTES = {"R": {"Ref": "r-1", "Arn": "arn:r", "Nested.Arn": "arn:nested"}}
FUNCTIONS = [
    *("Ref", "Condition", "Fn::GetAtt", "Fn::If", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Base64"),
    *("Fn::FindInMap", "Fn::GetAZs", "Fn::ImportValue", "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals"),
    *("Fn::Cidr", "Fn::Nothing", "Key"),
]  # fmt: skip
NAMES = [
    "R",
    "T",
    "Name",
    "Is",
    "Sizes",
    "demo",
    "AWS::Region",
    "AWS::NoValue",
    "R.Arn",
    "Arn",
    "",
    "${R}",
    "${",
    "${R.Arn}",
    "${!R}",
    ",",
    "0",
    "-1",
]
NODES = st.recursive(
    st.sampled_from(NAMES) | SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(lambda name, value: {name: value}, st.sampled_from(FUNCTIONS), inner)
        | st.dictionaries(st.sampled_from([*FUNCTIONS, "A"]), inner, max_size=2)
    ),
    max_leaves=6,
)


def settled(template):
    """The resources with their references resolved. Raises ServiceError."""
    read = parse(json.dumps(template))
    given = [{"ParameterKey": "Name", "ParameterValue": "demo"}] if "Name" in read.parameters else []
    definition = define(read, chosen(read.parameters, given, {}), {}, PSEUDO)
    attributes = dict.fromkeys(definition.resources, ATTRIBUTES["R"])
    return {
        name: definition.settle(dict(each.properties), attributes)
        for name, each in definition.resources.items()
    }


def functions_in(node):
    """The names of the intrinsic functions that stand in a value."""
    if isinstance(node, dict):
        own = {key for key in node if len(node) == 1 and (key == "Ref" or key.startswith("Fn::"))}
        return own.union(*map(functions_in, node.values()))
    return set().union(*map(functions_in, node)) if isinstance(node, list) else set()


@budget(100)
@given(value=NODES, condition=NODES, output=NODES, metadata=NODES)
def test_a_template_is_resolved_or_refused(value, condition, output, metadata):
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Mappings": {"Sizes": {"demo": {"gb": 4, "Arn": [1]}}},
        "Conditions": {"Is": {"Fn::Equals": [{"Ref": "Name"}, "demo"]}, "Other": condition},
        "Resources": {
            "R": {"Type": "X"},
            "T": {"Type": "X", "Properties": {"P": value}, "Metadata": metadata, "Condition": "Is"},
        },
        "Outputs": {"O": {"Value": output}},
    }
    try:
        settled(template)
    except ServiceError as refused:
        assert (refused.code, refused.status) == ("ValidationError", 400)


@budget(100)
@given(value=NODES)
def test_what_is_resolved_holds_no_function_any_more(value):
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"R": {"Type": "X"}, "T": {"Type": "X", "Properties": {"P": value}}},
    }
    try:
        found = settled(template)
    except ServiceError:
        return
    assert functions_in(found["T"].get("P")) == set()


@budget(100)
@given(
    section=st.sampled_from(["Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs", "Metadata", "Transform", "Other"]),
    content=documents(keys=st.sampled_from(["A", "Type", "Properties", "DependsOn", "Value", "Default", "Condition", "Assertions", "Export", "DeletionPolicy"])),
)  # fmt: skip
def test_a_section_of_any_content_is_read_or_refused(section, content):
    template = {"Resources": {"R": {"Type": "X"}}} | {section: content}
    try:
        settled(template)
    except ServiceError as refused:
        assert (refused.code, refused.status) == ("ValidationError", 400)


@budget(100)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(["Resources: ", "{", "}", "[", "]", "&a ", "*a", "!Ref ", "!Sub ", "!GetAtt ", "!X ", "!!int ", "? ", ": ", "\n ", "- ", "'", "a"]), max_size=15).map("".join))  # fmt: skip
def test_markup_of_any_text_is_an_object_or_refused(text):
    try:
        assert isinstance(markup.read(text), dict)
    except ServiceError as refused:
        assert refused.code == "ValidationError"


def test_the_functions_that_are_looked_for_would_be_seen():
    assert functions_in({"a": [{"Fn::Sub": {"Ref": "x"}}]}) == {"Fn::Sub", "Ref"}
    with pytest.raises(ServiceError):
        settled({"Resources": {"T": {"Type": "X", "Properties": {"P": {"Fn::Nothing": []}}}}})
