"""The poured build workflow's own gates and queues, with its steps left out: what takes over, what waits, what ends."""

from pathlib import Path

import pytest
import yaml

POURED_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
POURED = Path(__file__).parents[4] / ".github" / "workflows" / "build.yml"


def gates(go):
    """build.yml whose trainings take until the file `go` is there."""
    workflow = yaml.safe_load(POURED.read_text())
    for name, job in workflow["jobs"].items():
        waits = f"while test ! -e {go}; do sleep 0.05; done"
        job["steps"] = [{"run": waits if name in ("try", "train") else "true"}]
    return yaml.safe_dump({("on" if name is True else name): value for name, value in workflow.items()})


@pytest.fixture
def build(repo, tmp_path):
    """The build repository of a project; the run of its first push has ended."""
    made = repo(gates(tmp_path / "go"))
    made.settle()
    made.ok("PUT", "/topics", {"names": ["sagemaker-project"]})
    made.ok("POST", "/actions/variables", {"name": "SAGEMAKER_PROJECT_NAME", "value": "shop"})
    return made


def runs_of(repo, event):
    return [run for run in repo.runs() if run.event.name == event]


def works(repo, event, job, count=1):
    """Wait until the job works in the newest of so many runs."""
    repo.until(
        lambda: len(runs_of(repo, event)) == count
        and job in (jobs := runs_of(repo, event)[-1].jobs)
        and jobs[job].status == "in_progress"
    )


def waits(repo, event, job, count):
    """Whether the job waits in the newest of so many runs."""
    found = runs_of(repo, event)
    return len(found) == count and job in found[-1].jobs and found[-1].job(job).status == "pending"


def test_a_pull_request_that_is_closed_while_it_trains_ends_its_training_and_is_cleaned_up(build):
    number = build.propose()
    works(build, "pull_request", "try")
    build.ok("PATCH", f"/pulls/{number}", {"state": "closed"})
    build.settle()
    trained, closed = runs_of(build, "pull_request")
    assert trained.job("try").conclusion == "cancelled"
    assert closed.job("clean").conclusion == "success"
    assert closed.job("clean").started_at >= trained.job("try").completed_at


def test_a_force_push_takes_over_from_the_training_of_the_old_commit(build, tmp_path):
    number = build.propose(branch="first")
    works(build, "pull_request", "try")
    build.branch("other")
    sha = build.put("change.txt", "newer\n", "other")
    build.ok("PATCH", "/git/refs/heads/first", {"sha": sha, "force": True})
    works(build, "pull_request", "try", count=2)
    (tmp_path / "go").touch()
    build.settle()
    old, new = runs_of(build, "pull_request")
    assert (old.job("try").conclusion, new.job("try").conclusion) == ("cancelled", "success")
    assert build.ok("GET", f"/pulls/{number}")["head"]["sha"] == sha


def test_pull_requests_train_at_once_and_the_end_of_one_is_none_of_the_others(build, tmp_path):
    numbers = []
    for count, branch in enumerate(("first", "second", "third"), 1):
        numbers.append(build.propose(branch=branch, file=f"{branch}.txt"))
        works(build, "pull_request", "try", count=count)
    tried = runs_of(build, "pull_request")
    assert [run.job("try").status for run in tried] == ["in_progress"] * 3
    build.ok("PATCH", f"/pulls/{numbers[1]}", {"state": "closed"})
    build.until(lambda: len(runs_of(build, "pull_request")) == 4 and tried[1].conclusion is not None)
    assert [run.conclusion for run in tried] == [None, "cancelled", None]
    (tmp_path / "go").touch()
    build.settle()
    assert [run.conclusion for run in tried] == ["success", "cancelled", "success"]


def test_main_that_moves_during_a_run_is_trained_afterwards_and_the_run_stays_with_its_commit(
    build, tmp_path
):
    workflow = yaml.safe_load(gates(tmp_path / "go"))
    shows = {"run": "git rev-parse HEAD", "shell": "bash"}
    checkout = {"uses": POURED_CHECKOUT}
    workflow["jobs"]["train"]["steps"] = [checkout, shows, *workflow["jobs"]["train"]["steps"], shows]
    text = yaml.safe_dump({("on" if name is True else name): value for name, value in workflow.items()})
    commits = [build.put(".github/workflows/w.yml", text)]
    works(build, "push", "train", count=2)
    commits.append(build.put("moved.txt", "main moves between plan and run\n"))
    build.until(lambda: waits(build, "push", "train", count=3))
    (tmp_path / "go").touch()
    build.settle()
    first, second = runs_of(build, "push")[1:]
    for run, commit in zip((first, second), commits, strict=True):
        assert run.job("train").conclusion == "success", run.job("train").log
        assert [line for line in run.job("train").log.splitlines() if line in commits] == [commit] * 2
    assert second.job("train").started_at >= first.job("train").completed_at


def test_new_data_that_arrives_during_a_run_is_one_run_afterwards(build, tmp_path):
    evil = f"s3://lake/$(touch {tmp_path}/owned) `id` ${{{{ github.token }}}}\n::error::<b> **.csv"
    for count, key in enumerate(("s3://lake/a", "s3://lake/b", evil), 1):
        payload = {"newest_object": key, "since": "2026-11-21T12:00:00Z"}
        build.ok("POST", "/dispatches", {"event_type": "new-data", "client_payload": payload})
        build.until(lambda count=count: len(runs_of(build, "repository_dispatch")) == count)
        works(build, "repository_dispatch", "train") if count == 1 else None
    build.until(lambda: runs_of(build, "repository_dispatch")[1].conclusion is not None)
    (tmp_path / "go").touch()
    build.settle()
    first, second, third = runs_of(build, "repository_dispatch")
    assert [run.conclusion for run in (first, second, third)] == ["success", "cancelled", "success"]
    assert third.job("test").started_at >= first.job("train").completed_at
    assert (first.name, third.name) == ("New data s3://lake/a", f"New data {evil}")
    assert [path.name for path in tmp_path.iterdir()] == ["go"]


def test_what_comes_while_main_trains_waits_and_all_of_it_is_trained(build, tmp_path):
    for count in (1, 2, 3):
        build.ok("POST", "/actions/workflows/w.yml/dispatches", {"ref": "main"})
        build.until(lambda count=count: len(runs_of(build, "workflow_dispatch")) == count)
    build.until(
        lambda: sorted(run.job("train").status for run in runs_of(build, "workflow_dispatch"))
        == ["in_progress", "pending", "pending"]
    )
    (tmp_path / "go").touch()
    build.settle()
    assert [run.conclusion for run in runs_of(build, "workflow_dispatch")] == ["success"] * 3
