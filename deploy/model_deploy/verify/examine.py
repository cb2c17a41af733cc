"""Verifies a live stage: calls SageMaker, the endpoint and the API, and passes their answers to `judge`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime

from model_deploy.aws import artifact, records
from model_deploy.aws.provenance import who
from model_deploy.core.checks import Checks
from model_deploy.core.model_package.artifact import Artifact
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.core.plan.observed import Observed
from model_deploy.core.record import Record
from model_deploy.errors import RefusedError
from model_deploy.stage import Api
from model_deploy.verify import inference, judge
from model_deploy.verify.asynchronous import AsynchronousModel
from model_deploy.verify.judge import Finding, Verification
from model_deploy.workspace import Workspace

API_TOKEN = "API_TOKEN"
"""The variable with the token for an API that needs one.

Without it, only the refusal of requests without a token is checked.
"""


def examine(workspace: Workspace, candidate: Candidate, observed: Observed) -> Verification:
    """Verify the package on the stage: the live model, the endpoint's answers, and the API's where there is one.

    An asynchronous endpoint answers into a bucket, where its answer is waited for.
    """
    live, stage, contract = observed.live, workspace.stage, candidate.contract
    found = judge.live_package(
        candidate.package.arn, live.package_arn if live else None, workspace.endpoint_name
    )
    if found.passed and live is not None and live.model_sha256 is not None:
        found += _artifact(workspace, candidate.package, live.model_sha256)
    if not found.passed or contract is None:
        return found
    checks = workspace.checks[contract.recipe]
    if stage.endpoint.kind == "asynchronous":
        queued = AsynchronousModel(workspace.aws, workspace.endpoint_name, contract)
        found += judge.examine("endpoint", queued, checks, contract, waits=True)
    else:
        ask = inference.EndpointModel(workspace.aws.runtime, workspace.endpoint_name, contract)
        found += judge.examine("endpoint", ask, checks, contract)
    if stage.api is not None:
        url = observed.stack.outputs.get("ApiUrl") if observed.stack else None
        found += _examine_api(workspace, stage.api, url, checks, contract)
    return found


def note_verdict(workspace: Workspace, record: Record, verification: Verification) -> None:
    """Append a record if the result of this verification differs from the deployment's latest record."""
    bucket = workspace.settings.bucket
    latest = records.latest_of(workspace.aws, bucket, record.stage, record.model_package_arn) or record
    if latest.deployment == record.deployment and latest.verified == verification.passed:
        return
    later = replace(
        record,
        time=datetime.now(UTC),
        verified=verification.passed,
        failures=tuple(str(finding) for finding in verification.failures),
        why="verified again",
        who=who(workspace.aws, os.environ),
    )
    records.append(workspace.aws, bucket, later)


def _artifact(workspace: Workspace, package: Package, sha256: str) -> Verification:
    """Whether the endpoint serves the registered artifact, and the copy that instances fetch is unchanged."""
    recorded = package.model_sha256
    if recorded is not None and sha256 != recorded:
        return judge.artifact(f"the artifact's SHA-256 is {sha256}, the model package says {recorded}")
    try:
        kept = artifact.is_copied(
            workspace.aws, workspace.settings.bucket, workspace.stage.name, Artifact("", sha256)
        )
    except RefusedError as error:
        return judge.artifact(error.message)
    return judge.artifact(None if kept else f"the copy of the artifact {sha256} is not there any more")


def _examine_api(
    workspace: Workspace, api: Api, url: str | None, checks: Checks, contract: Contract
) -> Verification:
    if url is None:
        return Verification((Finding("api", "address", "the stack has no output ApiUrl"),))
    if api.auth == "iam":
        service = "lambda" if api.kind == "function_url" else "execute-api"
        return judge.examine("api", inference.SignedApi(workspace.aws, url, service), checks, contract)
    if api.auth == "public":
        return judge.examine("api", inference.PublicApi(url), checks, contract)
    token = os.environ.get(API_TOKEN, "").strip()
    if not token:
        # Without a token, only the refusal of requests without one can be checked.
        return judge.closed("api", lambda: inference.status_without_credentials(url))
    return judge.examine("api", inference.TokenApi(url, token), checks, contract)
