"""A bucket's policy refuses whom it is for and when its conditions hold, and nobody else."""

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def state(aws):
    """Gives the bucket of the test a policy of one statement, for all objects."""

    def state(**statement):
        whole = {"Resource": f"arn:aws:s3:::{aws.bucket}/*", **statement}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [whole]})
        aws.client("s3").put_bucket_policy(Bucket=aws.bucket, Policy=policy)

    return state


def put(client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"")
    return client.get_object(Bucket=bucket, Key="a")["Body"].read()


def test_only_by_tls_refuses_nobody_since_every_request_counts_as_one(aws, state):
    state(
        Effect="Deny",
        Principal="*",
        Action="s3:*",
        Condition={"Bool": {"aws:SecureTransport": "false"}},
    )
    assert put(aws.client("s3"), aws.bucket) == b""


def test_a_denial_whose_condition_holds_refuses(aws, state):
    state(
        Effect="Deny",
        Principal="*",
        Action="s3:PutObject",
        Condition={"Bool": {"aws:SecureTransport": "true"}},
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        put(aws.client("s3"), aws.bucket)


def test_a_denial_of_writes_without_a_precondition_lets_nobody_write_over_an_object(aws, state):
    state(
        Effect="Deny",
        Principal="*",
        Action="s3:PutObject",
        Condition={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )
    s3, place = aws.client("s3"), {"Bucket": aws.bucket, "Key": "a"}
    s3.put_object(**place, Body=b"first", IfNoneMatch="*")
    for write in (
        lambda: s3.put_object(**place, Body=b"second"),
        lambda: s3.copy_object(**place, CopySource=f"{aws.bucket}/a", MetadataDirective="REPLACE"),
        lambda: complete(s3, place, b"second"),
    ):
        with pytest.raises(ClientError) as refused:
            write()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    for write in (
        lambda: s3.put_object(**place, Body=b"second", IfNoneMatch="*"),
        lambda: complete(s3, place, b"second", IfNoneMatch="*"),
    ):
        with pytest.raises(ClientError, match="PreconditionFailed"):
            write()
    assert s3.get_object(**place)["Body"].read() == b"first"
    complete(s3, place | {"Key": "b"}, b"in parts", IfNoneMatch="*")
    assert s3.get_object(Bucket=aws.bucket, Key="b")["Body"].read() == b"in parts"


def complete(s3, place, content, **condition):
    upload = s3.create_multipart_upload(**place)["UploadId"]
    part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=content)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts}, **condition)


def test_a_denial_is_only_for_its_principal(aws, state, roles):
    everything = ("s3:*", "*")
    denied, other = roles.make(everything), roles.make(everything)
    state(Effect="Deny", Principal={"AWS": denied}, Action="s3:PutObject")
    assert put(roles.client(other, "s3"), aws.bucket) == b""
    assert put(aws.client("s3"), aws.bucket) == b""
    with pytest.raises(ClientError, match="AccessDenied"):
        put(roles.client(denied, "s3"), aws.bucket)


def test_a_denial_of_all_but_one_refuses_the_others(aws, state, roles):
    everything = ("s3:*", "*")
    one, other = roles.make(everything), roles.make(everything)
    session = roles.client(one, "sts").get_caller_identity()["Arn"]
    account = "arn:aws:iam::123456789012:root"
    client = roles.client(one, "s3")
    state(Effect="Deny", NotPrincipal={"AWS": [account, one, session]}, Action="s3:PutObject")
    assert put(client, aws.bucket) == b""
    with pytest.raises(ClientError, match="AccessDenied"):
        put(roles.client(other, "s3"), aws.bucket)
    # Account, role and session are principals by themselves.
    for listed in ([account], [one], [account, one], [one, session]):
        state(Effect="Deny", NotPrincipal={"AWS": listed}, Action="s3:PutObject")
        with pytest.raises(ClientError, match="AccessDenied"):
            put(client, aws.bucket)


@pytest.mark.parametrize("key", ["s3:signatureAge", "aws:SourceIp", "s3:nosuchkey", "s3:ExistingObjectTag/x"])
def test_a_condition_that_could_never_hold_here_is_refused_by_name(state, key):
    with pytest.raises(ClientError, match=f"does not set the condition key {key}"):
        state(Effect="Deny", Principal="*", Action="s3:GetObject", Condition={"StringLike": {key: "*"}})


def test_attributes_are_read_by_whom_may_read_the_object(aws, state):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="a", Body=b"")
    s3.get_object_attributes(Bucket=aws.bucket, Key="a", ObjectAttributes=["ObjectSize"])
    state(Effect="Deny", Principal="*", Action="s3:GetObject")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object_attributes(Bucket=aws.bucket, Key="a", ObjectAttributes=["ObjectSize"])
