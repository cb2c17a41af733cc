"""One GitHub that runs workflows for all tests of this folder, a repository of its own for each."""

import base64
import itertools
from dataclasses import dataclass

import pytest
import requests

from local_aws.github import serve
from local_aws.github.actions import Machine
from local_aws.github.actions.language import Language

_numbers = itertools.count(1)
WORKFLOW = ".github/workflows/w.yml"


@pytest.fixture(scope="session")
def language():
    with Language() as shared:
        yield shared


@dataclass
class Repo:
    """A repository of `acme`, and what `octo` and others do with it."""

    github: object
    name: str

    @property
    def full_name(self):
        return f"acme/{self.name}"

    @property
    def record(self):
        return self.github.repository(self.full_name)

    def call(self, method, path, body=None, token="octo-token", **query):
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.github.api_url}/repos/{self.full_name}{path}"
        return requests.request(method, url, json=body, headers=headers, params=query, timeout=30)

    def ok(self, method, path, body=None, **more):
        answer = self.call(method, path, body, **more)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def put(self, path, text, branch="main", message="Add it"):
        known = self.call("GET", f"/contents/{path}", ref=branch)
        old = {"sha": known.json()["sha"]} if known.ok else {}
        content = base64.b64encode(text.encode()).decode()
        body = {"message": message, "content": content, "branch": branch} | old
        return self.ok("PUT", f"/contents/{path}", body)["commit"]["sha"]

    def branch(self, name):
        sha = self.ok("GET", "/git/ref/heads/main")["object"]["sha"]
        self.ok("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})

    def propose(self, branch="change", text="new\n", file="change.txt"):
        """A pull request of one changed file; returns its number."""
        self.branch(branch)
        self.put(file, text, branch)
        return self.ok("POST", "/pulls", {"title": "Change it", "head": branch, "base": "main"})["number"]

    def runs(self):
        return self.github.actions.runs(self.full_name)

    def settle(self):
        """All runs, once they have ended or wait for a reviewer."""
        self.github.actions.settle(60)
        return self.runs()

    def until(self, happened):
        return self.github.actions.wait_for(happened, 60)


@pytest.fixture(scope="session")
def runner(tmp_path_factory, github_description):
    """A GitHub whose exchanges are validated when the session ends."""
    from openapi import Recorder

    recorder = Recorder(github_description)
    with serve(tmp_path_factory.mktemp("github"), recorder) as github:
        for login in ("octo", "grace", "eve"):
            github.add_user(login, f"{login}-token")
        github.add_organization("acme", "enterprise", members=["octo", "grace"], owners=["octo"])
        github.run_workflows(Machine(patience=0.05))
        yield github
    findings = recorder.findings()
    assert not findings, "not as GitHub's OpenAPI description has it:\n" + "\n".join(findings)


@pytest.fixture
def repo(runner):
    """A repository: `repo(workflow)` commits a workflow's text to main, which is a push. What still runs at the end is cancelled."""
    all_made = []

    def make(workflow, **settings):
        made = Repo(runner, f"app-{next(_numbers)}")
        body = {"name": made.name, "private": True} | settings
        headers = {"Authorization": "Bearer octo-token"}
        answer = requests.post(f"{runner.api_url}/orgs/acme/repos", json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        made.put(WORKFLOW, workflow)
        all_made.append(made)
        return made

    yield make
    for run in [run for made in all_made for run in made.runs() if run.conclusion is None]:
        runner.actions.cancel(run)


@pytest.fixture
def run_of(repo):
    """The one run of a workflow for a push that holds these jobs."""

    def run(jobs, **settings):
        made = repo(f"name: w\non: push\njobs:\n{jobs}", **settings)
        [found] = made.settle()
        return found

    return run
