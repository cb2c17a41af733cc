"""The wire layer: requests and answers are held against botocore's model, and unknown operations say so."""

import pytest
import requests
from botocore.exceptions import ClientError
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local_aws.kernel.signing.request_auth import Signed
from local_aws.kernel.wire import Route, Service, ServiceError


class Models:
    """A handler with two operations, whose answers a test chooses."""

    def __init__(self, answer):
        self.answer = answer

    def describe_model(self, request):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def delete_model(self, request):
        self.deleted = request["ModelName"]


def call(handler, operation, body):
    builder = EnvironBuilder(
        method="POST",
        data=body,
        headers={"X-Amz-Target": f"SageMaker.{operation}"},
        content_type="application/x-amz-json-1.1",
    )
    service, request = Service("sagemaker", [handler]), Request(builder.get_environ())
    response = service.respond(request, service.route(request))
    return response.status_code, response.get_json(force=True, silent=True)


def test_a_method_is_found_by_its_operations_name_and_an_empty_answer_is_one():
    handler = Models({})
    assert call(handler, "DeleteModel", '{"ModelName": "m"}') == (200, {})
    assert handler.deleted == "m"


def test_an_operation_nobody_has_is_refused_naming_it_and_those_there_are():
    status, body = call(Models({}), "CreateAutoMLJob", "{}")
    assert status == 400
    assert body["__type"] == "UnknownOperationException"
    assert "sagemaker:CreateAutoMLJob" in body["message"]
    assert "DeleteModel, DescribeModel" in body["message"]


def test_a_target_that_is_no_operation_is_refused_naming_it(aws):
    request = requests.post(
        aws.server.endpoint_url,
        headers={"X-Amz-Target": "SageMaker.Nonsense"},
        auth=Signed(aws.server.account.clients, "sagemaker"),
        timeout=10,
    )
    assert (request.status_code, request.json()["__type"]) == (400, "UnknownOperationException")
    assert "SageMaker.Nonsense" in request.text


@pytest.mark.parametrize(
    ("service", "method", "path", "form", "operation", "path_values"),
    [
        (
            "sagemaker-runtime",
            "POST",
            "/endpoints/e/invocations",
            None,
            "InvokeEndpoint",
            {"EndpointName": "e"},
        ),
        ("lambda", "GET", "/2015-03-31/functions/f", None, "GetFunction", {"FunctionName": "f"}),
        ("cloudformation", "POST", "/", {"Action": "ListStacks"}, "ListStacks", {}),
    ],
)
def test_every_protocol_names_its_operation_in_its_own_way(
    service, method, path, form, operation, path_values
):
    request = Request(EnvironBuilder(path, method=method, data=form).get_environ())
    assert Service(service, []).route(request) == Route(operation, path_values)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "'modelName' failed to satisfy constraint: Member must not be null"),
        ('{"ModelName": "no spaces"}', "Member must satisfy regular expression pattern"),
        ('{"ModelName": 3}', "must be of type string"),
    ],
)
def test_a_request_that_does_not_fit_the_model_is_a_validation_error_in_the_apis_words(body, said):
    status, answer = call(Models({}), "DeleteModel", body)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert said in answer["message"]


def test_an_answer_that_does_not_fit_the_model_is_our_failure_not_the_callers():
    status, body = call(Models({"ModelName": "m"}), "DescribeModel", '{"ModelName": "m"}')
    assert (status, body["__type"]) == (500, "InternalFailure")
    assert "'creationTime'" in body["message"]


def test_a_service_error_reaches_the_caller_with_its_code():
    error = ServiceError("ResourceNotFound", "no such model")
    assert call(Models(error), "DescribeModel", '{"ModelName": "m"}')[1] == {
        "__type": "ResourceNotFound",
        "message": "no such model",
        "Message": "no such model",
    }


def test_two_handlers_of_one_operation_are_a_mistake():
    with pytest.raises(ValueError, match="two handlers have the operation"):
        Service("sagemaker", [Models({}), Models({})])


def test_a_boto3_client_raises_the_error_as_the_apis_own(aws):
    with pytest.raises(ClientError) as caught:
        aws.client("sagemaker").list_auto_ml_jobs()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_commodity_services_are_there_beside_ours(aws):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="k", Body=b"bytes")
    assert aws.client("s3").get_object(Bucket=aws.bucket, Key="k")["Body"].read() == b"bytes"
    assert aws.client("iam").get_role(RoleName=aws.role_arn.rpartition("/")[2])["Role"]["Arn"] == aws.role_arn


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        (
            "iam",
            "simulate_principal_policy",
            {"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": ["s3:GetObject"]},
        ),
        ("logs", "get_log_record", {"logRecordPointer": "p"}),
    ],
)
def test_what_the_commodity_services_lack_is_refused_naming_the_service(aws, service, operation, request_):
    with pytest.raises(
        ClientError, match=f"does not have this operation of {service}: The {operation}"
    ) as caught:
        getattr(aws.client(service), operation)(**request_)
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
