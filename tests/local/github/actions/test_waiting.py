"""Who waits for whom: concurrency groups, reviewers of environments, cancelled runs."""

import fcntl

import pytest

from local_aws.github.actions.concurrency import Groups, Member

DISPATCHED = "on: {repository_dispatch: {types: [go]}}\njobs:\n"


def members(groups, count, **how):
    """Members that join one group, one after the other; and who was cancelled."""
    cancelled = []
    made = [Member(str(number), lambda _, number=number: cancelled.append(number)) for number in range(count)]
    for each in made:
        groups.enter(1, "G", each, **how)
    return made, cancelled


def test_one_holds_a_group_and_one_waits_the_newest():
    groups = Groups()
    made, cancelled = members(groups, 4)
    assert (groups.holds(1, "g", made[0]), cancelled) == (True, [1, 2])
    groups.leave(1, "g", made[0])
    assert groups.holds(1, "G", made[3])


def test_with_a_queue_all_wait_and_go_in_order_up_to_a_hundred():
    groups = Groups()
    made, cancelled = members(groups, 103, queue="max")
    assert cancelled == [101, 102]
    order = []
    for _ in range(101):
        [holder] = [each for each in made if groups.holds(1, "G", each)]
        order.append(int(holder.name))
        groups.leave(1, "G", holder)
    assert order == list(range(101))


def test_the_holder_is_cancelled_where_it_may_be_and_is_waited_for():
    groups = Groups()
    made, cancelled = members(groups, 2, cancel=True)
    assert cancelled == [0]
    assert groups.holds(1, "G", made[0]), "until it has ended"


def test_groups_are_of_a_repository():
    groups = Groups()
    one, other = Member("one", print), Member("other", print)
    groups.enter(1, "g", one)
    groups.enter(2, "g", other)
    assert groups.holds(1, "g", one)
    assert groups.holds(2, "g", other)


def slow(more):
    """A job that runs until the file `go` is in a folder, which its payload names."""
    return (
        DISPATCHED
        + f"  a:\n    runs-on: x\n{more}    steps:\n"
        + "      - {env: {GO: '${{ github.event.client_payload.go }}'}, run: 'while test ! -e \"$GO\"; do sleep 0.02; done'}\n"
        + "      - {if: cancelled(), run: echo tidied}\n"
    )


def go(repo, file, times=1):
    for _ in range(times):
        before = len(repo.runs())
        repo.ok("POST", "/dispatches", {"event_type": "go", "client_payload": {"go": str(file)}})
        repo.until(lambda before=before: len(repo.runs()) > before)
        repo.until(lambda: repo.runs()[-1].job("a").status != "queued")


def conclusions(repo):
    return [each.conclusion for each in repo.settle()]


def test_rollouts_with_a_queue_go_one_after_the_other_and_none_is_left_out(repo, tmp_path):
    made = repo(slow("    concurrency: {group: production, queue: max}\n"))
    go(made, tmp_path / "go", 4)
    assert [each.job("a").status for each in made.runs()] == ["in_progress"] + ["pending"] * 3
    (tmp_path / "go").touch()
    assert conclusions(made) == ["success"] * 4
    started = [each.job("a").started_at for each in made.runs()]
    assert started == sorted(started)


def test_a_newer_commit_takes_over_and_what_it_cancels_still_tidies_up(repo, tmp_path):
    made = repo(slow("    concurrency: {group: 'g-${{ github.ref }}', cancel-in-progress: true}\n"))
    go(made, tmp_path / "never")
    made.until(lambda: made.runs()[0].job("a").status == "in_progress")
    (tmp_path / "go").touch()
    go(made, tmp_path / "go")
    assert conclusions(made) == ["cancelled", "success"]
    first = made.runs()[0].job("a")
    assert [each.conclusion for each in first.steps] == ["cancelled", "success"]
    assert first.annotations[0][1].startswith(
        "Canceling since a higher priority waiting request for 'g-refs/heads/main'"
    )


def test_a_cancelled_run_may_be_run_again(repo, tmp_path):
    made = repo(slow(""))
    go(made, tmp_path / "go")
    [run] = made.runs()
    made.until(lambda: run.job("a").status == "in_progress")
    assert made.call("POST", f"/actions/runs/{run.id}/rerun").status_code == 403
    made.ok("POST", f"/actions/runs/{run.id}/cancel")
    assert conclusions(made) == ["cancelled"]
    (tmp_path / "go").touch()
    made.ok("POST", f"/actions/runs/{run.id}/rerun")
    assert (conclusions(made), run.attempt) == (["success"], 2)


REVIEWED = DISPATCHED + """
  a:
    runs-on: x
    environment: production
    concurrency: {group: production, queue: max}
    steps: [{run: echo rolled out}]
"""


def user_id(runner, login):
    return runner.user(login).id


@pytest.fixture
def reviewed(repo, runner):
    """A repository whose production `grace` reviews, and one run that waits for her."""
    made = repo(REVIEWED)
    reviewer = {"type": "User", "id": user_id(runner, "grace")}
    made.ok("PUT", "/environments/production", {"reviewers": [reviewer], "prevent_self_review": True})
    made.ok("POST", "/dispatches", {"event_type": "go"})
    [made.run] = made.settle()
    return made


def answer(repo, state, token="grace-token"):
    where = f"/actions/runs/{repo.run.id}/pending_deployments"
    waiting = repo.ok("GET", where, token=token)
    body = {
        "environment_ids": [each["environment"]["id"] for each in waiting],
        "state": state,
        "comment": "So be it",
    }
    return repo.call("POST", where, body, token=token)


def test_a_job_waits_for_a_reviewer_and_goes_on_when_approved(reviewed):
    assert (reviewed.run.status, reviewed.run.job("a").steps[0].status) == ("waiting", "queued")
    shown = reviewed.ok("GET", f"/actions/runs/{reviewed.run.id}")
    assert (shown["status"], shown["conclusion"]) == ("waiting", None)
    assert answer(reviewed, "approved").ok
    assert conclusions(reviewed) == ["success"]
    [job] = reviewed.ok("GET", f"/actions/runs/{reviewed.run.id}/jobs")["jobs"]
    assert (job["conclusion"], job["steps"][0]["conclusion"]) == ("success", "success")


def test_a_rejection_ends_the_job_with_the_reviewers_words(reviewed):
    assert answer(reviewed, "rejected").ok
    assert conclusions(reviewed) == ["failure"]
    assert reviewed.run.job("a").annotations == [
        ("error", "grace rejected the deployment to production: So be it")
    ]


def test_nobody_but_a_reviewer_may_answer(reviewed):
    refused = answer(reviewed, "approved", token="octo-token")
    assert (refused.status_code, refused.json()["message"]) == (403, "octo is not a reviewer of production.")
    assert reviewed.run.status == "waiting"


def test_a_job_that_waits_for_reviewers_holds_its_group(reviewed):
    """Which is why the poured workflow waits in a job without one."""
    reviewed.ok("POST", "/dispatches", {"event_type": "go"})
    reviewed.until(lambda: len(reviewed.runs()) == 2 and reviewed.runs()[1].job("a").status == "pending")
    answer(reviewed, "approved")
    reviewed.until(lambda: reviewed.runs()[1].job("a").status == "waiting")


def test_a_waiting_job_that_is_cancelled_ends(reviewed):
    reviewed.ok("POST", f"/actions/runs/{reviewed.run.id}/cancel")
    assert conclusions(reviewed) == ["cancelled"]


def test_a_branch_that_may_not_deploy_to_an_environment_is_refused(repo):
    made = repo(
        "on: {repository_dispatch: {types: [go]}}\njobs:\n  a: {runs-on: x, environment: e, steps: [{run: a}]}\n"
    )
    policy = {"protected_branches": False, "custom_branch_policies": True}
    made.ok("PUT", "/environments/e", {"deployment_branch_policy": policy})
    made.ok("POST", "/environments/e/deployment-branch-policies", {"name": "release/*"})
    made.ok("POST", "/dispatches", {"event_type": "go"})
    [run] = made.settle()
    [(_, message)] = run.job("a").annotations
    assert message == 'Branch "main" is not allowed to deploy to e due to environment protection rules.'


def test_what_a_step_left_running_ends_with_its_job(repo, tmp_path):
    """The lock is held as long as the process that a step left running lives."""
    file = tmp_path / "lock"
    made = repo(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
        f"      - run: flock {file} sleep 600 > /dev/null 2>&1 &\n"
        f"      - run: while flock --nonblock {file} true; do sleep 0.02; done\n"
    )
    [run] = made.settle()
    assert run.conclusion == "success"
    with file.open() as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
