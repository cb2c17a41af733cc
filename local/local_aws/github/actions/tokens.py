"""The tokens of a job: GITHUB_TOKEN with the job's permissions, and OIDC tokens whose claims name the job.

https://docs.github.com/actions/concepts/security/github_token, https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.github import issuer
from local_aws.github.actions.runs import Job
from local_aws.github.credentials import App, Installation, Token, new_token
from local_aws.github.records import User
from local_aws.github.state import State

BOT = "github-actions[bot]"
_SLUG = "github-actions"
_READ_ONLY = frozenset(
    {"actions", "checks", "contents", "deployments", "issues", "pull-requests", "statuses"}
)


def bot(state: State) -> User:
    """The account that acts with a GITHUB_TOKEN."""
    found = state.user(BOT)
    if found is None:
        found = User(state.new_id(), BOT, "free", bot=True)
        state.add_account(found)
    return found


def permissions(job: Job) -> Mapping[str, str]:
    """The permissions of the job's token. In a pull request from a fork or of Dependabot it reads at most, and gets no OIDC token."""
    stated = job.definition.permissions
    if job.run.event.trusted:
        return stated
    return {name: "read" for name in stated if name in _READ_ONLY}


def github_token(state: State, job: Job) -> Token:
    """A token for the job's repository alone; it is revoked when the job ends."""
    user, repository = bot(state), job.run.repository
    held = {"metadata": "read"} | {
        name.replace("-", "_"): level for name, level in permissions(job).items() if name != "id-token"
    }
    app = App(state.new_id(), _SLUG, "GitHub Actions", repository.owner, "", dict(held), user)
    installation = Installation(
        state.new_id(), app, repository.owner, dict(held), {repository.id}, administers=False
    )
    token = Token(new_token("ghs_"), user, installation, held, frozenset({repository.id}))
    state.tokens[token.value] = token
    return token


def is_of_a_job(token: Token) -> bool:
    """Whether the token is a GITHUB_TOKEN: what it changes starts no workflow, but for dispatches."""
    return token.installation is not None and token.installation.app.slug == _SLUG


def signs_in(job: Job) -> bool:
    """Whether the job may have OIDC tokens: `id-token: write`, and no pull request from a fork."""
    return permissions(job).get("id-token") == "write"


def claims(state: State, job: Job, audience: str) -> dict[str, object] | None:
    """The claims of the job's OIDC token, or None where it may have none."""
    if not signs_in(job):
        return None
    run, event = job.run, job.run.event
    stated = issuer.job_claims(
        run.repository,
        event.actor,
        event.name,
        event.ref,
        job.environment,
        run.workflow.path.rpartition("/")[2],
        sha=event.sha,
        workflow_name=run.workflow.name,
        run_id=run.id,
        run_number=run.number,
        run_attempt=run.attempt,
        head_ref=event.head_ref,
        base_ref=event.base_ref,
    )
    return stated | {"aud": audience, "check_run_id": str(job.id)}
