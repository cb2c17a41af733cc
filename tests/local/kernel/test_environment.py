"""Real credentials in the environment are neither used nor passed on."""

import os

import requests

from local_aws.kernel.account import Clients
from local_aws.kernel.environment import for_command, without_real_account

PROXY = "http://127.0.0.1:9"  # nothing answers there
REAL = {
    "PATH": "/bin",
    "HOME": "/home/someone",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/real",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    "AWS_ENDPOINT_URL_S3": "https://s3.real",
    "AWS_CA_BUNDLE": "/real/ca.pem",
    "AWS_MAX_ATTEMPTS": "9",
    "SAGEMAKER_USER_CONFIG_OVERRIDE": "/real/config.yaml",
    "PERMISSIONS_BOUNDARY_ARN": "arn:aws:iam::999999999999:policy/real",
    "DEPLOY_SERVICE_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    "HTTP_PROXY": PROXY,
    "http_proxy": PROXY,
    "NO_PROXY": "internal",
}
CLIENTS = Clients("http://127.0.0.1:1", "eu-west-1")


def test_nothing_of_the_real_account_is_left_in_a_commands_environment():
    environment = for_command(REAL, CLIENTS, {"ARTIFACT_BUCKET": "b"})
    assert not [value for value in environment.values() if "real" in value.lower() or "production" in value]
    assert "AWS_MAX_ATTEMPTS" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["ARTIFACT_BUCKET"] == "b"
    assert environment["PATH"] == "/bin"


def test_a_command_reaches_loopback_without_a_proxy_and_keeps_its_proxy_for_all_else():
    environment = for_command(REAL | {"no_proxy": "other, internal"}, CLIENTS, {})
    assert environment["NO_PROXY"] == environment["no_proxy"] == "internal,other,127.0.0.1,localhost,::1"
    assert environment["HTTP_PROXY"] == PROXY


def test_the_server_and_its_clients_reach_loopback_without_a_proxy(monkeypatch, local_server):
    for key in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(key, PROXY)
    for key in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(key, raising=False)
    clients = Clients(local_server.endpoint_url, keys=local_server.account.clients.keys)
    assert clients.client("sts").get_caller_identity()["Account"]
    monkeypatch.setenv("NO_PROXY", "internal")
    with without_real_account("eu-west-1"):
        # What STS asks for the keys of the embedded GitHub, and what moto calls.
        assert requests.get(f"{local_server.endpoint_url}/_github/api/rate_limit", timeout=10).status_code
    assert os.environ["NO_PROXY"] == "internal"
    assert "no_proxy" not in os.environ


def test_the_servers_own_clients_ignore_the_profile_and_credentials_of_whoever_runs_it(monkeypatch):
    for key, value in REAL.items():
        monkeypatch.setenv(key, value)
    session = CLIENTS.session()
    credentials = session.get_credentials()
    assert (credentials.access_key, credentials.token) == ("local", None)
    assert credentials.secret_key == CLIENTS.keys.administrator.secret
    session.client("sts", endpoint_url="http://127.0.0.1:1")


def test_the_process_that_serves_forgets_the_real_account_and_remembers_it_afterwards(monkeypatch):
    for key in [key for key in os.environ if key.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in REAL.items():
        monkeypatch.setenv(key, value)
    with without_real_account("eu-west-1"):
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_ACCESS_KEY_ID"] == "nobody"
    assert {key: os.environ[key] for key in REAL} == REAL
    assert "AWS_EC2_METADATA_DISABLED" not in os.environ
