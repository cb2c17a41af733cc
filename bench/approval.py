"""From the approval of a model package to its dispatch in the deploy repository, through the real template and functions."""

from __future__ import annotations

import os
import statistics
import subprocess
import time

from bench.deployable import BIN
from bench.table import Row
from local_aws.kernel import environment
from local_aws.server import Server
from project_template.stacks.published import GITHUB_ISSUER

SECONDS = 1
_PROJECT = "reviews"
_ORGANIZATION, _OWNER = "acme", "ada"


def rows(quick: bool = False) -> list[Row]:
    with Server() as server:
        _create(server)
        seconds = [_dispatched(server) for _ in range(2 if quick else 6)]
    first, later = seconds[0], statistics.median(seconds[1:])
    return [
        _row("an approval until its dispatch, the function's first", first),
        _row("an approval until its dispatch, later ones", later),
    ]


def _row(name: str, seconds: float) -> Row:
    return Row(name, f"{seconds:.2f} s", "", "", f"at most {SECONDS} s", seconds <= SECONDS)


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
    while arn not in [each.client_payload["model_package_arn"] for each in server.github.dispatches]:
        if time.perf_counter() - started > 60:
            raise TimeoutError(f"{arn} was never dispatched")
        time.sleep(0.002)
    return time.perf_counter() - started
