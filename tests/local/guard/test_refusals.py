"""What is refused before a service sees it is an error of that service's protocol, which its clients can read."""

import errno
import io
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.admission import Admission
from local_aws.identity.signers import secrets_of
from local_aws.kernel.http import bodies, connections
from local_aws.kernel.http.error_responses import protocol_of
from local_aws.kernel.http.guard import Guard
from local_aws.kernel.sessions import Sessions
from local_aws.kernel.signing.keys import Keys
from local_aws.kernel.signing.request_auth import Signed
from local_aws.kernel.signing.signatures import Signatures

PORT = 4566
CALLS = {
    "sagemaker": ("list_endpoints", {}),
    "sqs": ("list_queues", {}),
    "logs": ("describe_log_groups", {}),
    "cloudwatch": ("list_metrics", {}),
    "cloudformation": ("list_stacks", {}),
    "iam": ("list_roles", {}),
    "sts": ("get_caller_identity", {}),
    "sns": ("list_topics", {}),
    "ec2": ("describe_regions", {}),
    "cloudfront": ("create_invalidation", {"DistributionId": "d", "InvalidationBatch": {"Paths": {"Quantity": 0}, "CallerReference": "x"}}),
    "lambda": ("create_function", {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/role", "Code": {}}),
    "s3": ("put_object", {"Bucket": "bucket", "Key": "key", "Body": b"body"}),
}  # fmt: skip
"""By service: an operation, with a body where it can have one."""


class Input(io.BytesIO):
    """A body that never comes."""

    def read(self, *_):
        raise TimeoutError("the client takes too long to send its request")


def full_disk(environ, start_response):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def ask():
    """Calls an operation through Admission, as a client whose HTTP goes nowhere else; returns the error that it reads."""
    keys = Keys()
    admission = Admission(full_disk, Guard(PORT), Signatures(secrets_of(keys, Sessions())), "eu-west-1")

    def ask(service, *, secret=keys.administrator.secret, answer=None, **changes):
        def send(request, **_):
            if answer is not None:
                return answered(request.url, *answer)
            environ = environ_of(request) | changes
            stated = []
            body = b"".join(admission(environ, lambda *given: stated.append(given)))
            [(status, headers, *_)] = stated
            return answered(request.url, int(status[:3]), dict(headers), body)

        client = boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{PORT}",
            aws_access_key_id=keys.administrator.id,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        client.meta.events.register("before-send.*", send)
        method, parameters = CALLS[service]
        with pytest.raises(ClientError) as caught:
            getattr(client, method)(**parameters)
        return caught.value.response["Error"]

    return ask


class Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_):
        yield self.read()


def answered(url, status, headers, body):
    made = HTTPHeaders()
    for name, value in headers.items():
        made[name] = value
    return AWSResponse(url, status, made, Raw(body))


def environ_of(request):
    parts = urlsplit(request.url)
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "REQUEST_URI": parts.path + (f"?{parts.query}" if parts.query else ""),
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    for name, value in request.headers.items():
        text = value.decode() if isinstance(value, bytes) else value
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ


@pytest.mark.parametrize("service", CALLS)
def test_the_guards_refusal_is_read_by_every_client(ask, service):
    error = ask(service, HTTP_ORIGIN="https://evil.example")
    assert error["Code"] in {"AccessDenied", "AccessDeniedException"}
    assert "Origin is 'https://evil.example'" in error["Message"]


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_signature_is_read_by_every_client(ask, service):
    error = ask(service, secret="wrong")
    assert error["Code"] in {"SignatureDoesNotMatch", "InvalidSignatureException"}
    assert error["Message"]


@pytest.mark.parametrize("service", [name for name in CALLS if name not in ("s3",)])
def test_a_body_that_is_too_long_is_read_by_every_client(ask, service, monkeypatch):
    monkeypatch.setattr(bodies, "LONGEST", -1)
    error = ask(service)
    assert error["Code"] == "RequestEntityTooLargeException"
    assert "longer than" in error["Message"]


def test_an_object_that_is_too_long_is_read_by_s3s_clients(ask, monkeypatch):
    monkeypatch.setattr(bodies, "LONGEST_OBJECT", 1)
    assert ask("s3")["Code"] == "EntityTooLarge"


@pytest.mark.parametrize("service", CALLS)
def test_a_body_that_does_not_come_is_read_by_every_client(ask, service):
    late = ask(service, **{"wsgi.input": Input(), "CONTENT_LENGTH": "9"})
    assert late["Code"] == "RequestTimeout"
    short = ask(service, **{"wsgi.input": io.BytesIO(b"x"), "CONTENT_LENGTH": "9"})
    assert short["Code"] == "IncompleteBody"
    none = ask(service, CONTENT_LENGTH="1e3")
    assert none["Code"] == "InvalidRequest"


@pytest.mark.parametrize("service", [name for name in CALLS if name != "cloudfront"])
def test_a_full_disk_is_read_by_every_client(ask, service):
    error = ask(service)
    assert error["Code"] == "InsufficientStorage"
    assert "Make room" in error["Message"]


@pytest.mark.parametrize("service", CALLS)
def test_too_many_connections_are_read_by_every_client_as_an_error_to_try_again(ask, service):
    head, _, body = connections._BUSY.partition(b"\r\n\r\n")
    error = ask(service, answer=(int(head.split()[1]), {}, body))
    assert error["Code"] == "503"


@pytest.mark.parametrize(
    ("service", "sent", "protocol"),
    [
        ("cloudwatch", {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8"}, "query"),
        ("cloudwatch", {"HTTP_X_AMZ_TARGET": "GraniteServiceVersion20100801.ListMetrics"}, "json"),
        ("monitoring", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}, "query"),
        ("monitoring", {"QUERY_STRING": "Action=ListMetrics"}, "query"),
        ("sqs", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}, "query"),
        ("iam", {}, "query"),
        ("lambda", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}, "rest-json"),
        ("s3", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}, "s3"),
        ("nobody-knows", {"HTTP_X_AMZ_TARGET": "X.Y"}, "json"),
        ("nobody-knows", {}, "json"),
    ],
)
def test_a_service_of_several_protocols_answers_in_the_one_that_it_is_asked_in(service, sent, protocol):
    assert protocol_of(service, sent) == protocol


def test_a_form_without_an_operation_is_refused_in_xml(aws):
    for body in (b"", b"Action=Nothing"):
        answer = requests.post(
            aws.server.endpoint_url,
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=Signed(aws.server.account.clients, "cloudformation"),
            timeout=30,
        )
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (400, "text/xml")
        assert "<Code>InvalidAction</Code>" in answer.text


def test_json_is_answered_in_the_version_that_it_is_asked_in(aws):
    for version in ("1.0", "1.1"):
        kind = f"application/x-amz-json-{version}"
        answer = requests.post(
            aws.server.endpoint_url,
            data=b"[]",
            headers={"X-Amz-Target": "SageMaker.CreateModel", "Content-Type": kind},
            auth=Signed(aws.server.account.clients, "sagemaker"),
            timeout=30,
        )
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, kind)
