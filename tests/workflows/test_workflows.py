"""The workflows that are poured: sound by two independent readers, and free of what such workflows usually get wrong."""

import copy
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from local_aws.cli import app as local_aws
from local_aws.github.actions import workflow
from local_aws.github.actions.errors import InvalidWorkflow
from local_aws.github.actions.language import Language
from model_build.cli import app as model_build
from model_build.core.settings import Settings as BuildSettings
from model_deploy.cli import app as model_deploy
from model_deploy.settings import Settings as DeploySettings

TEMPLATE = Path(__file__).parents[2]
FOLDER = TEMPLATE / ".github" / "workflows"
POURED = {"build": FOLDER / "build.yml", "deploy": FOLDER / "deploy.yml"}
BIN = Path(sys.executable).parent

# As of August 2026; a pin is a commit, and the comment beside it says which release that is.
ACTIONS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
}
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/3"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-projects/shop/any"
VARIABLES = {
    "build": {
        "AWS_REGION": "eu-west-1",
        "SAGEMAKER_PROJECT_NAME": "shop",
        "SAGEMAKER_PROJECT_ID": "p-0123456789ab",
        "ARTIFACT_BUCKET": "shop-artifacts",
        "KMS_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/shop",
        "MODEL_PACKAGE_GROUP_NAME": "shop-models",
        "PIPELINE_ROLE_ARN": ROLE,
        "PULL_REQUEST_ROLE_ARN": ROLE,
        "TRIAL_ROLE_ARN": ROLE,
        "PULL_REQUEST_TRIAL_ROLE_ARN": ROLE,
        "BUILD_PR_ROLE_ARN": ROLE,
        "BUILD_RUN_ROLE_ARN": ROLE,
        "RECIPE": "clothing-reviews",
        "TRAINING_DATA": "s3://data/reviews.csv",
    },
    "deploy": {
        "AWS_REGION": "eu-west-1",
        "SAGEMAKER_PROJECT_NAME": "shop",
        "SAGEMAKER_PROJECT_ID": "p-0123456789ab",
        "ARTIFACT_BUCKET": "shop-artifacts",
        "KMS_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/shop",
        "MODEL_PACKAGE_GROUP_NAME": "shop-models",
        "ENDPOINT_ROLE_ARN": ROLE,
        "DEPLOY_SERVICE_ROLE_ARN": ROLE,
        "PERMISSIONS_BOUNDARY_ARN": "arn:aws:iam::123456789012:policy/shop",
        "STAGING_ROLE_ARN": ROLE,
        "PRODUCTION_ROLE_ARN": ROLE,
    },
}
"""The repository variables that the project template sets, for each repository."""

PROGRAMS = {"model-build": model_build, "model-deploy": model_deploy, "local-aws": local_aws}
Workflow = dict[str, Any]


def load(name: str) -> Workflow:
    workflow = yaml.safe_load(POURED[name].read_text())
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads `on` as a truth
    return workflow


# --- what every step calls ---


def parse(words: list[str], make_targets: set[str]) -> list[tuple[str, dict[str, Any]]]:
    """The command of each program in a call, with the parameters that it would be given.

    Raises click's UsageError for what the program would refuse, AssertionError for what is no program of ours.
    """
    if words[0] == "make":
        assert set(words[1:]) <= make_targets, f"{words}: no such target"
        return []
    assert words[0].startswith(".venv/bin/"), f"{words[0]} is neither make nor a program of this repository"
    name = words[0].removeprefix(".venv/bin/")
    group: Any = typer.main.get_command(PROGRAMS[name])
    command = group.commands[words[1]]
    context = command.make_context(words[1], words[2:])
    found = [(f"{name} {words[1]}", context.params)]
    if name == "local-aws" and words[1] == "exec":
        found += parse(context.params["command"], make_targets)
    return found


def calls(name: str, workflow: Workflow, job: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that the job calls, parsed in the environment that each of its steps would have."""
    targets = re.findall(r"^([a-z][\w-]*):", (TEMPLATE / name / "Makefile").read_text(), flags=re.MULTILINE)
    found = []
    for step in workflow["jobs"][job]["steps"]:
        if "run" not in step:
            continue
        with monkeypatch.context() as patched:
            for variable, value in environment(name, workflow, job, step).items():
                patched.setenv(variable, value)
            found += parse(shlex.split(step["run"]), {*targets})
    return found


def environment(name: str, workflow: Workflow, job: str, step: Any = None) -> dict[str, str]:
    """The environment of a job, or of one step, with every expression replaced by what it stands for."""
    stated = {
        **workflow.get("env", {}),
        **workflow["jobs"][job].get("env", {}),
        **((step or {}).get("env", {})),
    }
    known = {f"vars.{variable}": value for variable, value in VARIABLES[name].items()} | {
        "github.event.pull_request.number": "7",
        "github.event.pull_request.merged": "true",
        "github.event_name == 'schedule'": "false",
        "inputs.force": "",
        "inputs.recipe || vars.RECIPE": "clothing-reviews",
        "inputs.data || vars.TRAINING_DATA": "s3://data/reviews.csv",
        "github.event.client_payload.model_package_arn || inputs.model_package_arn": ARN,
        "github.token": "token",
    }
    return {
        variable: known[value.removeprefix("${{ ").removesuffix(" }}")] for variable, value in stated.items()
    }


JOBS = [(name, job) for name in POURED for job in load(name)["jobs"]]


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_every_step_calls_a_command_as_that_command_takes_it(name, job, monkeypatch):
    assert calls(name, load(name), job, monkeypatch) is not None


@pytest.mark.parametrize(
    "call",
    [
        ".venv/bin/model-deploy rollout --stage staging --latest",
        ".venv/bin/model-deploy rollout",
        ".venv/bin/model-build run --timeout soon",
        ".venv/bin/local-aws exec --sampel -- .venv/bin/model-build run",
        ".venv/bin/local-aws exec --sample -- .venv/bin/model-build train",
        "make deploy-everything",
        "echo staging tested",
    ],
)
def test_a_call_that_no_command_takes_is_found(call, monkeypatch):
    workflow = load("build")
    workflow["jobs"]["train"]["steps"] = [{"run": call}]
    with pytest.raises((typer._click.exceptions.UsageError, AssertionError, KeyError)):
        calls("build", workflow, "train", monkeypatch)


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_the_jobs_that_reach_aws_have_every_variable_that_their_command_reads(name, job):
    workflow = load(name)
    if workflow["jobs"][job]["permissions"].get("id-token") != "write":
        return
    given = environment(name, workflow, job)
    settings = BuildSettings if name == "build" else DeploySettings
    loaded = settings.load(given)
    if "PULL_REQUEST_NUMBER" in given:
        assert isinstance(loaded, BuildSettings)
        assert loaded.for_pull_request(7, given).home == "pr/7/"


@pytest.mark.parametrize("name", POURED)
def test_only_variables_that_the_project_sets_are_used(name):
    assert set(re.findall(r"vars\.(\w+)", POURED[name].read_text())) == set(VARIABLES[name])


def test_exactly_the_package_of_the_event_goes_through_plan_rollout_and_verify(monkeypatch):
    workflow = load("deploy")
    for stage in ("staging", "production"):
        made = calls("deploy", workflow, stage, monkeypatch)
        assert [call for call, _ in made] == ["model-deploy rollout", "model-deploy verify"]
        assert made[0][1]["show_plan"] is True
        assert {(given["model_package"], given["stage"]) for _, given in made} == {(ARN, stage)}
        rejection = calls("deploy", workflow, f"reject-{stage}", monkeypatch)
        assert [(call, given["model_package"], given["stage"]) for call, given in rejection] == [
            ("model-deploy reject", ARN, stage)
        ]
    assert workflow["jobs"]["production"]["needs"] == "staging"


def test_a_fork_tries_the_same_on_the_embedded_aws(monkeypatch):
    made = calls("build", load("build"), "try-offline", monkeypatch)
    assert [call for call, _ in made] == ["local-aws exec", "model-build run"]
    assert all(
        given["summary"] and given["show_plan"] for call, given in made if call.startswith("model-build")
    )


# --- what such workflows usually get wrong ---


def defects(name: str, text: str, workflow: Workflow) -> list[str]:
    """Everything that is wrong with a workflow, in words. `text` is for what parsing drops."""
    found = [] if workflow.get("permissions") == {} else ["permissions are not empty to begin with"]
    found += ["a secret is used"] if re.search(r"\bsecrets\b", text) else []
    pins = re.findall(r"uses: (\S+?)@(\S+)(?: # (\S+))?", text)
    found += [f"{action} is not pinned" for action, *pin in pins if ACTIONS.get(action) != tuple(pin)]
    for job_name, job in workflow["jobs"].items():
        found += [f"{job_name}: {defect}" for defect in _of_job(job)]
    return found


def _of_job(job: dict[str, Any]) -> list[str]:
    found = []
    minutes = job.get("timeout-minutes", 0)
    if not 0 < minutes <= 240:
        found.append("no timeout")
    concurrency = job.get("concurrency")
    if not isinstance(concurrency, dict) or "group" not in concurrency:
        found.append("no concurrency group")
    elif _changes_what_lasts(job) and (concurrency.get("queue"), concurrency["cancel-in-progress"]) != (
        "max",
        False,
    ):
        found.append("can be cancelled, or left out of the queue")
    permissions = job.get("permissions")
    allowed = {
        **{key: ["read"] for key in ("checks", "contents")},
        **{key: ["read", "write"] for key in ("actions", "pull-requests")},
        **{key: ["write"] for key in ("deployments", "id-token", "issues")},
    }
    if not permissions or any(level not in allowed.get(name, ()) for name, level in permissions.items()):
        found.append("more permissions than it needs, or none stated")
    for step in job["steps"]:
        found += _of_step(step, minutes, permissions or {})
    return found


def _changes_what_lasts(job: dict[str, Any]) -> bool:
    return "environment" in job or "BUILD_RUN_ROLE_ARN" in json.dumps(job)


def _of_step(step: dict[str, Any], minutes: int, permissions: dict[str, str]) -> list[str]:
    found, given = [], step.get("with", {})
    run = step.get("run", "")
    if "${{" in run:
        found.append(f"an expression in `{run}`")
    if "\n" in run or re.search(r"[$|&;<>`()]", run.replace("${{", "")):
        found.append(f"logic in `{run}`")
    action = step.get("uses", "").partition("@")[0]
    if action == "actions/checkout" and given.get("persist-credentials") is not False:
        found.append("the checkout leaves its token behind")
    if action == "aws-actions/configure-aws-credentials":
        if not re.fullmatch(r"\$\{\{ vars\.\w+_ROLE_ARN \}\}", given.get("role-to-assume", "")):
            found.append("not a role of the project's own")
        if {"aws-access-key-id", "aws-secret-access-key"} & set(given):
            found.append("long-lived keys")
        if given.get("role-duration-seconds", 3600) < minutes * 60:
            found.append("a session shorter than the work")
        if permissions.get("id-token") != "write":
            found.append("no token to sign in with")
    return found


@pytest.mark.parametrize("name", POURED)
def test_the_workflow_has_none_of_the_usual_defects(name):
    assert defects(name, POURED[name].read_text(), load(name)) == []


def _step(workflow: Workflow, job: str, key: str, value: str) -> dict[str, Any]:
    return next(step for step in workflow["jobs"][job]["steps"] if str(step.get(key, "")).startswith(value))


@pytest.mark.parametrize(
    ("spoil", "defect"),
    [
        (lambda w: w["jobs"]["staging"].pop("concurrency"), "staging: no concurrency group"),
        (lambda w: w["jobs"]["production"]["concurrency"].pop("queue"), "production: can be cancelled"),
        (
            lambda w: w["jobs"]["production"]["concurrency"].update({"cancel-in-progress": True}),
            "production: can be cancelled",
        ),
        (lambda w: w["jobs"]["reject-production"].pop("timeout-minutes"), "reject-production: no timeout"),
        (lambda w: w.update(permissions={"contents": "write"}), "permissions are not empty"),
        (lambda w: w["jobs"]["test"].pop("permissions"), "test: more permissions"),
        (lambda w: w["jobs"]["test"]["permissions"].update(packages="write"), "test: more permissions"),
        (
            lambda w: _step(w, "staging", "run", ".venv").update(
                run="deploy ${{ github.event.client_payload.arn }}"
            ),
            "staging: an expression",
        ),
        (lambda w: _step(w, "staging", "run", ".venv").update(run="a && b"), "staging: logic"),
        (lambda w: _step(w, "staging", "uses", "actions/checkout").pop("with"), "staging: the checkout"),
        (
            lambda w: _step(w, "staging", "uses", "aws-actions")["with"].pop("role-duration-seconds"),
            "staging: a session shorter",
        ),
        (
            lambda w: _step(w, "staging", "uses", "aws-actions")["with"].update({"aws-access-key-id": "x"}),
            "staging: long-lived keys",
        ),
        (
            lambda w: _step(w, "staging", "uses", "aws-actions")["with"].update({"role-to-assume": "arn:x"}),
            "staging: not a role",
        ),
    ],
)
def test_each_defect_is_found(spoil, defect):
    workflow = copy.deepcopy(load("deploy"))
    spoil(workflow)
    [found] = defects("deploy", POURED["deploy"].read_text(), workflow)
    assert found.startswith(defect)


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "actions/checkout is not pinned"),
        ("# v7.0.1", "# v7.0.0", "actions/checkout is not pinned"),
        ("${{ vars.STAGING_ROLE_ARN }}", "${{ secrets.STAGING_ROLE_ARN }}", "a secret is used"),
    ],
)
def test_each_defect_of_the_text_is_found(old, new, defect):
    text = POURED["deploy"].read_text()
    assert old in text
    assert defects("deploy", text.replace(old, new, 1), load("deploy")) == [defect]


# --- by other readers ---


def test_githubs_own_parser_finds_nothing():
    with Language() as language:
        for name, path in POURED.items():
            assert set(workflow.read(language, path.name, path.read_text()).jobs) == set(load(name)["jobs"])
        bad = POURED["deploy"].read_text().replace("queue: max", "queue: all", 1)
        with pytest.raises(InvalidWorkflow) as raised:
            workflow.read(language, "bad.yml", bad)
    assert len(raised.value.problems) == 1


def test_zizmor_finds_nothing_even_where_it_is_pedantic(tmp_path):
    command = [BIN / "zizmor", "--offline", "--persona=pedantic", "--no-progress", "--quiet"]
    done = subprocess.run([*command, *POURED.values()], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    bad = tmp_path / ".github" / "workflows" / "bad.yml"
    bad.parent.mkdir(parents=True)
    title = "run: echo ${{ github.event.pull_request.title }}"
    bad.write_text(POURED["build"].read_text().replace("run: make test", title, 1))
    found = subprocess.run([*command, bad], capture_output=True, text=True)
    assert found.returncode > 10
    assert "template-injection" in found.stdout
