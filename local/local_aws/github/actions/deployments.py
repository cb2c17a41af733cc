"""The deployments that jobs with an environment make, and their states.

https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/control-deployments
"""

from __future__ import annotations

from local_aws.github.actions import tokens
from local_aws.github.actions.runs import Job
from local_aws.github.records import Deployment, DeploymentState, DeploymentStatus, Environment
from local_aws.github.state import State

_ENDS: dict[str, DeploymentState] = {"success": "success", "failure": "failure"}


def begin(state: State, job: Job, environment: Environment) -> None:
    """Make the job's deployment."""
    event = job.run.event
    made = Deployment(state.new_id(), environment.name, event.commit, event.ref, event.actor)
    job.run.repository.deployments.append(made)
    job.deployment = made


def move(state: State, job: Job, to: DeploymentState) -> None:
    """Give the job's deployment another state, if the job has one."""
    deployment, run = job.deployment, job.run
    if deployment is None:
        return
    log = f"{state.urls.web}/{run.repository.full_name}/actions/runs/{run.id}/job/{job.id}"
    status = DeploymentStatus(
        state.new_id(), to, tokens.bot(state), environment_url=job.environment_url, log_url=log
    )
    deployment.statuses.append(status)


def end(state: State, job: Job) -> None:
    """The state that the job's conclusion comes to. A success makes the deployments before it inactive."""
    deployment = job.deployment
    if deployment is None:
        return
    if job.conclusion == "success":
        for before in job.run.repository.deployments:
            same = before.environment == deployment.environment and before is not deployment
            if same and before.state == "success":
                last = before.statuses[-1]
                before.statuses.append(
                    DeploymentStatus(state.new_id(), "inactive", last.creator, log_url=last.log_url)
                )
    move(state, job, _ENDS.get(job.conclusion or "", "error"))
