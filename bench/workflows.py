"""The poured workflows on the embedded GitHub: how long a push takes to its comment, and whether runs at once disturb one another."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.loop import ROOT, SHARED
from bench.table import Row
from local_aws.demo import TIME_SCALE
from local_aws.demo import data as demo_data
from local_aws.demo.company import OWNER, Company, git
from local_aws.demo.scenario import BUILD, DEPLOY, PROJECT, Scenario
from local_aws.demo.timeline import Timeline
from local_aws.github.actions import Run
from local_aws.server import Server

COMMENT_SECONDS = 10
AT_ONCE = 3
_PATIENCE = 1800.0


def rows(quick: bool = False) -> list[Row]:
    dataset = demo_data.find(SHARED if SHARED.is_file() else None, None, lambda line: None)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Server(time_scale=TIME_SCALE, enforce=True) as server,
    ):
        place = Path(folder)
        timeline = Timeline(Console(quiet=True), place / "log")
        scenario = Scenario(server, ROOT, timeline, place)
        scenario.create_project(dataset)
        team = _Team(server, scenario.company, place, dataset.recipe)
        number, started = team.propose("alone")
        comment = team.commented(number, started)
        own = team.pipeline_seconds(number)
        server.github.actions.settle(_PATIENCE)
        merged = scenario.merge(number)
        return [_comment(comment, own), _at_once(server, team, merged["model_package_arn"])]


class _Team:
    """People who push changes of the recipe, and read what is said of them."""

    def __init__(self, server: Server, company: Company, folder: Path, recipe: str) -> None:
        self._server, self._company, self._recipe = server, company, recipe
        self._clone = company.clone(BUILD, folder)

    def propose(self, branch: str) -> tuple[int, float]:
        """A pull request whose model is as good as main's, so that no gate refuses it: its number, and the time of its push."""
        git(self._clone, "fetch", "--quiet", "origin")
        git(self._clone, "switch", "--quiet", "--create", branch, "origin/main")
        recipe = self._clone / "recipes" / f"{self._recipe}.yaml"
        text = f"{recipe.read_text()}\n# {branch}\n"
        recipe.write_text(text)
        git(self._clone, "commit", "--quiet", "--all", "--message", branch)
        started = time.perf_counter()
        git(self._clone, "push", "--quiet", "origin", branch)
        asked = {"title": branch, "head": branch, "base": "main"}
        return self._company.ask(OWNER, "POST", f"/repos/{BUILD}/pulls", asked)["number"], started

    def commented(self, number: int, started: float) -> float:
        """Seconds until a pull request has its comment. Raises TimeoutError."""
        while not self.comments(number):
            if time.perf_counter() - started > _PATIENCE:
                raise TimeoutError(f"Pull request {number} was never commented on.")
            time.sleep(0.05)
        return time.perf_counter() - started

    def comments(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._company.ask(
            OWNER, "GET", f"/repos/{BUILD}/issues/{number}/comments"
        )
        return found

    def pipeline_seconds(self, number: int) -> float:
        """The length of the one execution of a pull request's pipeline."""
        sagemaker, name = self._server.client("sagemaker"), f"{PROJECT}-pr-{number}-{self._recipe}"
        [listed] = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=listed["PipelineExecutionArn"])
        seconds: float = (found["LastModifiedTime"] - found["CreationTime"]).total_seconds()
        return seconds


def _comment(seconds: float, own: float) -> Row:
    return Row(
        name="a push until the comment on its pull request, next to the pipeline",
        ours=f"{seconds:.1f} s",
        theirs=f"{own:.1f} s",
        ratio=f"{seconds / own:.2f}",
        target=f"at most {COMMENT_SECONDS} s more",
        passed=seconds - own <= COMMENT_SECONDS,
    )


def _at_once(server: Server, team: _Team, arn: str) -> Row:
    """Pull requests that train while a model is rolled out to staging: each has to end as it would alone."""
    started = time.perf_counter()
    server.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    numbers = [team.propose(f"at-once-{each}")[0] for each in range(1, AT_ONCE + 1)]
    for number in numbers:
        team.commented(number, started)
    server.github.actions.settle(_PATIENCE)
    seconds = time.perf_counter() - started
    tried = [
        run.job("try").conclusion == "success" and len(team.comments(_number(run))) == 1
        for run in server.github.actions.runs(BUILD)
        if run.event.name == "pull_request" and _number(run) in numbers
    ]
    staged = [run.job("staging").conclusion == "success" for run in server.github.actions.runs(DEPLOY)]
    well = sum(tried) + sum(staged)
    return Row(
        name=f"{AT_ONCE} pull requests and a rollout at once, in {seconds:.0f} s",
        ours=f"{well} as alone",
        theirs="",
        ratio="",
        target=f"all {AT_ONCE + 1}",
        passed=(tried, staged) == ([True] * AT_ONCE, [True]),
    )


def _number(run: Run) -> int:
    number: int = run.event.payload["pull_request"]["number"]
    return number
