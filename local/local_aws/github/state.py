"""All that the embedded GitHub knows. One lock guards it: requests are answered one after the other."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.github.credentials import App, Installation, Token
from local_aws.github.git import GitDirectory
from local_aws.github.http.rate_limits import RateLimits
from local_aws.github.records import Account, Dispatch, Organization, Repository, User, Visibility

if TYPE_CHECKING:
    from local_aws.github.actions import Actions


@dataclass(frozen=True)
class Urls:
    """Where the embedded GitHub is: `root` is `http://HOST:PORT/_github`."""

    root: str

    @property
    def api(self) -> str:
        """The URL of the REST API."""
        return f"{self.root}/api"

    @property
    def git(self) -> str:
        """The URL of the repositories."""
        return f"{self.root}/git"

    @property
    def oidc(self) -> str:
        """The URL of the OIDC issuer."""
        return f"{self.root}/oidc"

    @property
    def web(self) -> str:
        """The URL of the web pages."""
        return f"{self.root}/web"


@dataclass
class State:
    """`checks` are by repository and commit: the conclusion, or the status, of each by its name. `actions`, if any, runs workflows."""

    folder: Path
    urls: Urls
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    dispatches: list[Dispatch] = field(default_factory=list)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    checks: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)
    actions: Actions | None = None
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))

    def new_id(self) -> int:
        """An id that no other record has."""
        return next(self._ids)

    # Names are looked up whatever their case, as GitHub does.

    def account(self, login: str) -> Account | None:
        """The account with this login, None if there is none."""
        return self.accounts.get(login.lower())

    def organization(self, login: str) -> Organization | None:
        """The organisation with this login, None if there is none."""
        found = self.account(login)
        return found if isinstance(found, Organization) else None

    def user(self, login: str) -> User | None:
        """The user with this login, None if there is none."""
        found = self.account(login)
        return found if isinstance(found, User) else None

    def add_account(self, account: Account) -> None:
        """Add an account. Raises ValueError if the login is taken."""
        if account.login.lower() in self.accounts:
            raise ValueError(f"the account {account.login} exists already")
        self.accounts[account.login.lower()] = account

    def repository(self, full_name: str) -> Repository | None:
        """The repository with this full name, None if there is none."""
        wanted = full_name.lower()
        found = (each for each in self.repositories.values() if each.full_name.lower() == wanted)
        return next(found, None)

    def moved(self, full_name: str) -> Repository | None:
        """The repository that had this name before it was renamed, unless another has it now."""
        return self.repositories.get(self.former_names.get(full_name.lower(), 0))

    def add_repository(self, owner: Account, name: str, visibility: Visibility, creator: str) -> Repository:
        """An empty repository. Its folder is named by its id, which stays."""
        identity = self.new_id()
        git = GitDirectory.create(self.folder / f"{identity}.git", "main")
        made = Repository(identity, owner, name, visibility, git, creator)
        made.born_immutable = owner.immutable_subjects
        self.former_names.pop(made.full_name.lower(), None)
        self.repositories[identity] = made
        return made

    def rename(self, repository: Repository, name: str) -> None:
        """The old name leads to the repository until another takes it."""
        self.former_names[repository.full_name.lower()] = repository.id
        repository.name = name
        self.former_names.pop(repository.full_name.lower(), None)
        # Renaming is when GitHub moves a repository to immutable subjects.
        repository.born_immutable = repository.owner.immutable_subjects
