"""The clients of a command: made when they are first used, and never for an address that is none."""

import boto3
import pytest
from botocore.stub import Stubber

from model_common.aws.clients import Clients
from model_common.errors import SettingsError


def session(region="eu-west-1"):
    return boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=region)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


def test_each_client_is_made_once_and_in_the_sessions_region():
    clients = Clients(session())
    assert (clients.region, clients.s3.meta.region_name) == ("eu-west-1", "eu-west-1")
    assert clients.s3 is clients.s3
    assert [
        each.meta.service_model.service_name for each in (clients.s3, clients.sagemaker, clients.sts)
    ] == [
        *("s3", "sagemaker", "sts"),
    ]


def test_without_a_region_it_is_empty():
    assert Clients(session(region=None)).region == ""


def test_the_account_is_asked_for_once():
    clients = Clients(session())
    with Stubber(clients.sts) as stubbed:
        stubbed.add_response("get_caller_identity", {"Account": "123456789012"}, {})
        assert (clients.account, clients.account) == ("123456789012", "123456789012")


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_that_is_no_address_is_refused_before_a_client_is_made(monkeypatch, name):
    monkeypatch.setenv(name, "127.0.0.1:5577")
    with pytest.raises(SettingsError, match=f"^{name} is '127.0.0.1:5577'"):
        Clients(session())
