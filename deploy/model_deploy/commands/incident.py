"""`model-deploy incident`: keeps one issue about what fails in the workflow, and closes it when that is solved.

The issue names its open stages in a hidden marker. A stage is added when a job of it fails, and taken away when a later job
of it succeeds. A review that was declined is a decision and no failure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from model_common.cli.summary import block
from model_deploy.core.workflow_run import OwnRun
from model_deploy.github import GitHub, Issue, Job

TITLE = "Deployments fail"
_MARKER = re.compile(r"<!-- model-deploy-incident: ([\w, -]*) -->")
_NOT_IN_ARNS = re.compile(r"[^\w:/.-]")
_MOST = 60_000  # characters of all reasons; GitHub takes 65,536 with what stands around them


@dataclass(frozen=True)
class Reported:
    """The action on the issue, and its URL; both empty if nothing failed and no issue was open."""

    done: str = ""
    url: str = ""

    def document(self) -> dict[str, str]:
        """The result for machines (`--json`)."""
        return {"done": self.done, "url": self.url}

    def lines(self) -> list[str]:
        """The result for people."""
        return [f"{self.done} {self.url}" if self.done else "Nothing failed, and no issue is open."]


def report(github: GitHub, own: OwnRun, arn: str) -> Reported:
    """Open, extend or close the issue by the jobs of this run. Raises GitHubError."""
    jobs = github.jobs(own.id)
    failed = [job for job in jobs if job.conclusion in {"failure", "timed_out"} and job.ran]
    solved = {_stage(job) for job in jobs if job.conclusion == "success"}
    issue = next((each for each in github.open_issues() if each.by_bot and _MARKER.match(each.body)), None)
    before = _stages(issue)
    after = (before - solved) | {_stage(job) for job in failed}
    if failed:
        return _extend(github, issue, after, _reasons(github, own, arn, failed))
    if issue is None or after == before:
        return Reported("left open", issue.url) if issue else Reported()
    if after:
        github.edit_issue(issue, {"body": _body(issue.body, after)})
        return Reported("edited", issue.url)
    github.comment(issue, f"Solved by {own.url}.")
    github.edit_issue(issue, {"state": "closed"})
    return Reported("closed", issue.url)


def _extend(github: GitHub, issue: Issue | None, stages: set[str], told: str) -> Reported:
    if issue is None:
        return Reported("opened", github.create_issue(TITLE, f"{_marker(stages)}\n\n{told}").url)
    # The comment first: a command that is killed between the two and run again says it twice, and loses nothing.
    github.comment(issue, told)
    github.edit_issue(issue, {"body": _body(issue.body, stages)})
    return Reported("extended", issue.url)


def _reasons(github: GitHub, own: OwnRun, arn: str, failed: Sequence[Job]) -> str:
    """The jobs with their reasons, as Markdown. What a job said is text in a code block, whatever it holds."""
    package, most = _NOT_IN_ARNS.sub("_", arn), _MOST // len(failed)
    parts = [f"{own.url} failed for `{package}`.\n"]
    for job in failed:
        reasons = list(github.errors(job)) or [f"The failed steps: {', '.join(job.failed_steps) or 'none'}"]
        parts.append(block(f"{job.name}", ["\n".join(reasons)[:most]], level=3))
        parts.append(f"{job.url}\n")
    return "\n".join(parts)


def _stage(job: Job) -> str:
    return job.name.rpartition(" ")[2]


def _stages(issue: Issue | None) -> set[str]:
    found = _MARKER.match(issue.body) if issue else None
    return {name for name in found[1].split(", ") if name} if found else set()


def _marker(stages: set[str]) -> str:
    return f"<!-- model-deploy-incident: {', '.join(sorted(stages))} -->"


def _body(body: str, stages: set[str]) -> str:
    return _MARKER.sub(_marker(stages), body, count=1)
