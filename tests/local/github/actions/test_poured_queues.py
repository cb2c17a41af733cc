"""The poured deploy workflow's own gates and queues, with its steps left out: who waits for whom."""

from pathlib import Path

import pytest
import yaml

POURED = Path(__file__).parents[4] / ".github" / "workflows" / "deploy.yml"


def gates():
    """deploy.yml whose jobs do nothing."""
    workflow = yaml.safe_load(POURED.read_text())
    for job in workflow["jobs"].values():
        job["steps"] = [{"run": "true"}]
    return yaml.safe_dump({("on" if name is True else name): value for name, value in workflow.items()})


@pytest.fixture
def deploy(repo, runner):
    """The deploy repository of a project, whose production `grace` reviews."""
    made = repo(gates())
    made.ok("PUT", "/topics", {"names": ["sagemaker-project"]})
    made.ok("POST", "/actions/variables", {"name": "SAGEMAKER_PROJECT_NAME", "value": "shop"})
    reviewer = {"type": "User", "id": runner.user("grace").id}
    made.ok("PUT", "/environments/production", {"reviewers": [reviewer]})
    return made


def approve(repo, version):
    payload = {"model_package_arn": f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop/{version}"}
    repo.ok("POST", "/dispatches", {"event_type": "model-approved", "client_payload": payload})


def dispatched(repo):
    return [each for each in repo.settle() if each.event.name == "repository_dispatch"]


def test_a_review_that_nobody_answers_holds_up_no_other_approval(deploy):
    for version in (1, 2, 3):
        approve(deploy, version)
    runs = dispatched(deploy)
    assert [each.job("production").status for each in runs] == ["waiting"] * 3
    last = runs[-1]
    [waiting] = deploy.ok("GET", f"/actions/runs/{last.id}/pending_deployments", token="grace-token")
    body = {"environment_ids": [waiting["environment"]["id"]], "state": "approved", "comment": "Go"}
    deploy.ok("POST", f"/actions/runs/{last.id}/pending_deployments", body, token="grace-token")
    assert [each.conclusion for each in dispatched(deploy)] == [None, None, "success"]
    assert last.name == "model-approved arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop/3"


def test_a_rejection_waits_for_no_review(deploy):
    approve(deploy, 1)
    deploy.settle()
    deploy.ok("POST", "/dispatches", {"event_type": "model-rejected", "client_payload": {}})
    rejection = dispatched(deploy)[-1]
    assert rejection.conclusion == "success"
    ran = {name for name, job in rejection.jobs.items() if job.conclusion == "success"}
    assert ran == {"reject-production", "reject-staging"}
