"""The environments of a repository: who must approve, and from which branches one may deploy.

Set, and then read back: GitHub leaves out what an account's plan does not have, or refuses it in words of its own.
Required reviewers of private and internal repositories need GitHub Enterprise, environments of private ones GitHub Pro
or Team. See GitHub's "Managing environments for deployment".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from github import Client, segment
from github.errors import ForbiddenError, InvalidError, NotFoundError, UnexpectedAnswerError
from pour.cloudformation.request import Environment
from pour.errors import PropertyError, ProtectionError

PRODUCTION = "production"
REVIEWERS = 6
REMEDY = (
    "Choose one: make the repository public; have its owner on a plan with required reviewers (GitHub Enterprise for private"
    " and internal repositories); or create the project with ProductionGate=registry, where the approver's role in the model"
    " registry is the gate."
)


@dataclass(frozen=True)
class Reviewer:
    """`kind` is User or Team."""

    kind: str
    id: int


class Environments:
    """Sets the environments of the repository at the API's path `path`."""

    def __init__(self, client: Client, path: str, gate: str) -> None:
        self._client = client
        self._path = path
        self._is_gate = gate == "github"

    def ensure(self, wanted: Environment) -> str:
        """Make the environment so. Returns what GitHub does not protect of it, "" where that is nothing.

        Raises ProtectionError where that is production and no other gate is there, PropertyError for unknown reviewers.
        """
        must_hold = self._is_gate and wanted.name == PRODUCTION
        if must_hold and not wanted.reviewers:
            raise ProtectionError(
                f"The environment {PRODUCTION} has no reviewers, so nobody would be asked before production. Name at least"
                " one in ProductionReviewers, or choose ProductionGate=registry."
            )
        if len(wanted.reviewers) > REVIEWERS:
            raise PropertyError(
                f"{wanted.name} has {len(wanted.reviewers)} reviewers; GitHub takes {REVIEWERS}: name a team as organisation/slug."
            )
        reviewers = {self._reviewer(name) for name in wanted.reviewers}
        gap = self._set(wanted, reviewers)
        if gap and self._grant_read(wanted.reviewers):
            gap = self._set(wanted, reviewers)
        if gap and must_hold:
            raise ProtectionError(
                f"GitHub does not protect the environment {wanted.name} of {self._path.removeprefix('/repos/')}: {gap}. {REMEDY}"
            )
        return f"environment {wanted.name}: {gap}" if gap else ""

    def _set(self, wanted: Environment, reviewers: set[Reviewer]) -> str:
        place = f"{self._path}/environments/{segment(wanted.name)}"
        now = self._client.find(place, absent=(403, 404))
        if now is not None and not _gap(now, wanted, reviewers):
            return ""
        try:
            self._client.put(place, _body(wanted, reviewers, now or {}))
        except (ForbiddenError, NotFoundError, InvalidError) as error:
            return f"GitHub answers {error.status}, {error.reason or 'without a reason'}"
        found = self._client.find(place, absent=(403, 404))
        return "it is not there after it was made" if found is None else _gap(found, wanted, reviewers)

    def _grant_read(self, names: tuple[str, ...]) -> bool:
        """Let reviewers read the repository who may not: GitHub takes no others. Says whether anybody could be let.

        Members of the organisation and its teams alone, where its base permission is none; an outsider would be invited.
        """
        owner, _, repository = self._path.removeprefix("/repos/").partition("/")
        changed = False
        for name in names:
            organization, slash, slug = name.partition("/")
            place = (
                f"/orgs/{segment(organization)}/teams/{segment(slug)}/repos/{owner}/{repository}"
                if slash
                else f"{self._path}/collaborators/{segment(name)}"
            )
            lacks = self._is_missing(place) if slash else self._is_member_without_access(owner, name)
            if lacks:
                self._client.put(place, {"permission": "pull"})
                changed = True
        return changed

    def _is_member_without_access(self, owner: str, login: str) -> bool:
        held = self._client.find(f"{self._path}/collaborators/{segment(login)}/permission", absent=(403, 404))
        if held is None or held["permission"] != "none":
            return False
        return not self._is_missing(f"/orgs/{owner}/members/{segment(login)}")

    def _is_missing(self, path: str) -> bool:
        """Whether GitHub says 404 to what it otherwise answers without a body, or does not say it to these credentials."""
        try:
            self._client.call("GET", path, empty=True)
        except (ForbiddenError, NotFoundError, UnexpectedAnswerError):
            return True
        return False

    def _reviewer(self, name: str) -> Reviewer:
        """A login, or a team as "organisation/slug"."""
        organization, slash, slug = name.partition("/")
        path = f"/orgs/{segment(organization)}/teams/{segment(slug)}" if slash else f"/users/{segment(name)}"
        found = self._client.find(path)
        if found is None or found.get("type") == "Organization":
            raise PropertyError(
                f"The reviewer {name!r} is not a {'team' if slash else 'user'} that these credentials can see: a login, or a team as"
                " organisation/slug, is expected."
            )
        return Reviewer("Team" if slash else "User", int(found["id"]))


def _body(wanted: Environment, reviewers: set[Reviewer], now: Mapping[str, Any]) -> dict[str, Any]:
    """The request for an environment. It replaces all settings, so it includes the rules that the team added."""
    body: dict[str, Any] = {
        "reviewers": [
            {"type": reviewer.kind, "id": reviewer.id}
            for reviewer in sorted(reviewers, key=lambda reviewer: (reviewer.kind, reviewer.id))
        ]
        or None,
        "deployment_branch_policy": now.get("deployment_branch_policy"),
    }
    if wanted.protected_branches:
        body["deployment_branch_policy"] = {"protected_branches": True, "custom_branch_policies": False}
    for rule in now.get("protection_rules") or ():
        if rule["type"] == "wait_timer":
            body["wait_timer"] = rule["wait_timer"]
        elif rule["type"] == "required_reviewers" and reviewers:
            body["prevent_self_review"] = bool(rule.get("prevent_self_review"))
    return body


def _gap(found: Mapping[str, Any], wanted: Environment, reviewers: set[Reviewer]) -> str:
    """The settings of `wanted` that the described environment does not have."""
    there = {
        Reviewer(each["type"], int(each["reviewer"]["id"]))
        for rule in found.get("protection_rules") or ()
        if rule["type"] == "required_reviewers"
        for each in rule["reviewers"]
    }
    gaps = []
    if there != reviewers:
        gaps.append(
            f"{len(reviewers - there)} of {len(reviewers)} reviewers are not in force (each needs read access to the repository)"
            if reviewers - there
            else f"{len(there - reviewers)} reviewers are in force that are not the project's"
        )
    policy = found.get("deployment_branch_policy") or {}
    if wanted.protected_branches and not policy.get("protected_branches"):
        gaps.append("any branch may deploy to it")
    return " and ".join(gaps)
