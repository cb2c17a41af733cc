"""Requests of any content, in every protocol: none is the server's own fault."""

import json
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from local_aws.kernel.signing.request_auth import Signed
from local_aws.kernel.wire import service_model
from tests.properties.budget import SCALARS, budget, documents

JSON = {
    "sagemaker": "SageMaker",
    "events": "AWSEvents",
    "application-autoscaling": "AnyScaleFrontendService",
    "logs": "Logs_20140328",
    "ssm": "AmazonSSM",
    "kms": "TrentService",
    "secretsmanager": "secretsmanager",
    "sqs": "AmazonSQS",
}
QUERY = ["cloudformation", "iam", "sts", "sns"]
REST = {"lambda": "lambda", "apigateway": "apigatewayv2"}
OPERATIONS = {
    "sqs": ["CreateQueue", "SendMessage", "ReceiveMessage", "DeleteMessage", "SetQueueAttributes"],
    "logs": ["CreateLogGroup", "PutLogEvents", "FilterLogEvents", "PutRetentionPolicy", "GetLogEvents"],
    "ssm": ["PutParameter", "GetParameter", "GetParameters", "DeleteParameter", "GetParametersByPath"],
    "kms": ["CreateKey", "Encrypt", "Decrypt", "Sign", "CreateAlias", "DescribeKey", "PutKeyPolicy"],
    "secretsmanager": ["CreateSecret", "GetSecretValue", "PutSecretValue", "DeleteSecret", "UpdateSecret"],
    "iam": ["CreateRole", "GetRole", "PutRolePolicy", "TagRole", "ListRoles", "CreatePolicy", "DeleteRole"],
    "sns": ["CreateTopic", "Publish", "Subscribe", "SetTopicAttributes", "TagResource"],
}
"""What the product asks of the services that moto answers; of the others, everything that there is."""

SUBRESOURCES = [
    *("", "tagging", "cors", "versioning", "lifecycle", "policy", "notification", "delete", "encryption"),
    *("publicAccessBlock", "uploads", "acl", "ownershipControls", "website", "logging", "object-lock"),
]  # fmt: skip
XML = st.lists(
    st.sampled_from(
        [
            *("<a>", "</a>", "<Tagging>", "</Tagging>", "<TagSet/>", "<Tag>", "<Key>", "x", "&lt;", "&x;", "]]>", "<!--", "\x00", "\ud7ff"),
            *("<CORSConfiguration>", "<CORSRule/>", "<Delete><Object/></Delete>", "<Delete>", "<VersioningConfiguration><Status>Off</Status></VersioningConfiguration>"),
            *('<?xml version="1.0"?>', '<!DOCTYPE a [<!ENTITY x "y">]>', "<LifecycleConfiguration><Rule/></LifecycleConfiguration>", "{", "}", "[]", "null"),
        ]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@pytest.fixture(scope="module")
def send(local_server):
    """Sends a signed request; returns the answer, which must not be the server's own fault."""
    session = requests.Session()
    session.trust_env = False

    def send(service, method="POST", path="/", **sent):
        answer = session.request(
            method,
            local_server.endpoint_url + path,
            auth=Signed(local_server.account.clients, service),
            timeout=60,
            **sent,
        )
        assert answer.status_code < 500, f"{service} {method} {path} {sent}: {answer.text[:600]}"
        return answer

    return send


def operations(service, boto=None):
    return st.sampled_from(OPERATIONS.get(service) or list(service_model(boto or service).operation_names))


def members(service, operation):
    """Names that requests of an operation hold, some of them deeper down, and some that none does."""
    shape = service_model(service).operation_model(operation).input_shape
    own = list(shape.members) if shape else []
    return st.sampled_from([*own, *own, "Name", "Key", "Value", "Nothing"])


@pytest.mark.parametrize("service", JSON)
@budget(12)
@given(data=st.data())
def test_json_with_members_of_any_type_is_answered_or_refused(send, service, data):
    name = data.draw(operations(service))
    names = members(service, name)
    body = data.draw(st.dictionaries(names, documents(keys=names), max_size=4))
    headers = {"X-Amz-Target": f"{JSON[service]}.{name}", "Content-Type": "application/x-amz-json-1.1"}
    answer = send(service, data=json.dumps(body).encode(), headers=headers)
    if answer.status_code != 200:
        assert answer.json()["__type"]


@pytest.mark.parametrize("service", QUERY)
@budget(20)
@given(data=st.data())
def test_forms_with_members_of_any_kind_are_answered_or_refused(send, service, data):
    name = data.draw(operations(service))
    part = st.sampled_from(
        [
            "",
            ".member",
            ".1",
            ".member.1",
            ".entry.1.key",
            ".x",
            ".-1",
            ".member.x",
            ".member.1.Key",
            ".",
            "..",
        ]
    )
    names = st.builds("{}{}{}".format, members(service, name), part, part)
    values = st.dictionaries(
        names, SCALARS.map(str).map(lambda text: text.encode("utf-8", "replace").decode()), max_size=5
    )
    form = {"Action": name, "Version": service_model(service).api_version} | data.draw(values)
    answer = send(
        service, data=urlencode(form).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    if answer.status_code != 200:
        assert "<Code>" in answer.text
        assert answer.headers["Content-Type"].startswith(("text/xml", "application/xml"))


@pytest.mark.parametrize("service", REST)
@budget(15)
@given(data=st.data())
def test_rest_calls_with_bodies_of_any_content_are_answered_or_refused(send, service, data):
    boto = REST[service]
    name = data.draw(operations(service, boto))
    http = service_model(boto).operation_model(name).http
    path = http["requestUri"].partition("?")[0].replace("+}", "}")
    for label in [part.partition("}")[0] for part in path.split("{")[1:]]:
        path = path.replace(
            f"{{{label}}}",
            data.draw(st.sampled_from(["x", "a%2Fb", "%00", "arn:aws:lambda:eu-west-1:1:function:x"])),
        )
    names = members(boto, name)
    body = data.draw(
        st.dictionaries(names, documents(keys=names), max_size=4).map(json.dumps)
        | st.sampled_from(["", "[", "[]"])
    )
    send(service, http["method"], path, data=body.encode(), headers={"Content-Type": "application/json"})


@budget(50)
@given(
    method=st.sampled_from(["PUT", "POST", "GET", "DELETE"]),
    key=st.sampled_from(["", "/key", "/%00", "/a//b"]),
    subresource=st.sampled_from(SUBRESOURCES),
    body=XML,
)
def test_xml_of_any_content_is_answered_or_refused_by_s3(send, local_server, method, key, subresource, body):
    bucket = "any-xml"
    if "any-xml" not in {each["Name"] for each in local_server.client("s3").list_buckets()["Buckets"]}:
        local_server.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    answer = send("s3", method, f"/{bucket}{key}?{subresource}", data=body.encode())
    assert not answer.text.startswith("<!doctype html>"), answer.text
