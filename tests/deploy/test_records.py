"""Records are written once, found again, and never written over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from model_deploy.aws import records
from model_deploy.aws.clients import Aws
from model_deploy.core.record import Record, deployment_id, record_key
from model_deploy.errors import CommandError

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
RECORD = Record(
    time=NOON,
    deployment="abc-1",
    stage="staging",
    endpoint="shop-staging",
    kind="rollout",
    model_package_arn=f"{GROUP}/7",
    model_package_version=7,
    outcome="deployed",
    verified=True,
    failures=(),
    why="rollout",
    forced=None,
    who="ada",
    commit="c0ffee",
    model_commit="beef",
    plan_sha256="0" * 64,
    replaced=f"{GROUP}/6",
)


@pytest.fixture
def aws_clients(aws):
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=aws.region)
    clients = Aws(session)
    clients.__dict__["s3"] = aws.client("s3")
    return clients


@pytest.fixture
def bucket(aws):
    return aws.bucket


def test_a_record_is_found_under_a_key_that_follows_from_the_deployment(aws_clients, bucket):
    records.append(aws_clients, bucket, RECORD)
    key = record_key("staging", NOON, 7)
    assert key == "deployments/staging/20261121T120000.123Z-7.json"
    assert records.find(aws_clients, bucket, key) == RECORD


def test_a_record_is_never_written_over(aws_clients, bucket):
    records.append(aws_clients, bucket, RECORD)
    kept = records.append(aws_clients, bucket, replace(RECORD, who="mallory", verified=False))
    assert kept == RECORD
    assert list(records.history(aws_clients, bucket, "staging")) == [RECORD]


def test_history_is_the_latest_first_and_of_one_stage(aws_clients, bucket):
    later = replace(RECORD, time=NOON + timedelta(minutes=5), model_package_version=10)
    for record in (later, RECORD, replace(RECORD, stage="production")):
        records.append(aws_clients, bucket, record)
    assert list(records.history(aws_clients, bucket, "staging")) == [later, RECORD]


def test_the_latest_that_is_known_of_a_package_decides_whether_it_was_verified(aws_clients, bucket):
    def is_verified():
        return records.verified(aws_clients, bucket, "staging", RECORD.model_package_arn) is not None

    assert not is_verified()
    records.append(aws_clients, bucket, replace(RECORD, verified=False))
    assert not is_verified()
    records.append(aws_clients, bucket, replace(RECORD, time=NOON + timedelta(hours=1)))
    assert is_verified()
    rolled_back = replace(RECORD, time=NOON + timedelta(hours=2), outcome="rolled back", verified=None)
    records.append(aws_clients, bucket, rolled_back)
    assert not is_verified()


def test_the_same_version_of_another_group_is_another_package(aws_clients, bucket):
    records.append(aws_clients, bucket, RECORD)
    assert not records.verified(aws_clients, bucket, "staging", f"{GROUP}-of-others/7")
    assert not records.verified(aws_clients, bucket, "staging", f"{GROUP}/17")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 99}'])
def test_what_is_no_record_is_named(aws_clients, bucket, body):
    key = record_key("staging", NOON, 7)
    aws_clients.s3.put_object(Bucket=bucket, Key=key, Body=body)
    with pytest.raises(CommandError, match=f"The record s3://{bucket}/{key} cannot be read"):
        records.find(aws_clients, bucket, key)


def test_a_deployment_is_named_by_its_plan_and_its_moment():
    assert deployment_id("a" * 64, NOON) == f"{'a' * 16}-1795262400123"


@pytest.mark.parametrize(
    ("who", "actor"),
    [
        ("arn:aws:sts::123456789012:assumed-role/shop-staging/ada", "shop-staging/ada"),
        ("arn:aws:iam::123456789012:user/ops/ada", "user/ops/ada"),
        ("ada (GitHub)", "ada (GitHub)"),
    ],
)
def test_people_are_told_who_it_was_without_the_account(who, actor):
    assert replace(RECORD, who=who).actor == actor


@pytest.mark.parametrize(
    ("outcome", "verified", "result"),
    [
        ("deployed", True, "deployed, verified"),
        ("deployed", False, "deployed, NOT verified"),
        ("deployed", None, "deployed, NOT verified"),
        ("rolled back", None, "rolled back"),
    ],
)
def test_an_outcome_is_told_once(outcome, verified, result):
    assert replace(RECORD, outcome=outcome, verified=verified).result == result
