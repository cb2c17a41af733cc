"""Every request is signed with a secret that the server made: header, presigned address, chunked upload, in time."""

import dataclasses
import hashlib
import io
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import pytest
import requests
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_aws.kernel.account import Clients
from local_aws.kernel.signing import aws_chunked, signatures
from local_aws.kernel.signing.keys import AccessKey, Keys

SERVICES = {
    "apigatewayv2": "get_apis",
    "application-autoscaling": ("describe_scalable_targets", {"ServiceNamespace": "sagemaker"}),
    "cloudformation": "list_stacks",
    "cloudwatch": "describe_alarms",
    "events": "list_rules",
    "iam": "list_roles",
    "kms": "list_keys",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "s3": "list_buckets",
    "sagemaker": "list_models",
    "sagemaker-runtime": ("invoke_endpoint", {"EndpointName": "absent", "Body": b"{}"}),
    "secretsmanager": "list_secrets",
    "servicecatalog": "list_portfolios",
    "sns": "list_topics",
    "sqs": "list_queues",
    "ssm": "describe_parameters",
    "sts": "get_caller_identity",
}
REFUSED = {"SignatureDoesNotMatch", "InvalidSignatureException"}
UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}


def call(client, service):
    """The code of the error that the service's cheapest call is answered with; None for success."""
    stated = SERVICES[service]
    name, arguments = stated if isinstance(stated, tuple) else (stated, {})
    try:
        getattr(client, name)(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
        return error.response["Error"]["Code"]
    return None


def clients_with(aws, key, secret=None):
    keys = Keys(administrator=AccessKey(key, secret) if secret else AccessKey(key))
    return Clients(aws.server.endpoint_url, aws.region, keys)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_refuses_a_signature_with_another_secret(aws, service):
    assert call(clients_with(aws, "local").client(service), service) in REFUSED
    assert call(clients_with(aws, "service", "service").client(service), service) in REFUSED
    assert call(clients_with(aws, "AKIANOBODY", "local").client(service), service) in UNKNOWN
    assert call(aws.client(service), service) in {None, "ValidationError"}


def test_each_server_has_secrets_of_its_own():
    one, other = Keys(), Keys()
    assert len({one.administrator.secret, one.service.secret, other.administrator.secret}) == 3
    assert one.administrator.secret not in repr(one)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/", {}, b""),
        ("GET", "/bucket", {}, b""),
        ("PUT", "/bucket/key", {}, b"x"),
        (
            "POST",
            "/",
            {"Content_Type": "application/x-www-form-urlencoded"},
            b"Action=ListRoles&Version=2010-05-08",
        ),
        ("GET", "/?Action=ListRoles&Version=2010-05-08", {}, b""),
        ("POST", "/", {"X_Amz_Target": "SageMaker.ListModels", "Content_Type": "text/plain"}, b"{}"),
        ("POST", "/2015-03-31/functions", {"Content_Type": "text/plain"}, b"{}"),
        ("POST", "/2015-03-31/functions/f/invocations", {}, b"{}"),
        (
            "POST",
            "/iam_us-east-1/",
            {"Content_Type": "application/x-www-form-urlencoded"},
            b"Action=ListRoles",
        ),
        ("POST", "/bucket", {"Content_Type": "multipart/form-data; boundary=b"}, b"--b--"),
    ],
)
def test_what_nobody_signed_is_refused(line, method, path, headers, body):
    status, text = line.request(method, path, body, **headers)
    assert status in {400, 403}
    assert "AccessDenied" in text or "MissingAuthenticationToken" in text


def test_a_function_cannot_be_made_by_a_form_that_nobody_signed(aws, line):
    before = len(aws.client("lambda").list_functions()["Functions"])
    line.request("POST", "/2015-03-31/functions", b'{"FunctionName": "f"}', Content_Type="text/plain")
    credential = "AWS4-HMAC-SHA256 Credential=local/20261129/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
    line.request("POST", "/2015-03-31/functions", b"{}", Authorization=credential)
    assert len(aws.client("lambda").list_functions()["Functions"]) == before


@pytest.mark.parametrize("part", ["method", "path", "query", "body", "header", "host"])
def test_a_signed_request_that_somebody_changed_is_refused(aws, part):
    request = signed(aws, "PUT", f"/{aws.bucket}/key?tagging", b"<Tagging><TagSet/></Tagging>", extra=True)
    match part:
        case "method":
            request.method = "DELETE"
        case "path":
            request.url = request.url.replace("/key", "/other")
        case "query":
            request.url = request.url.replace("?tagging", "?acl")
        case "body":
            request.data = b"<Tagging><TagSet> </TagSet></Tagging>"
        case "header":
            request.headers["x-amz-meta-a"] = "2"
        case "host":
            request.headers["Host"] = f"localhost:{aws.server.port}"
    answer = send(request)
    assert answer.status_code in {400, 403}
    expected = "XAmzContentSHA256Mismatch" if part == "body" else "SignatureDoesNotMatch"
    assert expected in answer.text


def test_a_header_of_s3_that_is_not_signed_is_refused(aws):
    request = signed(aws, "PUT", f"/{aws.bucket}/key", b"x")
    request.headers["x-amz-acl"] = "public-read"
    answer = send(request)
    assert (answer.status_code, "not signed: x-amz-acl" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("payload", "status"), [("UNSIGNED-PAYLOAD", 200), (None, 200), ("0" * 64, 400), ("nothing", 400)]
)
def test_a_payload_is_signed_or_said_to_be_unsigned(aws, payload, status):
    answer = send(signed(aws, "PUT", f"/{aws.bucket}/key", b"body", payload=payload))
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "key", ["a b", "a+b", "a%b", "\u00e4/\u4e2d", "a//b", "./a", "~'()*", "a=b&c", "x/../y"]
)
def test_names_of_objects_are_signed_as_they_are_written(aws, key):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key=key, Body=b"x", Metadata={"under_score": "1", "two": "a  b"})
    assert s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read() == b"x"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=aws.bucket, Prefix=key)["Contents"]] == [key]
    if "./" not in key:  # requests resolves those
        url = s3.generate_presigned_url("get_object", Params={"Bucket": aws.bucket, "Key": key})
        assert requests.get(url, timeout=10).content == b"x"


@contextmanager
def clock(shift):
    """The client's clock is `shift` before or behind."""
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_: datetime.now(UTC) + shift):
        yield


@pytest.mark.parametrize("service", ["s3", "iam", "sagemaker", "lambda"])
@pytest.mark.parametrize(("minutes", "works"), [(-14, True), (14, True), (-16, False), (16, False)])
def test_a_clock_may_be_off_by_fifteen_minutes(aws, service, minutes, works):
    with clock(timedelta(minutes=minutes)):
        code = call(aws.client(service), service)
    assert code == (
        None
        if works
        else {"s3": "RequestTimeTooSkewed", "iam": "SignatureDoesNotMatch"}.get(
            service, "InvalidSignatureException"
        )
    )


@pytest.mark.parametrize("version", ["s3v4", "s3"])
class TestPresigned:
    def url(self, aws, version, operation="get_object", seconds=60, **more):
        aws.client("s3").put_object(Bucket=aws.bucket, Key="key", Body=b"x")
        client = aws.server.account.clients.session().client(
            "s3",
            endpoint_url=aws.server.endpoint_url,
            config=Config(signature_version=version, s3={"addressing_style": "path"}),
        )
        place = {"Bucket": aws.bucket, "Key": "key", **more}
        return client.generate_presigned_url(operation, Params=place, ExpiresIn=seconds)

    def test_an_address_lets_in_whoever_has_it(self, aws, version):
        assert requests.get(self.url(aws, version), timeout=10).content == b"x"
        put = self.url(aws, version, "put_object")
        assert requests.put(put, data=b"new", timeout=10).status_code == 200
        assert aws.client("s3").get_object(Bucket=aws.bucket, Key="key")["Body"].read() == b"new"

    def test_an_address_is_for_one_operation_on_one_object(self, aws, version):
        url = self.url(aws, version)
        assert requests.put(url, data=b"new", timeout=10).status_code == 403
        assert requests.get(url.replace("/key?", "/other?"), timeout=10).status_code == 403
        assert requests.get(url + "&versionId=null", timeout=10).status_code == 403
        assert requests.get(url[:-4] + "AAAA", timeout=10).status_code in {400, 403}

    def test_an_address_ends(self, aws, version):
        with (
            clock(timedelta(seconds=-61)),
            mock.patch("time.time", lambda: datetime.now(UTC).timestamp() - 61),
        ):
            url = self.url(aws, version)
        answer = requests.get(url, timeout=10)
        assert (answer.status_code, "Request has expired" in answer.text) == (403, True)

    def test_an_address_is_signed_with_the_servers_secret(self, aws, version):
        url = self.url(aws, version)
        client = (
            clients_with(aws, "local")
            .session()
            .client("s3", endpoint_url=aws.server.endpoint_url, config=Config(signature_version=version))
        )
        forged = client.generate_presigned_url("get_object", Params={"Bucket": aws.bucket, "Key": "key"})
        assert requests.get(forged, timeout=10).status_code == 403
        assert requests.get(url, timeout=10).status_code == 200


@pytest.mark.parametrize("seconds", ["0", "604801", "-1", "x", ""])
def test_an_address_lives_a_week_at_most(aws, seconds):
    url = (
        aws.server.account.clients.session()
        .client("s3", endpoint_url=aws.server.endpoint_url, config=Config(signature_version="s3v4"))
        .generate_presigned_url("list_buckets")
    )
    answer = requests.get(url.replace("X-Amz-Expires=3600", f"X-Amz-Expires={seconds}"), timeout=10)
    assert (answer.status_code, "604800" in answer.text) == (400, True)


def test_presigned_calls_of_other_services_are_for_their_empty_body(aws):
    url = aws.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url, data=b"x", timeout=10).status_code == 403


def test_two_signatures_in_one_request_are_refused(aws):
    url = aws.client("s3").generate_presigned_url("list_buckets")
    request = signed(aws, "GET", "/")
    answer = requests.get(url, headers=dict(request.headers.items()), timeout=10)
    assert (answer.status_code, "Only one auth mechanism allowed" in answer.text) == (400, True)
    assert requests.get(url + "&AWSAccessKeyId=local", timeout=10).status_code == 400


def test_a_session_signs_with_its_own_secret_and_token(aws, local_server):
    session = local_server.account.sessions.issue(
        "arn:aws:iam::123456789012:role/r", "me", timedelta(minutes=5)
    )
    clients = local_server.account.clients
    assert clients.client("sts", session).get_caller_identity()["Arn"].endswith("assumed-role/r/me")
    for wrong, code in [
        (
            dataclasses.replace(session, access_key=session.access_key, secret_key="other"),
            "SignatureDoesNotMatch",
        ),
        (dataclasses.replace(session, token="other"), "InvalidClientTokenId"),
    ]:
        fresh = Clients(clients.endpoint_url, clients.region)
        with pytest.raises(ClientError, match=code):
            fresh.client("sts", wrong).get_caller_identity()


class TestSignedChunks:
    """Uploads as the SDKs that sign each chunk make them; boto3 never does."""

    def request(self, aws, parts, trailer=b""):
        suffix = "-TRAILER" if trailer else ""
        request = signed(
            aws,
            "PUT",
            f"/{aws.bucket}/chunked",
            payload=f"STREAMING-AWS4-HMAC-SHA256-PAYLOAD{suffix}",
            chunked=sum(map(len, parts)),
        )
        seed = request.headers["Authorization"].partition("Signature=")[2]
        time = request.headers["X-Amz-Date"]
        key = signatures._signing_key(
            aws.server.account.clients.keys.administrator.secret, time[:8], aws.region, "s3"
        )
        scope, empty, body = f"{time[:8]}/{aws.region}/s3/aws4_request", hashlib.sha256(b"").hexdigest(), b""
        for part in [*parts, b""]:
            digest = hashlib.sha256(part).hexdigest()
            to_sign = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", time, scope, seed, empty, digest))
            seed = signatures.sign(key, to_sign).hex()
            body += (
                b"%x;chunk-signature=%s\r\n" % (len(part), seed.encode()) + part + (b"\r\n" if part else b"")
            )
        if trailer:
            digest = hashlib.sha256(trailer + b"\n").hexdigest()
            seed = signatures.sign(
                key, "\n".join(("AWS4-HMAC-SHA256-TRAILER", time, scope, seed, digest))
            ).hex()
            body += trailer + b"\r\nx-amz-trailer-signature:" + seed.encode() + b"\r\n\r\n"
        else:
            body += b"\r\n"
        request.data = body
        return request

    @pytest.mark.parametrize("trailer", [b"", b"x-amz-checksum-crc32:AAAAAA=="])
    def test_chunks_that_are_signed_arrive(self, aws, trailer):
        answer = send(self.request(aws, [b"a" * 9000, b"b" * 10], trailer))
        assert answer.status_code == 200, answer.text
        found = aws.client("s3").get_object(Bucket=aws.bucket, Key="chunked")["Body"].read()
        assert found == b"a" * 9000 + b"b" * 10

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"aaaa", b"aaab"),
            (b";chunk-signature=", b";signature="),
            (b"\r\n0;", b"\r\n1;"),
            (b"a\r\n", b"a"),
        ],
    )
    def test_a_chunk_that_somebody_changed_does_not(self, aws, old, new):
        request = self.request(aws, [b"a" * 9000])
        request.data = request.data.replace(old, new, 1)
        assert send(request).status_code in {400, 403}
        assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=aws.bucket)

    def test_trailers_are_signed(self, aws):
        request = self.request(aws, [b"a"], b"x-amz-checksum-crc32:AAAAAA==")
        request.data = request.data.replace(b"AAAAAA==", b"BBBBBB==")
        assert send(request).status_code == 403

    def test_a_body_that_ends_early_is_incomplete(self):
        with pytest.raises(Exception, match="terminated unexpectedly"):
            aws_chunked.verify(b"10;chunk-signature=" + b"0" * 64 + b"\r\nab", b"", "", "", "", trailer=False)


def test_a_large_upload_in_parts_arrives(aws):
    data = b"0123456789abcdef" * (1024 * 1024)
    aws.client("s3").upload_fileobj(io.BytesIO(data), aws.bucket, "large")
    assert aws.client("s3").get_object(Bucket=aws.bucket, Key="large")["Body"].read() == data


def signed(aws, method, path, body=b"", *, payload=None, extra=False, chunked=0):
    """A request of S3, signed by the administrator, which may be changed before it is sent."""
    key = aws.server.account.clients.keys.administrator
    request = AWSRequest(method, aws.server.endpoint_url + path, data=body)
    request.headers["Host"] = urlsplit(aws.server.endpoint_url).netloc
    if extra:
        request.headers["x-amz-meta-a"] = "1"
    if chunked:
        request.headers["Content-Encoding"] = "aws-chunked"
        request.headers["X-Amz-Decoded-Content-Length"] = str(chunked)

    class Auth(botocore.auth.S3SigV4Auth):
        def payload(self, request):
            return payload or super().payload(request)

    Auth(Credentials(key.id, key.secret), "s3", aws.region).add_auth(request)
    return request


def send(request):
    return requests.request(
        request.method, request.url, data=request.data, headers=dict(request.headers.items()), timeout=30
    )


FOREIGN = sorted(set(SERVICES) - {"iam", "sts"})


@pytest.mark.parametrize("service", FOREIGN)
def test_a_client_of_another_region_is_refused_with_one_sentence(aws, service):
    client = aws.server.account.clients.session().client(
        service, endpoint_url=aws.server.endpoint_url, region_name="us-east-1"
    )
    stated = SERVICES[service]
    name, arguments = stated if isinstance(stated, tuple) else (stated, {})
    with pytest.raises(ClientError) as caught:
        getattr(client, name)(**arguments)
    assert (
        caught.value.response["Error"].items()
        >= {
            "Code": "InvalidRegion",
            "Message": "The embedded AWS has the region eu-west-1 alone, and this client of "
            f"{client.meta.service_model.signing_name} is for us-east-1: give it region_name='eu-west-1', or none, so that "
            "AWS_REGION counts.",
        }.items()
    )


def test_iam_and_sts_answer_clients_of_every_region(aws):
    for service in ("iam", "sts"):
        client = aws.server.account.clients.session().client(
            service, endpoint_url=aws.server.endpoint_url, region_name="us-east-1"
        )
        assert call(client, service) is None
