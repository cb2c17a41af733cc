"""Repositories: who may make them, and how they are changed, renamed, archived and deleted."""

import pytest


def test_an_organisation_member_creates_a_private_repository(world):
    made = world.api.ok("POST", "/orgs/acme/repos", {"name": "app", "private": True, "description": "An app"})
    assert (made["full_name"], made["visibility"], made["default_branch"]) == ("acme/app", "private", "main")
    assert made["permissions"]["admin"]
    shown = world.api.ok("GET", "/repos/ACME/App")
    assert shown["id"] == made["id"]


def test_a_user_creates_a_repository_with_a_first_commit(world):
    world.api.ok("POST", "/user/repos", {"name": "mine", "private": True, "auto_init": True})
    assert world.api.ok("GET", "/repos/octo/mine/contents/README.md")["size"] == len("# mine\n")


def test_a_user_lists_what_they_own_were_invited_to_or_share_by_an_organisation(world):
    world.repository("app")
    world.api.ok("POST", "/user/repos", {"name": "mine", "private": True})
    world.github.add_user("eve")
    world.github.add_repository("eve/shared", visibility="private").collaborators["octo"] = "read"
    world.github.add_repository("eve/public", visibility="public")
    world.github.add_repository("eve/secret", visibility="private")
    listed = world.api.ok("GET", "/user/repos")
    assert [each["full_name"] for each in listed] == ["acme/app", "eve/shared", "octo/mine"]
    second = world.api.ok("GET", "/user/repos", per_page=1, page=2)
    assert [each["full_name"] for each in second] == ["eve/shared"]
    of_one = world.github.issue_token("octo", repositories=["octo/mine"])
    assert [each["full_name"] for each in world.as_(of_one).ok("GET", "/user/repos")] == ["octo/mine"]
    assert world.as_().refused("GET", "/user/repos")[0] == 401


def test_a_name_is_taken_until_its_repository_is_gone(world):
    path = world.repository("app")
    answer = world.api("POST", "/orgs/acme/repos", {"name": "APP"})
    assert answer.status_code == 422
    assert answer.json()["message"] == "Repository creation failed."
    assert answer.json()["errors"][0]["message"] == "name already exists on this account"
    world.api.ok("DELETE", path)
    assert world.api.refused("GET", path) == (404, "Not Found")
    world.api.ok("POST", "/orgs/acme/repos", {"name": "app"})


def test_a_renamed_repository_is_found_by_its_old_name_until_another_takes_it(world):
    path = world.repository("app")
    identity = world.api.ok("PATCH", path, {"name": "new"})["id"]
    moved = world.api.get(path)
    assert moved.status_code == 301
    assert moved.headers["Location"].endswith(f"/repositories/{identity}")
    assert world.api.ok("GET", f"/repositories/{identity}")["full_name"] == "acme/new"
    assert world.api("PUT", f"{path}/topics", {"names": []}).status_code == 307
    world.repository("app")
    assert world.api.ok("GET", path)["id"] != identity


def test_an_archived_repository_is_read_only(world):
    path = world.repository()
    assert world.api.ok("PATCH", path, {"archived": True})["archived"]
    archived = (403, "Repository was archived so is read-only.")
    assert world.api.refused("PATCH", path, {"description": "x"}) == archived
    assert world.api.refused("PUT", f"{path}/topics", {"names": ["a"]}) == archived
    assert world.api.refused("POST", f"{path}/actions/variables", {"name": "A", "value": "1"}) == archived
    assert world.api.refused("POST", f"{path}/dispatches", {"event_type": "x"}) == archived
    assert world.api.get(f"{path}/contents/README.md").ok
    assert not world.api.ok("PATCH", path, {"archived": False})["archived"]
    world.api.ok("PATCH", path, {"archived": True})
    world.api.ok("DELETE", path)


@pytest.mark.parametrize(
    ("plan", "creatable", "visibility", "status"),
    [
        ("team", ["public"], "private", 422),
        ("team", [], "private", 403),
        ("team", ["private", "internal"], "internal", 422),
        ("enterprise", ["internal"], "internal", 201),
    ],
)
def test_what_an_organisation_lets_its_members_create(world, plan, creatable, visibility, status):
    world.github.add_organization("strict", plan, members=["octo"], creatable=creatable)
    assert (
        world.api("POST", "/orgs/strict/repos", {"name": "a", "visibility": visibility}).status_code == status
    )


def test_strangers_create_nothing_in_an_organisation(world):
    world.github.add_user("stranger", "stranger-token")
    stranger = world.as_("stranger-token")
    refused = stranger.refused("POST", "/orgs/acme/repos", {"name": "a"})
    assert refused == (403, "You need admin access to the organization before adding a repository to it.")
    assert stranger.refused("POST", "/orgs/none/repos", {"name": "a"}) == (404, "Not Found")


def test_requests_that_are_no_requests(world):
    assert world.api.refused("POST", "/orgs/acme/repos", {}) == (
        422,
        'Invalid request.\n\n"name" wasn\'t supplied.',
    )
    status, message = world.api.refused("POST", "/orgs/acme/repos", {"name": 1})
    assert (status, "is not a string" in message) == (422, True)
    assert world.api.refused("POST", "/orgs/acme/repos", ["name"]) == (400, "Body should be a JSON object")
    assert world.api.refused("POST", "/orgs/acme/repos", {"name": "no spaces"})[0] == 422


def test_topics_are_replaced(world):
    path = world.repository()
    assert world.api.ok("PUT", f"{path}/topics", {"names": ["sagemaker", "MLOps"]})["names"] == [
        "sagemaker",
        "mlops",
    ]
    assert world.api.ok("GET", path)["topics"] == ["sagemaker", "mlops"]
    assert world.api.ok("GET", f"{path}/topics")["names"] == ["sagemaker", "mlops"]
    assert world.api.refused("PUT", f"{path}/topics", {"names": ["not a topic"]})[0] == 422
    assert world.api.refused("PUT", f"{path}/topics", {"names": [f"t{n}" for n in range(21)]})[0] == 422


def test_the_owner_is_a_user_or_an_organisation(world):
    assert world.api.ok("GET", "/users/acme")["type"] == "Organization"
    assert world.api.ok("GET", "/users/octo")["type"] == "User"
    assert world.api.ok("GET", "/user")["login"] == "octo"
    assert world.api.refused("GET", "/users/nobody") == (404, "Not Found")
    assert world.api.ok("GET", "/orgs/acme")["plan"]["name"] == "team"
    assert "plan" not in world.as_().ok("GET", "/orgs/acme")


def test_a_team_is_seen_by_members(world):
    team = world.github.add_team("acme", "ml-owners", ["octo"])
    assert world.api.ok("GET", "/orgs/acme/teams/ml-owners")["id"] == team.id
    assert world.api.refused("GET", "/orgs/acme/teams/none")[0] == 404
    world.github.add_user("stranger", "stranger-token")
    assert world.as_("stranger-token").refused("GET", "/orgs/acme/teams/ml-owners")[0] == 404


def test_a_collaborator_has_the_rights_that_were_given(world):
    path = world.repository()
    world.github.add_user("helper", "helper-token")
    world.github.repository("acme/app").collaborators["helper"] = "write"
    shown = world.api.ok("GET", f"{path}/collaborators/helper/permission")
    assert shown["permission"] == "write"
    assert world.as_("helper-token").refused("PATCH", path, {"archived": True})[0] == 403
    assert world.as_("helper-token")("PUT", f"{path}/contents/x", {"message": "m", "content": "eA=="}).ok
