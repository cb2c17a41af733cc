"""`model-deploy verify`: whether the live model is the requested one, and does what checks/ expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_deploy.aws import observation, records
from model_deploy.commands import rollback
from model_deploy.core.model_package.package import Package
from model_deploy.core.record import record_key
from model_deploy.errors import RefusedError, UsageError
from model_deploy.verify.contract import load_candidate
from model_deploy.verify.examine import examine, note_verdict
from model_deploy.verify.judge import Verification, approval
from model_deploy.workspace import Workspace


@dataclass(frozen=True)
class Verified:
    """A verification: the package, the endpoint, and the findings."""

    stage: str
    endpoint: str
    package: Package
    verification: Verification


def run(workspace: Workspace, arn: str | None) -> Verified:
    """Verify the package `arn`, or the live one by default. A verdict that differs from the records is recorded.

    Raises UsageError when nothing is live and no package was named, RefusedError when it has no contract or no checks.
    """
    aws = workspace.aws
    observed = observation.observe(aws, workspace.stack_name, workspace.endpoint_name)
    requested = arn or (observed.live.package_arn if observed.live else None)
    if requested is None:
        raise UsageError(
            f"Nothing is live in {workspace.stage.name}; `model-deploy rollout` brings a package there."
        )
    candidate = load_candidate(aws, requested)
    contract = candidate.contract
    if contract is None or contract.recipe not in workspace.checks:
        raise RefusedError(
            f"{requested} cannot be verified: "
            + (
                str(candidate.contract_problem)
                if contract is None
                else f"there is no checks/{contract.recipe}.json."
            )
        )
    verification = approval(candidate.package) + examine(workspace, candidate, observed)
    if observed.stack is not None:
        key = record_key(workspace.stage.name, observed.stack.changed, candidate.package.version)
        record = records.find(aws, workspace.settings.bucket, key)
        if record is not None and record.outcome == "deployed":
            note_verdict(workspace, record, verification)
    return Verified(workspace.stage.name, workspace.endpoint_name, candidate.package, verification)


def document(verified: Verified) -> dict[str, Any]:
    """The result for machines."""
    return {
        "stage": verified.stage,
        "endpoint": verified.endpoint,
        "model_package_arn": verified.package.arn,
        "version": verified.package.version,
        "verified": verified.verification.passed,
        "findings": [
            {"target": finding.target, "case": finding.case, "failure": finding.failure}
            for finding in verified.verification.findings
        ],
        "milliseconds": dict(verified.verification.milliseconds),
    }


def lines(verified: Verified) -> list[str]:
    """The result for people."""
    output = [f"{verified.endpoint}: version {verified.package.version} ({verified.package.arn})"]
    for finding in verified.verification.findings:
        mark = "ok    " if finding.failure is None else "FAILED"
        reason = f": {finding.failure}" if finding.failure else ""
        output.append(f"  {mark}  {finding.target:<9} {finding.case}{reason}")
    return output


def verdict(workspace: Workspace, verified: Verified) -> RefusedError | None:
    """The error of a failed verification, with the way back."""
    failures = verified.verification.failures
    if not failures:
        return None
    return RefusedError(
        f"Version {verified.package.version} is not verified in {verified.stage}: {len(failures)} of "
        f"{len(verified.verification.findings)} checks failed, the first one: {failures[0]}. "
        f"{rollback.way_back(workspace)}"
    )
