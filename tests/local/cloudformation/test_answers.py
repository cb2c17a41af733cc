"""CloudFormation's answers where they are easily given otherwise."""

import json

import pytest
from botocore.exceptions import ClientError


def queue(name, tag="a"):
    tags = [{"Key": "k", "Value": {"Ref": "P"}}]
    return json.dumps(
        {
            "Parameters": {"P": {"Type": "String", "Default": tag}},
            "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "Tags": tags}}},
        }
    )


@pytest.fixture
def stack(aws):
    client, name = aws.client("cloudformation"), f"{aws.name}-answers"
    client.create_stack(StackName=name, TemplateBody=queue(name))
    client.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200}
    )
    yield name
    client.delete_stack(StackName=name)


def test_a_stack_without_outputs_has_none_in_its_description(aws, stack):
    [described] = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert "Outputs" not in described


def test_a_queue_lists_the_tags_that_were_stated_and_none_of_the_systems(aws, stack):
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=stack)["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"k": "a"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("b", "Cannot specify usePreviousValue as true and non empty value for a parameter"),
        ("", "No updates are to be performed."),
    ],
)
def test_a_previous_value_goes_with_an_empty_value_only(aws, stack, value, said):
    parameter = {"ParameterKey": "P", "UsePreviousValue": True, "ParameterValue": value}
    with pytest.raises(ClientError, match=said):
        aws.client("cloudformation").update_stack(
            StackName=stack, UsePreviousTemplate=True, Parameters=[parameter]
        )


def test_a_template_is_read_from_a_presigned_address(aws):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="t.json", Body=queue("q").encode())
    address = s3.generate_presigned_url("get_object", Params={"Bucket": aws.bucket, "Key": "t.json"})
    answer = aws.client("cloudformation").validate_template(TemplateURL=address)
    assert [each["ParameterKey"] for each in answer["Parameters"]] == ["P"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"Type": "AWS::ServiceCatalog::Portfolio", "Properties": {}}, "AWS::ServiceCatalog::Portfolio"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}, "Colour"),
    ],
)
def test_what_is_not_embedded_is_refused_by_name_before_anything_is_made(aws, broken, said):
    name = f"{aws.name}-refused"
    template = {
        "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}, "X": broken}
    }
    client = aws.client("cloudformation")
    with pytest.raises(ClientError, match=said):
        client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stacks(StackName=name)
    topics = aws.client("sns").get_paginator("list_topics").paginate().search("Topics[].TopicArn")
    assert not [arn for arn in topics if arn.endswith(f":{name}")]
