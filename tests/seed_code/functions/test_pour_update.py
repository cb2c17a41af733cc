"""An update of contents: settings in place, a new seed by one pull request, the team's work left to git."""

import hashlib
import json
import urllib.request

import pytest

from local_aws.github import Dropped

SECOND = {
    "README.md": "# Build\n\nSecond edition.\n",
    "recipes/clothing.yaml": "name: clothing\ndim: 32\nrate: 0.2\nwords: 2\nepochs: 20\n",
    "bin/run": "#!/bin/sh\n",
    "vendor/wheel.whl": bytes(range(256)) * 40,
    ".github/workflows/build.yml": "name: build\non: push\n",
    "new.txt": "new\n",
}
THIRD = {**SECOND, "new.txt": "newer\n", "README.md": "# Build\n\nThird edition.\n"}


@pytest.fixture
def poured(project):
    """A project that was poured with its first seed."""
    project.create("Repository", project.repository())
    project.key = project.put_seed()
    project.create("Contents", project.contents(project.key))
    return project


def update(project, files, **changes):
    """Update to another seed; returns the number of the pull request, "" where none is open."""
    old, project.key = project.key, project.put_seed(files)
    answer = project.update("Contents", project.contents(old), project.contents(project.key, **changes))
    assert answer["Status"] == "SUCCESS", answer["Reason"]
    return answer["Data"]["PullRequest"]


def work(project, folder, files, message="Our work"):
    """What the team does: change files in a clone, and push main. A file of None is removed."""
    clone = project.clone(folder)
    for path, text in files.items():
        if text is None:
            (clone / path).unlink()
        else:
            (clone / path).write_text(text)
    project.git("add", "-A", folder=clone)
    project.git("commit", "-qm", message, folder=clone)
    project.git("push", "-q", "origin", "HEAD:main", folder=clone)


@pytest.fixture
def merge(tmp_path):
    """What the team does with the pull request: merge the branch, or squash it."""
    numbers = iter(range(100))

    def merge(project, number, *, squash=False):
        branch = project.record.pulls[int(number)].head
        clone = project.clone(tmp_path / f"merge-{next(numbers)}")
        how = ["--squash"] if squash else ["--no-edit", "--no-ff"]
        project.git("merge", "-q", *how, f"origin/{branch}", folder=clone)
        if squash:
            project.git("commit", "-qm", "Squashed", folder=clone)
        project.git("push", "-q", "origin", "HEAD:main", folder=clone)
        return {
            path: content.decode()
            for path, (_, content) in project.files().items()
            if path != "vendor/wheel.whl"
        }

    return merge


def pulls(project):
    return [(each.head, each.state) for each in project.record.pulls.values()]


def test_a_new_seed_opens_one_pull_request(poured):
    head = poured.git("rev-parse", "main")
    number = update(poured, SECOND)
    (pull,) = poured.record.pulls.values()
    assert (str(pull.number), pull.base, pull.state) == (number, "main", "open")
    assert pull.head == f"seed/{seed_digest(poured)[:12]}"
    assert poured.git("rev-parse", "main") == head
    changed = poured.git("diff", "--name-only", f"main...{pull.head}").split()
    assert changed == [".seed.json", "README.md", "new.txt", "recipes/clothing.yaml"]


def seed_digest(project):
    body = project.aws.client("s3").get_object(Bucket=project.aws.bucket, Key=project.key)["Body"].read()
    return hashlib.sha256(body).hexdigest()


def test_the_same_event_twice_opens_it_once(poured):
    old, new = poured.contents(poured.key), poured.contents(poured.put_seed(SECOND))
    answers = [poured.update("Contents", old, new) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(poured.record.pulls) == 1


def test_the_same_key_opens_none(poured):
    old = poured.contents(poured.key)
    assert poured.update("Contents", old, old)["Data"]["PullRequest"] == ""
    assert pulls(poured) == []


def test_another_key_with_the_same_archive_opens_none(poured):
    other = poured.put_seed(key=f"seeds/{poured.number}/again/build.zip")
    answer = poured.update("Contents", poured.contents(poured.key), poured.contents(other))
    assert (answer["Status"], answer["Data"]["PullRequest"], pulls(poured)) == ("SUCCESS", "", [])


def test_what_the_team_changed_stays_when_it_is_merged(poured, tmp_path, merge):
    work(
        poured,
        tmp_path / "work",
        {
            "recipes/clothing.yaml": "name: ours\ndim: 32\nrate: 0.2\nwords: 2\nepochs: 10\n",
            "ours.txt": "ours\n",
            "bin/run": None,
        },
    )
    main = poured.git("rev-parse", "main")
    number = update(poured, SECOND)
    assert poured.git("rev-parse", "main") == main
    merged = merge(poured, number)
    assert merged["recipes/clothing.yaml"] == "name: ours\ndim: 32\nrate: 0.2\nwords: 2\nepochs: 20\n"
    assert (merged["README.md"], merged["ours.txt"], merged["new.txt"]) == (
        SECOND["README.md"],
        "ours\n",
        "new\n",
    )
    assert "bin/run" not in merged


def test_where_both_changed_the_same_lines_the_team_decides(poured, tmp_path):
    work(poured, tmp_path / "work", {"README.md": "# Ours\n\nOur edition.\n"})
    number = update(poured, SECOND)
    base = poured.git("merge-base", "main", poured.record.pulls[int(number)].head).strip()
    assert base == poured.git("rev-parse", "main~1").strip()
    assert poured.files()["README.md"][1] == b"# Ours\n\nOur edition.\n"


def test_the_next_seed_starts_from_the_merged_one(poured, merge):
    merge(poured, update(poured, SECOND))
    number = update(poured, THIRD)
    changed = poured.git("diff", "--name-only", f"main...{poured.record.pulls[int(number)].head}").split()
    assert changed == [".seed.json", "README.md", "new.txt"]
    assert merge(poured, number)["new.txt"] == "newer\n"


def test_after_a_squash_the_next_seed_is_still_whole(poured, merge):
    merge(poured, update(poured, SECOND), squash=True)
    assert update(poured, SECOND) == ""
    number = update(poured, THIRD)
    head = poured.record.pulls[int(number)].head
    assert poured.git("show", f"{head}:new.txt") == "newer\n"


def test_a_seed_that_is_overtaken_has_its_pull_request_closed(poured):
    first = update(poured, SECOND)
    second = update(poured, THIRD)
    assert [poured.record.pulls[int(number)].state for number in (first, second)] == ["closed", "open"]


def test_an_update_that_is_taken_back_takes_its_pull_request_along(poured):
    first_key = poured.key
    update(poured, SECOND)
    answer = poured.update("Contents", poured.contents(poured.key), poured.contents(first_key))
    assert (answer["Status"], answer["Data"]["PullRequest"]) == ("SUCCESS", "")
    assert [state for _, state in pulls(poured)] == ["closed"]


def test_and_comes_again_with_the_next_attempt(poured):
    first_key, number = poured.key, update(poured, SECOND)
    poured.update("Contents", poured.contents(poured.key), poured.contents(first_key))
    poured.key = first_key
    assert update(poured, SECOND) == number
    assert [state for _, state in pulls(poured)] == ["open"]


def test_pull_requests_of_the_team_are_left_alone(poured, tmp_path):
    clone = poured.clone(tmp_path / "clone")
    poured.git("checkout", "-qb", "ours", folder=clone)
    (clone / "ours.txt").write_text("ours\n")
    poured.git("add", "-A", folder=clone)
    poured.git("commit", "-qm", "Ours", folder=clone)
    poured.git("push", "-q", "origin", "ours", folder=clone)
    open_pull(poured, "ours")
    update(poured, SECOND)
    assert ("ours", "open") in pulls(poured)


def open_pull(project, branch):
    request = urllib.request.Request(
        f"{project.github.api_url}/repos/{project.full_name}/pulls",
        json.dumps({"title": branch, "head": branch, "base": "main"}).encode(),
        {"Authorization": f"Bearer {project.token}", "User-Agent": "team"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 201


def test_a_repository_that_does_not_say_its_seed_is_not_guessed_at(poured, tmp_path):
    work(poured, tmp_path / "work", {".seed.json": None})
    old, new = poured.contents(poured.key), poured.contents(poured.put_seed(SECOND))
    answer = poured.update("Contents", old, new)
    assert answer["Status"] == "FAILED"
    assert ".seed.json" in answer["Reason"] and "git log -- .seed.json" in answer["Reason"]
    assert pulls(poured) == []


def test_a_lost_tag_is_named(poured):
    tag = poured.git("tag").strip()
    poured.git("update-ref", "-d", f"refs/tags/{tag}")
    old, new = poured.contents(poured.key), poured.contents(poured.put_seed(SECOND))
    assert f"has lost the tag {tag}" in poured.update("Contents", old, new)["Reason"]


@pytest.mark.parametrize(
    "method, path", [("POST", r"/pulls$"), ("POST", r"/git/refs$"), ("PATCH", r"/actions/variables/")]
)
def test_an_answer_of_github_that_is_lost_makes_nothing_twice(poured, github, method, path):
    github.faults.add(Dropped(method=method, path=path))
    assert update(poured, SECOND, Variables={"AWS_REGION": "eu-north-1"})
    assert len(pulls(poured)) == 1


# --- settings ---


def change(project, **changes):
    return project.update("Contents", project.contents(project.key), project.contents(project.key, **changes))


def test_variables_are_changed_added_and_cleared_in_place(poured):
    change(poured, Variables={"AWS_REGION": "eu-north-1", "ARTIFACT_BUCKET": "", "RECIPE": "toxic-comments"})
    values = {name: each.value for name, each in poured.record.variables.items()}
    values.pop("SAGEMAKER_PROJECT_REPOSITORY")
    assert values == {"AWS_REGION": "eu-north-1", "RECIPE": "toxic-comments"}


def test_a_variable_of_the_team_stays(poured):
    poured.record.variables["OURS"] = type(poured.record.variables["AWS_REGION"])("OURS", "1")
    change(poured, Variables={"AWS_REGION": "eu-north-1"})
    assert poured.record.variables["OURS"].value == "1"


def test_more_variables_than_githubs_page_are_all_seen(poured):
    many = {f"NAME_{number}": str(number) for number in range(75)}
    change(poured, Variables=many)
    answer = change(poured, Variables={**many, "NAME_70": "changed"})
    assert answer["Status"] == "SUCCESS"
    assert poured.record.variables["NAME_70"].value == "changed"
    writes = [path for method, path in poured.calls if method in {"POST", "PATCH"}]
    assert [path.rpartition("/")[2] for path in writes] == ["NAME_70"]


def test_other_reviewers_replace_the_former_ones_and_keep_the_teams_rules(poured):
    production = poured.record.environments["production"]
    production.wait_timer, production.prevent_self_review = 30, True
    environments = [{"Name": "production", "Reviewers": ["ann"], "ProtectedBranches": "true"}]
    assert change(poured, Environments=environments)["Status"] == "SUCCESS"
    assert [kind for kind, _ in production.reviewers] == ["User"]
    assert (production.wait_timer, production.prevent_self_review) == (30, True)


def test_protections_that_were_taken_away_come_back(poured):
    poured.record.environments["production"].reviewers.clear()
    poured.record.environments["production"].protected_branches = False
    poured.record.protection.clear()
    assert change(poured)["Status"] == "SUCCESS"
    assert len(poured.record.environments["production"].reviewers) == 2
    assert poured.record.environments["production"].protected_branches
    assert "main" in poured.record.protection


def test_stricter_rules_of_the_team_stay(poured):
    rules = poured.record.protection["main"]
    rules["required_pull_request_reviews"]["required_approving_review_count"] = 2
    rules["enforce_admins"] = True
    assert change(poured, RequiredChecks=["test", "lint"])["Status"] == "SUCCESS"
    rules = poured.record.protection["main"]
    assert rules["required_pull_request_reviews"]["required_approving_review_count"] == 2
    assert rules["enforce_admins"]
    assert [check["context"] for check in rules["required_status_checks"]["checks"]] == ["lint", "test"]


def test_a_protection_that_is_there_is_not_set_again(poured):
    change(poured)
    assert [call for call in poured.calls if call[0] != "GET"] == []


def test_topics_of_contents_are_added(poured):
    change(poured, Topics=["Reviews"])
    assert "reviews" in poured.record.topics


def test_a_missing_new_seed_changes_nothing(poured):
    answer = poured.update(
        "Contents",
        poured.contents(poured.key),
        poured.contents("seeds/none.zip", Variables={"AWS_REGION": "eu-north-1"}),
    )
    assert "NoSuchKey" in answer["Reason"]
    assert poured.record.variables["AWS_REGION"].value == "eu-west-1"
