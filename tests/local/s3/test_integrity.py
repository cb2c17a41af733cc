"""What S3 checks of an upload, and tells of an object."""

import base64
import hashlib
import zlib

import pytest
from botocore.exceptions import ClientError


def sha256(body):
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def exists(aws, s3):
    def exists(key):
        return s3.list_objects_v2(Bucket=aws.bucket, Prefix=key)["KeyCount"] == 1

    return exists


@pytest.mark.parametrize(
    "wrong",
    [
        {"ChecksumSHA256": sha256(b"other")},
        {"ChecksumSHA1": base64.b64encode(hashlib.sha1(b"other").digest()).decode()},
        {"ChecksumCRC32": base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big")).decode()},
        {"ContentMD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()},
    ],
)
def test_a_body_that_is_not_what_its_checksum_says_is_refused_and_not_stored(aws, s3, exists, wrong):
    assert refused(s3.put_object, Bucket=aws.bucket, Key="a", Body=b"this", **wrong) == "BadDigest"
    assert not exists("a")


def test_a_checksum_that_is_none_is_refused(aws, s3, exists):
    request = {"Bucket": aws.bucket, "Key": "a", "Body": b"this"}
    assert refused(s3.put_object, **request, ChecksumSHA256="bm90IG9uZQ==") == "InvalidRequest"
    assert refused(s3.put_object, **request, ChecksumSHA256="%%%") == "InvalidRequest"
    assert not exists("a")


def test_a_stated_checksum_is_kept_and_told_to_who_asks_for_it(aws, s3):
    s3.put_object(Bucket=aws.bucket, Key="a", Body=b"this", ChecksumSHA256=sha256(b"this"))
    head = s3.head_object(Bucket=aws.bucket, Key="a", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], head["ChecksumType"]) == (sha256(b"this"), "FULL_OBJECT")
    read = s3.get_object(Bucket=aws.bucket, Key="a", ChecksumMode="ENABLED")
    assert (read["ChecksumSHA256"], read["ChecksumType"]) == (sha256(b"this"), "FULL_OBJECT")
    assert "ChecksumSHA256" not in s3.head_object(Bucket=aws.bucket, Key="a")


def test_what_exists_is_not_written_over_by_who_says_if_none_match(aws, s3):
    request = {"Bucket": aws.bucket, "Key": "a", "IfNoneMatch": "*"}
    s3.put_object(**request, Body=b"this", ChecksumSHA256=sha256(b"this"))
    assert (
        refused(s3.put_object, **request, Body=b"that", ChecksumSHA256=sha256(b"that"))
        == "PreconditionFailed"
    )
    assert s3.get_object(Bucket=aws.bucket, Key="a")["Body"].read() == b"this"


def upload(s3, bucket, key, *bodies, sums=None, **request):
    started = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256", **request)
    where = {"Bucket": bucket, "Key": key, "UploadId": started["UploadId"]}
    parts = []
    for number, body in enumerate(bodies, 1):
        digest = (sums or {}).get(number, sha256(body))
        etag = s3.upload_part(**where, PartNumber=number, Body=body, ChecksumSHA256=digest)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag, "ChecksumSHA256": digest})
    return s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}, IfNoneMatch="*")


def test_a_checksum_of_parts_is_told_as_one(aws, s3):
    one, two = b"1" * 5 * 1024 * 1024, b"2"
    upload(s3, aws.bucket, "parts", one, two)
    both = hashlib.sha256(one).digest() + hashlib.sha256(two).digest()
    head = s3.head_object(Bucket=aws.bucket, Key="parts", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], head["ChecksumType"]) == (f"{sha256(both)}-2", "COMPOSITE")


def test_a_part_that_is_not_what_its_checksum_says_is_refused(aws, s3, exists):
    with pytest.raises(ClientError, match="BadDigest"):
        upload(s3, aws.bucket, "parts", b"1", sums={1: sha256(b"2")})
    assert not exists("parts")


def test_a_multipart_upload_does_not_write_over_what_exists_if_none_match(aws, s3):
    upload(s3, aws.bucket, "parts", b"1")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        upload(s3, aws.bucket, "parts", b"2")
    assert s3.get_object(Bucket=aws.bucket, Key="parts")["Body"].read() == b"1"


def test_no_sha256_of_a_whole_multipart_object(aws, s3):
    with pytest.raises(ClientError, match="FULL_OBJECT checksum type cannot be used"):
        upload(s3, aws.bucket, "parts", b"1", ChecksumType="FULL_OBJECT")


def test_a_part_without_its_checksum_among_others_is_refused(aws, s3):
    started = s3.create_multipart_upload(Bucket=aws.bucket, Key="parts", ChecksumAlgorithm="SHA256")
    where = {"Bucket": aws.bucket, "Key": "parts", "UploadId": started["UploadId"]}
    bodies = {1: b"1" * 5 * 1024 * 1024, 2: b"2"}
    etags = {
        number: s3.upload_part(**where, PartNumber=number, Body=body, ChecksumSHA256=sha256(body))["ETag"]
        for number, body in bodies.items()
    }
    parts = [
        {"PartNumber": 1, "ETag": etags[1], "ChecksumSHA256": sha256(bodies[1])},
        {"PartNumber": 2, "ETag": etags[2]},
    ]
    assert (
        refused(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}) == "InvalidRequest"
    )
