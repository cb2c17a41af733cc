"""Objects that are named by their content: written once, compared by hash."""

import hashlib
import threading

import pytest
from botocore.exceptions import ClientError

from model_common.aws import objects
from model_common.errors import IntegrityError

CONTENT = b"what the name says"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def s3(aws):
    return aws.client("s3")


def versions(s3, aws, key):
    return len(s3.list_object_versions(Bucket=aws.bucket, Prefix=key).get("Versions", ()))


def content(s3, aws, key):
    return s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read()


def test_what_is_stored_once_is_not_written_again(aws, s3):
    first = objects.put(s3, aws.bucket, "a", CONTENT)
    again = objects.put(s3, aws.bucket, "a", CONTENT)
    assert first.created and not again.created
    assert first.version == again.version is not None
    assert versions(s3, aws, "a") == 1


def test_s3_holds_the_hash_of_what_was_stored(aws, s3):
    objects.put(s3, aws.bucket, "a", CONTENT)
    head = s3.head_object(Bucket=aws.bucket, Key="a", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert objects.find(s3, aws.bucket, "a", SHA256) is not None
    assert objects.find(s3, aws.bucket, "b", SHA256) is None


@pytest.mark.parametrize("with_hash", [True, False])
def test_other_content_of_the_same_size_is_an_error_that_names_the_object(aws, s3, with_hash):
    sums = {"ChecksumAlgorithm": "SHA256"} if with_hash else {}
    s3.put_object(Bucket=aws.bucket, Key="a", Body=CONTENT[::-1], **sums)
    with pytest.raises(IntegrityError) as caught:
        objects.put(s3, aws.bucket, "a", CONTENT)
    assert f"s3://{aws.bucket}/a holds other content than its name says" in caught.value.message
    assert SHA256 in caught.value.message
    with pytest.raises(IntegrityError):
        objects.find(s3, aws.bucket, "a", SHA256)
    with pytest.raises(IntegrityError):
        objects.read(s3, aws.bucket, "a", SHA256)
    assert content(s3, aws, "a") == CONTENT[::-1]


def test_the_right_content_counts_whoever_stored_it_and_however(aws, s3):
    s3.put_object(Bucket=aws.bucket, Key="a", Body=CONTENT)
    assert not objects.put(s3, aws.bucket, "a", CONTENT).created
    assert objects.read(s3, aws.bucket, "a", SHA256) == CONTENT


class Meanwhile:
    """A client to whom S3 says that there is no such object, just before somebody writes it."""

    def __init__(self, s3, bucket, body):
        self._s3, self._write = s3, lambda: s3.put_object(Bucket=bucket, Key="a", Body=body)

    def __getattr__(self, name):
        return getattr(self._s3, name)

    def put_object(self, **request):
        self._write()
        return self._s3.put_object(**request)


def test_a_writer_who_was_faster_with_the_same_is_welcome(aws, s3):
    assert not objects.put(Meanwhile(s3, aws.bucket, CONTENT), aws.bucket, "a", CONTENT).created


def test_a_writer_who_was_faster_with_something_else_is_found_out(aws, s3):
    with pytest.raises(IntegrityError):
        objects.put(Meanwhile(s3, aws.bucket, b"other"), aws.bucket, "a", CONTENT)


def test_many_writers_of_the_same_leave_one_version(aws, s3):
    threads = [threading.Thread(target=objects.put, args=(s3, aws.bucket, "a", CONTENT)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions(s3, aws, "a") == 1


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A file of two parts and a piece."""
    monkeypatch.setattr(objects, "PART_BYTES", 5 * 1024 * 1024)
    path = tmp_path / "large"
    path.write_bytes(b"0123456789" * 1_100_000)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_goes_in_parts_and_is_recognised_by_their_hashes(aws, s3, large, monkeypatch):
    path, digest = large
    assert objects.put_file(s3, aws.bucket, "a", path, digest).created
    assert hashlib.sha256(content(s3, aws, "a")).hexdigest() == digest
    monkeypatch.setattr(s3, "get_object", None)
    assert not objects.put_file(s3, aws.bucket, "a", path, digest).created


def test_a_large_file_in_parts_of_another_size_is_read_to_be_recognised(aws, s3, large, monkeypatch):
    path, digest = large
    objects.put_file(s3, aws.bucket, "a", path, digest)
    monkeypatch.setattr(objects, "PART_BYTES", 6 * 1024 * 1024)
    assert not objects.put_file(s3, aws.bucket, "a", path, digest).created


def test_a_large_object_with_one_other_byte_is_found_out(aws, s3, large, tmp_path):
    path, digest = large
    other = tmp_path / "other"
    other.write_bytes(b"x" + path.read_bytes()[1:])
    objects.put_file(s3, aws.bucket, "a", other, hashlib.sha256(other.read_bytes()).hexdigest())
    with pytest.raises(IntegrityError):
        objects.put_file(s3, aws.bucket, "a", path, digest)


def test_a_large_upload_that_fails_leaves_nothing_and_is_done_again(aws, s3, large, monkeypatch):
    path, digest = large
    with monkeypatch.context() as patched:
        patched.setattr(s3, "complete_multipart_upload", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            objects.put_file(s3, aws.bucket, "a", path, digest)
    assert not s3.list_multipart_uploads(Bucket=aws.bucket).get("Uploads")
    assert objects.put_file(s3, aws.bucket, "a", path, digest).created


def test_what_was_damaged_on_the_way_is_refused_by_s3(aws, s3, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"damaged")
    with pytest.raises(ClientError, match="BadDigest"):
        objects.put_file(s3, aws.bucket, "a", path, SHA256)
    assert objects.find(s3, aws.bucket, "a", SHA256) is None
