"""A full disk: one clear error, and nothing that is half there."""

import errno

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeKey


@pytest.fixture
def full(monkeypatch):
    """From now on nothing that S3 stores finds room. Counts the attempts."""
    attempts = []

    def store(key, content):
        attempts.append(len(content))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FakeKey, "value", property(FakeKey.value.fget, store))
    return attempts


def test_an_upload_that_finds_no_room_says_so_once_and_leaves_nothing(aws, full, caplog):
    s3 = aws.client("s3")
    with pytest.raises(
        ClientError, match=r"The disk of the embedded AWS .* is full, and nothing was stored"
    ) as caught:
        s3.put_object(Bucket=aws.bucket, Key="data/full", Body=b"x" * 1000)
    assert caught.value.response["Error"]["Code"] == "InsufficientStorage"
    assert len(full) == 1, "it was tried again"
    assert [record.levelname for record in caplog.records if "is full" in record.message] == ["ERROR"]
    assert "Contents" not in s3.list_objects_v2(Bucket=aws.bucket, Prefix="data/full")


def test_an_upload_that_was_there_before_stays_as_it_was(aws, monkeypatch, request):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="data/kept", Body=b"before")
    request.getfixturevalue("full")
    with pytest.raises(ClientError, match="is full"):
        s3.put_object(Bucket=aws.bucket, Key="data/kept", Body=b"after")
    monkeypatch.undo()
    assert s3.get_object(Bucket=aws.bucket, Key="data/kept")["Body"].read() == b"before"
