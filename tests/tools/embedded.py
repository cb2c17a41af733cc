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
