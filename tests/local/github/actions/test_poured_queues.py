"""The poured deploy workflow's own gates and queues: its rollouts are left out, what looks after runs and issues really runs."""

import sys
import time
from pathlib import Path

import pytest
import yaml

POURED = Path(__file__).parents[4] / ".github" / "workflows" / "deploy.yml"
BIN = Path(sys.executable).parent
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop"
REASON = "No machine: <b>${{ github.token }}</b> `x` $(touch /tmp/owned) ```"
FAILS = f"""case "$MODEL_PACKAGE_ARN" in */13) printf '%s\\n' '::error::{REASON.replace("${{", "$ {{")}'; exit 4;; */99) test $GITHUB_RUN_ATTEMPT != 1 || kill -9 $$;; esac"""
WORKS = f'{FAILS}\necho "url=https://endpoints/$GITHUB_JOB" >> "$GITHUB_OUTPUT"'


def gates():
    """deploy.yml whose stages do nothing, fail for version 13, and are killed once for version 99."""
    workflow = yaml.safe_load(POURED.read_text())
    for job in workflow["jobs"].values():
        kept = [step for step in job["steps"] if "GITHUB_TOKEN" in step.get("env", {})]
        for step in kept:
            step["run"] = step["run"].replace(".venv/bin", str(BIN))
        job["steps"] = kept or [{"id": "verify", "run": WORKS}]
    return yaml.safe_dump({("on" if name is True else name): value for name, value in workflow.items()})


@pytest.fixture
def deploy(repo, runner):
    """The deploy repository of a project, whose production `grace` reviews."""
    made = repo(gates())
    made.ok("PUT", "/topics", {"names": ["sagemaker-project"]})
    made.ok("POST", "/actions/variables", {"name": "SAGEMAKER_PROJECT_NAME", "value": "shop"})
    reviewer = {"type": "User", "id": runner.user("grace").id}
    made.ok("PUT", "/environments/production", {"reviewers": [reviewer]})
    return made


def decide(repo, version, decision="approved"):
    payload = {"model_package_arn": f"{PACKAGE}/{version}"}
    repo.ok("POST", "/dispatches", {"event_type": f"model-{decision}", "client_payload": payload})


def review(repo, run, state="approved"):
    [waiting] = repo.ok("GET", f"/actions/runs/{run.id}/pending_deployments", token="grace-token")
    body = {"environment_ids": [waiting["environment"]["id"]], "state": state, "comment": "Go"}
    repo.ok("POST", f"/actions/runs/{run.id}/pending_deployments", body, token="grace-token")


def dispatched(repo):
    return [each for each in repo.settle() if each.event.name == "repository_dispatch"]


def rolls(run):
    """Whether the job for staging works."""
    return "staging" in run.jobs and run.job("staging").status == "in_progress"


def deployments(repo, environment="production"):
    """The newest state, description and URL of each deployment, the newest deployment first."""
    found = []
    for each in repo.ok("GET", "/deployments", environment=environment):
        last = repo.ok("GET", f"/deployments/{each['id']}/statuses")[0]
        found.append((last["state"], last["description"], last["environment_url"]))
    return found


def issues(repo, state="open"):
    return repo.ok("GET", "/issues", state=state)


def test_a_newer_approval_ends_the_wait_of_older_ones_and_says_so_on_both(deploy):
    decide(deploy, 1)
    [first] = dispatched(deploy)
    decide(deploy, 2)
    decide(deploy, 3)  # within the same second
    runs = dispatched(deploy)
    assert [each.conclusion for each in runs] == ["cancelled", "cancelled", None]
    last = runs[-1]
    assert last.job("production").status == "waiting"
    ended = [summary for run in runs if (summary := run.job("supersede").summary)]
    assert any(
        f"Ended run {first.number}, which waited for a review of {PACKAGE}/1" in each for each in ended
    )
    states = [(state, words) for state, words, _ in deployments(deploy)]
    assert states[0] == ("pending", "")
    assert all(words.startswith("Superseded by the approval of version ") for _, words in states[1:])

    review(deploy, last)
    assert dispatched(deploy)[-1].conclusion == "success"
    assert deployments(deploy)[0] == ("success", "", "https://endpoints/production")
    assert deployments(deploy, "staging")[0] == ("success", "", "https://endpoints/staging")
    assert issues(deploy) == []


def test_a_rejection_waits_for_no_review_and_ends_the_wait_for_its_package_alone(deploy):
    decide(deploy, 1)
    dispatched(deploy)
    decide(deploy, 2, "rejected")
    first, other = dispatched(deploy)
    assert (first.conclusion, other.conclusion) == (None, "success")
    assert "No earlier run waits" in other.job("end-wait").summary
    decide(deploy, 1, "rejected")
    first, _, rejection = dispatched(deploy)
    assert (first.conclusion, rejection.conclusion) == ("cancelled", "success")
    ran = {name for name, job in rejection.jobs.items() if job.conclusion == "success"}
    assert ran == {"reject-production", "reject-staging", "end-wait", "incident"}
    assert deployments(deploy)[0][:2] == ("inactive", f"Version 1 was rejected in run {rejection.number}")


def test_a_payload_of_shell_markdown_and_expressions_stays_text(deploy, tmp_path):
    evil = f"$(touch {tmp_path}/owned); `id` ${{{{ github.token }}}} <!-- x --> [a](http://b)/13\n::error::x"
    payload = {"model_package_arn": evil}
    deploy.ok("POST", "/dispatches", {"event_type": "model-approved", "client_payload": payload})
    [run] = dispatched(deploy)
    assert run.job("staging").conclusion == "success"  # nothing of it is a version 13
    assert list(tmp_path.iterdir()) == []
    review(deploy, run, "rejected")
    [run] = dispatched(deploy)
    assert run.job("incident").conclusion == "success"
    assert issues(deploy) == []


def test_a_review_that_nobody_answers_holds_up_none_of_three_approvals_behind_it(deploy):
    decide(deploy, 1)
    dispatched(deploy)
    for version in (2, 3, 4):
        decide(deploy, version)
    runs = dispatched(deploy)
    assert [each.job("staging").conclusion for each in runs] == ["success"] * 4
    assert [each.conclusion for each in runs] == ["cancelled"] * 3 + [None]
    assert runs[-1].job("production").status == "waiting"


def test_a_machine_that_is_lost_between_two_steps_is_reported_and_the_job_run_again(deploy, tmp_path):
    """The rollout was done, and nobody verified it."""
    workflow = yaml.safe_load(
        deploy.record.git.blob(deploy.record.git.entry("main", ".github/workflows/w.yml").sha)
    )
    rolls_out = {
        "run": f"echo rolled out >> {tmp_path}/done; while test ! -e {tmp_path}/go; do sleep 0.05; done"
    }
    workflow["jobs"]["staging"]["steps"].insert(0, rolls_out)
    workflow["jobs"]["staging"]["steps"].append({"if": "always()", "run": f"touch {tmp_path}/after"})
    text = yaml.safe_dump({("on" if name is True else name): value for name, value in workflow.items()})
    deploy.put(".github/workflows/w.yml", text)
    decide(deploy, 1)
    [run] = deploy.until(lambda: [each for each in deploy.runs() if rolls(each)])
    while not (tmp_path / "done").exists():
        time.sleep(0.02)
    deploy.github.actions.lose_machine(run.job("staging"))
    (tmp_path / "go").touch()
    [run] = dispatched(deploy)
    assert (run.conclusion, run.job("staging").conclusion) == ("failure", "failure")
    assert run.job("staging").annotations[-1][1].startswith("The hosted runner lost communication")
    assert not (tmp_path / "after").exists()
    assert [issue["title"] for issue in issues(deploy)] == ["Deployments fail"]
    deploy.ok("POST", f"/actions/runs/{run.id}/rerun")
    [run] = dispatched(deploy)
    assert (run.job("staging").conclusion, run.job("production").status) == ("success", "waiting")
    assert (tmp_path / "done").read_text() == "rolled out\n" * 2
    review(deploy, run)
    assert dispatched(deploy)[0].conclusion == "success"
    assert issues(deploy) == []


def test_a_rollout_that_was_cancelled_runs_again_from_the_start(deploy):
    decide(deploy, 1)
    [run] = dispatched(deploy)
    deploy.ok("POST", f"/actions/runs/{run.id}/cancel")
    assert dispatched(deploy)[0].conclusion == "cancelled"
    deploy.ok("POST", f"/actions/runs/{run.id}/rerun")
    [run] = dispatched(deploy)
    assert (run.attempt, run.job("staging").conclusion, run.job("production").status) == (
        2,
        "success",
        "waiting",
    )


def test_whatever_fails_is_one_issue_which_a_later_success_closes(deploy):
    decide(deploy, 13)
    decide(deploy, 13)
    assert [each.conclusion for each in dispatched(deploy)] == ["failure", "failure"]
    [issue] = issues(deploy)
    assert issue["title"] == "Deployments fail"
    assert "````text\nNo machine: <b>$ {{ github.token }}</b> `x` $(touch /tmp/owned) ```\n" in issue["body"]
    assert f"failed for `{PACKAGE}/13`" in issue["body"]
    assert issue["comments"] == 1

    decide(deploy, 14)
    run = dispatched(deploy)[-1]
    review(deploy, run, "rejected")
    assert dispatched(deploy)[-1].conclusion == "failure"
    # Staging works again. That production was declined is a decision.
    assert issues(deploy) == []
    [closed] = issues(deploy, "closed")
    assert (closed["state_reason"], closed["comments"]) == ("completed", 2)


def test_a_job_whose_machine_was_lost_is_reported_and_solved_by_running_it_again(deploy):
    decide(deploy, 99)
    [run] = dispatched(deploy)
    assert run.conclusion == "failure"
    assert [issue["title"] for issue in issues(deploy)] == ["Deployments fail"]
    deploy.ok("POST", f"/actions/runs/{run.id}/rerun")
    [run] = dispatched(deploy)
    assert (run.attempt, run.job("staging").conclusion) == (2, "success")
    review(deploy, run)
    assert dispatched(deploy)[0].conclusion == "success"
    assert issues(deploy) == []
