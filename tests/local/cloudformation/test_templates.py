"""Templates: JSON and YAML, what is wrong with them, and what is told about them."""

import json
import textwrap

import pytest
from botocore.exceptions import ClientError

YAML = """
    AWSTemplateFormatVersion: 2010-09-09
    Description: in short forms
    Parameters:
      Name: {Type: String, Default: demo}
      Secret: {Type: String, Default: s3cret, NoEcho: true}
    Conditions:
      IsDemo: !Equals [!Ref Name, demo]
      IsOther: !Not [!Condition IsDemo]
    Resources:
      A:
        Type: Test::Thing
        Properties:
          Policy: {Version: 2012-10-17}
          Size: !If [IsDemo, 1, 2]
      B:
        Type: Test::Thing
        Properties:
          Of: !Sub "${A.Serial}/${Name}/${!Literal}"
          Zone: !Select [0, !GetAZs ""]
          Text: !Base64 hello
          Parts: !Split [",", "a,b"]
          Serial: !GetAtt A.Serial
          None: !If [IsOther, x, !Ref AWS::NoValue]
      C: {Type: Test::Thing, Condition: IsOther}
    Outputs:
      Joined: {Value: !Join ["-", [!Ref Name, !Ref "AWS::Region"]]}
      Other: {Value: never, Condition: IsOther}
"""


def error(caught):
    return caught.value.response["Error"]


def refused(stacks, template):
    body = template if isinstance(template, str) else json.dumps(template)
    with pytest.raises(ClientError) as caught:
        stacks.client.validate_template(TemplateBody=body)
    assert error(caught)["Code"] == "ValidationError"
    return error(caught)["Message"]


def test_yaml_with_short_forms_does_what_it_says(stacks, world):
    stacks.client.create_stack(StackName=stacks.named("yaml"), TemplateBody=textwrap.dedent(YAML))
    stack = stacks.wait("yaml")

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    things = {name.partition("-")[0]: properties for name, properties in world.things.items()}
    assert set(things) == {"A", "B"}
    a_serial = next(name for name in world.things if name.startswith("A-")).partition("-")[2]
    assert (things["A"]["Policy"], things["A"]["Size"]) == ({"Version": "2012-10-17"}, 1)
    del things["B"]["Tags"]
    assert things["B"] == {
        "Of": f"{a_serial}/demo/${{Literal}}",
        "Zone": "eu-west-1a",
        "Text": "aGVsbG8=",
        "Parts": ["a", "b"],
        "Serial": a_serial,
    }
    assert [(each["OutputKey"], each["OutputValue"]) for each in stack["Outputs"]] == [
        ("Joined", "demo-eu-west-1")
    ]
    secret = {"ParameterKey": "Secret", "ParameterValue": "****"}
    assert secret in stack["Parameters"]


def test_a_template_comes_back_as_it_was_given(stacks):
    body = textwrap.dedent(YAML)
    stacks.client.create_stack(StackName=stacks.named("back"), TemplateBody=body)
    stacks.wait("back")

    answer = stacks.client.get_template(StackName=stacks.named("back"))

    assert answer["TemplateBody"] == body


@pytest.mark.parametrize("where", ["here", "path", "host"])
def test_a_template_can_lie_in_s3(stacks, world, things, aws, where):
    client, key = aws.client("s3"), "templates/a.json"
    client.put_object(Bucket=aws.bucket, Key=key, Body=json.dumps(things(A={})))
    url = {
        "here": f"{stacks.client.meta.endpoint_url}/{aws.bucket}/{key}",
        "path": f"https://s3.eu-west-1.amazonaws.com/{aws.bucket}/{key}",
        "host": f"https://{aws.bucket}.s3.eu-west-1.amazonaws.com/{key}",
    }[where]

    stacks.client.create_stack(StackName=stacks.named("far"), TemplateURL=url)

    assert stacks.wait("far")["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_in_s3_is_the_version_that_its_address_names(stacks, things, aws):
    client, key = aws.client("s3"), "templates/b.json"
    meant = client.put_object(Bucket=aws.bucket, Key=key, Body=json.dumps(things(A={})))["VersionId"]
    client.put_object(Bucket=aws.bucket, Key=key, Body=b"no template")
    url = f"{stacks.client.meta.endpoint_url}/{aws.bucket}/{key}?versionId="

    stacks.client.create_stack(StackName=stacks.named("exact"), TemplateURL=f"{url}{meant}")

    assert stacks.wait("exact")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="S3 error"):
        stacks.client.create_stack(StackName=stacks.named("none"), TemplateURL=f"{url}nothing")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://s3.amazonaws.com/no-such-bucket-here/key", "S3 error: The specified bucket does not exist"),
        ("https://example.com/template.json", "TemplateURL must be a supported URL"),
    ],
)
def test_a_template_that_cannot_be_fetched_is_an_error(stacks, url, said):
    with pytest.raises(ClientError, match=said):
        stacks.client.create_stack(StackName=stacks.named("far"), TemplateURL=url)


def test_a_template_in_the_request_has_a_limit(stacks, things):
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        stacks.create("long", things(A={"Text": "x" * 60_000}))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "Template format error: JSON not well-formed. (line 1, column 2)"),
        ("a: [", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ("- a list", "Template format error: unsupported structure."),
        ("{}", "Template format error: At least one Resources member must be defined."),
    ],
)
def test_text_that_is_no_template_is_refused(stacks, body, said):
    assert refused(stacks, body) == said


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"Transform": "AWS::Serverless-2016-10-31"}, "does not have the template section Transform"),
        ({"Rules": {"R": {}}}, "must contain a list of Assertions, each with an Assert. (R)"),
        ({"Rules": {"R": {"Assertions": [], "When": 1}}}, "Invalid rule property 'When' (R)"),
        ({"Resorces": {}}, "Invalid template property or properties [Resorces]"),
        ({"AWSTemplateFormatVersion": "2020-01-01"}, "2020-01-01 is not a supported value"),
    ],
)
def test_unknown_sections_are_refused_by_name(stacks, things, section, said):
    assert said in refused(stacks, things(A={}) | section)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"Type": "AWS::Unheard::Of"}, "Unrecognized resource types: [AWS::Unheard::Of]"),
        (
            {"Type": "Test::Thing", "CreationPolicy": {}},
            "does not have the resource attribute CreationPolicy (A)",
        ),
        ({"Type": "Test::Thing", "Propertys": {}}, "Invalid template resource property 'Propertys'"),
        ({"Properties": {}}, "Every Resources object must contain a Type member."),
        ({"Type": "Test::Thing", "DeletionPolicy": "Snapshot"}, "does not support deletion policy Snapshot"),
        ({"Type": "Test::Thing", "DeletionPolicy": "Keep"}, "Unrecognized DeletionPolicy Keep"),
        (
            {"Type": "Test::Thing", "DeletionPolicy": {"Ref": "P"}},
            "Every DeletionPolicy member must be a string",
        ),
        (
            {"Type": "Test::Thing", "DependsOn": "B"},
            "Unresolved resource dependencies [B] in the Resources block",
        ),
        ({"Type": "Test::Thing", "Condition": "C"}, "Unresolved condition dependency C"),
    ],
)
def test_what_a_resource_cannot_have_is_refused_by_name(stacks, resource, said):
    assert said in refused(stacks, {"Resources": {"A": resource}})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Ref": "Nobody"}, "Unresolved resource dependencies [Nobody] in the Resources block"),
        ({"Fn::Sub": "${Nobody.Arn}"}, "Fn::GetAtt references undefined resource Nobody"),
        ({"Fn::GetAtt": ["A", "Colour"]}, "resource A does not support attribute type Colour in Fn::GetAtt"),
        ({"Fn::If": ["Unsaid", 1, 2]}, "Unresolved condition dependency Unsaid"),
        ({"Fn::Length": ["x"]}, "does not have the intrinsic function Fn::Length"),
        ({"Fn::Upper": "x"}, "Encountered unsupported function: Fn::Upper"),
    ],
)
def test_what_a_property_cannot_say_is_refused_by_name(stacks, things, value, said):
    assert said in refused(stacks, things(A={}, B={"Of": [{"deep": value}]}))


@pytest.mark.parametrize(
    "body",
    [
        "Resources: {A: {Type: Test::Thing}, A: {Type: Test::Thing}}",
        "Resources: {A: {Type: Test::Thing, Properties: {Size: 1, Size: 2}}}",
        'Resources: {A: {Type: Test::Thing, Properties: {Of: !Sub [x, {A: 1, "A": 2}]}}}',
        '{"Resources": {"A": {"Type": "Test::Thing"}, "A": {"Type": "Test::Thing"}}}',
    ],
)
def test_a_key_that_stands_twice_is_refused(stacks, body):
    """CloudFormation calls what happens then undefined."""
    assert "stands twice" in refused(stacks, body)


def test_the_name_of_an_output_is_alphanumeric(stacks, things):
    outputs = {"a_b": {"Value": "v"}}
    assert "Output name a_b is non alphanumeric" in refused(stacks, {**things(A={}), "Outputs": outputs})


def test_a_resource_name_is_alphanumeric(stacks):
    assert refused(stacks, {"Resources": {"a-b": {"Type": "Test::Thing"}}}) == (
        "Template format error: Resource name a-b is non alphanumeric."
    )


def test_resources_that_depend_on_each_other_are_refused_naming_them(stacks, things):
    with pytest.raises(ClientError, match=r"Circular dependency between resources: \[A, B\]"):
        stacks.create(
            "circle", things(A={"Of": {"Ref": "B"}}, B={"Of": {"Ref": "A"}}, C={"Of": {"Ref": "A"}})
        )


def test_a_reference_to_a_resource_that_a_condition_left_out_is_refused(stacks, things):
    template = things(A={"Properties": {}, "Condition": "No"}, B={"Of": {"Ref": "A"}}) | {
        "Conditions": {"No": {"Fn::Equals": ["a", "b"]}}
    }

    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[A\] in the Resources block"):
        stacks.create("absent", template)


def test_depending_on_a_resource_that_a_condition_left_out_is_fine(stacks, things):
    template = things(A={"Properties": {}, "Condition": "No"}, B={"Properties": {}, "DependsOn": ["A"]}) | {
        "Conditions": {"No": {"Fn::Equals": ["a", "b"]}}
    }

    assert stacks.create("left-out", template)["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_is_summarised(stacks):
    template = {
        "Description": "roles",
        "Metadata": {"by": "hand"},
        "Parameters": {
            "Size": {"Type": "Number", "Default": 3, "AllowedValues": [1, 3], "Description": "how big"}
        },
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}},
            },
            "Thing": {"Type": "Test::Thing"},
        },
    }

    summary = stacks.client.get_template_summary(TemplateBody=json.dumps(template))
    validation = stacks.client.validate_template(TemplateBody=json.dumps(template))

    assert summary["ResourceTypes"] == ["AWS::IAM::Role", "Test::Thing"]
    assert summary["Parameters"] == [
        {
            "ParameterKey": "Size",
            "DefaultValue": "3",
            "ParameterType": "Number",
            "NoEcho": False,
            "Description": "how big",
            "ParameterConstraints": {"AllowedValues": ["1", "3"]},
        }
    ]
    assert json.loads(summary["Metadata"]) == {"by": "hand"}
    for answer in (summary, validation):
        assert (answer["Description"], answer["Capabilities"]) == ("roles", ["CAPABILITY_NAMED_IAM"])
        assert answer["CapabilitiesReason"] == (
            "The following resource(s) require capabilities: [AWS::IAM::Role]"
        )


def test_a_deployed_template_is_summarised_by_its_stack(stacks, things):
    stacks.create("deployed", things(A={}))

    summary = stacks.client.get_template_summary(StackName=stacks.named("deployed"))

    assert summary["ResourceTypes"] == ["Test::Thing"]
