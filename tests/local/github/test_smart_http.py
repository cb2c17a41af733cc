"""Clone, commit, push: with the git command, over HTTP."""

import pytest


@pytest.fixture
def url(world):
    world.repository()
    return with_token(world.github.clone_url("acme/app"), "octo-token")


def with_token(url, token):
    return url.replace("http://", f"http://x-access-token:{token}@")


def edit(git, folder, file="new.txt", text="new\n"):
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"Change {file}")


def test_a_clone_is_pushed_back(world, git, tmp_path, url):
    git(tmp_path, "clone", "--quiet", url, "clone")
    clone = tmp_path / "clone"
    assert (clone / "README.md").read_text() == "hello\n"
    edit(git, clone)
    git(clone, "push", "--quiet", "origin", "HEAD")
    assert world.api.ok("GET", "/repos/acme/app/commits")[0]["commit"]["message"] == "Change new.txt"
    git(clone, "push", "--quiet", "origin", "HEAD:feature/x", "HEAD:refs/tags/v1")
    assert world.api.ok("GET", "/repos/acme/app/branches/feature/x")["commit"]["sha"] == world.sha(
        "/repos/acme/app"
    )


def test_a_push_fills_an_empty_repository(world, git, tmp_path):
    world.api.ok("POST", "/orgs/acme/repos", {"name": "empty", "private": True})
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=trunk")
    edit(git, work)
    git(work, "push", "--quiet", with_token(world.github.clone_url("acme/empty"), "octo-token"), "trunk")
    shown = world.api.ok("GET", "/repos/acme/empty")
    assert shown["default_branch"] == "trunk"
    assert world.api.ok("GET", "/repos/acme/empty/contents/new.txt")["size"] == 4


def test_public_repositories_are_cloned_by_anybody_and_pushed_by_nobody(world, git, tmp_path):
    world.repository("public", visibility="public")
    anonymous = world.github.clone_url("acme/public")
    git(tmp_path, "clone", "--quiet", anonymous, "clone")
    edit(git, tmp_path / "clone")
    refused = git(tmp_path / "clone", "push", "origin", "HEAD", check=False)
    assert refused.returncode != 0
    assert len(world.api.ok("GET", "/repos/acme/public/commits")) == 1


@pytest.mark.parametrize("token", ["", "made-up", "stranger-token", "reader"])
def test_who_may_not_is_refused(world, git, tmp_path, url, token):
    world.github.add_user("stranger", "stranger-token")
    if token == "reader":
        token = world.github.issue_token("octo", {"contents": "read"}, resource_owner="acme")
        git(tmp_path, "clone", "--quiet", with_token(world.github.clone_url("acme/app"), token), "clone")
        edit(git, tmp_path / "clone")
        refused = git(tmp_path / "clone", "push", "origin", "HEAD", check=False)
    else:
        private = world.github.clone_url("acme/app")
        refused = git(
            tmp_path, "clone", with_token(private, token) if token else private, "clone", check=False
        )
    assert refused.returncode != 0
    assert len(world.api.ok("GET", "/repos/acme/app/commits")) == 1


def test_protected_branches_refuse_pushes(world, git, tmp_path, url):
    rules = {
        "required_status_checks": None,
        "enforce_admins": True,
        "required_pull_request_reviews": {},
        "restrictions": None,
    }
    git(tmp_path, "clone", "--quiet", url, "clone")
    clone = tmp_path / "clone"
    world.api.ok("PUT", "/repos/acme/app/branches/main/protection", rules)
    edit(git, clone)
    refused = git(clone, "push", "origin", "HEAD", check=False)
    assert "Changes must be made through a pull request" in refused.stderr
    git(clone, "push", "--quiet", "origin", "HEAD:topic")
    open_rules = rules | {"required_pull_request_reviews": None}
    world.api.ok("PUT", "/repos/acme/app/branches/main/protection", open_rules)
    git(clone, "push", "--quiet", "origin", "HEAD")
    git(clone, "commit", "--quiet", "--amend", "--message", "Another past")
    assert "Cannot force-push" in git(clone, "push", "--force", "origin", "HEAD", check=False).stderr
    assert "Cannot delete" in git(clone, "push", "origin", ":main", check=False).stderr


def test_workflow_files_are_pushed_with_their_permission_only(world, git, tmp_path, url):
    permissions = {"contents": "write"}
    token = world.github.issue_token("octo", permissions, resource_owner="acme")
    git(tmp_path, "clone", "--quiet", with_token(world.github.clone_url("acme/app"), token), "clone")
    clone = tmp_path / "clone"
    edit(git, clone)
    git(clone, "push", "--quiet", "origin", "HEAD")
    edit(git, clone, ".github/workflows/build.yml", "on: push\n")
    refused = git(clone, "push", "origin", "HEAD", check=False)
    assert "without `workflows` permission" in refused.stderr
    git(clone, "push", "--quiet", url, "HEAD:main")


def test_archived_repositories_are_cloned_only(world, git, tmp_path, url):
    git(tmp_path, "clone", "--quiet", url, "clone")
    edit(git, tmp_path / "clone")
    world.api.ok("PATCH", "/repos/acme/app", {"archived": True})
    refused = git(tmp_path / "clone", "push", "origin", "HEAD", check=False)
    assert "archived" in refused.stderr
    git(tmp_path, "clone", "--quiet", url, "again")


def test_a_pull_request_comes_from_a_fork(world, git, tmp_path, url):
    world.api.ok("POST", "/user/repos", {"name": "app", "private": True})
    git(tmp_path, "clone", "--quiet", url, "clone")
    clone = tmp_path / "clone"
    edit(git, clone)
    git(clone, "push", "--quiet", with_token(world.github.clone_url("octo/app"), "octo-token"), "HEAD:topic")
    body = {"title": "From a fork", "head": "octo:topic", "base": "main"}
    made = world.api.ok("POST", "/repos/acme/app/pulls", body)
    assert (made["head"]["repo"]["full_name"], made["commits"], made["mergeable"]) == ("octo/app", 1, True)
    world.api.ok("PUT", f"/repos/acme/app/pulls/{made['number']}/merge")
    assert world.api.ok("GET", "/repos/acme/app/contents/new.txt")["size"] == 4
