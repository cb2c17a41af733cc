"""`model-build plan`: shows what a run would change. Reads only: no upload, no change of the pipeline."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from model_build.aws import champion, data, pipelines, project
from model_build.aws.data import Data
from model_build.commands import models
from model_build.commands.models import Version
from model_build.core import metadata
from model_build.core.diff import Change, compare
from model_build.run import blueprint, caching
from model_build.run.blueprint import Blueprint
from model_build.run.pipeline import names
from model_build.workspace import Workspace
from model_common.cli.summary import block
from model_common.commit import commit

SHORT = 12
"""The number of a hash's digits in the output for people; --json has all of them."""
CACHED_STEPS = ("Prepare", "Train", "Tune", "Evaluate", "Trial")


@dataclass(frozen=True)
class Plan:
    """The plan of a run. `reusable` maps a step to the execution that the cache would answer with; None without data.

    `exists` and `changes` describe the project's pipeline, also in a pull request, as it would be after merging.
    """

    workspace: Workspace
    blueprint: Blueprint
    commit: str
    champion: Version | None
    data: Data | None
    exists: bool
    changes: tuple[Change, ...]
    reusable: dict[str, str] | None


def make(workspace: Workspace, source: str | None) -> Plan:
    """Compare the repository with the deployed pipeline. Raises the same usage errors as `run`."""
    aws, settings = workspace.aws, workspace.settings
    workspace.check_problem()
    project.check(aws, settings)
    found = data.locate(aws.s3, settings.bucket, source, settings.home) if source else None
    planned = blueprint.of(workspace, settings)
    revision = commit(workspace.root, os.environ)
    current = champion.resolve(aws.sagemaker, settings.model_package_group, workspace.recipe.problem_name)
    merged = planned
    if settings.pull_request is not None:
        merged = blueprint.of(workspace, workspace.project)
    deployed = pipelines.deployed_definition(aws.sagemaker, workspace.permanent_pipeline)
    reusable: dict[str, str] | None = None
    if found:
        parameters = blueprint.parameters(planned, settings, found, current, revision, force_reason=None)
        earlier = caching.history(aws.sagemaker, workspace.pipeline)
        reusable = caching.reusable(caching.Run(planned.definition, parameters), earlier)
    changes = compare(deployed, merged.definition)
    # The role of a pull request may not read what main's executions measured.
    in_main = settings.pull_request is None
    version = models.of(aws, current.package, measured=in_main) if current else None
    return Plan(workspace, planned, revision, version, found, deployed is not None, changes, reusable)


def document(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    code = plan.blueprint.code
    return {
        "pipeline": {"name": plan.workspace.permanent_pipeline, "exists": plan.exists},
        "pull_request": plan.workspace.settings.pull_request,
        "recipe": {"name": plan.workspace.recipe.name, "sha256": plan.workspace.recipe.sha256},
        "commit": plan.commit,
        "data": {"uri": plan.data.uri, "sha256": plan.data.sha256} if plan.data else None,
        "code": {"prepare": code.prepare.sha256, "evaluate": code.evaluate.sha256},
        "contract": {"sha256": code.contract.sha256, "uri": plan.workspace.settings.s3(code.contract.prefix)},
        "gate": plan.workspace.recipe.gate.model_dump(mode="json"),
        "champion": plan.champion.arn if plan.champion else None,
        "champion_figure": (
            {"metric": plan.champion.metric, "value": plan.champion.figure} if plan.champion else None
        ),
        "changes": [
            {
                "kind": change.kind.name.lower(),
                "where": change.where,
                "key": change.key,
                "old": change.old,
                "new": change.new,
            }
            for change in plan.changes
        ],
        "reusable": plan.reusable,
    }


def lines(plan: Plan) -> list[str]:
    """The plan for people."""
    code = plan.blueprint.code
    doing = "a run" if plan.workspace.settings.pull_request is None else "merging"
    rows = [
        f"pipeline   {plan.workspace.permanent_pipeline}",
        f"recipe     {plan.workspace.recipe.name}  {plan.workspace.recipe.sha256[:SHORT]}",
        f"commit     {plan.commit}",
        f"data       {f'{plan.data.uri}  {plan.data.sha256[:SHORT]}' if plan.data else 'not given (--data, TRAINING_DATA)'}",
        f"code       prepare {code.prepare.sha256[:SHORT]}",
        f"           evaluate {code.evaluate.sha256[:SHORT]}",
        f"contract   {code.contract.sha256[:SHORT]}",
        *_gate(plan),
        "",
    ]
    if not plan.exists:
        rows.append(f"The pipeline does not exist yet; {doing} creates it:")
    elif plan.changes:
        rows.append(f"{doing.capitalize()} changes the deployed definition:")
    else:
        rows.append("The deployed definition is the same.")
    rows += [f"  {change}" for change in plan.changes]
    return rows + _cached(plan)


def summary(plan: Plan) -> str:
    """The plan as Markdown, for the job summary."""
    return block(f"Plan \N{MIDDLE DOT} {plan.workspace.recipe.name}", lines(plan))


def _gate(plan: Plan) -> list[str]:
    """The gate's rule, and the champion's figures from its registration; a run measures the champion again."""
    rule, version = plan.workspace.recipe.gate, plan.champion
    least = f"gate       {rule.metric} at least {rule.minimum:g}"
    if version is None:
        return [least, "champion   none: the minimum alone decides"]
    figure = f", {version.metric} {version.figure:.4f}" if version.figure is not None else ""
    if plan.data is None or not version.data_sha256:
        measured = "a run measures it again, on the same holdout as the candidate"
    elif version.data_sha256 == metadata.fitted(plan.data.sha256):
        measured = "measured on the same data"
    else:
        measured = "measured on other data: a run measures it again, on the same holdout as the candidate"
    return [
        f"{least}, at most {rule.max_regression:g} below the champion",
        f"champion   version {version.number}{figure}  {version.arn}",
        f"           {measured}",
    ]


def _cached(plan: Plan) -> list[str]:
    if plan.reusable is None:
        return []
    expiry = plan.workspace.recipe.caching.expire_after
    rows = ["", f"The step cache ({expiry}):"]
    for step in (name for name in names(plan.workspace.recipe) if name in CACHED_STEPS):
        execution = plan.reusable.get(step)
        same = f"ran like this in execution {execution}: reused unless that is older" if execution else "runs"
        rows.append(f"  {step:<9} {same}")
    return rows
