"""Real credentials in the environment are neither used nor passed on."""

import os

from local_aws.kernel.account import Clients
from local_aws.kernel.environment import for_command, without_real_account

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
    "NO_PROXY": "internal",
}
CLIENTS = Clients("http://127.0.0.1:1", "eu-west-1")


def test_nothing_of_the_real_account_is_left_in_a_commands_environment():
    environment = for_command(REAL, CLIENTS, {"ARTIFACT_BUCKET": "b"})
    assert not [value for value in environment.values() if "real" in value.lower() or "production" in value]
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["ARTIFACT_BUCKET"] == "b"
    assert environment["PATH"] == "/bin"


def test_loopback_is_never_reached_through_a_proxy():
    assert for_command(REAL, CLIENTS, {})["NO_PROXY"] == "internal,127.0.0.1"


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
