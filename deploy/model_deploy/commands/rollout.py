"""`model-deploy rollout`: brings a package to a stage, watches, verifies and records it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.console import Console

from model_deploy.commands import rollback
from model_deploy.errors import RefusedError, UsageError
from model_deploy.progress import Progress
from model_deploy.rollout.execute import execute
from model_deploy.rollout.request import Request, Result
from model_deploy.workspace import Workspace, stage_names


def run(workspace: Workspace, request: Request, console: Console) -> Result:
    """Roll out. A rollback or failed verification is in the result. Raises RefusedError before anything was changed."""
    if request.forced is not None and not request.forced.strip():
        raise UsageError("--force needs a reason; it is recorded.")
    result = execute(workspace, request, Progress(console))
    if result.verification is None or result.verification.passed:
        return result
    return replace(result, error=RefusedError(f"{result.error}\n  {rollback.way_back(workspace)}"))


def document(result: Result) -> dict[str, Any]:
    """The result for machines."""
    verification = result.verification
    return {
        "stage": result.stage,
        "endpoint": result.endpoint,
        "model_package_arn": result.package.arn,
        "version": result.package.version,
        "plan_sha256": result.plan_sha256,
        "changed": result.changed,
        "status": _status(result),
        "verified": verification.passed if verification else False,
        "findings": [
            {"target": finding.target, "case": finding.case, "failure": finding.failure}
            for finding in (verification.findings if verification else ())
        ],
        "milliseconds": dict(verification.milliseconds) if verification else {},
        "contract_failures": result.contract_failures,
        "excused_alarms": list(result.excused),
        "cause": result.cause,
        "restored": result.restored,
        "seconds": result.seconds,
    }


def lines(result: Result) -> list[str]:
    """The result for people."""
    version = f"version {result.package.version} ({result.package.arn})"
    if result.verification is None:
        return []  # the error says it all
    changed = "" if result.changed else ", as before"
    passed = sum(finding.failure is None for finding in result.verification.findings)
    latencies = ", ".join(f"{target} {ms:.0f} ms" for target, ms in result.verification.milliseconds)
    return [
        f"{result.endpoint} serves {version}{changed}.",
        f"Verified: {passed} of {len(result.verification.findings)} checks passed"
        + (f" ({latencies})." if latencies else "."),
    ]


def next_lines(workspace: Workspace, result: Result) -> list[str]:
    """The command after a successful rollout: the rollout of the next stage, or `status`."""
    if result.error is not None:
        return []
    stages = stage_names(workspace.root)
    after = stages[stages.index(result.stage) + 1 :] if result.stage in stages else []
    if after and result.stage == stages[0]:
        version = str(result.package.version)
        return [f"Next: {workspace.command('rollout', '--stage', after[0], '--model-package', version)}"]
    return [f"Next: {workspace.command('status')}"]


def _status(result: Result) -> str:
    if result.verification is not None:
        return "InService"
    return "RolledBack" if result.restored else "Failed"
