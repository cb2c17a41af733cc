"""What a repository is set up with: variables, environments, branch protection, the OIDC subject, dispatches."""

import pytest

VARIABLE = {"name": "region", "value": "eu-west-1"}
RULES = {
    "required_status_checks": {"strict": True, "contexts": [], "checks": [{"context": "test"}]},
    "enforce_admins": True,
    "required_pull_request_reviews": {"required_approving_review_count": 1},
    "restrictions": None,
}


def test_a_variable_is_made_once_and_changed(world):
    path = f"{world.repository()}/actions/variables"
    assert world.api("POST", path, VARIABLE).status_code == 201
    assert world.api.refused("POST", path, VARIABLE) == (409, "Already exists - Variable already exists")
    assert world.api("PATCH", f"{path}/REGION", {"value": "eu-west-3"}).status_code == 204
    assert world.api.ok("GET", f"{path}/Region")["value"] == "eu-west-3"
    assert world.api("DELETE", f"{path}/REGION").status_code == 204
    assert world.api.refused("GET", f"{path}/REGION") == (404, "Not Found")
    assert world.api.refused("POST", path, {"name": "GITHUB_X", "value": ""})[0] == 422
    assert world.api.refused("POST", path, {"name": "A", "value": "x" * 50_000})[0] == 422


def test_variables_come_ten_a_page(world):
    path = f"{world.repository()}/actions/variables"
    for number in range(23):
        world.api.ok("POST", path, {"name": f"V{number:02}", "value": str(number)})
    seen, url, pages = [], path, 0
    while url:
        answer = world.api.get(url)
        assert answer.json()["total_count"] == 23
        seen += [variable["name"] for variable in answer.json()["variables"]]
        url = answer.links.get("next", {}).get("url", "").removeprefix(world.github.api_url)
        pages += 1
    assert (pages, seen) == (3, [f"V{number:02}" for number in range(23)])


def test_an_environment_is_protected_and_read_back(world):
    world.github.add_organization("big", "enterprise", members=["octo"])
    team = world.github.add_team("big", "owners", ["octo"])
    path = f"{world.repository(owner='big')}/environments/production"
    octo = world.api.ok("GET", "/user")["id"]
    body = {
        "reviewers": [{"type": "User", "id": octo}, {"type": "Team", "id": team.id}],
        "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
        "prevent_self_review": True,
        "wait_timer": 5,
    }
    world.api.ok("PUT", path, body)
    shown = world.api.ok("GET", path)
    rules = {rule["type"]: rule for rule in shown["protection_rules"]}
    assert set(rules) == {"wait_timer", "required_reviewers", "branch_policy"}
    names = [
        each["reviewer"].get("login") or each["reviewer"]["slug"]
        for each in rules["required_reviewers"]["reviewers"]
    ]
    assert names == ["octo", "owners"]
    assert shown["deployment_branch_policy"] == {"protected_branches": True, "custom_branch_policies": False}
    # What is left out is taken away.
    assert world.api.ok("PUT", path, {})["protection_rules"] == []
    assert world.api.ok("PUT", path)["protection_rules"] == []


def test_an_environment_has_branch_patterns_of_its_own(world):
    path = f"{world.repository()}/environments/staging"
    policy = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    world.api.ok("PUT", path, policy)
    made = world.api.ok("POST", f"{path}/deployment-branch-policies", {"name": "main"})
    assert world.api("POST", f"{path}/deployment-branch-policies", {"name": "main"}).status_code == 303
    listed = world.api.ok("GET", f"{path}/deployment-branch-policies")
    assert (listed["total_count"], listed["branch_policies"][0]["name"]) == (1, "main")
    world.api.ok("DELETE", f"{path}/deployment-branch-policies/{made['id']}")
    world.api.ok("PUT", path, {})
    assert world.api.refused("GET", f"{path}/deployment-branch-policies")[0] == 404


@pytest.mark.parametrize(
    ("plan", "visibility", "empty", "with_reviewers"),
    [
        ("free", "private", 404, 404),
        ("team", "private", 200, 422),
        ("enterprise", "private", 200, 200),
        ("free", "public", 200, 200),
    ],
)
def test_environments_follow_the_plan(world, plan, visibility, empty, with_reviewers):
    world.github.add_organization("org", plan, members=["octo"])
    path = f"{world.repository(owner='org', visibility=visibility)}/environments/production"
    octo = world.api.ok("GET", "/user")["id"]
    assert world.api("PUT", path, {}).status_code == empty
    answer = world.api("PUT", path, {"reviewers": [{"type": "User", "id": octo}]})
    assert answer.status_code == with_reviewers
    if with_reviewers == 422:
        assert "billing plan supports the required reviewers" in answer.json()["message"]
        # GitHub leaves the environment behind, unprotected.
        assert world.api.ok("GET", path)["protection_rules"] == []


def test_reviewers_must_be_able_to_read_the_repository(world):
    world.github.add_organization("big", "enterprise", members=["octo"])
    stranger = world.github.add_user("stranger")
    path = f"{world.repository(owner='big')}/environments/production"
    assert world.api.refused("PUT", path, {"reviewers": [{"type": "User", "id": stranger.id}]})[0] == 422
    assert world.api.refused("PUT", path, {"reviewers": [{"type": "Team", "id": 1}]})[0] == 422
    same = {"protected_branches": True, "custom_branch_policies": True}
    assert world.api.refused("PUT", path, {"deployment_branch_policy": same})[0] == 422


def test_a_branch_is_protected_and_read_back(world):
    path = world.repository()
    assert world.api.refused("GET", f"{path}/branches/main/protection") == (404, "Branch not protected")
    assert world.api.refused("PUT", f"{path}/branches/none/protection", RULES) == (404, "Branch not found")
    world.api.ok("PUT", f"{path}/branches/main/protection", RULES)
    shown = world.api.ok("GET", f"{path}/branches/main/protection")
    assert shown["required_status_checks"]["contexts"] == ["test"]
    assert shown["required_pull_request_reviews"]["required_approving_review_count"] == 1
    assert shown["enforce_admins"]["enabled"]
    assert not shown["allow_force_pushes"]["enabled"]
    assert world.api.ok("GET", f"{path}/branches/main")["protected"]
    world.api.ok("DELETE", f"{path}/branches/main/protection")
    assert not world.api.ok("GET", f"{path}/branches/main")["protected"]


def test_protection_needs_all_its_members(world):
    path = f"{world.repository()}/branches/main/protection"
    for name in RULES:
        body = {key: value for key, value in RULES.items() if key != name}
        assert world.api.refused("PUT", path, body)[0] == 422, name


@pytest.mark.parametrize(("owner", "named"), [("free", "Team"), ("octo", "Pro")])
def test_private_branches_are_not_protected_on_free_plans(world, owner, named):
    if owner == "free":
        world.github.add_organization("free", "free", members=["octo"])
    path = f"{world.repository(owner=owner)}/branches/main/protection"
    refused = (403, f"Upgrade to GitHub {named} or make this repository public to enable this feature.")
    assert world.api.refused("PUT", path, RULES) == refused
    assert world.api.refused("GET", path) == refused


def test_a_protected_branch_takes_no_direct_commit(world):
    path = world.repository()
    world.api.ok("PUT", f"{path}/branches/main/protection", RULES)
    body = {"message": "m", "content": "eA=="}
    problem = "Changes must be made through a pull request."
    assert world.api.refused("PUT", f"{path}/contents/new", body) == (
        409,
        f"Could not create file: {problem}",
    )
    sha = world.commit(path, {"a": "1"}, branch="other")
    assert world.api.refused("PATCH", f"{path}/git/refs/heads/main", {"sha": sha}) == (422, problem)
    assert world.api.refused("DELETE", f"{path}/git/refs/heads/main")[0] == 422
    world.api.ok("PUT", f"{path}/branches/main/protection", RULES | {"enforce_admins": None})
    world.api.ok("PATCH", f"{path}/git/refs/heads/main", {"sha": sha})


def test_the_subject_is_immutable_or_classic_as_the_owner_has_it(world):
    path = f"{world.repository()}/actions/oidc/customization/sub"
    owner, identity = world.github.repository("acme/app").owner, world.github.repository("acme/app").id
    shown = world.api.ok("GET", path)
    immutable = f"repo:acme@{owner.id}/app@{identity}"
    assert shown == {"use_default": True, "use_immutable_subject": True, "sub_claim_prefix": immutable}
    world.api.ok("PUT", path, {"use_default": True, "use_immutable_subject": False})
    assert world.api.ok("GET", path)["sub_claim_prefix"] == "repo:acme/app"
    world.github.add_organization("old", "team", owners=["octo"], immutable_subjects=False)
    classic = world.repository(owner="old")
    assert (
        world.api.ok("GET", f"{classic}/actions/oidc/customization/sub")["sub_claim_prefix"] == "repo:old/app"
    )
    # Opting in counts for repositories that are made, or renamed, from then on.
    world.api.ok("PUT", "/orgs/old/actions/oidc/customization/sub", {"use_immutable_subject": True})
    assert world.api.ok("GET", "/orgs/old/actions/oidc/customization/sub")["use_immutable_subject"]
    assert (
        world.api.ok("GET", f"{classic}/actions/oidc/customization/sub")["sub_claim_prefix"] == "repo:old/app"
    )
    world.api.ok("PATCH", classic, {"name": "renamed"})
    shown = world.api.ok("GET", "/repos/old/renamed/actions/oidc/customization/sub")
    assert "@" in shown["sub_claim_prefix"]


def test_a_dispatch_is_recorded(world):
    path = world.repository()
    payload = {"model_package_arn": "arn:aws:sagemaker:eu-west-1:1:model-package/g/3"}
    body = {"event_type": "model-approved", "client_payload": payload}
    assert world.api("POST", f"{path}/dispatches", body).status_code == 204
    (dispatch,) = world.github.dispatches
    assert (dispatch.repository, dispatch.event_type, dispatch.sender) == (
        "acme/app",
        "model-approved",
        "octo",
    )
    assert dispatch.client_payload == payload
    assert world.api.refused("POST", f"{path}/dispatches", {"event_type": "x" * 101})[0] == 422
    many = {str(number): number for number in range(11)}
    assert (
        world.api.refused("POST", f"{path}/dispatches", {"event_type": "x", "client_payload": many})[0] == 422
    )
    assert len(world.github.dispatches) == 1
