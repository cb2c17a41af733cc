"""Jobs of the embedded GitHub sign in to the embedded AWS, with GitHub's tokens and trust policies as the project has them."""

import base64
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.github import GitHub, serve
from local_aws.github.actions import Machine
from local_aws.identity.sts import GITHUB

PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"
AUDIENCE = "sts.amazonaws.com"
DENIED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


@dataclass(frozen=True)
class Jobs:
    """The jobs of a repository, and the role that trusts those on its main branch."""

    github: GitHub
    repository: str
    subject: str
    role: str
    trusted: dict[str, Any]
    sts: Any

    def assume(self, token, role=None) -> dict[str, Any]:
        return self.sts.assume_role_with_web_identity(
            RoleArn=role or self.role, RoleSessionName="job", WebIdentityToken=token
        )

    def token(self, **job):
        return self.github.oidc_token(self.repository, **job)

    def refused(self, token, role=None):
        """The code and message that a token is refused with."""
        with pytest.raises(ClientError) as refused:
            self.assume(token, role)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]


def trust(roles, trusted):
    return roles.trusting({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", StringEquals=trusted)


@pytest.fixture
def provider(aws):
    iam = aws.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ClientIDList=[AUDIENCE])


@pytest.fixture(params=["immutable", "classic"])
def jobs(request, aws, provider, roles):
    github, owner, token = aws.server.github, f"org-{aws.name}", f"token-{aws.name}"
    github.add_user(f"user-{aws.name}", token)
    immutable = request.param == "immutable"
    members = [f"user-{aws.name}"]
    github.add_organization(owner, "team", members=members, immutable_subjects=immutable)
    repository = github.add_repository(f"{owner}/build", files={"README.md": b"hello"})
    # The project's template asks GitHub for the subject, too, and never builds it.
    url = f"{github.api_url}/repos/{owner}/build/actions/oidc/customization/sub"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
    assert answer["use_immutable_subject"] == immutable
    subject = f"{answer['sub_claim_prefix']}:ref:refs/heads/main"
    trusted = {
        f"{GITHUB}:aud": AUDIENCE,
        f"{GITHUB}:sub": [subject],
        f"{GITHUB}:repository_id": str(repository.id),
    }
    unsigned = aws.server.account.clients.session().client(
        "sts", endpoint_url=aws.server.endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    return Jobs(github, f"{owner}/build", subject, roles.make(trust=trust(roles, trusted)), trusted, unsigned)


def test_a_job_on_the_trusted_branch_gets_the_role(aws, jobs):
    answer = jobs.assume(jobs.token())
    assert answer["SubjectFromWebIdentityToken"] == jobs.subject
    assert (answer["Audience"], answer["Provider"]) == (AUDIENCE, PROVIDER)
    session = aws.server.account.sessions.find(answer["Credentials"]["AccessKeyId"])
    assert session is not None and session.role_arn == jobs.role


@pytest.mark.parametrize(
    "job",
    [
        {"ref": "refs/heads/other"},
        {"ref": "refs/tags/main"},
        {"environment": "production"},
        {"event": "pull_request"},
        {"event": "pull_request", "environment": "staging"},
    ],
)
def test_another_job_of_the_repository_is_denied(jobs, job):
    assert jobs.refused(jobs.token(**job)) == DENIED


def test_a_job_of_another_repository_is_denied(jobs):
    owner = jobs.repository.partition("/")[0]
    jobs.github.add_repository(f"{owner}/fork", files={"README.md": b"hello"})
    assert jobs.refused(jobs.github.oidc_token(f"{owner}/fork")) == DENIED
    # As of a repository that was deleted and made again under the same name: a classic subject is the same then.
    assert jobs.refused(jobs.token(repository_id="1")) == DENIED


def test_a_token_for_another_audience_is_refused(jobs, roles):
    assert jobs.refused(jobs.token(audience="elsewhere")) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )
    # The provider takes the audience that every job has; a role may ask for another one.
    choosy = roles.make(trust=trust(roles, jobs.trusted | {f"{GITHUB}:aud": "elsewhere"}))
    assert jobs.refused(jobs.token(), choosy) == DENIED


def test_an_expired_token_is_refused(jobs):
    code, message = jobs.refused(jobs.token(exp=int(time.time()) - 1))
    assert (code, message.partition(":")[0]) == ("ExpiredTokenException", "Token expired")


def test_a_token_of_another_issuer_is_refused(jobs, tmp_path):
    owner = jobs.repository.partition("/")[0]
    with serve(tmp_path / "github") as another:
        another.add_organization(owner)
        another.add_repository(jobs.repository)
        claims = {"sub": jobs.subject, "repository_id": str(jobs.github.repository(jobs.repository).id)}
        code, message = jobs.refused(another.oidc_token(jobs.repository, **claims))
        assert code == "InvalidIdentityToken"
        assert message.startswith("No OpenIDConnect provider found in your account for https://127.0.0.1")
        # It says that it is GitHub's, but GitHub did not sign it.
        forged = another.oidc_token(jobs.repository, **claims, iss=jobs.github.issuer_url)
        assert jobs.refused(forged)[0] == "InvalidIdentityToken"


SIGN_IN = """
on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    permissions: {{id-token: write}}
    steps:
      - {{uses: aws-actions/configure-aws-credentials@v6.2.3, with: {{role-to-assume: "{role}", aws-region: {region}}}}}
      - run: 'test -n "$AWS_SESSION_TOKEN" && echo "$AWS_ENDPOINT_URL $AWS_REGION $AWS_ACCESS_KEY_ID"'
"""


@pytest.fixture
def workflows(aws):
    """GitHub runs workflows, whose jobs sign in here."""
    yield aws.server.github.run_workflows(Machine(aws.server.endpoint_url))
    aws.server.github.close()


def test_a_workflow_signs_in_from_the_branch_that_the_role_trusts_and_from_no_other(aws, jobs, workflows):
    github = aws.server.github
    github.repository(jobs.repository).collaborators[f"user-{aws.name}"] = "write"
    text = SIGN_IN.format(role=jobs.role, region=aws.region)
    headers = {"Authorization": f"Bearer token-{aws.name}"}
    api = f"{github.api_url}/repos/{jobs.repository}"
    main = requests.get(f"{api}/git/ref/heads/main", headers=headers, timeout=10).json()["object"]["sha"]
    other = {"ref": "refs/heads/other", "sha": main}
    assert requests.post(f"{api}/git/refs", json=other, headers=headers, timeout=10).ok
    for branch in ("main", "other"):
        content = base64.b64encode(text.encode()).decode()
        body = {"message": "Sign in", "content": content, "branch": branch}
        done = requests.put(f"{api}/contents/.github/workflows/w.yml", json=body, headers=headers, timeout=10)
        assert done.ok, done.text
    workflows.settle(60)
    trusted, refused = workflows.runs(jobs.repository)
    assert trusted.conclusion == "success", trusted.job("a").log
    assert f"{aws.server.endpoint_url} {aws.region} ***" in trusted.job("a").log, "keys are masked"
    assert refused.conclusion == "failure"
    assert f"Could not assume role with OIDC: {DENIED[1]}" in refused.job("a").log
