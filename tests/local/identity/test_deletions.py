"""DeleteObjects of keys that some may be denied: an error for each of those, and the others are gone."""

import json

import pytest

KEYS = ["mine/a", "theirs/b", "mine/c&d", "theirs/e"]


@pytest.fixture
def keys(aws):
    for key in KEYS:
        aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=b"x")
    return [{"Key": key} for key in KEYS]


def left(aws):
    found = aws.client("s3").list_objects_v2(Bucket=aws.bucket).get("Contents", ())
    return sorted(each["Key"] for each in found)


@pytest.mark.parametrize("quiet", [False, True])
def test_what_a_role_may_not_delete_is_told_and_the_rest_is_deleted(aws, roles, enforced, keys, quiet):
    role = roles.make(("s3:DeleteObject", f"arn:aws:s3:::{aws.bucket}/mine/*"))
    answer = roles.client(role, "s3").delete_objects(
        Bucket=aws.bucket, Delete={"Objects": keys, "Quiet": quiet}
    )
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [
        ("theirs/b", "AccessDenied"),
        ("theirs/e", "AccessDenied"),
    ]
    assert "is not authorized to perform: s3:DeleteObject" in answer["Errors"][0]["Message"]
    assert [each["Key"] for each in answer.get("Deleted", ())] == ([] if quiet else ["mine/a", "mine/c&d"])
    assert left(aws) == ["theirs/b", "theirs/e"]


def test_nothing_is_deleted_for_who_may_delete_nothing(aws, roles, enforced, keys):
    role = roles.make(("s3:GetObject", "*"))
    answer = roles.client(role, "s3").delete_objects(Bucket=aws.bucket, Delete={"Objects": keys})
    assert [each["Key"] for each in answer["Errors"]] == KEYS and "Deleted" not in answer
    assert left(aws) == sorted(KEYS)


def test_a_buckets_denial_is_for_single_keys_too(aws, keys):
    aws.client("s3").put_bucket_policy(
        Bucket=aws.bucket,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:DeleteObject",
                    "Resource": f"arn:aws:s3:::{aws.bucket}/theirs/*",
                },
            }
        ),
    )
    answer = aws.client("s3").delete_objects(Bucket=aws.bucket, Delete={"Objects": keys})
    assert [each["Key"] for each in answer["Errors"]] == ["theirs/b", "theirs/e"]
    assert left(aws) == ["theirs/b", "theirs/e"]


def test_versions_need_a_permission_of_their_own(aws, roles, enforced):
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=aws.bucket, Key="k", Body=b"x")["VersionId"]
    role = roles.make(("s3:DeleteObject", "*"))
    stated = [{"Key": "k", "VersionId": version}, {"Key": "k"}]
    answer = roles.client(role, "s3").delete_objects(Bucket=aws.bucket, Delete={"Objects": stated})
    assert [(each["Key"], each["VersionId"]) for each in answer["Errors"]] == [("k", version)]
    assert answer["Deleted"][0]["DeleteMarker"]
    assert s3.get_object(Bucket=aws.bucket, Key="k", VersionId=version)["Body"].read() == b"x"
