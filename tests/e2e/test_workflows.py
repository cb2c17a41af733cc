"""The build workflow, as poured, from the first push to a registered model: on the embedded GitHub, without a hand.

People push, open and merge pull requests; the workflow does the rest, each job in a clone of its own under the role that
its token gets it.
"""

from __future__ import annotations

import base64
import os
import sysconfig
from typing import Any

import pytest
import requests
import yaml
from embedded import ORGANIZATION, REVIEWER, TIME_SCALE, Embedded
from people import DATA, TEMPLATE, Account, git, sentences

from model_build.aws import wheels

pytestmark = pytest.mark.slow

NAME = "phones"
RECIPE = "amazon-sentences"
BUILD, DEPLOY = f"{ORGANIZATION}/{NAME}-build", f"{ORGANIZATION}/{NAME}-deploy"
STRANGER = "eve"
PATIENCE = 1200.0
KEPT = {"build": ("conftest.py", "test_gate.py"), "deploy": ("conftest.py", "test_stage.py")}
"""The tests that are poured here: `make test` of a poured repository runs them all, which takes minutes."""


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
    for part, kept in KEPT.items():
        for file in (account.checkout / "tests" / part).glob("*.py"):
            if file.name not in kept:
                file.unlink()
    for file in (account.checkout / "tests" / "common").glob("test_*.py"):
        if file.name != "test_errors.py":
            file.unlink()
    cache = tmp_path_factory.mktemp("cache")
    (cache / "sagemaker-project-template").mkdir()
    (cache / "sagemaker-project-template" / "amazon_sentences.tsv").write_text(sentences())
    # Evaluate's wheels, which pip fetches for another Python: from where every run of this machine keeps them.
    kept_wheels = wheels.cache_folder(os.environ)
    wheels.fetch(wheels.load(TEMPLATE / "build" / "steps"), kept_wheels)
    (cache / "sagemaker-model-build").mkdir()
    (cache / "sagemaker-model-build" / "wheels").symlink_to(kept_wheels)
    variables = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOCAL_AWS_TIME_SCALE": str(TIME_SCALE),
        "PIP_NO_INDEX": "1",  # whatever a job installs is on this machine
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "XDG_CACHE_HOME": str(cache),
    }
    embedded.ask("run_workflows", packages=[sysconfig.get_paths()["purelib"]], variables=variables)
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
        "--recipe", RECIPE, "--training-data", DATA, "--training-data-key", key,
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
    """The run of a pull request that a stranger proposes from a fork."""
    token = flow.account.embedded.ask("token", login=STRANGER)
    fork = flow.account.embedded.ask("fork", repository=BUILD, login=STRANGER)
    api, headers = flow.account.embedded.facts["api"], {"Authorization": f"Bearer {token}"}
    content = base64.b64encode(b"A note.\n").decode()
    change = {"message": "Add a note", "content": content, "branch": "main"}
    done = requests.put(f"{api}/repos/{fork}/contents/NOTE.md", json=change, headers=headers, timeout=30)
    assert done.ok, done.text
    asked = {"title": "Add a note", "head": f"{STRANGER}:main", "base": "main"}
    done = requests.post(f"{api}/repos/{BUILD}/pulls", json=asked, headers=headers, timeout=30)
    assert done.ok, done.text
    return flow.last(BUILD, "pull_request", "opened")


@pytest.fixture(scope="module")
def merged(flow, proposed):
    """What the merge started: the run for the push, that for the closed pull request, and the new package."""
    number, _ = proposed
    before = flow.account.packages()
    flow.account.github("PUT", f"/repos/{BUILD}/pulls/{number}/merge", {})
    pushed, closed = flow.last(BUILD, "push"), flow.last(BUILD, "pull_request", "closed")
    return pushed, closed, flow.account.packages() - before


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


def test_a_fork_gets_the_same_on_the_embedded_aws_in_the_summary_of_its_job(forked):
    assert conclusions(forked) == {"test": "success", "try-offline": "success"}
    assert RECIPE in forked["jobs"]["try-offline"]["summary"]


def test_a_merge_registers_a_model_and_cleans_up_after_the_pull_request(merged):
    pushed, closed, packages = merged
    assert conclusions(pushed) == {"test": "success", "train": "success"}
    assert conclusions(closed) == {"clean": "success"}
    assert len(packages) == 1


def test_every_line_that_the_build_workflow_runs_has_been_run(flow, proposed, forked, merged):
    path = ".github/workflows/build.yml"
    done = {
        (job, command)
        for run in flow.runs(BUILD)
        for job, found in run["jobs"].items()
        for command, conclusion in found["steps"]
        if command is not None and conclusion == "success"
    }
    jobs = yaml.safe_load((TEMPLATE / path).read_text())["jobs"]
    stated = {(job, step["run"]) for job, each in jobs.items() for step in each["steps"] if "run" in step}
    assert stated - done == set()
