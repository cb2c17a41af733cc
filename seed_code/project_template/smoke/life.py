"""A run while it goes on: what it works with, and what it has made so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from model_common.deadline import Deadline
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.core.settings import PublishSettings
from project_template.errors import GitHubError, SmokeError
from project_template.github import GitHub
from project_template.smoke.journal import Journal
from project_template.smoke.plan import Plan
from project_template.smoke.verdicts import Finding


@dataclass
class Life:
    """The state of a smoke run. `packages` are the ARNs of the model packages, oldest first; `findings` are those
    of the probes. `outsider` is a login of GitHub that may not read the project's repositories, "" where nobody was named.
    """

    aws: Aws
    plan: Plan
    settings: PublishSettings
    data: bytes
    tags: dict[str, str]
    deadline: Deadline
    journal: Journal
    console: Console
    say: Callable[[str], None]
    github: GitHub | None = None
    outsider: str = ""
    packages: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    bucket: str = ""

    @property
    def name(self) -> str:
        """That of the publication and of the project."""
        return self.plan.name

    @property
    def group(self) -> str:
        """The name of the project's model package group."""
        return f"{self.name}-models"

    @property
    def pipeline(self) -> str:
        """The name of the pipeline that trains."""
        return f"{self.name}-{self.plan.recipe}"

    def repository(self, kind: str) -> str:
        """The full name of the project's repository of that kind, `build` or `deploy`."""
        return f"{self.plan.github_org}/{self.name}-{kind}"

    def note(self, text: str) -> None:
        """Show a line, and keep it for the report."""
        self.journal.note(text, self.say)

    def endpoint_stack_output(self, stage: str, output: str) -> str:
        """An output of the stack of a stage's endpoint. Raises SmokeError where there is none."""
        found = cloudformation.describe(self.aws, f"{self.name}-{stage}-endpoint")
        if found is None or output not in found.outputs:
            raise SmokeError(f"The stack of the endpoint in {stage} has no output {output}.")
        return found.outputs[output]

    def served(self, stage: str) -> str:
        """The ARN of the model package that a stage's endpoint answers with, by its live configuration."""
        sagemaker = self.aws.sagemaker
        endpoint = sagemaker.describe_endpoint(EndpointName=f"{self.name}-{stage}")
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        return str(model["PrimaryContainer"]["Environment"]["MODEL_PACKAGE_ARN"])

    def workflow(self, kind: str, event: str, title: str = "") -> dict[str, Any]:
        """Waits until a workflow of a repository has run for an event and succeeded; `title` is a part of the run's.

        Raises SmokeError with the jobs that failed, and TimedOutError.
        """
        repository = self.repository(kind)
        reported = ""
        for _ in self.deadline.looks(f"The workflow of {repository} for {event} {title}"):
            found = self._run(repository, event, title)
            status = found["status"] if found else "not started"
            if status != reported:
                reported = status
                self.note(f"Workflow of {repository} for {event}: {status}")
            if found and status == "completed":
                return self._succeeded(repository, found)
        raise AssertionError("unreachable")

    def _run(self, repository: str, event: str, title: str) -> dict[str, Any] | None:
        listed = self._asked(f"/repos/{repository}/actions/runs?event={event}&per_page=50")
        runs = listed.get("workflow_runs", [])
        return next((dict(each) for each in runs if title in str(each.get("display_title", ""))), None)

    def _succeeded(self, repository: str, run: dict[str, Any]) -> dict[str, Any]:
        jobs = self._asked(f"/repos/{repository}/actions/runs/{run['id']}/jobs?per_page=100").get("jobs", [])
        for job in jobs:
            self.note(f"Job {job['name']} of {repository}: {job['conclusion']}")
        if run["conclusion"] != "success":
            failed = [
                f"{job['name']} at the step {step['name']!r}"
                for job in jobs
                for step in job.get("steps", [])
                if step.get("conclusion") == "failure"
            ]
            steps = ", ".join(failed) or "GitHub names no step"
            raise SmokeError(
                f"A workflow of {repository} ended as {run['conclusion']}: {steps}. {run['html_url']}"
            )
        return run

    def _asked(self, path: str) -> dict[str, Any]:
        """GitHub's answer; {} where it has none just now."""
        assert self.github is not None
        try:
            answer = self.github.get(path)
        except GitHubError as error:
            self.say(error.message)
            return {}
        if answer.status in {401, 403, 404}:
            raise SmokeError(
                f"GitHub answers {answer.status} to {path}: the token may not read the runs of workflows."
            )
        return answer.body if isinstance(answer.body, dict) else {}
