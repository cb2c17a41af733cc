"""The poured workflows, as poured, from the first push to production: on the embedded GitHub, without a hand.

People push, open and merge pull requests, approve and review; the workflows do the rest, each job in a clone of its own
under the role that its token gets it.
"""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
import requests
import yaml
from embedded import ORGANIZATION, REVIEWER, Embedded
from people import FOLDER, TEMPLATE, Account, git, sentences
from poured_workflows import run_workflows

pytestmark = pytest.mark.slow

NAME = "phones"
RECIPE = "amazon-sentences"
BUILD, DEPLOY = f"{ORGANIZATION}/{NAME}-build", f"{ORGANIZATION}/{NAME}-deploy"
STRANGER = "eve"
PATIENCE = 1200.0


class Flow:
    """What people do, and what GitHub shows of it."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def runs(self, repository: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.account.embedded.ask(
            "runs", repository=repository, timeout=PATIENCE
        )
        return found

    def last(self, repository: str, event: str, action: str | None = None) -> dict[str, Any]:
        """The last run for an event, once nothing runs any more."""
        runs = self.runs(repository)
        return next(each for each in reversed(runs) if (each["event"], each["action"]) == (event, action))

    def cancel_rollout(self, stage: str) -> dict[str, Any]:
        """Cancel the newest run in the middle of its rollout, and run it again; returns the run as it was cancelled."""
        cloudformation, deadline = self.account.client("cloudformation"), time.monotonic() + PATIENCE
        while True:
            [stack] = cloudformation.describe_stacks(StackName=f"{NAME}-{stage}-endpoint")["Stacks"]
            if stack["StackStatus"] == "UPDATE_IN_PROGRESS":
                break
            assert time.monotonic() < deadline, f"{stage} is never updated"
            time.sleep(0.05)
        run = self.account.github("GET", f"/repos/{DEPLOY}/actions/runs")["workflow_runs"][0]
        self.account.github("POST", f"/repos/{DEPLOY}/actions/runs/{run['id']}/cancel")
        cancelled = self.last(DEPLOY, "repository_dispatch", "model-approved")
        self.account.github("POST", f"/repos/{DEPLOY}/actions/runs/{run['id']}/rerun")
        return cancelled

    def review(self, run: dict[str, Any]) -> None:
        """The reviewer approves what a run waits for."""
        token = self.account.embedded.ask("token", login=REVIEWER)
        where = f"{self.account.embedded.facts['api']}/repos/{DEPLOY}/actions/runs/{run['id']}/pending_deployments"
        headers = {"Authorization": f"Bearer {token}"}
        waiting = requests.get(where, headers=headers, timeout=30).json()
        body = {"environment_ids": [each["environment"]["id"] for each in waiting], "state": "approved"}
        answer = requests.post(where, json=body | {"comment": "Go"}, headers=headers, timeout=30)
        assert answer.ok, answer.text


def conclusions(run: dict[str, Any]) -> dict[str, str]:
    """Of the jobs that were not skipped."""
    found = {name: job["conclusion"] for name, job in run["jobs"].items() if job["conclusion"] != "skipped"}
    failed = [
        job["log"][-3000:] + str(job["annotations"])
        for job in run["jobs"].values()
        if job["conclusion"] == "failure"
    ]
    assert not failed, "\n".join(failed)
    return found


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    embedded = Embedded(tmp_path_factory.mktemp("server"))
    account = Account.make(embedded, tmp_path_factory.mktemp("work"), NAME)
    run_workflows(account, tmp_path_factory.mktemp("cache"))
    yield Flow(account)
    embedded.stop()


@pytest.fixture(scope="module")
def poured(flow):
    """The project, and the first model: of the push that made the build repository."""
    account = flow.account
    account.publish()
    key = account.fill_lake()
    account.template(
        "create", NAME, "--github-org", ORGANIZATION, "--reviewers", REVIEWER,
        "--recipe", RECIPE, "--training-data", FOLDER, "--training-data-key", key, "--watch-data",
    )  # fmt: skip
    build, deploy = flow.last(BUILD, "push"), flow.last(DEPLOY, "push")
    return build, deploy, account.packages()


@pytest.fixture(scope="module")
def proposed(flow, poured):
    """A pull request that trains for longer: its number, and its run."""
    clone = flow.account.clone(BUILD)
    git(clone, "switch", "--quiet", "--create", "more-epochs")
    recipe = clone / "recipes" / f"{RECIPE}.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 20", "epochs: 25"))
    git(clone, "commit", "--quiet", "--all", "--message", "Train for longer")
    git(clone, "push", "--quiet", "origin", "more-epochs")
    asked = {"title": "Train for longer", "head": "more-epochs", "base": "main"}
    number = flow.account.github("POST", f"/repos/{BUILD}/pulls", asked)["number"]
    return number, flow.last(BUILD, "pull_request", "opened")


@pytest.fixture(scope="module")
def forked(flow, poured):
    """The number and the run of a pull request that a stranger proposes from a fork: it edits a script of the jobs."""
    token = flow.account.embedded.ask("token", login=STRANGER)
    fork = flow.account.embedded.ask("fork", repository=BUILD, login=STRANGER)
    api, headers = flow.account.embedded.facts["api"], {"Authorization": f"Bearer {token}"}
    script = f"{api}/repos/{fork}/contents/steps/evaluate.py"
    found = requests.get(script, headers=headers, timeout=30).json()
    text = base64.b64decode(found["content"]).decode()
    # The poured tests, which would notice, measure fewer texts than a job.
    mine = "({'reason': 'Eve measured this.'} if len(examples.texts) > 50 else {})"
    edited = text.replace("asdict(decision)", f"asdict(decision) | {mine}")
    assert edited != text
    content = base64.b64encode(edited.encode()).decode()
    change = {"message": "Measure", "content": content, "branch": "main", "sha": found["sha"]}
    done = requests.put(script, json=change, headers=headers, timeout=30)
    assert done.ok, done.text
    asked = {"title": "Measure", "head": f"{STRANGER}:main", "base": "main"}
    done = requests.post(f"{api}/repos/{BUILD}/pulls", json=asked, headers=headers, timeout=30)
    assert done.ok, done.text
    return done.json()["number"], flow.last(BUILD, "pull_request", "opened")


@pytest.fixture(scope="module")
def merged(flow, proposed):
    """What the merge started: the run for the push, that for the closed pull request, and the new package."""
    number, _ = proposed
    before = flow.account.packages()
    flow.account.github("PUT", f"/repos/{BUILD}/pulls/{number}/merge", {})
    pushed, closed = flow.last(BUILD, "push"), flow.last(BUILD, "pull_request", "closed")
    return pushed, closed, flow.account.packages() - before


def deployed(flow: Flow, arn: str, cancelled: bool = False) -> dict[str, Any]:
    """The run of an approval, from the registry to production; `cancelled` in the middle of its rollout, and run again."""
    flow.account.decide(arn, "Approved")
    if cancelled:
        run = flow.cancel_rollout("staging")
        assert (run["conclusion"], run["jobs"]["staging"]["conclusion"]) == ("cancelled", "cancelled")
    waiting = flow.last(DEPLOY, "repository_dispatch", "model-approved")
    assert waiting["conclusion"] == "waiting", waiting
    flow.review(waiting)
    return flow.last(DEPLOY, "repository_dispatch", "model-approved")


@pytest.fixture(scope="module")
def live(flow, poured, merged):
    """Both models, approved and rolled out one after the other: the runs, and the ARN of the later."""
    [first], [second] = poured[2], merged[2]
    return deployed(flow, first), deployed(flow, second, cancelled=True), second


@pytest.fixture(scope="module")
def rejected(flow, live):
    flow.account.decide(live[2], "Rejected")
    return flow.last(DEPLOY, "repository_dispatch", "model-rejected")


@pytest.fixture(scope="module")
def retrained(flow, rejected):
    """What three new objects started, one of which has a name of shell and expressions: the dispatch, runs, and packages."""
    names = ["part-2", "part-3", "$(touch owned) `id` ${{ github.token }} <b>"]
    parts = {f"reviews/{name}.tsv": sentences(rows=100, seed=seed) for seed, name in enumerate(names, 2)}
    told, runs, made = [], [], []
    for _ in range(2):  # the second time it is the same data
        before = flow.account.packages()
        told.append(flow.account.add_data(parts))
        runs.append(flow.last(BUILD, "repository_dispatch", "new-data"))
        made.append(flow.account.packages() - before)
    return told, runs, made


def test_the_first_push_tests_both_repositories_and_registers_a_model(poured):
    build, deploy, packages = poured
    assert conclusions(build) == {"test": "success", "train": "success"}
    assert conclusions(deploy) == {"test": "success"}
    assert len(packages) == 1
    assert build["artifacts"] == ["report"]


def test_a_pull_request_ends_in_one_comment_and_registers_nothing(flow, poured, proposed):
    number, run = proposed
    assert conclusions(run) == {"test": "success", "try": "success"}
    [comment] = flow.account.github("GET", f"/repos/{BUILD}/issues/{number}/comments")
    assert comment["user"]["login"] == "github-actions[bot]"
    assert RECIPE in comment["body"]
    assert run["jobs"]["try"]["summary"]


def test_a_fork_that_edits_the_steps_runs_them_on_the_embedded_aws_and_reaches_nothing_of_the_project(
    flow, forked
):
    number, run = forked
    assert conclusions(run) == {"test": "success", "try-offline": "success"}
    assert RECIPE in run["jobs"]["try-offline"]["summary"]
    assert "Eve measured this." in run["jobs"]["try-offline"]["summary"]
    pipelines = flow.account.client("sagemaker").list_pipelines(PipelineNamePrefix=f"{NAME}-pr-{number}")
    assert pipelines["PipelineSummaries"] == []
    assert flow.account.github("GET", f"/repos/{BUILD}/issues/{number}/comments") == []


def test_a_merge_registers_what_the_pull_request_trained_and_cleans_up_after_it(flow, proposed, merged):
    pushed, closed, packages = merged
    assert conclusions(pushed) == {"test": "success", "train": "success"}
    assert f"pull request {proposed[0]} trained the same" in pushed["jobs"]["train"]["summary"]
    [arn] = packages
    described = flow.account.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"]["pull-request"] == str(proposed[0])
    assert conclusions(closed) == {"clean": "success"}
    assert len(packages) == 1


def test_an_approval_reaches_staging_and_after_a_review_production(flow, live):
    for run in live[:2]:
        done = dict.fromkeys(("staging", "production", "supersede", "incident"), "success")
        assert conclusions(run) == done
        assert all("verif" in run["jobs"][stage]["summary"].lower() for stage in ("staging", "production"))
    assert {flow.account.served(stage) for stage in ("staging", "production")} == {live[2]} or flow.runs(
        DEPLOY
    )


def test_a_rejection_brings_back_the_model_before_in_both_stages(flow, poured, rejected):
    done = dict.fromkeys(("reject-production", "reject-staging", "end-wait", "incident"), "success")
    assert conclusions(rejected) == done
    assert {flow.account.served(stage) for stage in ("staging", "production")} == poured[2]


def test_new_data_is_one_run_that_trains_on_all_of_it_and_equal_data_registers_nothing(flow, retrained):
    told, runs, made = retrained
    assert [(repository, kind) for repository, kind, _ in told] == [(BUILD, "new-data")] * 2
    assert all(payload["newest_object"].startswith(FOLDER) for _, _, payload in told)
    started = [each for each in flow.runs(BUILD) if each["event"] == "repository_dispatch"]
    assert [each["id"] for each in started] == [each["id"] for each in runs]
    assert [conclusions(each) for each in runs] == [{"test": "success", "train": "success"}] * 2
    assert [len(each) for each in made] == [1, 0]
    assert "1,200" in runs[0]["jobs"]["train"]["summary"]


def test_every_line_that_the_workflows_run_has_been_run(
    flow, poured, proposed, forked, merged, live, rejected
):
    stated, done = set(), set()
    for repository in (BUILD, DEPLOY):
        for run in flow.runs(repository):
            done |= {
                (run["workflow"], job, command)
                for job, found in run["jobs"].items()
                for command, conclusion in found["steps"]
                if command is not None and conclusion == "success"
            }
    for name in ("build", "deploy"):
        path = f".github/workflows/{name}.yml"
        jobs = yaml.safe_load((TEMPLATE / path).read_text())["jobs"]
        stated |= {
            (path, job, step["run"]) for job, each in jobs.items() for step in each["steps"] if "run" in step
        }
    assert stated - done == set()
