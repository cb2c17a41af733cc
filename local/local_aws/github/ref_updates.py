"""Changes of refs, by the API, a merge or a push. The rules of protected branches and workflow files apply to all."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.github.access import missing_permission, role_of
from local_aws.github.credentials import Token
from local_aws.github.errors import unprocessable
from local_aws.github.git import Person
from local_aws.github.records import Repository, User, now

WORKFLOWS = ".github/workflows/"
HEADS = "refs/heads/"


def identity(user: User, date: str | None = None) -> Person:
    """How an account signs commits, with the address that keeps its own private."""
    return Person(user.login, f"{user.id}+{user.login}@users.noreply.github.com", date or now())


def create_ref(token: Token, repository: Repository, name: str, sha: str) -> None:
    """Raises 403 where workflow files need a permission, 422 where the name is taken or no ref's."""
    git = repository.git
    if not name.startswith("refs/") or name.count("/") < 2 or not git.valid_ref(name):
        raise unprocessable(f"{name} is not a valid ref name.")
    if git.type_of(sha) is None or (name.startswith(HEADS) and git.type_of(sha) != "commit"):
        raise unprocessable("Object does not exist")
    if git.ref(name):
        raise unprocessable("Reference already exists")
    _check_workflows(token, repository, git.branch(repository.default_branch), sha)
    git.update_ref(name, sha)
    written(repository, name)


def move_ref(
    token: Token, repository: Repository, name: str, sha: str, force: bool = False, by_merge: bool = False
) -> None:
    """Raises 403 where workflow files need a permission, 422 where a rule forbids it or it is no fast-forward.

    A merge of a pull request has had its own rules asked.
    """
    git = repository.git
    old = git.ref(name)
    if old is None:
        raise unprocessable("Reference does not exist")
    if git.type_of(sha) is None:
        raise unprocessable("Object does not exist")
    if not git.is_ancestor(old, sha) and not force:
        raise unprocessable("Update is not a fast forward")
    if name.startswith(HEADS) and not by_merge:
        check_rules(token, repository, name.removeprefix(HEADS), forced=not git.is_ancestor(old, sha))
    _check_workflows(token, repository, old, sha)
    git.update_ref(name, sha, old)
    written(repository, name)


def delete_ref(token: Token, repository: Repository, name: str) -> None:
    """Delete a ref. Raises ApiError if it does not exist or is protected."""
    if repository.git.ref(name) is None:
        raise unprocessable("Reference does not exist")
    branch = name.removeprefix(HEADS)
    rules = repository.protection.get(branch)
    if name.startswith(HEADS) and rules is not None and not rules["allow_deletions"]:
        raise unprocessable("Cannot delete this branch")
    for pull in repository.pulls.values():
        if pull.state == "open" and pull.head == branch and pull.head_repository is repository:
            pull.closed_head = repository.git.branch(branch) or ""
            pull.closed_base = repository.git.branch(pull.base) or ""
            pull.state, pull.closed_at = "closed", now()
    repository.git.delete_ref(name)


def check_rules(token: Token, repository: Repository, branch: str, forced: bool) -> None:
    """Raise ApiError (422) if a rule of the branch forbids a direct commit; administrators may bypass reviews and checks.

    https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
    """
    problem = rule_against(repository, branch, role_of(token, repository) == "admin", forced)
    if problem:
        raise unprocessable(problem)


def rule_against(repository: Repository, branch: str, administers: bool, forced: bool) -> str | None:
    """The reason why a protected branch refuses a direct update, in GitHub's words; None if it does not."""
    rules = repository.protection.get(branch)
    if rules is None:
        return None
    if forced and not rules["allow_force_pushes"]:
        return "Cannot force-push to this branch"
    if administers and not rules["enforce_admins"]:
        return None
    if rules["required_pull_request_reviews"] is not None:
        return "Changes must be made through a pull request."
    for check in (rules["required_status_checks"] or {}).get("checks", ()):
        return f'Required status check "{check["context"]}" is expected.'
    return None


def commit_files(
    repository: Repository,
    branch: str,
    files: Mapping[str, bytes | None],
    message: str,
    author: User | Person,
) -> str:
    """Commit files (None removes) on a branch, which may be new. Returns the commit's sha; no rule is asked."""
    git = repository.git
    parent = git.branch(branch)
    kept = [(path, content) for path, content in files.items() if content is not None]
    shas = dict(zip([path for path, _ in kept], git.write_blobs([text for _, text in kept]), strict=True))
    modes = {path: entry.mode for path in files if parent and (entry := git.entry(parent, path))}
    entries = [(modes.get(path, "100644"), path, shas.get(path)) for path in files]
    tree = git.write_tree(parent, entries)
    person = identity(author) if isinstance(author, User) else author
    made = git.write_commit(tree, [parent] if parent else [], message, person, person)
    git.update_ref(f"{HEADS}{branch}", made, parent)
    written(repository, f"{HEADS}{branch}")
    return made


def written(repository: Repository, *names: str) -> None:
    """Record new commits: the first branch of an empty repository becomes its default branch."""
    repository.pushed_at = repository.updated_at = now()
    heads = repository.git.refs(HEADS)
    if heads and f"{HEADS}{repository.default_branch}" not in heads:
        first = next((name for name in names if name in heads), None)
        if first is not None and len(heads) == 1:
            repository.default_branch = first.removeprefix(HEADS)
            repository.git.set_head(repository.default_branch)


def touches_workflows(repository: Repository, old: str | None, new: str) -> bool:
    """Whether workflow files differ between two commits (None: nothing yet)."""
    git = repository.git
    before = git.entry(old, WORKFLOWS) if old else None
    after = git.entry(new, WORKFLOWS) if git.type_of(new) == "commit" else None
    return (before.sha if before else None) != (after.sha if after else None)


def check_workflow_path(token: Token, path: str) -> None:
    """Raises ApiError if the token may not write workflow files."""
    if path.startswith(WORKFLOWS) and not token.grants("workflows", "write"):
        raise missing_permission(token, "workflows", "write")


def _check_workflows(token: Token, repository: Repository, old: str | None, new: str) -> None:
    if not token.grants("workflows", "write") and touches_workflows(repository, old, new):
        raise missing_permission(token, "workflows", "write")
