"""From the approval of a model package to its dispatch in the deploy repository, and to the start of the job for staging.

Through the real template, functions and workflow.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time

from bench.deployable import BIN
from bench.table import Row
from local_aws.github.actions.machine import Machine
from local_aws.kernel import environment
from local_aws.server import Server
from project_template.stacks.publication_values import GITHUB_ISSUER

SECONDS = 1
JOB_SECONDS = 2
_PROJECT = "reviews"
_ORGANIZATION, _OWNER = "acme", "ada"


def rows(quick: bool = False) -> list[Row]:
    with Server() as server:
        _create(server)
        seconds = [_dispatched(server) for _ in range(2 if quick else 6)]
        server.github.run_workflows(Machine(server.endpoint_url, patience=0.05))
        started = [_started(server) for _ in range(2 if quick else 4)]
    first, later = seconds[0], statistics.median(seconds[1:])
    return [
        _row("an approval until its dispatch, the function's first", first),
        _row("an approval until its dispatch, later ones", later),
        _row("an approval until the job for staging starts", statistics.median(started), JOB_SECONDS),
    ]


def _row(name: str, seconds: float, most: float = SECONDS) -> Row:
    return Row(name, f"{seconds:.2f} s", "", "", f"at most {most} s", seconds <= most)


def _create(server: Server) -> None:
    github = server.github
    github.add_user(_OWNER)
    github.add_organization(_ORGANIZATION, plan="enterprise", owners=[_OWNER])
    secret = server.client("secretsmanager").create_secret(
        Name="github", SecretString=github.issue_token(_OWNER)
    )
    where = ["--github-url", github.api_url, "--issuer", GITHUB_ISSUER]
    _template(server, "publish", "--form", "s3", "--token-secret", secret["ARN"], *where)
    _template(server, "create", _PROJECT, "--github-org", _ORGANIZATION, "--reviewers", _OWNER)


def _template(server: Server, *arguments: str) -> None:
    variables = environment.for_command(os.environ, server.account.clients, {})
    subprocess.run(
        [BIN / "project-template", *arguments], env=variables, check=True, capture_output=True, timeout=120
    )


def _dispatched(server: Server) -> float:
    """Seconds from the call that approves a new model package until GitHub has its ARN."""
    arn, started = _approved(server)
    while arn not in [each.client_payload["model_package_arn"] for each in server.github.dispatches]:
        _pause(started, f"{arn} was never dispatched")
    return time.perf_counter() - started


def _started(server: Server) -> float:
    """Seconds from the call that approves a new model package until its job for staging works; the run is then cancelled."""
    actions = server.github.actions
    arn, started = _approved(server)
    while True:
        runs = [run for run in actions.runs(f"{_ORGANIZATION}/{_PROJECT}-deploy") if arn in run.name]
        if runs and runs[-1].job("staging").status == "in_progress":
            break
        _pause(started, f"no job for staging began for {arn}")
    seconds = time.perf_counter() - started
    actions.cancel(runs[-1])
    actions.settle(60)
    return seconds


def _pause(started: float, problem: str) -> None:
    if time.perf_counter() - started > 60:
        raise TimeoutError(problem)
    time.sleep(0.002)


def _approved(server: Server) -> tuple[str, float]:
    """The ARN of a new model package, and the time right before it was approved."""
    sagemaker = server.client("sagemaker")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=f"{_PROJECT}-models",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/i:1"}]
        },
    )["ModelPackageArn"]
    started = time.perf_counter()
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    return arn, started
