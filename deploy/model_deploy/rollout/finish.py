"""The end of a successful rollout: update the registry, prune unused models, and write the record, last."""

from __future__ import annotations

import os

from model_common.commit import commit
from model_deploy.aws import records, registry, stack
from model_deploy.aws.provenance import who
from model_deploy.core.plan.observed import Observed, Stack
from model_deploy.core.plan.target import Target
from model_deploy.core.record import Outcome, Record, deployment_id, record_key
from model_deploy.progress import Progress
from model_deploy.rollout import prune
from model_deploy.rollout.converge import Converged
from model_deploy.rollout.request import Request
from model_deploy.verify.examine import note_verdict
from model_deploy.verify.judge import Verification
from model_deploy.workspace import Workspace


def finish(
    workspace: Workspace,
    request: Request,
    target: Target,
    converged: Converged,
    verification: Verification,
    progress: Progress,
) -> None:
    """Update the registry, prune and write the record, unless that was done for this deployment."""
    operation = converged.observed.stack
    assert operation is not None  # it has converged
    existing = _find_record(workspace, target, operation)
    if existing is None and not converged.changed:
        # Another command's deployment. It may have begun between the descriptions of the stack and of its endpoint.
        operation = stack.describe(workspace.aws, operation.id) or operation
        existing = _find_record(workspace, target, operation) or _record_of_same_plan(workspace, target)
    if existing is not None and existing.outcome == "deployed":
        # If the stage is as recorded, no further calls are made: a rollout without changes has to be cheap.
        if existing.verified != verification.passed:
            note_verdict(workspace, existing, verification)
        return
    stage, replaced = workspace.stage.name, _replaced_package(workspace, target, converged.before)
    if verification.passed:
        registry.show_live(workspace.aws, target.candidate.package, stage)
        if replaced is not None:
            words = f"Replaced in {stage} by version {target.candidate.package.version}"
            registry.show_gone(workspace.aws, replaced, stage, "Replaced", words)
    prune.run(workspace, operation.changed, progress)
    record(workspace, request, target, operation, "deployed", verification, replaced)


def record(
    workspace: Workspace,
    request: Request,
    target: Target,
    operation: Stack,
    outcome: Outcome,
    verification: Verification | None,
    replaced: str | None,
) -> None:
    """Write the record of the deployment that `operation` carried out."""
    subject, artifact = target.candidate.package, target.candidate.artifact
    made = Record(
        time=operation.changed,
        deployment=deployment_id(target.sha256, operation.changed),
        stage=workspace.stage.name,
        endpoint=workspace.endpoint_name,
        kind=request.kind,
        model_package_arn=subject.arn,
        model_package_version=subject.version,
        outcome=outcome,
        verified=verification.passed if verification else None,
        failures=tuple(str(finding) for finding in verification.failures) if verification else (),
        why=request.why or subject.approval_description or request.kind,
        forced=request.forced,
        who=who(workspace.aws, os.environ),
        commit=commit(workspace.root, os.environ),
        model_commit=subject.commit or "unknown",
        plan_sha256=target.sha256,
        model_sha256=artifact.sha256 if artifact else None,
        model_version=artifact.version if artifact else None,
        replaced=replaced,
    )
    records.append(workspace.aws, workspace.settings.bucket, made)


def _find_record(workspace: Workspace, target: Target, operation: Stack) -> Record | None:
    key = record_key(workspace.stage.name, operation.changed, target.candidate.package.version)
    return records.find(workspace.aws, workspace.settings.bucket, key)


def _record_of_same_plan(workspace: Workspace, target: Target) -> Record | None:
    """The latest deployment's record, if it has this plan: the stack has changed since then, and was rolled back."""
    past = records.history(workspace.aws, workspace.settings.bucket, workspace.stage.name)
    latest = next((each for each in past if each.outcome == "deployed"), None)
    if latest is None or (latest.model_package_arn, latest.plan_sha256) != (target.arn, target.sha256):
        return None
    return latest


def _replaced_package(workspace: Workspace, target: Target, before: Observed) -> str | None:
    """The package that was live before, from the records if an earlier command replaced it."""
    arn = before.live_arn
    if arn is not None and arn != target.arn:
        return arn
    past = records.history(workspace.aws, workspace.settings.bucket, workspace.stage.name)
    deployed = (each.model_package_arn for each in past if each.outcome == "deployed")
    return next((each for each in deployed if each != target.arn), None)
