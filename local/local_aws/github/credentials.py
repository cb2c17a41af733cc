"""The caller of a request: a token of a user or of an App's installation, an App by its JWT, or an anonymous caller."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.github.records import Account, User, now

LEVELS = ("read", "write", "admin")


@dataclass
class App:
    """A GitHub App; `public_key` is PEM. `permissions` are the most that an installation may be given."""

    id: int
    slug: str
    name: str
    owner: Account
    public_key: str
    permissions: dict[str, str]
    bot: User
    created_at: str = field(default_factory=now)


@dataclass
class Installation:
    """An App on an account. `repositories` are ids, or None for all of the account, later ones included.

    It administers them, but for the one whose tokens jobs of workflows get.
    """

    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    repositories: set[int] | None = None
    suspended: bool = False
    administers: bool = True
    created_at: str = field(default_factory=now)


@dataclass
class Token:
    """`permissions` None: all that the user may do (a classic token); `repositories` None: all that the actor reaches.

    `resource_owner`: a fine-grained token reaches the repositories of one account only.
    """

    value: str
    user: User
    installation: Installation | None = None
    permissions: Mapping[str, str] | None = None
    repositories: frozenset[int] | None = None
    resource_owner: Account | None = None
    expires: float | None = None
    revoked: bool = False

    @property
    def valid(self) -> bool:
        """Whether the token is neither expired nor suspended."""
        expired = self.expires is not None and self.expires <= time.time()
        suspended = self.installation is not None and self.installation.suspended
        return not (self.revoked or expired or suspended)

    @property
    def kind(self) -> str:
        """As GitHub names it when it refuses."""
        return "integration" if self.installation else "personal access token"

    def grants(self, permission: str, level: str) -> bool:
        """Whether the token itself holds a permission; every token may read metadata."""
        if self.permissions is None or (permission, level) == ("metadata", "read"):
            return True
        held = self.permissions.get(permission)
        return held is not None and LEVELS.index(held) >= LEVELS.index(level)


@dataclass(frozen=True)
class AppCaller:
    """An App that signed a JWT."""

    app: App


@dataclass(frozen=True)
class Anonymous:
    """No credentials at all."""


Caller = Token | AppCaller | Anonymous


def new_token(prefix: str) -> str:
    """In GitHub's form: `ghp_`, `github_pat_`, `ghs_` and letters."""
    return f"{prefix}{secrets.token_hex(18)}"


def narrowed(asked: Mapping[str, Any], held: Mapping[str, str]) -> dict[str, str] | None:
    """Permissions of a new installation token: those asked for, or None where one exceeds what the installation has."""
    for name, level in asked.items():
        if level not in LEVELS or name not in held or LEVELS.index(held[name]) < LEVELS.index(level):
            return None
    return dict(asked)
