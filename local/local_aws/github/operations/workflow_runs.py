"""Runs of workflows: by hand, what they came to, their jobs, the reviews that they wait for.

https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

import zlib
from typing import Any

from local_aws.github import shapes
from local_aws.github.actions.errors import ActionsError
from local_aws.github.actions.runs import Job, Run, Step
from local_aws.github.actions.workflow import Workflow
from local_aws.github.errors import ApiError, forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.operations.environments import reviewer_as_json
from local_aws.github.records import Environment, Repository, node_id

ROUTES = Routes()
_RUNS = "/repos/{owner}/{repo}/actions/runs"
_RUN = f"{_RUNS}/{{run_id}}"
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@ROUTES.on("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches")
def dispatch(call: Call) -> Answer:
    """`workflow_id` is the file's name. Inputs that the workflow does not name are refused, required ones asked for."""
    repository = call.repository("actions", "write")
    actions = call.state.actions
    ref = _full_ref(repository, call.required("ref", str))
    path = f".github/workflows/{call['workflow_id']}"
    on_default = repository.git.branch(repository.default_branch)
    if actions is None or on_default is None or repository.git.entry(on_default, path) is None:
        raise not_found()
    found = actions.workflows(repository, repository.git.refs()[ref]).get(path)
    if not isinstance(found, Workflow) or "workflow_dispatch" not in found.on:
        raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    inputs = _inputs(found.on["workflow_dispatch"].get("inputs") or {}, call.optional("inputs", dict, {}))
    actions.dispatch(call.caller, repository, path, ref, inputs)
    return Answer(204)


@ROUTES.on("GET", _RUNS)
def workflow_runs(call: Call) -> Answer:
    """The newest first."""
    repository = call.repository("actions", "read")
    actions = call.state.actions
    found = list(reversed(actions.runs(repository.full_name))) if actions is not None else []
    for name, matches in (
        ("event", lambda run, value: run.event.name == value),
        ("head_sha", lambda run, value: run.event.commit == value),
        ("status", lambda run, value: value in {run.status, run.conclusion}),
    ):
        if name in call.query:
            found = [run for run in found if matches(run, call.query[name])]
    page, headers = call.page(found)
    shown = [_as_json(call, each) for each in page]
    return Answer(body={"total_count": len(found), "workflow_runs": shown}, headers=headers)


@ROUTES.on("GET", _RUN)
def workflow_run(call: Call) -> Answer:
    return Answer(body=_as_json(call, _existing(call, "read")))


@ROUTES.on("GET", f"{_RUN}/jobs")
def jobs(call: Call) -> Answer:
    run = _existing(call, "read")
    page, headers = call.page(list(run.jobs.values()))
    shown = [_job(call, each) for each in page]
    return Answer(body={"total_count": len(run.jobs), "jobs": shown}, headers=headers)


@ROUTES.on("POST", f"{_RUN}/cancel")
def cancel(call: Call) -> Answer:
    run = _existing(call, "write")
    if run.status == "completed":
        raise ApiError(409, "Cannot cancel a workflow run that is completed.")
    _actions(call).cancel(run)
    return Answer(202, {})


@ROUTES.on("POST", f"{_RUN}/rerun")
def rerun(call: Call) -> Answer:
    run = _existing(call, "write")
    try:
        _actions(call).rerun(run)
    except ActionsError as error:
        raise forbidden(str(error)) from error
    return Answer(201, {})


@ROUTES.on("GET", f"{_RUN}/pending_deployments")
def pending_deployments(call: Call) -> Answer:
    run = _existing(call, "read")
    waiting = {job.waiting_for.name: job.waiting_for for job in run.jobs.values() if job.waiting_for}
    return Answer(body=[_pending(call, run, each) for each in waiting.values()])


@ROUTES.on("POST", f"{_RUN}/pending_deployments")
def review_deployments(call: Call) -> Answer:
    """A reviewer approves or rejects; the answer lists deployments, which are not kept here."""
    run = _existing(call, "read")
    wanted = call.required("environment_ids", list)
    state, comment = call.required("state", str), call.required("comment", str)
    if state not in {"approved", "rejected"}:
        raise unprocessable(
            "Validation Failed", {"resource": "Deployment", "field": "state", "code": "invalid"}
        )
    waiting = {job.waiting_for.id: job.waiting_for for job in run.jobs.values() if job.waiting_for}
    if not wanted or not set(wanted) <= set(waiting):
        raise unprocessable("Validation Failed", "No pending deployment requests to approve or reject")
    for identity in wanted:
        try:
            _actions(call).review(
                run,
                waiting[identity].name,
                call.user,
                "approved" if state == "approved" else "rejected",
                comment,
            )
        except ActionsError as error:
            raise forbidden(str(error)) from error
    return Answer(body=[])


def _inputs(described: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(described))
    if unknown:
        raise unprocessable(f"Unexpected inputs provided: {unknown}")
    inputs: dict[str, Any] = {}
    for name, each in described.items():
        value = given.get(name, each.get("default", ""))
        if each.get("required") and value == "":
            raise unprocessable(f"Required input '{name}' not provided")
        if each.get("options") and value not in each["options"]:
            raise unprocessable(
                f"Provided value '{value}' for input '{name}' not in the list of allowed values"
            )
        inputs[name] = value == "true" if each.get("type") == "boolean" and isinstance(value, str) else value
    return inputs


def _full_ref(repository: Repository, ref: str) -> str:
    known = repository.git.refs()
    found = next((each for each in (ref, _HEADS + ref, _TAGS + ref) if each in known), None)
    if found is None:
        raise unprocessable(f"No ref found for: {ref}")
    return found


def _actions(call: Call) -> Any:
    return call.state.actions


def _existing(call: Call, level: str) -> Run:
    repository = call.repository("actions", level)
    actions, wanted = call.state.actions, call["run_id"]
    found = actions.run(int(wanted)) if actions is not None and wanted.isdecimal() else None
    if found is None or found.repository is not repository:
        raise not_found()
    return found


def _pending(call: Call, run: Run, shown: Environment) -> dict[str, Any]:
    url = f"{shapes.repository_url(call.state.urls, run.repository)}/environments/{shown.name}"
    reviewers: list[dict[str, Any]] = [
        {"type": kind, "reviewer": found}
        for kind, identity in shown.reviewers
        if (found := reviewer_as_json(call, run.repository, kind, identity)) is not None
    ]
    return {
        "environment": {
            "id": shown.id,
            "node_id": node_id("Environment", shown.id),
            "name": shown.name,
            "url": url,
            "html_url": f"{call.state.urls.web}/{run.repository.full_name}/deployments/activity_log",
        },
        "wait_timer": shown.wait_timer,
        "wait_timer_started_at": None,
        "current_user_can_approve": any(each["reviewer"].get("id") == call.user.id for each in reviewers),
        "reviewers": reviewers,
    }


def _as_json(call: Call, run: Run) -> dict[str, Any]:
    """`workflow-run`."""
    urls, event, repository = call.state.urls, run.event, run.repository
    url = f"{shapes.repository_url(urls, repository)}/actions/runs/{run.id}"
    web = f"{urls.web}/{repository.full_name}/actions/runs/{run.id}"
    links = {f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")}
    head = repository.git.commit(event.commit)
    people = {"name": head.author.name, "email": head.author.email} if head else None
    actor = shapes.account(urls, event.actor)
    return {
        "id": run.id,
        "name": run.workflow.name,
        "node_id": node_id("WorkflowRun", run.id),
        "head_branch": event.head_ref or event.ref.removeprefix(_HEADS),
        "head_sha": event.commit,
        "path": run.workflow.path,
        "display_title": run.name,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": event.name,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": _workflow_id(run),
        "check_suite_url": f"{shapes.repository_url(urls, repository)}/check-suites/{run.id}",
        "workflow_url": f"{shapes.repository_url(urls, repository)}/actions/workflows/{_workflow_id(run)}",
        "url": url,
        "html_url": web,
        "pull_requests": [],
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "run_started_at": run.created_at,
        "actor": actor,
        "triggering_actor": actor,
        "previous_attempt_url": None,
        **links,
        "head_commit": head
        and {
            "id": head.sha,
            "tree_id": head.tree,
            "message": head.message,
            "timestamp": head.committer.date,
            "author": people,
            "committer": {"name": head.committer.name, "email": head.committer.email},
        },
        "repository": shapes.repository(urls, repository, call.caller),
        "head_repository": shapes.repository(urls, repository, call.caller),
    }


def _workflow_id(run: Run) -> int:
    """Stable for a file of a repository."""
    return zlib.crc32(f"{run.repository.id}:{run.workflow.path}".encode())


def _job(call: Call, job: Job) -> dict[str, Any]:
    run, urls = job.run, call.state.urls
    url = f"{shapes.repository_url(urls, run.repository)}/actions"
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{url}/runs/{run.id}",
        "run_attempt": run.attempt,
        "node_id": node_id("CheckRun", job.id),
        "head_sha": run.event.commit,
        "head_branch": run.event.head_ref or run.event.ref.removeprefix(_HEADS),
        "workflow_name": run.workflow.name,
        "url": f"{url}/jobs/{job.id}",
        "html_url": f"{urls.web}/{run.repository.full_name}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{shapes.repository_url(urls, run.repository)}/check-runs/{job.id}",
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": job.queued_at,
        "started_at": job.started_at or job.queued_at,
        "completed_at": job.completed_at,
        "name": job.name,
        "labels": ["ubuntu-24.04"],
        "runner_id": None,
        "runner_name": None,
        "runner_group_id": None,
        "runner_group_name": None,
        "steps": [_step(each) for each in job.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status if step.status in {"queued", "in_progress", "completed"} else "queued",
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": None,
        "completed_at": None,
    }
