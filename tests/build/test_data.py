"""The data of a run: found before anything is started, named by content, uploaded once."""

import hashlib

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from model_build.aws import data
from model_build.errors import DataError, IntegrityError

CSV = b"text,label\nfine,good\n"


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_bytes(CSV)
    return path


def test_a_local_file_is_uploaded_once_under_its_hash(aws, reviews):
    s3, digest = aws.client("s3"), hashlib.sha256(CSV).hexdigest()
    found = data.locate(s3, aws.bucket, str(reviews))
    assert (found.uri, found.sha256) == (f"s3://{aws.bucket}/data/{digest}/data", digest)
    assert s3.list_objects_v2(Bucket=aws.bucket)["KeyCount"] == 0
    assert data.upload(s3, found) is True
    assert data.upload(s3, found) is False
    assert s3.get_object(Bucket=aws.bucket, Key=f"data/{digest}/data")["Body"].read() == CSV


def test_the_same_content_is_the_same_data_whatever_its_name(aws, reviews):
    s3, again = aws.client("s3"), reviews.with_name("again.tsv")
    again.write_bytes(CSV)
    one, two = (data.locate(s3, aws.bucket, str(path)) for path in (reviews, again))
    assert (one.uri, one.sha256) == (two.uri, two.sha256)
    assert data.upload(s3, one) is True
    assert data.upload(s3, two) is False


def test_other_content_at_its_place_is_an_error_that_names_it(aws, reviews):
    s3 = aws.client("s3")
    found = data.locate(s3, aws.bucket, str(reviews))
    s3.put_object(Bucket=aws.bucket, Key=data.split_uri(found.uri)[1], Body=CSV[::-1])
    with pytest.raises(IntegrityError, match=f"{found.uri} holds other content"):
        data.upload(s3, found)


def plain(aws):
    """A client as of the years when S3 stored no checksum of an object that nobody stated."""
    config = Config(request_checksum_calculation="when_required")
    variables = aws.environment
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=aws.region
    )
    return session.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], config=config)


def unversioned(s3, aws):
    s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": "Suspended"})
    return s3


def test_an_object_in_s3_stays_where_it_is(aws):
    s3 = unversioned(aws.client("s3"), aws)
    plain(aws).put_object(Bucket=aws.bucket, Key="raw/reviews.csv", Body=CSV)
    found = data.locate(s3, aws.bucket, f"s3://{aws.bucket}/raw/reviews.csv")
    assert found.uri == f"s3://{aws.bucket}/raw/reviews.csv"
    # What S3 knows of this content is its ETag; that is no sha256, and does not pretend to be one.
    assert found.sha256 == f"etag:{hashlib.md5(CSV).hexdigest()}"
    assert data.upload(s3, found) is False


def test_an_object_that_was_stored_with_its_hash_is_known_by_it(aws):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="reviews.csv", Body=CSV, ChecksumAlgorithm="SHA256")
    found = data.locate(s3, aws.bucket, f"s3://{aws.bucket}/reviews.csv")
    assert found.sha256 == hashlib.sha256(CSV).hexdigest()


def test_other_content_under_the_same_uri_is_other_data(aws):
    s3, uri = aws.client("s3"), f"s3://{aws.bucket}/latest.csv"
    s3.put_object(Bucket=aws.bucket, Key="latest.csv", Body=CSV)
    before = data.locate(s3, aws.bucket, uri)
    s3.put_object(Bucket=aws.bucket, Key="latest.csv", Body=CSV + b"poor,bad\n")
    assert data.locate(s3, aws.bucket, uri).sha256 != before.sha256


def test_an_object_without_a_checksum_is_known_by_its_version(aws):
    s3 = aws.client("s3")
    version = plain(aws).put_object(Bucket=aws.bucket, Key="reviews.csv", Body=CSV)["VersionId"]
    found = data.locate(s3, aws.bucket, f"s3://{aws.bucket}/reviews.csv")
    assert found.sha256 == f"version:{version}"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_equal_content_is_equal_data_whatever_its_version(aws, algorithm):
    s3 = aws.client("s3")
    uris = [f"s3://{aws.bucket}/equal/part-1.csv", f"s3://{aws.bucket}/equal/"]
    found = []
    for body in (CSV, CSV, CSV + b"poor,bad\n"):
        s3.put_object(Bucket=aws.bucket, Key="equal/part-1.csv", Body=body, ChecksumAlgorithm=algorithm)
        found.append([data.locate(s3, aws.bucket, uri).sha256 for uri in uris])
    assert found[0] == found[1]
    assert not set(found[1]) & set(found[2])


def test_the_checksum_that_s3_makes_of_every_object_names_its_content():
    s3 = boto3.client("s3", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    head = {"ContentLength": 5, "ETag": '"a"', "VersionId": "v", "ChecksumCRC64NVME": "rosUhgp5mIg="}
    with Stubber(s3) as stub:
        stub.add_response("head_object", head | {"ChecksumType": "FULL_OBJECT"})
        stub.add_response("head_object", head | {"ChecksumType": "COMPOSITE"})
        found = [data.locate(s3, "shop", "s3://lake/a.csv").sha256 for _ in range(2)]
    assert found == ["crc64nvme:rosUhgp5mIg=:5", "version:v"]


def test_every_object_below_a_prefix_counts(aws):
    s3, uri = aws.client("s3"), f"s3://{aws.bucket}/parts/"
    found = set()
    for number in range(3):
        s3.put_object(Bucket=aws.bucket, Key=f"parts/{number}.csv", Body=CSV)
        found.add(data.locate(s3, aws.bucket, uri).sha256)
    s3.delete_object(Bucket=aws.bucket, Key="parts/0.csv")
    found.add(data.locate(s3, aws.bucket, uri).sha256)
    assert len(found) == 4
    assert all(each.startswith("objects:") for each in found)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.csv", "The data file nowhere.csv does not exist"),
        ("https://example.com/reviews.csv", "expected the path of a file, or an s3:// URI"),
        ("s3://bucket", "expected the URI of an object, or of a prefix"),
        ("s3://BUCKET/folder/", "There is no object under"),
        ("s3://BUCKET/missing.csv", "There is no object s3://BUCKET/missing.csv"),
        ("s3://no-such-bucket-here/missing.csv", "There is no object s3://no-such-bucket-here/missing.csv"),
    ],
)
def test_what_is_no_data_is_refused_at_once(aws, source, message):
    source, message = source.replace("BUCKET", aws.bucket), message.replace("BUCKET", aws.bucket)
    with pytest.raises(DataError) as caught:
        data.locate(aws.client("s3"), aws.bucket, source)
    assert message in caught.value.message
    assert caught.value.exit_code == 2


def test_empty_data_is_refused_at_once(aws, tmp_path):
    s3 = aws.client("s3")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"empty\.csv is empty"):
        data.locate(s3, aws.bucket, str(tmp_path / "empty.csv"))
    s3.put_object(Bucket=aws.bucket, Key="empty.csv", Body=b"")
    with pytest.raises(DataError, match=r"/empty\.csv is empty"):
        data.locate(s3, aws.bucket, f"s3://{aws.bucket}/empty.csv")


def test_an_empty_folder_is_refused(aws, tmp_path):
    with pytest.raises(DataError, match="has no file"):
        data.locate(aws.client("s3"), aws.bucket, str(tmp_path))


@pytest.mark.parametrize("operation", ["list_objects_v2", "head_object"])
def test_a_prefix_that_the_role_may_not_read_says_who_lets_it(operation):
    s3 = boto3.client("s3", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(s3) as stub:
        if operation == "head_object":
            stub.add_response("list_objects_v2", {"Contents": [{"Key": "reviews/1.csv", "Size": 5}]})
        stub.add_client_error(
            operation, "403" if operation == "head_object" else "AccessDenied", "Forbidden", 403
        )
        with pytest.raises(DataError) as refused:
            data.locate(s3, "shop-artifacts", "s3://lake/reviews/")
    assert "--training-data s3://lake/reviews/`, with --training-data-key ARN" in refused.value.message


def test_data_that_the_role_may_not_read_says_who_lets_it():
    s3 = boto3.client("s3", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        with pytest.raises(DataError) as refused:
            data.locate(s3, "shop-artifacts", "s3://lake/reviews.csv")
    assert "s3://lake/reviews.csv cannot be read" in refused.value.message
    assert "project-template update PROJECT --training-data s3://lake/reviews.csv" in refused.value.message
    assert "--training-data-key" in refused.value.message
