"""Whether a rollout may go on: what promotion is asked, with what the registry, the bucket and the repository say."""

from __future__ import annotations

from dataclasses import replace

from model_deploy.aws import endpoint, records, registry
from model_deploy.core import promotion
from model_deploy.core.package import Candidate
from model_deploy.errors import LeftError
from model_deploy.rollout.request import Request
from model_deploy.workspace import Workspace


def promotion_request(
    workspace: Workspace, candidate: Candidate, *, forced: str | None, returning: bool, verified_first: bool
) -> promotion.Request:
    """What promotion is asked about a package on the workspace's stage."""
    return promotion.Request(
        candidate=candidate,
        stage=workspace.stage.name,
        group=workspace.settings.model_package_group,
        production_gate=workspace.stage.production_gate,
        checks=workspace.checks,
        verified_first=verified_first,
        forced=forced,
        returning=returning,
    )


def was_verified_first(workspace: Workspace, arn: str) -> bool:
    """Whether a record says that the package was verified in the first stage; nothing comes before that stage itself."""
    first = promotion.FIRST_STAGE
    return workspace.stage.name == first or records.was_verified(
        workspace.aws, workspace.settings.bucket, first, arn
    )


def require_admissible(workspace: Workspace, request: Request, candidate: Candidate) -> None:
    """Raises RefusedError with every reason that no record can change.

    What was verified elsewhere is asked only where something is about to change, by `require_admitted`.
    """
    promotion.require(_asked(workspace, request, candidate, verified_first=True))


def require_admitted(workspace: Workspace, request: Request, candidate: Candidate) -> None:
    """Raises RefusedError with every reason against the package as it is now, LeftError where the stage has moved on."""
    fresh = replace(candidate, package=registry.describe(workspace.aws, request.arn))
    first = was_verified_first(workspace, request.arn)
    promotion.require(_asked(workspace, request, fresh, verified_first=first))
    if request.leaving is not None:
        _require_live(workspace, request.leaving)


def _asked(
    workspace: Workspace, request: Request, candidate: Candidate, *, verified_first: bool
) -> promotion.Request:
    return promotion_request(
        workspace,
        candidate,
        forced=request.forced,
        returning=request.kind == "rollback",
        verified_first=verified_first,
    )


def _require_live(workspace: Workspace, arn: str) -> None:
    serving = endpoint.look(workspace.aws, workspace.endpoint_name)
    current = serving.package_arn if serving else None
    if current != arn:
        raise LeftError(
            f"{workspace.endpoint_name} serves {current or 'no model package'}, not {arn} any more: nothing was changed.",
            current,
        )
