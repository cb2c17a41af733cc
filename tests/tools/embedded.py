"""The embedded AWS and GitHub of one test, in a process of their own, since waits are scaled for a whole process.

Run as a program it serves, with every role held to its policies: each line of JSON on stdin calls one function of `Desk`,
[name, {arguments}], and is answered by a line on stdout. `Embedded` is the other end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

TIME_SCALE = 0.02
ORGANIZATION = "acme"
OWNER, REVIEWER = "ada", "grace"


class Embedded:
    """The process. `url` is its endpoint; what it is told at the beginning is in `facts`."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "LOCAL_AWS_TIME_SCALE": str(TIME_SCALE), "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self._answer()
        self.url: str = self.facts["url"]

    @property
    def clients(self) -> Any:
        """The administrator's."""
        from local_aws.kernel.account import REGION, Clients
        from local_aws.kernel.keys import AccessKey, Keys

        return Clients(self.url, REGION, Keys(AccessKey(*self.facts["key"])))

    def ask(self, name: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        self._process.communicate(timeout=60)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


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
        key = self._server.account.clients.keys.administrator
        secret = self._server.client("secretsmanager").create_secret(Name="github", SecretString=token)
        return {
            "url": self._server.endpoint_url,
            "api": github.api_url,
            "token": token,
            "secret": secret["ARN"],
            "key": [key.id, key.secret],
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


def _tell(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    from local_aws.server import Server

    with Server(enforce=True) as server:
        desk = Desk(server)
        _tell(desk.facts())
        for line in sys.stdin:
            name, arguments = json.loads(line)
            _tell(getattr(desk, name)(**arguments))


if __name__ == "__main__":
    main()
