"""GitHub: whether the functions can sign in, reach the organisation, and protect what they make there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from project_template import enterprise
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, Level, fail, ok, warn
from project_template.doctor.sign_in import sign_in
from project_template.github import GitHub, Transport

APP_PERMISSIONS = {
    "actions": "read",
    "actions_variables": "write",
    "administration": "write",
    "contents": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "workflows": "write",
}
"""The permissions that the functions need of an App; `members` only if reviewers are teams."""

SOON = timedelta(days=14)
_EXPIRY = "github-authentication-token-expiration"
_STRENGTH = {"read": 1, "write": 2, "admin": 3}
_WITHOUT_ENVIRONMENTS = {"free"}
_WITH_REVIEWERS = {"enterprise", "business_plus"}


@dataclass(frozen=True)
class RepositoryRequest:
    """The owner and the visibility of the repositories, on which GitHub's protections depend.

    `reviewers` are logins, and teams as "organisation/slug".
    """

    owner: str
    visibility: str
    gate: str
    reviewers: tuple[str, ...] = ()


def look(
    aws: Aws, record: Mapping[str, Any], request: RepositoryRequest, transport: Transport, project: str = ""
) -> Iterator[Finding]:
    """Whether what was published (`record`) can sign in, and make and protect what is asked for. `project` is one to come.

    Raises GitHubError where GitHub does not answer.
    """
    github = sign_in(aws, record, transport)
    if not isinstance(github, GitHub):
        yield github
        return
    if enterprise.is_own_server(str(record.get("github_api_url", ""))):
        yield server(github)
    if "app_id" in record.get("sign_in", {}):  # whose assertion reads neither users nor repositories
        yield from app(github, request)
        if request.owner:
            yield from _reviewers_named(request)
        return
    found = list(token(github, request))
    yield from found
    if request.owner and all(each.level is not Level.FAIL for each in found):
        yield from _reviewers_named(request)
        yield from reviewers(github, request)
        if project:
            yield from repositories(github, request, project)


def server(github: GitHub) -> Finding:
    """The version of a GitHub Enterprise Server.

    Source: "Get GitHub Enterprise Server meta information", REST API, GitHub Enterprise Server documentation.
    """
    answer = github.get("/meta")
    version = answer.body.get("installed_version") if isinstance(answer.body, dict) else None
    if answer.status != 200 or not version:
        return warn(
            "GitHub server",
            f"it does not say its version ({answer.status})",
            "Check --github-url: a GitHub Enterprise Server answers /meta with installed_version.",
        )
    said = "its projects get workflows without `queue:` and with actions/upload-artifact v3"
    return ok("GitHub server", f"GitHub Enterprise Server {version}: {said}")


def token(github: GitHub, request: RepositoryRequest, now: datetime | None = None) -> Iterator[Finding]:
    """A token is valid, stays so, and may make repositories for the owner."""
    answer = github.get("/user")
    if answer.status != 200:
        yield fail(
            "GitHub token",
            f"GitHub answers {answer.status} to it: {_message(answer.body)}",
            "Make a new fine-grained token, and put it into the secret: the functions read it each time.",
        )
        return
    login = str(answer.body["login"])
    yield _expiry(login, answer.headers.get(_EXPIRY, ""), now or datetime.now(UTC))
    if request.owner:
        yield from _owner_of_token(github, request, login)


def app(github: GitHub, request: RepositoryRequest) -> Iterator[Finding]:
    """The App is known to GitHub, and installed for the owner with what the functions need."""
    answer = github.get("/app")
    if answer.status != 200:
        yield fail(
            "GitHub App",
            f"GitHub answers {answer.status} to its signature: {_message(answer.body)}",
            "Check --app-id, and that the key in KMS was imported from a private key that the App still has.",
        )
        return
    slug = str(answer.body.get("slug", ""))
    yield ok("GitHub App", f"GitHub knows the App {slug}, and takes the signature of its key")
    if not request.owner:
        return
    installed = github.get(f"/orgs/{request.owner}/installation")
    if installed.status != 200:
        yield fail(
            "GitHub App",
            f"{slug} is not installed for {request.owner}, or that is no organisation",
            f"An owner of {request.owner} installs it. For a user's own repositories a token is needed.",
        )
        return
    yield from _installation(slug, request.owner, installed.body)
    yield protection(request, "")


def protection(request: RepositoryRequest, plan: str) -> Finding:
    """The protections that the plan offers for that visibility. "" is a plan that GitHub does not show.

    Source: "Managing environments for deployment" and "About protected branches", GitHub's documentation.
    """
    check, public = "GitHub plan", request.visibility == "public"
    remedy = (
        "Make the repositories public, change the plan, or, on a plan with protected branches, create the project with "
        "--production-gate registry."
    )
    if public:
        return ok(
            check, "public repositories have environments, reviewers and branch protection on every plan"
        )
    if not plan:
        return warn(
            check,
            f"GitHub tells the plan of {request.owner} to its owners only",
            f"Reviewers of {request.visibility} repositories need GitHub Enterprise. On another plan: {remedy[0].lower()}{remedy[1:]}",
        )
    subject = f"{request.owner} is on the plan {plan}: {request.visibility} repositories have"
    if plan in _WITH_REVIEWERS:
        return ok(check, f"{subject} environments, reviewers and branch protection")
    if plan in _WITHOUT_ENVIRONMENTS:
        found = f"{subject} neither environments nor branch protection"
        if request.gate != "registry":
            return fail(check, found, remedy)
        return fail(
            check,
            f"{found}: whoever may write could change main, whose jobs get the production role",
            "Make the repositories public, or change to a plan with protected branches (GitHub Team has them).",
        )
    if request.gate == "registry":
        return ok(
            check, f"{subject} environments and branch protection; the registry lets models into production"
        )
    return fail(check, f"{subject} environments and branch protection, and no reviewers", remedy)


def reviewers(github: GitHub, request: RepositoryRequest) -> Iterator[Finding]:
    """The reviewers of production exist."""
    for name in request.reviewers:
        organisation, slash, slug = name.partition("/")
        answer = github.get(f"/orgs/{organisation}/teams/{slug}" if slash else f"/users/{name}")
        if answer.status == 200:
            yield ok("reviewers", f"{name} is there")
        else:
            yield fail(
                "reviewers",
                f"{name} is not a {'team' if slash else 'user'} that this sign-in sees (GitHub answers {answer.status})",
                "Name logins, and teams as organisation/slug. A reviewer has to be able to read the repository, too.",
            )


def _reviewers_named(request: RepositoryRequest) -> Iterator[Finding]:
    if request.gate == "github" and not request.reviewers:
        yield warn(
            "reviewers",
            "nobody is named to review what goes to production, and with GitHub as the gate `create` refuses that",
            "Name them with --reviewers LOGIN,ORG/TEAM, or let the registry be the gate: --production-gate registry.",
        )


def repositories(github: GitHub, request: RepositoryRequest, project: str) -> Iterator[Finding]:
    """The names of a project that is to be created are free."""
    for name in (f"{project}-build", f"{project}-deploy"):
        answer = github.get(f"/repos/{request.owner}/{name}")
        if answer.status == 404:
            yield ok("repositories", f"{request.owner}/{name} is free, as far as this sign-in sees")
        else:
            yield warn(
                "repositories",
                f"{request.owner}/{name} is there already (GitHub answers {answer.status})",
                "Only a repository that the same project made is taken up: rename or delete it, or create the project with "
                "--build-repository and --deploy-repository.",
            )


def _expiry(login: str, expiry: str, now: datetime) -> Finding:
    if not expiry:
        return warn(
            "GitHub token",
            f"GitHub takes the token of {login}, which never expires",
            "A fine-grained token with an end is safer; a GitHub App needs none.",
        )
    # "2026-12-31 08:15:00 UTC", or with an offset in place of the zone's name.
    end = datetime.strptime(expiry.replace(" UTC", " +0000"), "%Y-%m-%d %H:%M:%S %z")
    subject = f"GitHub takes the token of {login} until {end:%Y-%m-%d}"
    if end - now < SOON:
        return warn("GitHub token", subject, "Renew it, and put the new one into the secret.")
    return ok("GitHub token", subject)


def _owner_of_token(github: GitHub, request: RepositoryRequest, login: str) -> Iterator[Finding]:
    if login.lower() == request.owner.lower():
        plan = (github.get("/user").body.get("plan") or {}).get("name", "")
        yield ok("GitHub reach", f"{login} makes repositories for themselves")
        yield protection(request, plan)
        return
    answer = github.get(f"/orgs/{request.owner}")
    if answer.status != 200:
        yield fail(
            "GitHub reach",
            f"{login} does not see an organisation {request.owner} (GitHub answers {answer.status})",
            "Make the token with that organisation as its resource owner, and have its owner approve it. A token of one user "
            "makes no repositories for another.",
        )
        return
    may = answer.body.get("members_can_create_repositories")
    role = github.get(f"/user/memberships/orgs/{request.owner}")
    is_admin = role.status == 200 and role.body.get("role") == "admin"
    if may is False and not is_admin:
        yield warn(
            "GitHub reach",
            f"{request.owner} does not let members create repositories, and {login} is no owner",
            "An owner allows it (Settings, Member privileges), or makes both repositories, empty, with the topic "
            "sagemaker-project-NAME: then they are used. Or sign in as a GitHub App.",
        )
    else:
        yield ok(
            "GitHub reach", f"{login} may create repositories in {request.owner}, as far as GitHub tells"
        )
    yield protection(request, (answer.body.get("plan") or {}).get("name", ""))


def _installation(slug: str, owner: str, installed: Mapping[str, Any]) -> Iterator[Finding]:
    if installed.get("suspended_at"):
        yield fail(
            "GitHub App",
            f"{slug} is suspended for {owner}",
            f"An owner of {owner} lifts the suspension.",
        )
        return
    granted = installed.get("permissions", {})
    lacking = [
        f"{name}: {level}"
        for name, level in APP_PERMISSIONS.items()
        if _STRENGTH.get(granted.get(name, ""), 0) < _STRENGTH[level]
    ]
    if lacking:
        yield fail(
            "GitHub App",
            f"{slug} lacks for {owner}: {', '.join(lacking)}",
            f"Add them to the App's permissions, and have an owner of {owner} accept them.",
        )
    else:
        # Also where it is installed for selected repositories: those that it makes are added to them. Source:
        # "Installing
        # your own GitHub App", GitHub's documentation.
        yield ok("GitHub reach", f"{slug} is installed for {owner}, with all permissions")


def _message(body: Any) -> str:
    return str(body.get("message", "no reason")) if isinstance(body, dict) else "no reason"
