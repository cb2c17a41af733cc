"""What a job gets from S3 and puts there, and how that fails."""

import os

import pytest

from local_aws.containers.errors import DownloadError, UnsupportedError, UploadError
from local_aws.containers.s3_data import Location, S3Data, archive


@pytest.fixture
def data(aws):
    return S3Data(aws.client("s3"), aws.region, aws.role_arn)


@pytest.fixture
def put(aws):
    def put(**objects):
        for key, body in objects.items():
            aws.client("s3").put_object(Bucket=aws.bucket, Key=key.replace("__", "/"), Body=body.encode())

    return put


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def keys(aws):
    found = aws.client("s3").list_objects_v2(Bucket=aws.bucket).get("Contents", ())
    return [stored["Key"] for stored in found]


@pytest.mark.parametrize("prefix", ["in", "in/"])
def test_what_lies_under_a_prefix_keeps_its_folders(aws, data, put, tmp_path, prefix):
    put(in__a="1", in__deep__b="2", other="3")
    data.download(f"s3://{aws.bucket}/{prefix}", tmp_path / "data")
    assert tree(tmp_path / "data") == {"a": "1", "deep/b": "2"}


def test_a_uri_that_names_one_object_brings_it_under_its_own_name(aws, data, put, tmp_path):
    put(in__train="1", in__other="2")
    data.download(f"s3://{aws.bucket}/in/train", tmp_path / "data")
    assert tree(tmp_path / "data") == {"train": "1"}


def test_a_prefix_is_a_beginning_of_keys_as_sagemaker_has_it(aws, data, put, tmp_path):
    put(in__part1="1", in__part2="2", in__rest="3")
    data.download(f"s3://{aws.bucket}/in/part", tmp_path / "data")
    assert tree(tmp_path / "data") == {"part1": "1", "part2": "2"}


def test_a_whole_bucket_can_be_had(aws, data, put, tmp_path):
    put(a="1", b__c="2")
    data.download(f"s3://{aws.bucket}", tmp_path / "data")
    assert tree(tmp_path / "data") == {"a": "1", "b/c": "2"}


def test_the_marker_of_an_empty_folder_is_no_file(aws, data, put, tmp_path):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="in/")
    put(in__a="1")
    data.download(f"s3://{aws.bucket}/in/", tmp_path / "data")
    assert tree(tmp_path / "data") == {"a": "1"}


def test_nothing_under_a_prefix_is_a_failure_that_names_it_and_the_role(aws, data, tmp_path):
    with pytest.raises(DownloadError) as failed:
        data.download(f"s3://{aws.bucket}/nothing", tmp_path / "data")
    said = str(failed.value)
    assert said.startswith("ClientError: Data download failed: No S3 objects found under S3 URL")
    assert f"s3://{aws.bucket}/nothing" in said
    assert aws.role_arn in said


def test_a_bucket_that_does_not_exist_is_a_failure_that_names_it(data, tmp_path):
    with pytest.raises(DownloadError, match=r"Data download failed: NoSuchBucket: .*s3://no-such-bucket/in"):
        data.download("s3://no-such-bucket/in", tmp_path / "data")


def test_an_object_that_does_not_exist_is_a_failure_that_names_it(aws, data, tmp_path):
    with pytest.raises(DownloadError, match=rf"NoSuchKey .*s3://{aws.bucket}/code.tar.gz"):
        data.download_file(f"s3://{aws.bucket}/code.tar.gz", tmp_path / "code.tar.gz")


def test_a_key_that_leads_out_of_the_folder_is_refused(aws, data, put, tmp_path):
    put(**{"in__..__..__evil": "1"})
    with pytest.raises(DownloadError, match="leads out of the folder"):
        data.download(f"s3://{aws.bucket}/in/", tmp_path / "data")
    assert not (tmp_path / "evil").exists()


def test_an_object_and_a_folder_of_the_same_name_clash(aws, data, put, tmp_path):
    put(in__a="1", in__a__b="2")
    with pytest.raises(DownloadError, match="clashes"):
        data.download(f"s3://{aws.bucket}/in/", tmp_path / "data")


@pytest.mark.parametrize("uri", ["https://bucket.s3.amazonaws.com/key", "/local/path"])
def test_only_s3_uris_are_embedded(uri):
    with pytest.raises(UnsupportedError, match="is not an S3 URI"):
        Location.parse(uri)


def test_a_folder_is_uploaded_with_its_folders(aws, data, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_text("1")
    (tmp_path / "deep/b").write_text("2")
    data.upload(tmp_path, f"s3://{aws.bucket}/out/")
    assert keys(aws) == ["out/a", "out/deep/b"]


def test_an_upload_to_a_bucket_that_does_not_exist_fails_naming_it(data, tmp_path):
    (tmp_path / "a").write_text("1")
    with pytest.raises(UploadError, match=r"Artifact upload failed: .*s3://no-such-bucket/out/a"):
        data.upload(tmp_path, "s3://no-such-bucket/out")
    with pytest.raises(
        UploadError, match="NoSuchBucket: the bucket no-such-bucket of s3://no-such-bucket/out"
    ):
        data.require_bucket("s3://no-such-bucket/out")


def test_the_same_files_make_the_same_archive(tmp_path):
    for name, moment in (("one", 1_000_000_000), ("two", 1_700_000_000)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.bin").write_text("model")
        os.utime(folder / "model.bin", (moment, moment))
        archive(folder, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
