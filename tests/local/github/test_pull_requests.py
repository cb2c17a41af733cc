"""Pull requests over real branches, their merges, and the comments on them."""

import pytest


@pytest.fixture
def path(world):
    made = world.repository(files={"a.txt": "one\n"})
    world.commit(made, {"a.txt": "two\n", "b.txt": "new\n"}, branch="update")
    return made


def opened(world, path, **more):
    body = {"title": "Update", "head": "update", "base": "main", "body": "New seed"} | more
    return world.api.ok("POST", f"{path}/pulls", body)


def test_a_pull_request_shows_what_its_branches_hold(world, path):
    made = opened(world, path)
    shown = world.api.ok("GET", f"{path}/pulls/{made['number']}")
    assert (shown["commits"], shown["changed_files"], shown["additions"], shown["deletions"]) == (1, 2, 2, 1)
    assert shown["mergeable"]
    assert shown["mergeable_state"] == "clean"
    files = world.api.ok("GET", f"{path}/pulls/{made['number']}/files")
    assert {file["filename"]: file["status"] for file in files} == {"a.txt": "modified", "b.txt": "added"}
    world.commit(path, {"c.txt": "more\n"}, branch="update")
    assert world.api.ok("GET", f"{path}/pulls/{made['number']}")["commits"] == 2


def test_one_open_pull_request_for_a_head_and_a_base(world, path):
    made = opened(world, path)
    body = {"title": "Again", "head": "update", "base": "main"}
    answer = world.api("POST", f"{path}/pulls", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "A pull request already exists for acme:update."
    world.api.ok("PATCH", f"{path}/pulls/{made['number']}", {"state": "closed"})
    assert opened(world, path)["number"] == made["number"] + 1


def test_pull_requests_of_nothing_are_refused(world, path):
    for body in (
        {"head": "none", "base": "main"},
        {"head": "update", "base": "none"},
        {"head": "main", "base": "main"},
    ):
        assert world.api.refused("POST", f"{path}/pulls", {"title": "x"} | body) == (422, "Validation Failed")


def test_pull_requests_are_listed_by_head_and_state(world, path):
    made = opened(world, path)
    by_head = world.api.ok("GET", f"{path}/pulls", head="acme:update", state="open", base="main")
    assert [pull["number"] for pull in by_head] == [made["number"]]
    assert world.api.ok("GET", f"{path}/pulls", head="acme:other") == []
    world.api.ok("PATCH", f"{path}/pulls/{made['number']}", {"state": "closed", "title": "Not this one"})
    assert world.api.ok("GET", f"{path}/pulls") == []
    assert world.api.ok("GET", f"{path}/pulls", state="all")[0]["title"] == "Not this one"


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_a_merge_really_merges(world, path, method, parents):
    made = opened(world, path)
    world.put(path, "elsewhere.txt", "on main\n")
    merged = world.api.ok("PUT", f"{path}/pulls/{made['number']}/merge", {"merge_method": method})
    assert merged["merged"]
    assert merged["sha"] == world.sha(path)
    commit = world.api.ok("GET", f"{path}/git/commits/{merged['sha']}")
    assert len(commit["parents"]) == parents
    tree = world.api.ok("GET", f"{path}/git/trees/main")
    assert [entry["path"] for entry in tree["tree"]] == ["a.txt", "b.txt", "elsewhere.txt"]
    shown = world.api.ok("GET", f"{path}/pulls/{made['number']}")
    assert (shown["state"], shown["merged"], shown["merged_by"]["login"]) == ("closed", True, "octo")
    assert world.api.refused("PUT", f"{path}/pulls/{made['number']}/merge")[0] == 405


def test_changes_of_different_lines_are_merged(world):
    text = "".join(f"line {number}\n" for number in range(20))
    path = world.repository(files={"a.txt": text})
    world.commit(path, {"a.txt": text.replace("line 1\n", "first\n")}, branch="update")
    made = opened(world, path)
    world.commit(path, {"a.txt": text.replace("line 18\n", "last\n")})
    world.api.ok("PUT", f"{path}/pulls/{made['number']}/merge")
    content = world.github.repository("acme/app").git.run("show", "main:a.txt")
    assert content == text.replace("line 1\n", "first\n").replace("line 18\n", "last\n")


def test_a_conflict_cannot_be_merged(world, path):
    made = opened(world, path)
    world.commit(path, {"a.txt": "other\n"})
    shown = world.api.ok("GET", f"{path}/pulls/{made['number']}")
    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    refused = world.api.refused("PUT", f"{path}/pulls/{made['number']}/merge")
    assert refused == (405, "Pull Request is not mergeable")


def test_a_merge_asks_for_the_head_that_was_seen(world, path):
    made = opened(world, path)
    body = {"sha": made["base"]["sha"]}
    assert world.api.refused("PUT", f"{path}/pulls/{made['number']}/merge", body)[0] == 409


def test_required_checks_block_a_merge(world, path):
    rules = {
        "required_status_checks": {"strict": False, "contexts": ["test"]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    world.api.ok("PUT", f"{path}/branches/main/protection", rules)
    made = opened(world, path)
    assert made["mergeable_state"] == "blocked"
    refused = world.api.refused("PUT", f"{path}/pulls/{made['number']}/merge")
    assert refused == (405, 'Required status check "test" is expected.')


def test_a_branch_that_goes_closes_its_pull_request(world, path):
    made = opened(world, path)
    world.api.ok("DELETE", f"{path}/git/refs/heads/update")
    assert world.api.ok("GET", f"{path}/pulls/{made['number']}")["state"] == "closed"


def test_a_comment_is_edited_in_place(world, path):
    number = opened(world, path)["number"]
    comments = f"{path}/issues/{number}/comments"
    made = world.api.ok("POST", comments, {"body": "<!-- report --> first"})
    world.api.ok("PATCH", f"{path}/issues/comments/{made['id']}", {"body": "<!-- report --> second"})
    assert [comment["body"] for comment in world.api.ok("GET", comments)] == ["<!-- report --> second"]
    assert world.api.ok("GET", f"{path}/issues/comments/{made['id']}")["user"]["login"] == "octo"
    assert world.api.refused("POST", comments, {"body": " "})[0] == 422
    assert world.api.refused("POST", f"{path}/issues/999/comments", {"body": "x"})[0] == 404
    for number_ in range(34):
        world.api.ok("POST", comments, {"body": str(number_)})
    answer = world.api.get(comments)
    assert len(answer.json()) == 30
    assert "next" in answer.links
    reader = world.as_(world.github.issue_token("octo", {"pull_requests": "read"}, resource_owner="acme"))
    assert reader.refused("POST", comments, {"body": "x"})[0] == 403
