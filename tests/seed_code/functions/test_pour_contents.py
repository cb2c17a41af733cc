"""Custom::GitHubContents: seeded, set up, protected, and each protection read back."""

import pytest

from local_aws.github import Dropped
from local_aws.github.access import role


@pytest.fixture
def made(project):
    project.create("Repository", project.repository())
    return project


def test_the_seed_is_what_is_in_the_repository(made):
    answer = made.create("Contents", made.contents())
    assert answer["PhysicalResourceId"] == f"{made.record.id}/contents"
    files = made.files()
    stamp = files.pop(".seed.json")
    assert {path: mode for path, (mode, _) in files.items()} == {
        "README.md": "100644",
        "recipes/clothing.yaml": "100644",
        "bin/run": "100755",
        "vendor/wheel.whl": "100644",
        ".github/workflows/build.yml": "100644",
    }
    assert files["vendor/wheel.whl"][1] == bytes(range(256)) * 40
    assert answer["Data"]["SeedDigest"] in stamp[1].decode()
    assert (answer["Data"]["PullRequest"], answer["Data"]["Unprotected"]) == ("", "")


def test_workflows_come_last(made):
    made.create("Contents", made.contents())
    subjects = made.git("log", "--reverse", "--format=%s", "main").splitlines()
    assert len(subjects) == 3
    changed = made.git("diff", "--name-only", "main~1", "main").split()
    assert changed == [".github/workflows/build.yml", ".seed.json"]
    writes = [path for method, path in made.calls if method in {"POST", "PUT", "PATCH"}]
    last_commit = max(index for index, path in enumerate(writes) if path.endswith("/git/refs/heads/main"))
    for earlier in ("/actions/variables", "/environments/production"):
        assert max(index for index, path in enumerate(writes) if path.endswith(earlier)) < last_commit


def test_a_clone_of_it_works(made, tmp_path):
    made.create("Contents", made.contents())
    folder = made.clone(tmp_path / "clone")
    assert (folder / "bin/run").stat().st_mode & 0o111
    assert made.git("rev-parse", "--abbrev-ref", "HEAD", folder=folder).strip() == "main"


def test_a_big_wheel_arrives_byte_for_byte(made):
    wheel = bytes(range(256)) * 4096
    key = made.put_seed({"README.md": "# Hi\n", "vendor/big.whl": wheel, "ü/ä.txt": "ö\n"})
    made.create("Contents", made.contents(key))
    assert made.git("cat-file", "-s", "main:vendor/big.whl").strip() == str(len(wheel))
    assert made.git("show", "main:ü/ä.txt") == "ö\n"


def test_text_needs_no_call_of_its_own(made):
    files = {f"src/module_{number}.py": f"x = {number}\n" for number in range(150)}
    made.create("Contents", made.contents(made.put_seed({"README.md": "# Hi\n", **files})))
    assert not [path for _, path in made.calls if path.endswith("/git/blobs")]
    assert len(made.files()) == 152


def test_variables_environments_and_protection_are_set(made):
    made.create("Contents", made.contents())
    record = made.record
    assert {
        name: each.value for name, each in record.variables.items() if not name.startswith("SAGEMAKER")
    } == {
        "AWS_REGION": "eu-west-1",
        "ARTIFACT_BUCKET": "artifacts",
    }
    assert sorted(record.environments) == ["production", "staging"]
    assert sorted(kind for kind, _ in record.environments["production"].reviewers) == ["Team", "User"]
    assert all(each.protected_branches for each in record.environments.values())
    rules = record.protection["main"]
    assert [check["context"] for check in rules["required_status_checks"]["checks"]] == ["test"]
    assert rules["required_pull_request_reviews"]["required_approving_review_count"] == 1
    assert (rules["allow_force_pushes"], rules["allow_deletions"]) == (False, False)


def test_a_user_can_merge_alone(project):
    project.owner = f"robot-{project.number}"
    project.create("Repository", project.repository(Visibility="public"))
    environments = [{"Name": "production", "Reviewers": [project.owner], "ProtectedBranches": "true"}]
    project.create("Contents", project.contents(Environments=environments))
    reviews = project.record.protection["main"]["required_pull_request_reviews"]
    assert reviews["required_approving_review_count"] == 0


def test_asked_twice_it_changes_nothing(made):
    made.create("Contents", made.contents())
    before, head = made.state(), made.git("rev-parse", "main")
    made.create("Contents", made.contents())
    assert (made.state(), made.git("rev-parse", "main")) == (before, head)
    assert [method for method, _ in made.calls if method != "GET"] == []


def test_what_the_team_committed_meanwhile_stays(made, tmp_path):
    made.create("Contents", made.contents())
    clone = made.clone(tmp_path / "clone")
    (clone / "recipes/clothing.yaml").write_text("name: ours\n")
    made.git("commit", "-qam", "Our work", folder=clone)
    made.git("push", "-q", "origin", "main", folder=clone)
    made.create("Contents", made.contents())
    assert made.files()["recipes/clothing.yaml"][1] == b"name: ours\n"


def test_another_name_of_the_default_branch_becomes_main(made):
    made.record.default_branch = "trunk"
    made.record.git.set_head("trunk")
    made.create("Contents", made.contents())
    assert made.record.default_branch == "main"
    assert made.git("for-each-ref", "--format=%(refname)", "refs/heads").split() == ["refs/heads/main"]


@pytest.mark.parametrize(
    "method, path",
    [
        ("PUT", r"/contents/"),
        ("POST", r"/git/blobs$"),
        ("POST", r"/git/trees$"),
        ("POST", r"/git/commits$"),
        ("POST", r"/git/refs$"),
        ("PATCH", r"/git/refs/"),
        ("POST", r"/actions/variables$"),
        ("PUT", r"/environments/production$"),
        ("PUT", r"/protection$"),
    ],
)
def test_an_answer_of_github_that_is_lost_does_no_harm(made, github, method, path):
    github.faults.add(Dropped(method=method, path=path))
    made.create("Contents", made.contents())
    assert made.git("log", "--format=%s", "main").count("\n") == 3
    assert set(made.record.protection) == {"main"}


# --- refusals ---


def refused(project, **changes):
    answer = project.ask(project.event("Contents", "Create", project.contents(**changes)))
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == f"{changes.get('RepositoryId', project.record.id)}/contents"
    return answer["Reason"]


def test_a_missing_seed_leaves_the_repository_untouched(made):
    reason = refused(made, key="seeds/none/build.zip")
    assert "seeds/none/build.zip cannot be read (NoSuchKey)" in reason
    assert "project-template publish" in reason
    assert made.record.git.empty


def test_another_repository_of_that_name_is_not_written_to(made):
    assert "is not the project's repository 42" in refused(made, RepositoryId="42")


def test_an_archived_repository_is_named(made):
    made.record.archived = True
    assert "is archived" in refused(made)


@pytest.mark.parametrize(
    "reviewer, word", [("nobody-at-all", "user"), ("{owner}/no-team", "team"), ("{owner}", "user")]
)
def test_an_unknown_reviewer_is_named(made, reviewer, word):
    name = reviewer.format(owner=made.owner)
    environments = [{"Name": "production", "Reviewers": [name], "ProtectedBranches": "true"}]
    assert f"{name!r} is not a {word}" in refused(made, Environments=environments)


def test_more_reviewers_than_github_takes_are_refused(made):
    environments = [{"Name": "production", "Reviewers": list("abcdefg"), "ProtectedBranches": "true"}]
    assert "GitHub takes 6" in refused(made, Environments=environments)


def test_a_production_that_nobody_reviews_is_refused_where_github_is_the_gate(made):
    environments = [{"Name": "production", "Reviewers": [], "ProtectedBranches": "true"}]
    assert "ProductionGate=registry" in refused(made, Environments=environments)
    made.create("Contents", made.contents(Environments=environments, ProductionGate="registry"))


@pytest.mark.parametrize("plan", ["free", "team"])
def test_a_plan_that_cannot_protect_production_fails_with_the_remedy(project_of, plan):
    project = project_of(plan)
    project.create("Repository", project.repository())
    reason = refused(project)
    assert "does not protect the environment production" in reason
    assert "make the repository public" in reason and "ProductionGate=registry" in reason
    assert ".github/workflows/build.yml" not in project.files()


def test_with_the_registry_as_the_gate_it_says_what_github_does_not_protect(project_of):
    project = project_of("team")
    project.create("Repository", project.repository())
    answer = project.create("Contents", project.contents(ProductionGate="registry"))
    assert "environment production" in answer["Data"]["Unprotected"]
    assert "branch main" not in answer["Data"]["Unprotected"]


def test_whatever_the_gate_is_main_has_to_be_protected(project_of):
    project = project_of("free")
    project.create("Repository", project.repository())
    reason = refused(project, ProductionGate="registry")
    assert "does not protect what production is deployed from" in reason
    assert "GitHub Team" in reason


def test_public_repositories_are_protected_on_any_plan(project_of):
    project = project_of("free")
    project.create("Repository", project.repository(Visibility="public"))
    assert project.create("Contents", project.contents())["Data"]["Unprotected"] == ""


def test_reviewers_who_cannot_read_the_repository_are_missed(made, github):
    github.add_user(f"outsider-{made.number}")
    environments = [
        {"Name": "production", "Reviewers": [f"outsider-{made.number}"], "ProtectedBranches": "true"}
    ]
    assert "does not protect the environment production" in refused(made, Environments=environments)


@pytest.mark.parametrize("reviewer", ["{member}", "{owner}/{team}"])
def test_reviewers_of_the_organisation_are_let_read_where_its_base_permission_is_none(made, github, reviewer):
    member, team = f"member-{made.number}", f"readers-{made.number}"
    github.add_user(member)
    owner = made.record.owner
    owner.base_permission = "none"
    owner.members[member] = "member"
    github.add_team(made.owner, team, members=[member])
    name = reviewer.format(owner=made.owner, member=member, team=team)
    environments = [{"Name": "production", "Reviewers": [name], "ProtectedBranches": "true"}]
    made.create("Contents", made.contents(Environments=environments))
    assert len(made.record.environments["production"].reviewers) == 1
    assert role(github.user(member), made.record) == "read"


def test_a_build_repository_without_protection_says_so_and_works(project_of):
    project = project_of("free")
    project.create("Repository", project.repository())
    answer = project.create("Contents", project.contents(Environments=[]))
    assert "Upgrade to GitHub" in answer["Data"]["Unprotected"]
