"""The JSON shapes of GitHub's records."""

from __future__ import annotations

from typing import Any

from local_aws.github.access import role_of
from local_aws.github.credentials import App, Caller, Installation, Token
from local_aws.github.git import Commit, Person
from local_aws.github.records import Account, Organization, Repository, Team, node_id
from local_aws.github.state import Urls

_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_ORGANIZATION_URLS = {
    "repos_url": "/repos",
    "events_url": "/events",
    "hooks_url": "/hooks",
    "issues_url": "/issues",
    "members_url": "/members{/member}",
    "public_members_url": "/public_members{/member}",
}
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS = (
    "forks",
    "forks_count",
    "network_count",
    "size",
    "stargazers_count",
    "subscribers_count",
    "watchers",
    "watchers_count",
)
SETTINGS: dict[str, Any] = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_downloads": True,
    "has_discussions": False,
    "is_template": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}
"""A repository's switches, as they are when nothing is said."""


def account(urls: Urls, shown: Account) -> dict[str, Any]:
    """The short form: `simple-user`."""
    url = f"{urls.api}/users/{shown.login}"
    return {
        "login": shown.login,
        "id": shown.id,
        "node_id": node_id(shown.type, shown.id),
        "avatar_url": f"{urls.web}/avatars/{shown.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{urls.web}/{shown.login}",
        "type": shown.type,
        "site_admin": False,
    } | {name: url + path for name, path in _USER_URLS.items()}


def full_account(urls: Urls, shown: Account, public_repos: int) -> dict[str, Any]:
    """`public-user`, which organisations have too."""
    absent = ("name", "company", "blog", "location", "email", "hireable", "bio")
    return (
        account(urls, shown)
        | dict.fromkeys(absent)
        | {
            "public_repos": public_repos,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": shown.created_at,
            "updated_at": shown.created_at,
        }
    )


def organization(urls: Urls, shown: Organization, public_repos: int, member: bool) -> dict[str, Any]:
    """`organization-full`; its plan and its rules are for members."""
    url = f"{urls.api}/orgs/{shown.login}"
    private = {
        "plan": {
            "name": shown.plan,
            "space": 976562499,
            "private_repos": 9999,
            "filled_seats": 1,
            "seats": 1,
        },
        "default_repository_permission": shown.base_permission,
        "members_can_create_repositories": bool(shown.creatable),
        **{
            f"members_can_create_{each}_repositories": each in shown.creatable
            for each in ("public", "private", "internal")
        },
    }
    return {
        "login": shown.login,
        "id": shown.id,
        "node_id": node_id(shown.type, shown.id),
        "url": url,
        **{name: url + path for name, path in _ORGANIZATION_URLS.items()},
        "avatar_url": f"{urls.web}/avatars/{shown.id}",
        "html_url": f"{urls.web}/{shown.login}",
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": public_repos,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "archived_at": None,
        **(private if member else {}),
    }


def repository(urls: Urls, shown: Repository, caller: Caller) -> dict[str, Any]:
    """`full-repository`."""
    held = role_of(caller, shown)
    issues = sum(pull.state == "open" for pull in shown.pulls.values())
    return (
        {
            "id": shown.id,
            "node_id": node_id("Repository", shown.id),
            "name": shown.name,
            "full_name": shown.full_name,
            "owner": account(urls, shown.owner),
            "private": shown.private,
            "visibility": shown.visibility,
            "description": shown.description,
            "fork": bool(shown.settings.get("fork")),
            "homepage": shown.homepage,
            "language": None,
            "default_branch": shown.default_branch,
            "open_issues": issues,
            "open_issues_count": issues,
            "topics": shown.topics,
            "has_pages": False,
            "archived": shown.archived,
            "disabled": False,
            "license": None,
            "created_at": shown.created_at,
            "updated_at": shown.updated_at,
            "pushed_at": shown.pushed_at,
            "permissions": {
                "admin": held == "admin",
                "push": held in {"admin", "write"},
                "pull": held != "none",
            },
        }
        | _repository_urls(urls, shown)
        | dict.fromkeys(_COUNTS, 0)
        | SETTINGS
        | shown.settings
        | _with_organization(urls, shown)
    )


def repository_url(urls: Urls, shown: Repository) -> str:
    """The API's URL of a repository."""
    return f"{urls.api}/repos/{shown.full_name}"


def _repository_urls(urls: Urls, shown: Repository) -> dict[str, Any]:
    url = repository_url(urls, shown)
    return {
        "url": url,
        "html_url": f"{urls.web}/{shown.full_name}",
        "git_url": f"git://localhost/{shown.full_name}.git",
        "ssh_url": f"git@localhost:{shown.full_name}.git",
        "clone_url": f"{urls.git}/{shown.full_name}.git",
        "svn_url": f"{urls.web}/{shown.full_name}",
        "mirror_url": None,
    } | {name: url + path for name, path in _REPOSITORY_URLS.items()}


def _with_organization(urls: Urls, shown: Repository) -> dict[str, Any]:
    owned = isinstance(shown.owner, Organization)
    return {"organization": account(urls, shown.owner)} if owned else {}


def team(urls: Urls, owner: Organization, shown: Team) -> dict[str, Any]:
    """`team`; `url` by ids, as GitHub has it."""
    url = f"{urls.api}/organizations/{owner.id}/team/{shown.id}"
    return {
        "id": shown.id,
        "node_id": node_id("Team", shown.id),
        "url": url,
        "html_url": f"{urls.web}/orgs/{owner.login}/teams/{shown.slug}",
        "name": shown.name,
        "slug": shown.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "parent": None,
        "type": "organization",
        "organization_id": owner.id,
    }


def person(shown: Person) -> dict[str, str]:
    """Author or committer of a commit."""
    return {"name": shown.name, "email": shown.email, "date": shown.date}


def git_commit(urls: Urls, holder: Repository, shown: Commit) -> dict[str, Any]:
    """`git-commit`: the object as the git data API shows it."""
    url = repository_url(urls, holder)
    web = f"{urls.web}/{holder.full_name}/commit"
    return {
        "sha": shown.sha,
        "node_id": node_id(f"Commit:{holder.id}", int(shown.sha[:8], 16)),
        "url": f"{url}/git/commits/{shown.sha}",
        "html_url": f"{web}/{shown.sha}",
        "author": person(shown.author),
        "committer": person(shown.committer),
        "message": shown.message,
        "tree": {"sha": shown.tree, "url": f"{url}/git/trees/{shown.tree}"},
        "parents": [
            {"sha": parent, "url": f"{url}/git/commits/{parent}", "html_url": f"{web}/{parent}"}
            for parent in shown.parents
        ],
        "verification": UNSIGNED,
    }


UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def commit(urls: Urls, holder: Repository, shown: Commit) -> dict[str, Any]:
    """`commit`: the commit as the repository's history shows it. No author is matched to an account."""
    url = repository_url(urls, holder)
    data = git_commit(urls, holder, shown)
    inner = {name: data[name] for name in ("author", "committer", "message", "tree", "url", "verification")}
    return {
        "url": f"{url}/commits/{shown.sha}",
        "sha": shown.sha,
        "node_id": data["node_id"],
        "html_url": data["html_url"],
        "comments_url": f"{url}/commits/{shown.sha}/comments",
        "commit": inner | {"comment_count": 0},
        "author": None,
        "committer": None,
        "parents": [parent | {"url": f"{url}/commits/{parent['sha']}"} for parent in data["parents"]],
    }


def app(urls: Urls, shown: App, installations: int) -> dict[str, Any]:
    """`integration`."""
    return {
        "id": shown.id,
        "slug": shown.slug,
        "node_id": node_id("App", shown.id),
        "owner": account(urls, shown.owner),
        "name": shown.name,
        "description": None,
        "external_url": f"{urls.web}/apps/{shown.slug}",
        "html_url": f"{urls.web}/apps/{shown.slug}",
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "permissions": shown.permissions,
        "events": [],
        "installations_count": installations,
    }


def installation(urls: Urls, shown: Installation) -> dict[str, Any]:
    """An installation of a GitHub App."""
    url = f"{urls.api}/app/installations/{shown.id}"
    return {
        "id": shown.id,
        "account": account(urls, shown.account),
        "repository_selection": "all" if shown.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{urls.api}/installation/repositories",
        "html_url": f"{urls.web}/organizations/{shown.account.login}/settings/installations/{shown.id}",
        "app_id": shown.app.id,
        "app_slug": shown.app.slug,
        "target_id": shown.account.id,
        "target_type": shown.account.type,
        "permissions": shown.permissions,
        "events": [],
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": shown.created_at if shown.suspended else None,
    }


def is_member(caller: Caller, owner: Organization) -> bool:
    """Whether a caller sees what members of an organisation see."""
    if not isinstance(caller, Token):
        return False
    if caller.installation is not None:
        return caller.installation.account is owner
    return caller.user.login.lower() in owner.members
