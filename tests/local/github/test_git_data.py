"""Commits by the git data API and by the contents API, over a real git repository."""

import base64
import random


def test_the_git_data_api_refuses_an_empty_repository(world):
    world.api.ok("POST", "/orgs/acme/repos", {"name": "app", "private": True})
    for method, path, body in (
        ("POST", "git/blobs", {"content": "x"}),
        ("POST", "git/trees", {"tree": [{"path": "a", "mode": "100644", "content": "x"}]}),
        ("POST", "git/refs", {"ref": "refs/heads/main", "sha": "0" * 40}),
        ("GET", "git/ref/heads/main", None),
        ("GET", "commits", None),
    ):
        assert world.api.refused(method, f"/repos/acme/app/{path}", body) == (
            409,
            "Git Repository is empty.",
        ), path
    assert world.api.refused("GET", "/repos/acme/app/contents/README.md")[0] == 404
    assert world.api.ok("GET", "/repos/acme/app/branches") == []


def test_the_first_commit_is_made_by_the_contents_api(world):
    path = world.repository(files={"README.md": "hello\n"})
    shown = world.api.ok("GET", f"{path}/contents/README.md")
    assert base64.b64decode(shown["content"]) == b"hello\n"
    commits = world.api.ok("GET", f"{path}/commits")
    assert [commit["commit"]["message"] for commit in commits] == ["Add README.md"]
    assert world.sha(path) == commits[0]["sha"]


def test_a_commit_of_many_files_moves_a_branch(world, git, tmp_path):
    path = world.repository()
    files = {f"src/file_{number}.py": f"print({number})\n" for number in range(40)} | {"umlaut-ü.txt": "ü\n"}
    sha = world.commit(path, files)
    tree = world.api.ok("GET", f"{path}/git/trees/{sha}", recursive="1")
    blobs = {entry["path"] for entry in tree["tree"] if entry["type"] == "blob"}
    assert blobs == {"README.md", *files}
    git(world.github.repository("acme/app").git.path, "fsck", "--strict")


def test_a_tree_takes_over_removes_and_nests(world):
    path = world.repository(files={"a.txt": "a", "b.txt": "b", "folder/c.txt": "c"})
    sha = world.commit(path, {"a.txt": None, "folder/d.txt": "d"})
    tree = world.api.ok("GET", f"{path}/git/trees/{sha}", recursive="1")["tree"]
    paths = [entry["path"] for entry in tree]
    assert paths == ["b.txt", "folder", "folder/c.txt", "folder/d.txt"]
    folder = next(entry["sha"] for entry in tree if entry["path"] == "folder")
    entry = {"path": "copy", "mode": "040000", "type": "tree", "sha": folder}
    made = world.api.ok("POST", f"{path}/git/trees", {"tree": [entry]})
    assert [line["path"] for line in made["tree"]] == ["copy"]


def test_executable_files_keep_their_mode(world):
    path = world.repository()
    blob = world.api.ok("POST", f"{path}/git/blobs", {"content": "IyEvYmluL3NoCg==", "encoding": "base64"})
    entry = {"path": "run", "mode": "100755", "type": "blob", "sha": blob["sha"]}
    made = world.api.ok("POST", f"{path}/git/trees", {"tree": [entry]})
    assert made["tree"][0]["mode"] == "100755"
    shown = world.api.ok("GET", f"{path}/git/blobs/{blob['sha']}")
    assert base64.b64decode(shown["content"]) == b"#!/bin/sh\n"


def test_a_blob_that_is_packed_with_long_codes_goes_into_a_tree(world):
    path = world.repository()
    draw = random.Random(1)
    content = bytes(draw.choices(range(256), [1 / (1 + rank) for rank in range(256)], k=50_000))
    body = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
    blob = world.api.ok("POST", f"{path}/git/blobs", body)
    entry = {"path": "data", "mode": "100644", "type": "blob", "sha": blob["sha"]}
    made = world.api.ok("POST", f"{path}/git/trees", {"tree": [entry]})
    assert made["tree"][0]["size"] == len(content)


def test_bad_objects_are_refused(world):
    path = world.repository()
    missing = "0123456789" * 4
    tree = {"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": missing}]}
    assert world.api.refused("POST", f"{path}/git/trees", tree)[0] == 422
    assert world.api.refused("POST", f"{path}/git/commits", {"message": "m", "tree": missing})[0] == 422
    ref = {"ref": "refs/heads/x", "sha": missing}
    assert world.api.refused("POST", f"{path}/git/refs", ref) == (422, "Object does not exist")
    assert world.api.refused("GET", f"{path}/git/commits/{missing}")[0] == 404


def test_a_ref_is_made_once_and_moves_forward_only(world):
    path = world.repository()
    first = world.sha(path)
    second = world.commit(path, {"a": "1"})
    ref = {"ref": "refs/heads/main", "sha": second}
    assert world.api.refused("POST", f"{path}/git/refs", ref) == (422, "Reference already exists")
    back = {"sha": first}
    assert world.api.refused("PATCH", f"{path}/git/refs/heads/main", back) == (
        422,
        "Update is not a fast forward",
    )
    world.api.ok("PATCH", f"{path}/git/refs/heads/main", back | {"force": True})
    assert world.sha(path) == first
    gone = world.api.refused("PATCH", f"{path}/git/refs/heads/none", back)
    assert gone == (422, "Reference does not exist")


def test_branches_may_have_slashes(world):
    path = world.repository()
    world.commit(path, {"a": "1"}, branch="feature/a")
    assert world.api.ok("GET", f"{path}/branches/feature/a")["name"] == "feature/a"
    assert world.api.refused("GET", f"{path}/branches/feature/b") == (404, "Branch not found")
    matching = world.api.ok("GET", f"{path}/git/matching-refs/heads/feature")
    assert [each["ref"] for each in matching] == ["refs/heads/feature/a"]
    world.api.ok("DELETE", f"{path}/git/refs/heads/feature/a")
    assert [branch["name"] for branch in world.api.ok("GET", f"{path}/branches")] == ["main"]


def test_a_file_is_changed_only_by_who_knows_it(world):
    path = world.repository()
    body = {"message": "m", "content": "eA=="}
    assert world.api.refused("PUT", f"{path}/contents/README.md", body)[0] == 422
    assert world.api.refused("PUT", f"{path}/contents/README.md", body | {"sha": "0" * 40})[0] == 409
    known = world.api.ok("GET", f"{path}/contents/README.md")["sha"]
    assert world.api("PUT", f"{path}/contents/README.md", body | {"sha": known}).status_code == 200


def test_a_commit_shows_what_it_changed(world):
    path = world.repository(files={"a.txt": "one\ntwo\n"})
    sha = world.commit(path, {"a.txt": "one\nthree\n", "b.txt": "new\n"})
    shown = world.api.ok("GET", f"{path}/commits/{sha}")
    assert {
        file["filename"]: (file["status"], file["additions"], file["deletions"]) for file in shown["files"]
    } == {
        "a.txt": ("modified", 1, 1),
        "b.txt": ("added", 1, 0),
    }
