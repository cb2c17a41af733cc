"""What S3 does is what the caller's permissions were judged for, however the request is written."""

import base64
import hashlib

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError


@pytest.fixture
def narrow(aws, roles, enforced):
    """A client that may write, read and delete below tmp/ alone; there is an object `secret`."""
    actions = [
        "s3:PutObject",
        "s3:GetObject",
        "s3:DeleteObject",
        "s3:GetObjectTorrent",
        "s3:GetObjectAttributes",
    ]
    below = f"arn:aws:s3:::{aws.bucket}/tmp/*"
    everywhere = (["s3:GetObjectTorrent", "s3:GetObjectAttributes"], "*")
    aws.client("s3").put_object(Bucket=aws.bucket, Key="secret", Body=b"kept")
    return roles.client(roles.make((actions, below), everywhere), "s3")


def secret(aws):
    return aws.client("s3").get_object(Bucket=aws.bucket, Key="secret")["Body"].read()


def send(aws, client, method, path, body=b""):
    """A request that is written by hand, signed with the client's credentials."""
    request = AWSRequest(method, f"{aws.server.endpoint_url}/{aws.bucket}{path}", data=body)
    request.headers["Content-MD5"] = base64.b64encode(
        hashlib.md5(body, usedforsecurity=False).digest()
    ).decode()
    request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
    S3SigV4Auth(client._request_signer._credentials, "s3", aws.region).add_auth(request)
    return requests.request(method, request.url, data=body, headers=dict(request.headers.items()), timeout=30)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ('<Delete><Object a="1"><Key>secret</Key></Object></Delete>', 200),
        ("<Delete><Object ><Key >secret</Key></Object></Delete>", 200),
        ("<Delete><Object><Key><![CDATA[secret]]></Key></Object></Delete>", 200),
        ("<Delete><Object><Key>&#115;ecret</Key></Object></Delete>", 200),
        ("<Delete><Object><!--<Key>tmp/x</Key>--><Key>secret</Key></Object></Delete>", 200),
        ("<Delete><Object><X><Key>tmp/x</Key></X><Key>secret</Key></Object></Delete>", 400),
        ("<Delete><Object><Key>tmp/x</Key><Key>secret</Key></Object></Delete>", 400),
        ("<Delete><Object><Key><b/>secret</Key></Object></Delete>", 400),
        ('<!DOCTYPE d [<!ENTITY e "secret">]><Delete><Object><Key>&e;</Key></Object></Delete>', 400),
        ("<Delete><Object>", 400),
        ("<Delete></Delete>", 400),
        ("", 400),
    ],
)
def test_objects_are_deleted_only_where_each_key_was_judged(aws, narrow, document, status):
    answer = send(aws, narrow, "POST", "?delete", document.encode())
    assert answer.status_code == status, answer.text
    assert ("<Code>AccessDenied" if status == 200 else "<Code>") in answer.text
    assert secret(aws) == b"kept"


def test_objects_to_delete_in_another_encoding_are_refused(aws, narrow):
    text = '<?xml version="1.0" encoding="utf-16"?><Delete><Object><Key>secret</Key></Object></Delete>'
    assert send(aws, narrow, "POST", "?delete", text.encode("utf-16")).status_code == 400
    assert secret(aws) == b"kept"


def test_an_upload_is_finished_under_its_own_key_alone(aws, narrow):
    upload = aws.client("s3").create_multipart_upload(Bucket=aws.bucket, Key="secret")["UploadId"]
    other = {"Bucket": aws.bucket, "Key": "tmp/z", "UploadId": upload}
    parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    for request in (
        lambda: narrow.upload_part(**other, PartNumber=1, Body=b"evil"),
        lambda: narrow.complete_multipart_upload(**other, MultipartUpload=parts),
    ):
        with pytest.raises(ClientError, match="NoSuchUpload"):
            request()
    assert secret(aws) == b"kept"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/secret?torrent"), ("PUT", "/tmp/a?renameObject"), ("GET", "?analytics"), ("GET", "?metrics")],
)
def test_what_s3_has_and_the_embedded_one_lacks_is_refused_by_name(aws, method, path):
    answer = send(aws, aws.client("s3"), method, path)
    assert (answer.status_code, "NotImplemented" in answer.text) == (501, True), answer.text
    assert f"?{path.partition('?')[2]}" in answer.text


@pytest.mark.parametrize(
    "path", ["?logging", "?acl", "?publicAccessBlock", "?lifecycle", "?cors", "?encryption"]
)
@pytest.mark.parametrize("body", [b"", b"<a>", b"{}"])
def test_a_body_that_moto_fails_on_is_one_refusal_in_xml(aws, path, body):
    answer = send(aws, aws.client("s3"), "PUT", path, body)
    assert answer.status_code < 500, answer.text
    assert "<html" not in answer.text.lower()
