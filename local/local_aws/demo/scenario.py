"""The scenario: a project from its template to its end, by the product's own commands and the workflows that it pours."""

from __future__ import annotations

import json
import os
import re
import shutil
import sysconfig
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from local_aws.demo import caches
from local_aws.demo.bad_model import Operator
from local_aws.demo.company import ORGANIZATION, OWNER, REVIEWER, Company, git
from local_aws.demo.data import Dataset
from local_aws.demo.load import Load
from local_aws.demo.runs import Runs
from local_aws.demo.shell import Shell
from local_aws.demo.timeline import Timeline
from local_aws.github.actions import Machine, Run
from local_aws.kernel.environment import for_command
from local_aws.kernel.signing.request_auth import Signed
from local_aws.prepared import ISSUER
from local_aws.server import Server

PROJECT = "shop"
BUILD, DEPLOY = f"{ORGANIZATION}/{PROJECT}-build", f"{ORGANIZATION}/{PROJECT}-deploy"
BRANCH = "train-for-longer"
QUESTIONS = (
    "I love it, it is perfect and works great.",
    "Terrible quality, it broke after a day and I returned it.",
    "Arrived on Monday.",
)
_TESTS = "tests/test_gate.py"


class Scenario:
    """One project on one server. Each method is an act; `folder` takes what is cloned and reported."""

    def __init__(self, server: Server, repository: Path, timeline: Timeline, folder: Path) -> None:
        self.server = server
        self.timeline = timeline
        self._repository = repository
        self._folder = folder
        self.company = Company.found(server)
        self._environment = for_command(os.environ, server.account.clients, {})
        self._aside = ThreadPoolExecutor(1)
        self._operator: Operator
        self._runs: Runs

    def create_project(self, dataset: Dataset) -> None:
        """Publish the template, and make a project from it that trains with the data."""
        company, timeline = self.company, self.timeline
        timeline.act("A platform engineer publishes the template")
        template = Shell(self._repository, self._environment, timeline.log)
        where = ("--github-url", self.server.github.api_url, "--issuer", ISSUER)
        published = template.json(
            "project-template", "publish", "--form", "s3", "--token-secret", company.secret_arn, *where
        )
        timeline.tell(f"Studio offers it from {published['location']}")
        timeline.act(f"{OWNER.capitalize()} creates the project {PROJECT} from it, as Studio does")
        uri = company.keep(dataset.path)
        template.json(
            "project-template", "create", PROJECT, "--github-org", ORGANIZATION, "--reviewers", REVIEWER,
            "--recipe", dataset.recipe, "--training-data", uri,
        )  # fmt: skip
        timeline.tell(
            "Roles, bucket, key, model registry and two repositories, protected and signed in by OIDC:"
        )
        timeline.tell(f"{BUILD} trains, {DEPLOY} deploys")
        self._environment |= template.json("project-template", "env", PROJECT)
        self._environment |= {"RECIPE": dataset.recipe, "TRAINING_DATA": uri}
        self._runs = Runs(self.server.github.run_workflows(self._machine()), timeline)

    def propose_change(self, recipe: str) -> int:
        """A change of the recipe on a branch, and its pull request, which is trained. Returns its number."""
        company, timeline = self.company, self.timeline
        timeline.act(f"{OWNER.capitalize()} pushes a change on a branch, and opens a pull request")
        clone = company.clone(BUILD, self._folder)
        git(clone, "switch", "--quiet", "--create", BRANCH)
        timeline.tell(_change(clone / "recipes" / f"{recipe}.yaml"))
        git(clone, "commit", "--quiet", "--all", "--message", "Train for longer")
        git(clone, "push", "--quiet", "origin", BRANCH)
        asked = {"title": "Train for longer", "head": BRANCH, "base": "main"}
        number: int = company.ask(OWNER, "POST", f"/repos/{BUILD}/pulls", asked)["number"]
        self._runs.follow(BUILD, "pull_request", "opened")
        [comment] = company.ask(OWNER, "GET", f"/repos/{BUILD}/issues/{number}/comments")
        timeline.note(comment["body"])
        timeline.tell(f"Pull request #{number} has one comment, its report:")
        for line in _first_lines(comment["body"]):
            timeline.tell(f"  {line}")
        return number

    def merge(self, number: int) -> dict[str, Any]:
        """The result of the run after the merge: its data, figures and model package."""
        self.timeline.act(f"{OWNER.capitalize()} merges it: the model is registered")
        self.company.ask(OWNER, "PUT", f"/repos/{BUILD}/pulls/{number}/merge", {})
        run = self._runs.follow(BUILD, "push")
        self._runs.follow(BUILD, "pull_request", "closed")
        result = _result(run)
        self._keep_report(run, result)
        self.timeline.tell(
            f"Version {_version(result['model_package_arn'])} waits for approval: {result['gate']['reason']}"
        )
        return result

    def approve(self, arn: str) -> None:
        """Approve the model package, as a model's owner does in Studio."""
        self.server.client("sagemaker").update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved"
        )

    def train_bad_model(self, recipe: str) -> Future[str]:
        """Begin to train it, while something else goes on. The ARN of its package."""
        deploy = Shell(self._repository / "deploy", self._environment, self.timeline.log)
        build = Shell(self._folder / "clone", self._environment, self.timeline.log)
        self._operator = Operator(build, deploy)
        return self._aside.submit(self._operator.train_bad_model, recipe)

    def deploy(self, arn: str) -> list[dict[str, Any]]:
        """Approve a package: it goes to staging and, after a review, to production."""
        company, timeline = self.company, self.timeline
        timeline.act(f"{OWNER.capitalize()} approves version {_version(arn)} in the model registry")
        self.approve(arn)
        run = self._runs.follow(DEPLOY, "repository_dispatch", "model-approved")
        timeline.act(f"{REVIEWER.capitalize()} reviews it for production")
        where = f"/repos/{DEPLOY}/actions/runs/{run.id}/pending_deployments"
        waiting = company.ask(REVIEWER, "GET", where)
        body = {"environment_ids": [each["environment"]["id"] for each in waiting]}
        company.ask(REVIEWER, "POST", where, body | {"state": "approved", "comment": "Go"})
        self._runs.resume(run)
        return self._stages()

    def ask(self) -> list[dict[str, Any]]:
        """Three questions to production's API, which answers with the text, its label and the confidence."""
        self.timeline.act("Production answers")
        signed = Signed(self.server.account.clients, "execute-api")
        url = self._output("production", "ApiUrl")
        response = requests.post(url, json={"texts": QUESTIONS}, auth=signed, timeout=30)
        response.raise_for_status()
        answers: list[dict[str, Any]] = response.json()["predictions"]
        for each in answers:
            confidence = f" ({each['confidence']:.2f})" if each.get("confidence") is not None else ""
            self.timeline.tell(f"{each['text']} -> {each.get('label')}{confidence}")
        return answers

    def push_bad_model(self, trained: Future[str]) -> dict[str, Any]:
        """Approve the bad model, which staging's checks refuse; then an operator forces it into production."""
        timeline = self.timeline
        timeline.act("Somebody trained with labels that are the wrong way round, in the holdout, too")
        arn = trained.result()
        timeline.tell(f"The gate saw nothing wrong: version {_version(arn)} is registered, and approved")
        self.approve(arn)
        timeline.act("An operator forces it into production, past staging, while clients ask all the time")
        result = self._operator.force(arn, self._load)
        timeline.tell(
            f"{result['contract_failures']} probes of the canary were answered wrong: {_alarm(result['cause'])}"
        )
        timeline.tell(
            f"Version {_version(result['restored'])} serves again after {result['seconds']:.0f} s; "
            f"{result['failed_requests']} of {result['requests']:,} requests failed meanwhile"
        )
        self._runs.follow(DEPLOY, "repository_dispatch", "model-approved", refused="staging")
        timeline.tell("Staging's checks refuse it as well: without force it ends there")
        self._runs.finish()
        return result

    def tear_down(self) -> dict[str, Any]:
        """Delete the project with its endpoints, models and data. What the command says."""
        self.timeline.act("The project is torn down")
        template = Shell(self._repository, self._environment, self.timeline.log)
        result = template.json(
            "project-template", "teardown", PROJECT, "--yes", "--with-endpoints", "--with-data"
        )
        self.timeline.tell(
            "Endpoints, pipelines, roles, models and data are gone; the repositories are archived"
        )
        return result

    def _machine(self) -> Machine:
        """The runner of the demonstration: this machine's packages and caches, short waits, and one file of the tests."""
        variables = {
            **caches.of_user(os.environ),
            "LOCAL_AWS_TIME_SCALE": str(self.server.account.time_scale),
            "PYTEST_ADDOPTS": _TESTS,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # this machine's plugins, which no poured repository names
            "SAGEMAKER_VALIDATE_ROLE": "false",
        }
        packages = (Path(sysconfig.get_paths()["purelib"]),)
        return Machine(self.server.endpoint_url, variables, packages)

    def _load(self) -> Load:
        runtime = self.server.client("sagemaker-runtime")
        return Load(runtime, self._output("production", "EndpointName"), list(QUESTIONS))

    def _stages(self) -> list[dict[str, Any]]:
        """The model package of each stage, and whether it was verified."""
        shell = Shell(self._repository / "deploy", self._environment, self.timeline.log)
        stages = {each["name"]: each for each in shell.json("model-deploy", "status")["stages"]}
        return [
            {
                "name": name,
                "endpoint": stages[name]["endpoint"]["name"],
                "status": stages[name]["endpoint"]["status"],
                "model_package_arn": stages[name]["model_package_arn"],
                "verified": stages[name]["latest"]["verified"],
            }
            for name in ("staging", "production")
        ]

    def _output(self, stage: str, name: str) -> str:
        stack = f"{PROJECT}-{stage}-endpoint"
        found = self.server.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {each["OutputKey"]: str(each["OutputValue"]) for each in found["Outputs"]}[name]

    def _keep_report(self, run: Run, result: dict[str, Any]) -> None:
        """Copy the report out of the run's artifact, which goes with the server."""
        kept = self._repository / "build" / "reports"
        shutil.copytree(run.artifacts["report"].folder, kept, dirs_exist_ok=True)
        result["report"] = {
            kind: str(kept / Path(path).relative_to("reports")) if kind != "uri" else path
            for kind, path in result["report"].items()
        }


def _result(run: Run) -> dict[str, Any]:
    """The JSON result that `model-build run` wrote."""
    [found] = run.artifacts["report"].folder.rglob("run.json")
    result: dict[str, Any] = json.loads(found.read_text())
    return result


def _change(recipe: Path) -> str:
    """Let a recipe train for longer where it states for how long. Returns what was changed."""
    text = recipe.read_text()
    found = re.search(r"\bepochs: (\d+)", text)
    if found is None:
        recipe.write_text(text + "\n# Looked at again.\n")
        return f"recipes/{recipe.name}: a remark"
    longer = int(found[1]) + 5
    recipe.write_text(text.replace(found[0], f"epochs: {longer}", 1))
    return f"recipes/{recipe.name}: epochs {found[1]} -> {longer}"


def _first_lines(comment: str) -> list[str]:
    """The verdict and the figures of a report, without what Markdown needs around them."""
    said, _, _ = comment.partition("<details")
    kept = [line for line in said.splitlines() if line and not line.startswith(("<!--", "| ---"))]
    return [_plain(line) for line in kept[:6]]


def _plain(line: str) -> str:
    cells = [cell.strip() for cell in line.replace("**", "").strip("# |").split("|")]
    return "  ".join(f"{cell:<18}" for cell in cells).rstrip()


def _alarm(cause: str) -> str:
    found = re.search(r"in the ALARM state: ([\w-]+)", cause)
    return f"the alarm {found[1]} rolls it back" if found else cause


def _version(arn: str) -> str:
    return arn.rpartition("/")[2]
