"""Whether a rollout may continue: makes the promotion request from the registry, the bucket and the repository."""

from __future__ import annotations

from dataclasses import replace

from model_deploy.aws import endpoint, records, registry
from model_deploy.core import promotion
from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.core.record import Record
from model_deploy.errors import LeftError, UsageError
from model_deploy.rollout.request import Request
from model_deploy.workspace import Workspace


def promotion_request(
    workspace: Workspace, candidate: Candidate, *, forced: str | None, returning: bool
) -> promotion.Request:
    """The promotion request of a package for the workspace's stage, with the records of earlier deployments."""
    stage, bucket = workspace.stage, workspace.settings.bucket
    first = stage.name == promotion.FIRST_STAGE
    record = (
        None
        if first
        else records.verified(workspace.aws, bucket, promotion.FIRST_STAGE, candidate.package.arn)
    )
    return promotion.Request(
        candidate=candidate,
        stage=stage.name,
        group=workspace.settings.model_package_group,
        production_gate=stage.production_gate,
        checks=workspace.checks,
        verified_first=first or record is not None,
        verified_sha256=record.model_sha256 if record else None,
        overtaken_by=None if record is None else _overtaking(workspace, candidate.package.arn),
        forced=forced,
        returning=returning,
        serving=_serving(workspace),
        policy_labels=_policy_labels(workspace),
        serverless=stage.endpoint.kind == "serverless",
        teardown=_teardown(workspace),
    )


def _teardown(workspace: Workspace) -> str:
    """The command that takes the stage down."""
    return workspace.command("teardown", "--stage", workspace.stage.name)


def _policy_labels(workspace: Workspace) -> frozenset[str]:
    """The labels that the policy of the stage's API names."""
    api = workspace.stage.api
    return api.policy.labels if api and api.policy else frozenset()


def _serving(workspace: Workspace) -> Package | None:
    """The package that the stage serves, None if it serves none or the registry no longer has it."""
    live = endpoint.live_model(workspace.aws, workspace.endpoint_name)
    if live is None or live.package_arn is None:
        return None
    try:
        return registry.describe(workspace.aws, live.package_arn)
    except UsageError:
        return None


def _overtaking(workspace: Workspace, arn: str) -> Record | None:
    """The record of another package that staging verified later; None if this package is live in the stage."""
    latest = records.latest_verified(workspace.aws, workspace.settings.bucket, promotion.FIRST_STAGE)
    if latest is None or latest.model_package_arn == arn:
        return None
    serving = endpoint.live_model(workspace.aws, workspace.endpoint_name)
    return None if serving is not None and serving.package_arn == arn else latest


def require_admissible(workspace: Workspace, request: Request, candidate: Candidate) -> None:
    """Raises RefusedError with every reason that does not depend on a record.

    `require_admitted` reads the records, and only before a change.
    """
    promotion.require(
        promotion.Request(
            candidate=candidate,
            stage=workspace.stage.name,
            group=workspace.settings.model_package_group,
            production_gate=workspace.stage.production_gate,
            teardown=_teardown(workspace),
            checks=workspace.checks,
            verified_first=True,
            forced=request.forced,
            returning=request.kind == "rollback",
            policy_labels=_policy_labels(workspace),
            serverless=workspace.stage.endpoint.kind == "serverless",
        )
    )


def require_admitted(workspace: Workspace, request: Request, candidate: Candidate) -> None:
    """Raises RefusedError with every reason against the package as it is now, LeftError if another package is live."""
    fresh = replace(candidate, package=registry.describe(workspace.aws, request.arn))
    returning = request.kind == "rollback"
    promotion.require(promotion_request(workspace, fresh, forced=request.forced, returning=returning))
    if request.leaving is not None:
        _require_live(workspace, request.leaving)


def _require_live(workspace: Workspace, arn: str) -> None:
    serving = endpoint.live_model(workspace.aws, workspace.endpoint_name)
    current = serving.package_arn if serving else None
    if current != arn:
        raise LeftError(
            f"{workspace.endpoint_name} serves {current or 'no model package'}, not {arn} any more: nothing was changed.",
            current,
        )
