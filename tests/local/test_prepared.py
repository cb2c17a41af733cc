"""What `local-aws up` prepares and prints, and what sets a shell up for it."""

import base64
import re
import subprocess

import pytest
import requests
from typer.testing import CliRunner

from local_aws import cli, prepared
from local_aws.errors import UsageError
from local_aws.kernel.environment import shell_commands
from local_aws.kernel.signing.keys import published


@pytest.fixture(scope="module")
def owner(local_server):
    made = prepared.organization(local_server.github, local_server.account.clients, "acme-of-up")
    local_server.github.add_repository("acme-of-up/shop", files={"docs/a <b>.md": b"x"})
    return made


def test_an_organisation_has_an_owner_whose_token_is_in_the_secret_that_publish_wants(local_server, owner):
    secret = local_server.client("secretsmanager").get_secret_value(SecretId=owner.secret_arn)
    assert secret["SecretString"] == owner.token
    answer = requests.get(
        f"{local_server.github.api_url}/user", headers={"Authorization": f"Bearer {owner.token}"}, timeout=30
    )
    assert answer.json()["login"] == owner.login


@pytest.mark.parametrize("login", ["", "a b", "-a", "a--b", "x" * 40, "owner"])
def test_a_login_that_github_would_not_take_is_refused(local_server, login):
    with pytest.raises(UsageError, match="--github-org"):
        prepared.organization(local_server.github, local_server.account.clients, login)


def test_what_is_printed_names_every_address_and_the_commands_with_their_options(local_server, aws, owner):
    domain = prepared.studio_domain(local_server.account.clients, "team", aws.role_arn)
    described = aws.client("sagemaker").describe_domain(DomainId=domain)
    assert described["DomainName"] == "team"
    page = f"{local_server.endpoint_url}/_console/key/"
    first, *rest = prepared.instructions(
        local_server.github, local_server.account.clients, owner, domain, page
    )
    assert first.endswith(page)
    said = "\n".join(rest)
    for address in ("_github/api", "_github/web", "_github/git"):
        assert f"{local_server.endpoint_url}/{address}" in said
    assert f'eval "$(local-aws env --attach {local_server.endpoint_url})"' in said
    assert f"--token-secret {owner.secret_arn} " in said
    assert f"--domain {domain}" in said
    assert owner.token in said


def test_a_repositorys_page_opens_for_whoever_may_read_it(local_server, owner):
    url = f"{local_server.github.web_url}/acme-of-up/shop"
    asked = requests.get(url, timeout=30)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitHub"')
    page = requests.get(url, auth=(owner.login, owner.token), timeout=30)
    assert page.status_code == 200
    assert "<h1>acme-of-up/shop</h1>" in page.text
    assert "docs/a &lt;b&gt;.md" in page.text
    assert f"{local_server.github.git_url}/acme-of-up/shop.git" in page.text
    bad = base64.b64encode(b"owner:wrong").decode()
    assert requests.get(url, headers={"Authorization": f"Basic {bad}"}, timeout=30).status_code == 401
    missing = requests.get(f"{url}-2", auth=(owner.login, owner.token), timeout=30)
    assert missing.status_code == 404


def test_a_shell_that_evaluates_env_has_what_exec_would_give(local_server):
    with published(local_server.account.clients.keys.administrator, local_server.port):
        done = CliRunner().invoke(
            cli.app,
            ["env", "--attach", local_server.endpoint_url, "--as", "root"],
            env={"AWS_PROFILE": "real"},
        )
    assert done.exit_code == 0, done.output
    script = f'{done.stdout}\nprintf \'%s %s %s\\n\' "$AWS_ENDPOINT_URL" "$ARTIFACT_BUCKET" "${{AWS_PROFILE-none}}"'
    said = subprocess.run(
        ["sh", "-c", script], env={"AWS_PROFILE": "real"}, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{local_server.endpoint_url} local-artifacts none\n"


def test_only_what_differs_is_set_and_values_are_quoted():
    before = {"KEPT": "1", "GONE": "2", "OTHER": "3"}
    after = {"KEPT": "1", "OTHER": "it's $HOME"}
    assert shell_commands(before, after) == ["unset GONE", "export OTHER='it'\"'\"'s $HOME'"]
    assert shell_commands(after, after) == []


def test_no_secret_but_the_owners_token_is_printed(local_server, owner):
    said = "\n".join(
        prepared.instructions(local_server.github, local_server.account.clients, owner, None, "http://page")
    )
    assert local_server.account.clients.keys.administrator.secret not in said
    assert len(re.findall(r"ghp_\w+", said)) == 1
