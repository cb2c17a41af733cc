"""Repositories, their pull requests with checks, and the runs of their workflows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.console import formatting
from local_aws.console.clients import GitHub
from local_aws.console.pages import NotThereError, Page, Visit

PAGE = 20
_NO_GITHUB = "There is no organisation: start the server with `local-aws up --github-org acme`."


@dataclass(frozen=True)
class Repository:
    """A repository in the list."""

    owner: str
    name: str
    description: str
    visibility: str
    pushed: str


@dataclass(frozen=True)
class Repositories:
    """`connected` is False where the server has no organisation."""

    repositories: tuple[Repository, ...]
    connected: bool


@dataclass(frozen=True)
class Check:
    """A run of a workflow for a commit."""

    id: int
    name: str
    state: str


@dataclass(frozen=True)
class PullRequest:
    """A pull request with the checks of its newest commit; `report` is the newest comment of the workflows."""

    number: int
    title: str
    author: str
    branch: str
    state: str
    changed: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Run:
    """A run of a workflow."""

    id: int
    title: str
    workflow: str
    event: str
    branch: str
    commit: str
    state: str
    started: str


@dataclass(frozen=True)
class RepositoryView:
    """A repository, whole; `older` is the number of the next page of runs."""

    owner: str
    name: str
    description: str
    clone_url: str
    pulls: tuple[PullRequest, ...]
    runs: tuple[Run, ...]
    older: str = ""


@dataclass(frozen=True)
class Job:
    """A job of a run with its steps: (number, name, state)."""

    name: str
    state: str
    took: str
    steps: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class RunView:
    """`waiting` are the environments whose reviewers the run waits for."""

    owner: str
    name: str
    run: Run
    jobs: tuple[Job, ...]
    waiting: tuple[str, ...]


def overview(visit: Visit) -> Page:
    """All repositories of the organisation's owner."""
    if visit.github is None:
        return Page("repositories.html", "Repositories", Repositories((), False), live=False)
    listed = visit.github.get("user", "repos", per_page=100, sort="full_name")
    found = tuple(
        Repository(
            each["owner"]["login"],
            each["name"],
            each["description"] or "",
            each["visibility"],
            each.get("pushed_at") or "",
        )
        for each in listed
    )
    return Page("repositories.html", "Repositories", Repositories(found, True))


def repository(visit: Visit) -> Page:
    """One repository with its newest pull requests and runs."""
    github, owner, name = _github(visit), visit.names["owner"], visit.names["name"]
    found = github.get("repos", owner, name)
    number = int(visit.query["page"]) if visit.query.get("page", "").isdecimal() else 1
    listed = github.get("repos", owner, name, "actions", "runs", per_page=PAGE, page=number)
    runs = tuple(map(run_of, listed["workflow_runs"]))
    pulls = github.get("repos", owner, name, "pulls", state="all", per_page=10)
    view = RepositoryView(
        owner,
        name,
        found["description"] or "",
        found["clone_url"],
        tuple(_pull(github, owner, name, each, runs) for each in pulls),
        runs,
        str(number + 1) if listed["total_count"] > number * PAGE else "",
    )
    return Page("repository.html", f"{owner}/{name}", view)


def run(visit: Visit) -> Page:
    """One run with its jobs and their steps."""
    github, owner, name = _github(visit), visit.names["owner"], visit.names["name"]
    path = ("repos", owner, name, "actions", "runs", visit.names["run"])
    found = run_of(github.get(*path))
    jobs = tuple(map(job, github.get(*path, "jobs", per_page=100)["jobs"]))
    waiting = tuple(each["environment"]["name"] for each in github.get(*path, "pending_deployments"))
    return Page("run.html", found.title, RunView(owner, name, found, jobs, waiting))


def run_of(stated: Mapping[str, Any]) -> Run:
    """A `workflow-run` of GitHub's API."""
    return Run(
        id=stated["id"],
        title=stated["display_title"],
        workflow=stated["name"] or stated["path"],
        event=stated["event"],
        branch=stated["head_branch"] or "",
        commit=stated["head_sha"][:7],
        state=state(stated),
        started=stated["run_started_at"],
    )


def job(stated: Mapping[str, Any]) -> Job:
    """A `job` of GitHub's API."""
    return Job(
        name=stated["name"],
        state=state(stated),
        took=formatting.seconds(_time(stated.get("started_at")), _time(stated.get("completed_at"))),
        steps=tuple((each["number"], each["name"], state(each)) for each in stated["steps"]),
    )


def state(stated: Mapping[str, Any]) -> str:
    """The conclusion of a run, job or step, or else its status."""
    return str(stated["conclusion"] or stated["status"])


def checks(sha: str, runs: Iterable[Mapping[str, Any]]) -> tuple[Check, ...]:
    """The newest run of each workflow for a commit."""
    found: dict[str, Check] = {}
    for each in runs:
        if each["head_sha"] == sha:
            found.setdefault(each["name"], Check(each["id"], each["name"], state(each)))
    return tuple(found.values())


def _pull(
    github: GitHub, owner: str, name: str, stated: Mapping[str, Any], shown: Sequence[Run]
) -> PullRequest:
    sha = stated["head"]["sha"]
    # A closed pull request's checks are history: they are not asked for beyond the runs that are shown.
    if stated["state"] == "open":
        listed = github.get("repos", owner, name, "actions", "runs", head_sha=sha, per_page=10)
        found = checks(sha, listed["workflow_runs"])
    else:
        found = tuple(
            {
                each.workflow: Check(each.id, each.workflow, each.state)
                for each in shown
                if sha.startswith(each.commit)
            }.values()
        )
    return PullRequest(
        number=stated["number"],
        title=stated["title"],
        author=(stated["user"] or {}).get("login", "nobody"),
        branch=stated["head"]["ref"],
        state="merged" if stated.get("merged_at") else stated["state"],
        changed=stated["updated_at"],
        checks=found,
    )


def _github(visit: Visit) -> GitHub:
    if visit.github is None:
        raise NotThereError(_NO_GITHUB)
    return visit.github


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
