"""A company on the embedded GitHub: its organisation, its people, and the clones that they work in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from local_aws.errors import LocalAwsError
from local_aws.server import Server

ORGANIZATION = "acme"
OWNER, REVIEWER = "ada", "grace"
LAKE = "acme-reviews"
"""The bucket with the training data, which is there before any project."""


@dataclass(frozen=True)
class Company:
    """`tokens` are what people sign in with, by login; `secret_arn` holds the owner's."""

    server: Server
    tokens: dict[str, str]
    secret_arn: str

    @classmethod
    def found(cls, server: Server) -> Company:
        """With an owner and a reviewer."""
        github = server.github
        github.add_user(OWNER)
        github.add_user(REVIEWER)
        github.add_organization(ORGANIZATION, plan="enterprise", members=[REVIEWER], owners=[OWNER])
        tokens = {login: github.issue_token(login) for login in (OWNER, REVIEWER)}
        secrets = server.client("secretsmanager")
        arn = secrets.create_secret(Name="github", SecretString=tokens[OWNER])["ARN"]
        return cls(server, tokens, arn)

    def keep(self, data: Path) -> str:
        """Put a file into the lake. Returns its address."""
        s3 = self.server.client("s3")
        region = self.server.account.region
        s3.create_bucket(Bucket=LAKE, CreateBucketConfiguration={"LocationConstraint": region})
        s3.upload_file(str(data), LAKE, f"reviews/{data.name}")
        return f"s3://{LAKE}/reviews/{data.name}"

    def clone(self, repository: str, folder: Path) -> Path:
        """The owner's clone of a repository, below `folder`."""
        url = self.server.github.clone_url(repository)
        signed = url.replace("http://", f"http://{OWNER}:{self.tokens[OWNER]}@")
        git(folder, "clone", "--quiet", signed, "clone")
        made = folder / "clone"
        git(made, "config", "user.name", OWNER.capitalize())
        git(made, "config", "user.email", f"{OWNER}@example.com")
        return made

    def ask(self, login: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of GitHub's REST API by one of the people.

        Raises GitHubRefusedError.
        """
        headers = {"Authorization": f"Bearer {self.tokens[login]}"}
        url = f"{self.server.github.api_url}{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=30)
        if not answer.ok:
            raise GitHubRefusedError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


class GitHubRefusedError(LocalAwsError):
    """The embedded GitHub did not do what the demonstration asked of it."""


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command. Raises GitHubRefusedError."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GitHubRefusedError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
