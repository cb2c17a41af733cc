"""GitHub's REST API for the workflow's own runs, its deployments, and the issue about what failed.

https://docs.github.com/rest/actions/workflow-runs, https://docs.github.com/rest/deployments, https://docs.github.com/rest/issues
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from model_common.github import Client


@dataclass(frozen=True)
class Run:
    """A run of the workflow. `title` is its `run-name`, which ends in the ARN of a model package."""

    id: int
    number: int
    title: str
    url: str
    path: str

    @property
    def package(self) -> str:
        """The ARN that the title ends in."""
        return self.title.rpartition(" ")[2]


@dataclass(frozen=True)
class Job:
    """A job that has ended. `failed_steps` are the names of its failed steps; `ran` says whether any of its steps did."""

    id: int
    name: str
    conclusion: str
    url: str
    failed_steps: tuple[str, ...]
    ran: bool


@dataclass(frozen=True)
class Issue:
    """An issue; `by_bot` says that a workflow or an app wrote it."""

    number: int
    body: str
    url: str
    by_bot: bool


class GitHub(Client):
    """The repository of a deployment."""

    agent = "model-deploy"
    advice: ClassVar[Mapping[int, str]] = {
        403: "The job's `permissions` in deploy.yml need actions: write to end a run, deployments: write to say so, issues: write "
        "and checks: read to report a failure.",
        410: "Issues are switched off in this repository: switch them on in its settings.",
    }

    def unfinished(self, path: str) -> list[Run]:
        """The runs of the workflow file `path` that wait or work, the oldest first. Raises GitHubError."""
        found = {}
        for status in ("waiting", "in_progress"):
            url = f"{self._home}/actions/runs?status={status}&per_page=100"
            for each in self._pages(url, "workflow_runs"):
                if each["path"].partition("@")[0] == path:
                    found[each["id"]] = _run(each)
        return sorted(found.values(), key=lambda run: run.number)

    def awaited(self, run: Run) -> set[str]:
        """The names of the environments whose reviewers the run waits for. Raises GitHubError."""
        answer, _ = self._call("GET", f"{self._home}/actions/runs/{run.id}/pending_deployments")
        return {each["environment"]["name"] for each in answer}

    def cancel(self, run: Run) -> None:
        """Cancel a run. Raises GitHubError, with status 409 if it has ended."""
        self._call("POST", f"{self._home}/actions/runs/{run.id}/cancel")

    def end_deployment(self, run: Run, environment: str, description: str, url: str) -> None:
        """Say of the run's deployment that it is not waited for any more, and why. Raises GitHubError."""
        listed = f"{self._home}/deployments?environment={environment}&per_page=100"
        for deployment in self._pages(listed):
            statuses = f"{self._home}/deployments/{deployment['id']}/statuses"
            if not any(f"/actions/runs/{run.id}/" in each["log_url"] for each in self._pages(statuses)):
                continue
            told = {
                "state": "inactive",
                "description": description[:140],
                "log_url": url,
                "environment": environment,
            }
            self._call("POST", statuses, told)
            return

    def jobs(self, run_id: int) -> list[Job]:
        """The jobs of a run that have ended. Raises GitHubError."""
        listed = self._pages(f"{self._home}/actions/runs/{run_id}/jobs?per_page=100", "jobs")
        return [_job(each) for each in listed if each["conclusion"]]

    def errors(self, job: Job) -> Iterator[str]:
        """The errors that a job is annotated with. Raises GitHubError."""
        for each in self._pages(f"{self._home}/check-runs/{job.id}/annotations?per_page=100"):
            if each["annotation_level"] == "failure" and each["message"]:
                yield each["message"]

    def open_issues(self) -> Iterator[Issue]:
        """The open issues without pull requests, the oldest first. Raises GitHubError."""
        for each in self._pages(f"{self._home}/issues?state=open&direction=asc&per_page=100"):
            if "pull_request" not in each:
                yield _issue(each)

    def create_issue(self, title: str, body: str) -> Issue:
        """Open an issue. Raises GitHubError."""
        return _issue(self._call("POST", f"{self._home}/issues", {"title": title, "body": body})[0])

    def edit_issue(self, issue: Issue, change: Mapping[str, str]) -> None:
        """Change members of an issue: `body`, `state`. Raises GitHubError."""
        self._call("PATCH", f"{self._home}/issues/{issue.number}", change)

    def comment(self, issue: Issue, body: str) -> None:
        """Add a comment to an issue. Raises GitHubError."""
        self._call("POST", f"{self._home}/issues/{issue.number}/comments", {"body": body})


def _run(answer: Mapping[str, Any]) -> Run:
    return Run(
        answer["id"], answer["run_number"], answer["display_title"], answer["html_url"], answer["path"]
    )


def _job(answer: Mapping[str, Any]) -> Job:
    steps = [(step["name"], step["conclusion"]) for step in answer.get("steps") or ()]
    return Job(
        id=answer["id"],
        name=answer["name"],
        conclusion=answer["conclusion"],
        url=answer.get("html_url") or "",
        failed_steps=tuple(name for name, conclusion in steps if conclusion == "failure"),
        ran=any(conclusion not in (None, "skipped") for _, conclusion in steps),
    )


def _issue(answer: Mapping[str, Any]) -> Issue:
    is_bot = (answer.get("user") or {}).get("type") == "Bot"
    return Issue(answer["number"], answer.get("body") or "", answer["html_url"], is_bot)
