"""Whether a model package may go to a stage. Pure rules: what is known comes in, reasons against it come out.

A reason says what is wrong and what to do. Only the rules that want staging first, and nothing newer verified there since, can
be forced, with a reason that is recorded: no reason makes an unapproved package approved, or a model without its contract servable. What a rollback brings
back was let in before, so the rules for coming in are not asked of it again: the way back must not wait for anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_deploy.core.checks import Checks
from model_deploy.core.package import APPROVED, PRODUCTION, Candidate, Package
from model_deploy.core.record import Record
from model_deploy.errors import RefusedError

FIRST_STAGE = "staging"
"""The stage that every package reaches first; all others want to see it verified there."""


@dataclass(frozen=True)
class Request:
    """A package, the stage that it is to go to, and what is known of both.

    `group` is the project's. `production_gate` is the stage's (github or registry). `verified_first` says whether a record
    shows that exactly this package was verified in staging, `verified_sha256` which bytes that were (None in a record of before
    that was recorded). `overtaken_by` is the record of another package that staging verified later. `forced` is the reason
    given with --force. `returning` says that it is a rollback, to a package of which a record shows that it was verified in
    this very stage. `serving` is the package that the stage serves now, None where it serves none, or one that the registry
    no longer has.
    """

    candidate: Candidate
    stage: str
    group: str
    production_gate: str
    checks: Mapping[str, Checks]
    verified_first: bool
    verified_sha256: str | None = None
    overtaken_by: Record | None = None
    forced: str | None = None
    returning: bool = False
    serving: Package | None = None


def refusals(request: Request) -> tuple[str, ...]:
    """Every reason why the package must not go to the stage; none when it may."""
    package = request.candidate.package
    reasons = [
        *_registry(package, request.group),
        *_problem(package, request),
        *_contract(request.candidate, request.checks),
        *_artifact(request.candidate),
    ]
    if request.stage != FIRST_STAGE and not request.returning:
        reasons += _production(package, request)
    return tuple(reasons)


def require(request: Request) -> None:
    """Raises RefusedError with every reason against the package."""
    reasons = refusals(request)
    if reasons:
        package = request.candidate.package
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        raise RefusedError(
            f"Version {package.version} ({package.arn}) must not go to {request.stage}:{listed}"
        )


def _registry(package: Package, group: str) -> list[str]:
    reasons = []
    if package.group != group:
        reasons.append(
            f"It is a package of the group {package.group}; this project deploys those of {group} "
            "(MODEL_PACKAGE_GROUP_NAME)."
        )
    if package.approval != APPROVED:
        reasons.append(
            f"Its approval is {package.approval}, not {APPROVED}. Approve it in the model registry first."
        )
    return reasons


def _problem(package: Package, request: Request) -> list[str]:
    """A stage keeps to one problem: who asks it would get answers to another question."""
    serving = request.serving
    if serving is None or None in (serving.problem, package.problem) or serving.problem == package.problem:
        return []
    return [
        f"It solves the problem {package.problem}, and {request.stage} serves {serving.problem} (version {serving.version}). "
        "Give the problem a project of its own (project-template create), or take this stage down first "
        f"(model-deploy teardown --stage {request.stage})."
    ]


def _contract(candidate: Candidate, checks: Mapping[str, Checks]) -> list[str]:
    package, contract = candidate.package, candidate.contract
    if contract is None:
        return [candidate.contract_problem or "Its serving contract cannot be used."]
    reasons = []
    if contract.sha256 != package.contract_sha256:
        reasons.append(
            f"The hash of its serving contract in the registry was changed, from {contract.sha256} to "
            f"{package.contract_sha256 or 'none'}. Find out who did, and register anew."
        )
    found = checks.get(contract.recipe)
    if found is None:
        known = ", ".join(sorted(checks)) or "none"
        reasons.append(
            f"Nothing could verify it: checks/ has no file for the recipe {contract.recipe} (there is: {known}). "
            f"Write checks/{contract.recipe}.json."
        )
    elif unknown := found.unknown_to(contract):
        reasons.append(
            f"checks/ expects {', '.join(unknown)}, which the model cannot answer: its labels are "
            f"{', '.join(contract.labels)}. Deploy the package that the checks are for, or change the checks with it."
        )
    return reasons


def _artifact(candidate: Candidate) -> list[str]:
    artifact, recorded = candidate.artifact, candidate.package.model_sha256
    if artifact is None:
        return [candidate.artifact_problem or "Its artifact cannot be used."]
    if recorded is not None and artifact.sha256 != recorded:
        return [
            f"Its SHA-256 in the registry was changed, from {artifact.sha256} to {recorded}. Find out who did."
        ]
    return []


def _production(package: Package, request: Request) -> list[str]:
    reasons = []
    if not request.verified_first and request.forced is None:
        reasons.append(
            f"No record says that it was verified in {FIRST_STAGE}. Roll it out there first, or insist with --force REASON, "
            "which is recorded."
        )
    overtaking = request.overtaken_by
    if overtaking is not None and request.forced is None:
        reasons.append(
            f"Version {overtaking.model_package_version} was verified in {FIRST_STAGE} after it, at "
            f"{overtaking.time:%Y-%m-%d %H:%M} UTC, and takes its place. Review that one, or insist with --force REASON, which is "
            "recorded."
        )
    artifact = request.candidate.artifact
    if (
        request.verified_first
        and request.verified_sha256
        and artifact
        and request.verified_sha256 != artifact.sha256
    ):
        reasons.append(
            f"It is not what was verified in {FIRST_STAGE}: the artifact's SHA-256 is {artifact.sha256}, there it was "
            f"{request.verified_sha256}. Find out who changed it, and register the model anew."
        )
    if request.production_gate == "registry" and not _is_released(package):
        reasons.append(
            f"Its life cycle is {package.life_cycle or 'not set'}; the stage's gate is the registry and wants "
            f"{PRODUCTION}/{APPROVED}. An approver sets it in the model registry."
        )
    return reasons


def _is_released(package: Package) -> bool:
    cycle = package.life_cycle
    return cycle is not None and (cycle.stage, cycle.status) == (PRODUCTION, APPROVED)
