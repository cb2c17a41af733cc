"""Which jobs an event reaches, by GitHub's own evaluator of expressions."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_aws.github.actions.language import Language

TEMPLATE = Path(__file__).parents[2]
PROJECT = {"SAGEMAKER_PROJECT_NAME": "shop"}
OURS = {"full_name": "o/shop", "topics": ["sagemaker-project", "mlops"]}


def pull_request(action="opened", head="o/shop", login="ada") -> dict[str, Any]:
    described = {"number": 7, "head": {"repo": {"full_name": head}}, "user": {"login": login}}
    return {
        "event_name": "pull_request",
        "ref": "refs/pull/7/merge",
        "event": {"action": action, "pull_request": described},
    }


PUSH: dict[str, Any] = {"event_name": "push", "ref": "refs/heads/main", "event": {}}
BY_HAND: dict[str, Any] = {
    "event_name": "workflow_dispatch",
    "ref": "refs/heads/main",
    "event": {"inputs": {}},
}


def dispatch(kind: str) -> dict[str, Any]:
    payload = {"model_package_arn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/3"}
    event = {"action": kind, "client_payload": payload}
    return {"event_name": "repository_dispatch", "ref": "refs/heads/main", "event": event}


def reached(
    name: str, happened: dict[str, Any], variables: dict[str, str], repository: dict[str, Any]
) -> list[str]:
    """The jobs of a workflow that run, if all those before them succeed."""
    jobs = yaml.safe_load((TEMPLATE / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]
    event = happened["event"] | {"repository": repository}
    github = happened | {"repository": repository["full_name"], "event": event}
    contexts = {"github": github, "vars": variables, "inputs": event.get("inputs", {}), "needs": {}}
    conditions = {
        job: each.get("if", "true").removeprefix("${{").removesuffix("}}") for job, each in jobs.items()
    }
    with Language() as language:
        wanted = [
            job for job, condition in conditions.items() if language.evaluate(condition, contexts).truth
        ]
    # A job whose condition names no status runs only after those that it needs.
    return [
        job for job in wanted if "cancelled()" in conditions[job] or jobs[job].get("needs", job) in wanted
    ]


@pytest.mark.parametrize(
    ("happened", "variables", "jobs"),
    [
        (pull_request(), PROJECT, ["test", "try"]),
        (pull_request("synchronize"), PROJECT, ["test", "try"]),
        (pull_request("closed"), PROJECT, ["clean"]),
        (pull_request(head="eve/shop"), {}, ["test", "try-offline"]),
        (pull_request(head="eve/shop"), PROJECT, ["test", "try-offline"]),
        (pull_request("closed", head="eve/shop"), {}, []),
        (pull_request(login="dependabot[bot]"), PROJECT, ["test", "try-offline"]),
        (pull_request("closed", login="dependabot[bot]"), PROJECT, []),
        (PUSH, PROJECT, ["test", "train"]),
        (BY_HAND, PROJECT, ["test", "train"]),
        (BY_HAND | {"event_name": "schedule"}, PROJECT, ["test", "train"]),
        (BY_HAND | {"ref": "refs/heads/feature"}, PROJECT, ["test"]),
        (dispatch("new-data"), PROJECT, ["test", "train"]),
    ],
)
def test_what_an_event_does_in_the_build_repository(happened, variables, jobs):
    assert reached("build", happened, variables, OURS) == jobs


def test_a_pull_request_is_tried_beside_its_tests_and_main_trains_only_what_passed_them():
    jobs = yaml.safe_load((TEMPLATE / ".github" / "workflows" / "build.yml").read_text())["jobs"]
    needed = {job: each.get("needs") for job, each in jobs.items()}
    assert needed == {"test": None, "try": None, "try-offline": None, "clean": None, "train": "test"}


@pytest.mark.parametrize(
    ("happened", "variables", "jobs"),
    [
        (dispatch("model-approved"), PROJECT, ["staging", "production", "supersede", "incident"]),
        (
            dispatch("model-rejected"),
            PROJECT,
            ["reject-production", "reject-staging", "end-wait", "incident"],
        ),
        (dispatch("something-else"), PROJECT, []),
        (BY_HAND, PROJECT, ["staging", "production", "supersede", "incident"]),
        (BY_HAND | {"ref": "refs/heads/feature"}, PROJECT, []),
        (pull_request(), PROJECT, ["test"]),
        (pull_request(head="eve/shop"), {}, ["test"]),
        (PUSH, PROJECT, ["test"]),
    ],
)
def test_what_an_event_does_in_the_deploy_repository(happened, variables, jobs):
    assert reached("deploy", happened, variables, OURS) == jobs


@pytest.mark.parametrize("name", ["build", "deploy"])
@pytest.mark.parametrize(
    "happened",
    [
        pull_request(),
        pull_request("closed"),
        PUSH,
        BY_HAND,
        dispatch("model-approved"),
        dispatch("model-rejected"),
        dispatch("new-data"),
    ],
)
@pytest.mark.parametrize("topics", [[], ["sagemaker", "sagemaker-projects"]])
def test_where_no_project_is_configured_nothing_runs(name, happened, topics):
    assert reached(name, happened, {}, {"full_name": "o/shop", "topics": topics}) == []


@pytest.mark.parametrize(("name", "signed_in"), [("build", {"try", "clean"}), ("deploy", set())])
def test_only_a_pull_request_from_the_repository_itself_gets_a_token(name, signed_in):
    jobs = yaml.safe_load((TEMPLATE / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]
    trusted: set[str] = set()
    for action in ("opened", "closed"):
        trusted |= set(reached(name, pull_request(action), PROJECT, OURS))
        for stranger in (
            pull_request(action, head="eve/shop"),
            pull_request(action, login="dependabot[bot]"),
        ):
            assert all(
                jobs[job]["permissions"] == {"contents": "read"}
                for job in reached(name, stranger, PROJECT, OURS)
            )
    assert {job for job in trusted if jobs[job]["permissions"].get("id-token")} == signed_in
    assert all("environment" not in jobs[job] for job in trusted)
    roles = {
        role
        for job in signed_in
        for role in ("BUILD_PR_ROLE_ARN", "RUN_ROLE")
        if role in json.dumps(jobs[job])
    }
    assert roles == ({"BUILD_PR_ROLE_ARN"} if signed_in else set())
