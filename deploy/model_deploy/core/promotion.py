"""Whether a model package may go to a stage. Pure rules: they take a request and return the reasons against it.

A reason says what is wrong and what to do. Two rules can be overruled by --force, whose reason is recorded: the
package was verified in staging, and no other one was verified there later. Approval and serving contract cannot be
forced. A rollback returns to a package that was admitted before, so the production rules are not applied again: a
rollback must not wait for a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from model_deploy.core.checks import Checks
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.model_package.package import APPROVED, PRODUCTION, Candidate, Package
from model_deploy.core.record import Record
from model_deploy.errors import RefusedError

FIRST_STAGE = "staging"
"""The stage of every package's first rollout. All other stages require a record that the package was verified there."""


@dataclass(frozen=True)
class Request:
    """A package, the requested stage, and the facts that the rules need.

    `group` is the project's. `production_gate` is the stage's (github or registry). `verified_first` says whether a
    record shows that this package was verified in staging, `verified_sha256` is the artifact's hash in that record
    (None in old records). `overtaken_by` is the record of another package that staging verified later. `forced` is
    the reason given with --force. `returning` says that it is a rollback to a package that a record shows as verified
    in this stage. `serving` is the package that the stage serves now, None if it serves none or the registry no
    longer has it. `policy_labels` are those that the policy of the stage's API names. `serverless` is
    whether the stage's endpoint is. `teardown` is the command that takes the stage down.
    """

    candidate: Candidate
    stage: str
    group: str
    production_gate: str
    teardown: str
    checks: Mapping[str, Checks]
    verified_first: bool
    verified_sha256: str | None = None
    overtaken_by: Record | None = None
    forced: str | None = None
    returning: bool = False
    serving: Package | None = None
    policy_labels: frozenset[str] = frozenset()
    serverless: bool = False


def refusals(request: Request) -> tuple[str, ...]:
    """Every reason why the package must not go to the stage; empty if it may."""
    package = request.candidate.package
    reasons = [
        *_registry(package, request.group),
        *_problem(package, request),
        *_contract(request.candidate, request.checks),
        *_policy(request),
        *_machines(request),
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
            f"Its approval is {package.approval}, not {APPROVED}. Approve it first, in the model registry or by "
            f"`model-build approve {package.version} --why TEXT`."
        )
    return reasons


def _problem(package: Package, request: Request) -> list[str]:
    """A stage serves one problem: its clients would get answers to another question."""
    serving = request.serving
    if serving is None or None in (serving.problem, package.problem) or serving.problem == package.problem:
        return []
    return [
        f"It solves the problem {package.problem}, and {request.stage} serves {serving.problem} (version {serving.version}). "
        "Give the problem a project of its own (`project-template create`), or take this stage down first: "
        f"`{request.teardown}`."
    ]


def _example(contract: Contract) -> str:
    """A file of checks for the contract, in one line."""
    case = {"name": "a clear one", "text": "...", "labels": [contract.labels[0]]}
    return json.dumps({"recipe": contract.recipe, "latency_ms": 500, "cases": [case]})


def _contract(candidate: Candidate, checks: Mapping[str, Checks]) -> list[str]:
    package, contract = candidate.package, candidate.contract
    if contract is None:
        return [candidate.contract_problem or "Its serving contract cannot be used."]
    reasons = []
    if contract.sha256 != package.contract_sha256:
        reasons.append(
            f"The hash of its serving contract in the registry was changed, from {contract.sha256} to "
            f"{package.contract_sha256 or 'none'}. Find out who did, and register again."
        )
    found = checks.get(contract.recipe)
    if found is None:
        recipes = ", ".join(sorted(checks)) or "none"
        reasons.append(
            f"Nothing could verify it: checks/ has no file for the recipe {contract.recipe} (there is: {recipes}). "
            f"Write checks/{contract.recipe}.json, with texts of your own: {_example(contract)}"
        )
    elif unknown := found.unknown_to(contract):
        reasons.append(
            f"checks/ expects {', '.join(unknown)}, which the model cannot answer: its labels are "
            f"{', '.join(contract.labels)}. Deploy the package that the checks are for, or change the checks with it."
        )
    return reasons


def _policy(request: Request) -> list[str]:
    contract = request.candidate.contract
    unknown = sorted(request.policy_labels - set(contract.labels)) if contract else []
    if contract is None or not unknown:
        return []
    return [
        f"api.policy of {request.stage} names {', '.join(unknown)}, which the model cannot answer: its labels are "
        f"{', '.join(contract.labels)}. Correct the policy, or deploy the package that it is for."
    ]


def _machines(request: Request) -> list[str]:
    """A serverless endpoint has no GPUs. Source: "Serverless Inference", Amazon SageMaker developer guide, exclusions."""
    container = request.candidate.package.container
    if not request.serverless or container is None or "-gpu-" not in container.image:
        return []
    return [
        f"Its image is for GPUs ({container.image}), and the endpoint of {request.stage} is serverless. Register the model with "
        "registration.inference_instances without GPUs in the recipe, or give the stage another endpoint.kind."
    ]


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
            f"No record says that it was verified in {FIRST_STAGE}. Roll it out there first, or force it with --force REASON, "
            "which is recorded."
        )
    overtaking = request.overtaken_by
    if overtaking is not None and request.forced is None:
        reasons.append(
            f"Version {overtaking.model_package_version} was verified in {FIRST_STAGE} after it, at "
            f"{overtaking.time:%Y-%m-%d %H:%M} UTC, and takes its place. Review that one, or force it with --force REASON, which is "
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
            f"{request.verified_sha256}. Find out who changed it, and register the model again."
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
