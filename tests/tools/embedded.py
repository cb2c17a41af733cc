"""The embedded AWS and GitHub of one test, in a process of their own, since waits are scaled for a whole process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from local_aws.testing import ServerProcess

TIME_SCALE = 0.02
ORGANIZATION = "acme"
OWNER, REVIEWER = "ada", "grace"


class Embedded(ServerProcess):
    """The process, with every role held to its policies. What it is told at the beginning is in `facts`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, TIME_SCALE, enforce=True, control="embedded:Desk")
        self.facts = self.ask("facts")


class Desk:
    """What the test may ask of the server: what on AWS and GitHub nobody could, and what only they do there."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._policies: dict[str, Any] = {}

    def facts(self) -> dict[str, Any]:
        """An organisation with an owner, who has a token, and a reviewer; the token is in a secret, too."""
        github = self._server.github
        github.add_user(OWNER)
        github.add_user(REVIEWER)
        github.add_organization(ORGANIZATION, plan="enterprise", members=[REVIEWER], owners=[OWNER])
        token = github.issue_token(OWNER)
        secret = self._server.client("secretsmanager").create_secret(Name="github", SecretString=token)
        return {
            "api": github.api_url,
            "token": token,
            "secret": secret["ARN"],
        }

    def oidc_token(self, repository: str, **claims: Any) -> str:
        """What GitHub Actions gives a job."""
        token: str = self._server.github.oidc_token(repository, **claims)
        return token

    def dispatches(self) -> list[list[Any]]:
        """What arrived by repository dispatch: repository, type, payload."""
        return [
            [each.repository, each.event_type, each.client_payload] for each in self._server.github.dispatches
        ]

    def run_workflows(self, packages: list[str], variables: dict[str, str]) -> None:
        """From now on GitHub starts workflows; jobs find installed packages, and get these variables."""
        from local_aws.github.actions import Machine

        folders = tuple(Path(each) for each in packages)
        self._server.github.run_workflows(Machine(self._server.endpoint_url, variables, folders))

    def runs(self, repository: str, timeout: float) -> list[dict[str, Any]]:
        """All runs of a repository, once each has ended or waits for a reviewer."""
        self._server.github.actions.settle(timeout)
        return [_described(each) for each in self._server.github.actions.runs(repository)]

    def token(self, login: str) -> str:
        """A token of a user, who is added where there is none of the name."""
        github = self._server.github
        try:
            github.user(login)
        except KeyError:
            github.add_user(login)
        token: str = github.issue_token(login)
        return token

    def fork(self, repository: str, login: str) -> str:
        """A fork of a repository that the user may read; returns its full name."""
        github = self._server.github
        github.repository(repository).collaborators[login] = "read"
        name: str = github.fork(repository, login).full_name
        return name

    def remember_policies(self) -> None:
        """Of all roles that there are now: some will be gone when `audit` is asked for."""
        from local_aws.identity.roles import all_policies

        self._policies |= all_policies(self._server.client("iam"))

    def audit(self) -> dict[str, Any]:
        """Every call so far, held against the remembered policies."""
        from local_aws.identity.policies.permissions import audit

        report = audit(self._server.account.calls, self._policies, self._server.account.region)
        calls = Counter(call.role_arn for call in self._server.account.calls if call.role_arn)
        return {
            "refused": [str(each) for each in report.refused],
            "unused": [[each.role_arn, each.statement, each.action] for each in report.unused],
            "unknown": list(report.unknown_roles),
            "idle": self._idle(report.needed),
            "calls": dict(calls),
        }

    def _idle(self, needed: frozenset[tuple[str, str]]) -> list[list[Any]]:
        """Statements that could be taken out without a call being refused: role, name, actions."""
        return [
            [role, statement.name, list(statement.granted)]
            for role, policies in self._policies.items()
            for policy in policies.identity
            for statement in policy.statements
            if statement.effect == "Allow" and (role, statement.name) not in needed
        ]


def _described(run: Any) -> dict[str, Any]:
    jobs = {
        name: {
            "conclusion": job.conclusion or job.status,
            "summary": job.summary,
            "log": job.log,
            "annotations": job.annotations,
            "steps": [[step.command, step.conclusion] for step in job.steps],
        }
        for name, job in run.jobs.items()
    }
    return {
        "id": run.id,
        "event": run.event.name,
        "action": run.event.action,
        "error": run.error,
        "conclusion": run.conclusion or run.status,
        "workflow": run.workflow.path,
        "artifacts": list(run.artifacts),
        "jobs": jobs,
    }
