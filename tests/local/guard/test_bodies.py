"""Bodies that are no requests: one clear refusal each, never the server's own fault."""

import gzip

import pytest
import requests
from botocore.exceptions import ClientError

from local_aws.cloudformation.templates import markup
from local_aws.kernel import json_text
from local_aws.kernel.http import bodies
from local_aws.kernel.signing.request_auth import Signed
from local_aws.kernel.wire import ServiceError

BAD = {
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "text": b'"text"',
    "nested": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "nested without end": b"[" * 100_000,
    "NaN": b'{"a": NaN}',
    "a huge number": b'{"a": ' + b"9" * 10_000 + b"}",
    "a control character": b'{"a": "\x01"}',
    "cut off": b'{"a": ',
    "no UTF-8": b'{"a": "\xff"}',
}
JSON = {
    "sagemaker": ("SageMaker.CreateModel", "application/x-amz-json-1.1"),
    "events": ("AWSEvents.PutRule", "application/x-amz-json-1.1"),
    "application-autoscaling": (
        "AnyScaleFrontendService.DescribeScalableTargets",
        "application/x-amz-json-1.1",
    ),
    "logs": ("Logs_20140328.CreateLogGroup", "application/x-amz-json-1.1"),
    "ssm": ("AmazonSSM.GetParameter", "application/x-amz-json-1.1"),
    "kms": ("TrentService.CreateKey", "application/x-amz-json-1.1"),
    "secretsmanager": ("secretsmanager.CreateSecret", "application/x-amz-json-1.1"),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
@pytest.mark.parametrize("service", JSON)
def test_a_json_body_that_is_no_request_is_refused_clearly(aws, service, body):
    target, kind = JSON[service]
    answer = requests.post(
        aws.server.endpoint_url,
        data=body,
        headers={"X-Amz-Target": target, "Content-Type": kind},
        auth=Signed(aws.server.account.clients, service),
        timeout=30,
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["__type"] == "SerializationException"


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
@pytest.mark.parametrize(
    ("service", "method", "path"),
    [("lambda", "POST", "/2015-03-31/functions"), ("apigateway", "POST", "/v2/apis")],
)
def test_a_rest_body_that_is_no_request_is_refused_clearly(aws, service, method, path, body):
    answer = requests.request(
        method,
        aws.server.endpoint_url + path,
        data=body,
        headers={"Content-Type": "application/json"},
        auth=Signed(aws.server.account.clients, service),
        timeout=30,
    )
    assert answer.status_code == 400, answer.text
    assert "please report" not in answer.text.lower()


@pytest.mark.parametrize(
    ("service", "target", "body"),
    [
        ("events", "AWSEvents.PutEvents", b'{"Entries": "x"}'),
        ("events", "AWSEvents.PutEvents", b'{"Entries": [1]}'),
        ("sqs", "AmazonSQS.SendMessageBatch", b'{"QueueUrl": "x", "Entries": 1}'),
        ("kms", "TrentService.CreateKey", b'{"Tags": 1}'),
        ("application-autoscaling", "AnyScaleFrontendService.PutScheduledAction", b'{"StartTime": 1e308}'),
    ],
)
def test_a_member_of_another_type_is_refused_clearly(aws, service, target, body):
    answer = requests.post(
        aws.server.endpoint_url,
        data=body,
        headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
        auth=Signed(aws.server.account.clients, service),
        timeout=30,
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["__type"]


@pytest.mark.parametrize(
    "service", ["autoscaling", "cloudformation", "ec2", "iam", "monitoring", "sns", "sqs", "sts"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"Action",
        b"Action=%ff",
        b"Action=CreateStack&Tags.member.x.Key=1",
        b"Action=CreateRole&RoleName=a&Tags.member.x.Key=1",
        b"Action=CreateTopic&Name.x=1",
        b"Action=ListUsers&MaxItems=x",
        b"Action=DescribeVpcs&MaxResults=x",
        b"=&=&=",
        b"\xff",
    ],
)
def test_a_form_that_is_no_request_is_refused_clearly(aws, service, body):
    answer = requests.post(
        aws.server.endpoint_url,
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=Signed(aws.server.account.clients, service),
        timeout=30,
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert "Code>" in answer.text or "__type" in answer.text


YAML = {
    "aliases": "a: &a [1]\nResources: {b: *a}",
    "laughs": "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nResources: {c: [*b,*b,*b]}",
    "a merge": "a: &a {x: 1}\nResources: {<<: *a}",
    "deep": "Resources: " + "[" * 500 + "]" * 500,
    "deeper": "Resources: " + "[" * 20_000 + "]" * 20_000,
    "a tag of Python": "Resources: !!python/object/apply:os.system ['true']",
    "a tag of YAML": "Resources: {a: !!binary aGk=}",
    "a control character": "Resources: {a: \x07}",
    "a key that is a list": "Resources: {? [a] : b}",
    "a huge number": "Resources: {a: " + "9" * 10_000 + "}",
    "no end": "Resources: {",
    "two documents": "Resources: {}\n---\nResources: {}",
    "JSON, deep": '{"Resources": ' + "[" * 500 + "]" * 500 + "}",
    "JSON, deeper": '{"Resources": ' + "[" * 20_000,
    "JSON, NaN": '{"Resources": NaN}',
    "JSON, a huge number": '{"Resources": ' + "9" * 10_000 + "}",
    "a list": "- a",
    "nothing": "",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_a_template_that_is_none_is_refused_clearly(text):
    with pytest.raises(ServiceError, match="Template format error") as caught:
        markup.read(text)
    assert caught.value.code == "ValidationError"
    assert len(caught.value.message) < 500


def test_aliases_are_refused_naming_the_place(aws):
    with pytest.raises(
        ClientError, match=r"YAML aliases are not allowed in CloudFormation templates\. \(line 2"
    ):
        aws.client("cloudformation").create_stack(StackName="laughs", TemplateBody=YAML["aliases"])


def test_a_template_with_the_short_forms_is_read():
    text = "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {Name: !Sub '${B}', Tags: !If [c, !Ref D, x]}}\n"
    properties = markup.read(text)["Resources"]["A"]["Properties"]
    assert properties == {"Name": {"Fn::Sub": "${B}"}, "Tags": {"Fn::If": ["c", {"Ref": "D"}, "x"]}}


def test_a_packed_body_is_unpacked_up_to_a_limit():
    assert bodies.unpacked(gzip.compress(b"x" * 100), 100) == b"x" * 100
    with pytest.raises(ServiceError, match="longer than 99 bytes"):
        bodies.unpacked(gzip.compress(b"x" * 100), 99)
    with pytest.raises(ServiceError, match="cut off"):
        bodies.unpacked(gzip.compress(b"x" * 100)[:-9], 100)
    with pytest.raises(ServiceError, match="no gzip"):
        bodies.unpacked(b"plain text", 100)


def test_levels_are_counted_in_lists_and_objects():
    assert not json_text.deeper_than({"a": [{"b": 1}]}, 3)
    assert json_text.deeper_than({"a": [{"b": 1}]}, 2)
