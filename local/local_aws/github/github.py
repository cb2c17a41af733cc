"""The embedded GitHub, and the handle that tests and the demonstration hold it by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.wrappers import Request, Response

from local_aws.github import issuer
from local_aws.github.credentials import App, Installation, Token, new_token
from local_aws.github.http.faults import Faults
from local_aws.github.http.gateway import PREFIX, Gateway
from local_aws.github.http.rest import Exchange, RestApi
from local_aws.github.http.smart_http import SmartHttp
from local_aws.github.http.web_pages import WebPages
from local_aws.github.issuer import Issuer
from local_aws.github.records import (
    Account,
    Dispatch,
    Organization,
    Plan,
    Repository,
    Team,
    User,
    Visibility,
)
from local_aws.github.ref_updates import commit_files
from local_aws.github.state import State, Urls

if TYPE_CHECKING:
    from local_aws.github.actions import Actions, Machine


class GitHub:
    """A GitHub of its own below `url` (`http://127.0.0.1:PORT`), its repositories below the folder `state`.

    It is a gateway of the embedded AWS; `respond` answers what is below `/_github/`. `on_exchange` is told of every
    exchange with the REST API. `faults` takes faults and has the requests that arrived.
    """

    def __init__(
        self, state: Path, url: str, on_exchange: Callable[[Exchange], object] | None = None
    ) -> None:
        self._state = State(state, Urls(url.rstrip("/") + PREFIX))
        self.faults = Faults()
        self._issuer = Issuer(self._state.urls)
        rest = RestApi(self._state, self.faults, on_exchange)
        self._gateway = Gateway(
            rest, SmartHttp(self._state, self.faults), self._issuer, WebPages(self._state)
        )

    def run_workflows(self, machine: Machine | None = None) -> Actions:
        """From now on events start the workflows of repositories, on this machine; `close` ends what runs."""
        from local_aws.github.actions import Actions, Machine

        if self._state.actions is None:
            folder = self._state.folder / "runners"
            self._state.actions = Actions(self._state, self._issuer, machine or Machine(), folder)
        return self._state.actions

    def close(self) -> None:
        """End all runs of workflows."""
        if self._state.actions is not None:
            self._state.actions.close()
            self._state.actions = None

    @property
    def actions(self) -> Actions:
        """Runs of workflows. Raises LookupError before `run_workflows`."""
        if self._state.actions is None:
            raise LookupError("this GitHub runs no workflows: call run_workflows() first")
        return self._state.actions

    def has_account(self, login: str) -> bool:
        """Whether there is a user or an organisation of this login."""
        with self._state.lock:
            return self._state.account(login) is not None

    def user(self, login: str) -> User:
        """Raises KeyError."""
        with self._state.lock:
            found = self._state.user(login)
        if found is None:
            raise KeyError(login)
        return found

    def respond(self, request: Request) -> Response | None:
        """Answer a request; None if it is not for GitHub."""
        return self._gateway.respond(request)

    @property
    def api_url(self) -> str:
        """The value of GITHUB_API_URL: the URL of the REST API."""
        return self._state.urls.api

    @property
    def web_url(self) -> str:
        """Where repositories are looked at in a browser."""
        return self._state.urls.web

    @property
    def git_url(self) -> str:
        """Where repositories are cloned from: `git_url/OWNER/NAME.git`."""
        return self._state.urls.git

    @property
    def issuer_url(self) -> str:
        """The URL of the OIDC issuer."""
        return self._state.urls.oidc

    def clone_url(self, repository: str) -> str:
        """The URL to clone a repository from."""
        return f"{self._state.urls.git}/{repository}.git"

    @property
    def dispatches(self) -> list[Dispatch]:
        """The repository dispatches that arrived, oldest first."""
        with self._state.lock:
            return list(self._state.dispatches)

    def repository(self, full_name: str) -> Repository:
        """The record of a repository, not a copy. Raises KeyError."""
        with self._state.lock:
            found = self._state.repository(full_name)
        if found is None:
            raise KeyError(full_name)
        return found

    # Accounts

    def add_user(
        self, login: str, token: str | None = None, plan: Plan = "free", immutable_subjects: bool = True
    ) -> User:
        """A user, with a classic token where one is given."""
        with self._state.lock:
            user = User(self._state.new_id(), login, plan, immutable_subjects)
            self._state.add_account(user)
            if token is not None:
                self._state.tokens[token] = Token(token, user)
        return user

    def add_organization(
        self,
        login: str,
        plan: Plan = "free",
        members: Iterable[str] = (),
        owners: Iterable[str] = (),
        creatable: Iterable[Visibility] = ("public", "private", "internal"),
        immutable_subjects: bool = True,
    ) -> Organization:
        """`members` may create repositories of the visibilities `creatable`; owners any. Both are logins of users."""
        roles: dict[str, Literal["admin", "member"]] = {login.lower(): "member" for login in members}
        roles |= dict.fromkeys((login.lower() for login in owners), "admin")
        with self._state.lock:
            made = Organization(
                self._state.new_id(),
                login,
                plan,
                immutable_subjects,
                members=roles,
                creatable=set(creatable),
            )
            self._state.add_account(made)
        return made

    def add_team(self, organization: str, slug: str, members: Iterable[str] = ()) -> Team:
        """Add a team with its members to an organisation."""
        with self._state.lock:
            team = Team(self._state.new_id(), slug, slug.replace("-", " ").title(), set(members))
            self._organization(organization).teams[slug] = team
        return team

    def add_repository(
        self, full_name: str, visibility: Visibility = "private", files: Mapping[str, bytes] | None = None
    ) -> Repository:
        """A repository of somebody; with files, one commit on `main`."""
        owner, _, name = full_name.partition("/")
        with self._state.lock:
            made = self._state.add_repository(self._account(owner), name, visibility, creator=owner)
            if files:
                author = User(0, owner, "free")
                commit_files(made, "main", files, "Initial commit", author)
        return made

    def fork(self, full_name: str, owner: str) -> Repository:
        """A fork of a repository with its branches, for another account."""
        with self._state.lock:
            source = self.repository(full_name)
            made = self._state.add_repository(
                self._account(owner), source.name, source.visibility, creator=owner
            )
            for ref, sha in source.git.refs("refs/heads/").items():
                made.git.fetch(source.git, sha)
                made.git.update_ref(ref, sha)
            made.default_branch = source.default_branch
            made.settings["fork"] = True
        return made

    def set_secret(self, repository: str, name: str, value: str) -> None:
        """A secret of a repository's workflows."""
        with self._state.lock:
            self.repository(repository).secrets[name.upper()] = value

    # Credentials

    def issue_token(
        self,
        login: str,
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[str] | None = None,
        resource_owner: str | None = None,
        lifetime: float | None = None,
    ) -> str:
        """A token of a user: classic without permissions, else fine-grained for one account's repositories.

        `repositories` are full names (None: all of the account); `lifetime` is in seconds.
        Raises KeyError for an unknown login or repository.
        """
        with self._state.lock:
            user = self._state.user(login)
            if user is None:
                raise KeyError(login)
            fine = permissions is not None
            owner = self._account(resource_owner or login) if fine else None
            listed = (
                None if repositories is None else frozenset(self.repository(each).id for each in repositories)
            )
            expires = None if lifetime is None else time.time() + lifetime
            value = new_token("github_pat_" if fine else "ghp_")
            self._state.tokens[value] = Token(value, user, None, permissions, listed, owner, expires)
        return value

    def revoke(self, token: str) -> None:
        """The token is bad from now on."""
        with self._state.lock:
            self._state.tokens[token].revoked = True

    def add_app(self, slug: str, owner: str, public_key: str, permissions: Mapping[str, str]) -> App:
        """A GitHub App; `public_key` is PEM (SubjectPublicKeyInfo). Not installed anywhere yet."""
        with self._state.lock:
            bot = User(self._state.new_id(), f"{slug}[bot]", "free", bot=True)
            self._state.add_account(bot)
            name = slug.replace("-", " ").title()
            held = {"metadata": "read"} | dict(permissions)
            app = App(self._state.new_id(), slug, name, self._account(owner), public_key, held, bot)
            self._state.apps[app.id] = app
        return app

    def install_app(self, app: App, account: str, repositories: Iterable[str] | None = None) -> Installation:
        """Install an App on an account, for all its repositories or for those named (full names)."""
        with self._state.lock:
            listed = None if repositories is None else {self.repository(each).id for each in repositories}
            made = Installation(
                self._state.new_id(), app, self._account(account), dict(app.permissions), listed
            )
            self._state.installations[made.id] = made
        return made

    def uninstall_app(self, installation: Installation) -> None:
        """The installation is gone, and its tokens with it."""
        with self._state.lock:
            del self._state.installations[installation.id]
            for token in self._state.tokens.values():
                token.revoked = token.revoked or token.installation is installation

    def oidc_token(
        self,
        repository: str,
        *,
        ref: str = "refs/heads/main",
        environment: str | None = None,
        event: str = "push",
        workflow: str = "build.yml",
        audience: str = issuer.AUDIENCE,
        **claims: Any,
    ) -> str:
        """The token that a job of this repository would get: with an environment, on a pull request, else on `ref`.

        `claims` overwrite what GitHub would state, for tokens that must be refused.
        """
        with self._state.lock:
            found = self.repository(repository)
            actor = self._state.user(found.creator) or User(found.owner.id, found.owner.login, "free")
            if event.startswith("pull_request") and ref == "refs/heads/main":
                ref = "refs/pull/1/merge"
            stated = issuer.job_claims(found, actor, event, ref, environment, workflow)
        return self._issuer.token(stated | {"aud": audience} | claims)

    def _account(self, login: str) -> Account:
        found = self._state.account(login)
        if found is None:
            raise KeyError(login)
        return found

    def _organization(self, login: str) -> Organization:
        found = self._state.organization(login)
        if found is None:
            raise KeyError(login)
        return found
