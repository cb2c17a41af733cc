"""Conditions on the tags of a KMS key, which hold some time after the key was made only."""

import time

import pytest
from botocore.exceptions import ClientError

from local_aws.identity.actions import tag_readers


@pytest.fixture
def key(aws, roles, enforced):
    """A client of KMS that may describe keys with a tag, and a new key that has it."""
    tagged = {"StringEquals": {"aws:ResourceTag/project": "reviews"}}
    client = roles.client(roles.make(("kms:DescribeKey", "*", tagged)), "kms")
    made = aws.client("kms").create_key(Tags=[{"TagKey": "project", "TagValue": "reviews"}])
    return client, made["KeyMetadata"]["KeyId"]


def test_a_condition_on_the_tags_of_a_new_key_does_not_hold_at_once(key, monkeypatch):
    client, name = key
    monkeypatch.setattr(tag_readers, "TAG_LAG_SECONDS", 3600)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.describe_key(KeyId=name)


def test_it_holds_some_time_later(key, monkeypatch):
    client, name = key
    monkeypatch.setattr(tag_readers, "TAG_LAG_SECONDS", 0.01)
    time.sleep(0.02)
    assert client.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == name
