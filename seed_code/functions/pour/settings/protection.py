"""The protection of main: changes by pull request, with the checks, and never by force.

Set only where what is there does less, so that stricter rules of the team stay; then read back. Private repositories on
GitHub Free have none. See GitHub's "About protected branches".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github import Client, segment
from github.errors import ForbiddenError, NotFoundError


class Protection:
    """Protects `branch` of the repository at the API's path `path`.

    `approvals` is the number of reviews that a pull request needs; administrators may go past them, or a team of one
    could never merge.
    """

    def __init__(
        self, client: Client, path: str, branch: str, checks: tuple[str, ...], approvals: int
    ) -> None:
        self._client = client
        self._place = f"{path}/branches/{segment(branch)}/protection"
        self._branch = branch
        self._checks = checks
        self._approvals = approvals

    def ensure(self) -> str:
        """Make it so. Returns what GitHub does not protect, "" where that is nothing."""
        now = self._client.find(self._place, absent=(403, 404))
        if now is not None and not self._gap(now):
            return ""
        try:
            self._client.put(self._place, self._body(now or {}))
        except (ForbiddenError, NotFoundError) as error:
            return (
                f"branch {self._branch}: GitHub answers {error.status}, {error.reason or 'without a reason'}"
            )
        found = self._client.find(self._place, absent=(403, 404))
        gap = "it is not protected after it was set" if found is None else self._gap(found)
        return f"branch {self._branch}: {gap}" if gap else ""

    def _body(self, now: Mapping[str, Any]) -> dict[str, Any]:
        """Ours, and of what is there all that is more; what is set replaces everything."""
        checks = sorted({*self._checks, *_checks(now)})
        approvals = max(self._approvals, _approvals(now))
        strict = bool((now.get("required_status_checks") or {}).get("strict"))
        reviews = now.get("required_pull_request_reviews") or {}
        return {
            "required_status_checks": {"strict": strict, "contexts": checks} if checks else None,
            "enforce_admins": _enabled(now, "enforce_admins"),
            "required_pull_request_reviews": {
                "dismiss_stale_reviews": bool(reviews.get("dismiss_stale_reviews", True)),
                "require_code_owner_reviews": bool(reviews.get("require_code_owner_reviews")),
                "required_approving_review_count": approvals,
            },
            "restrictions": _restrictions(now),
            "allow_force_pushes": False,
            "allow_deletions": False,
            "required_linear_history": _enabled(now, "required_linear_history"),
            "required_conversation_resolution": _enabled(now, "required_conversation_resolution"),
        }

    def _gap(self, found: Mapping[str, Any]) -> str:
        gaps = []
        if missing := sorted(set(self._checks) - _checks(found)):
            gaps.append(f"the checks {', '.join(missing)} are not required")
        if found.get("required_pull_request_reviews") is None:
            gaps.append("changes need no pull request")
        elif _approvals(found) < self._approvals:
            gaps.append(f"pull requests need fewer than {self._approvals} approvals")
        gaps += [
            f"{name.replace('_', ' ')} is on"
            for name in ("allow_force_pushes", "allow_deletions")
            if _enabled(found, name)
        ]
        return " and ".join(gaps)


def _checks(found: Mapping[str, Any]) -> set[str]:
    required = found.get("required_status_checks") or {}
    return set(required.get("contexts") or ()) | {each["context"] for each in required.get("checks") or ()}


def _approvals(found: Mapping[str, Any]) -> int:
    reviews = found.get("required_pull_request_reviews") or {}
    return int(reviews.get("required_approving_review_count") or 0)


def _enabled(found: Mapping[str, Any], name: str) -> bool:
    return bool((found.get(name) or {}).get("enabled"))


def _restrictions(found: Mapping[str, Any]) -> dict[str, list[str]] | None:
    there = found.get("restrictions")
    if not there:
        return None
    return {
        "users": [each["login"] for each in there.get("users") or ()],
        "teams": [each["slug"] for each in there.get("teams") or ()],
        "apps": [each["slug"] for each in there.get("apps") or ()],
    }
