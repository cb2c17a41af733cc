"""The blueprint of a run: its uploads, definition and parameters, computed before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from model_build.aws import code, pretrained, wheels
from model_build.aws.champion import Champion
from model_build.aws.code import Code
from model_build.aws.data import Data
from model_build.aws.wheels import Wheels
from model_build.core import metadata
from model_build.core.settings import Settings
from model_build.errors import UsageError
from model_build.recipe import Recipe, same_problem
from model_build.recipe.training import Transformer
from model_build.recipe.transformer import Pretrained
from model_build.run import pipeline
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Blueprint:
    """The files to upload, and the definition that refers to them.

    `libraries` are the wheels that training installs beside those of Evaluate, `pretrained` is what it begins with.
    """

    code: Code
    wheels: Wheels
    definition: str
    libraries: Wheels | None = None
    pretrained: Pretrained | None = None


def of(workspace: Workspace, settings: Settings) -> Blueprint:
    """The blueprint of the workspace's recipe with these settings. A command that asks again gets the same one.

    Raises UsageError, as `make` does.
    """
    if settings not in workspace.blueprints:
        workspace.blueprints[settings] = make(workspace.recipe, workspace.steps, settings)
    found: Blueprint = workspace.blueprints[settings]
    return found


def make(recipe: Recipe, steps: Path, settings: Settings) -> Blueprint:
    """The blueprint of `recipe` with the scripts in the folder `steps`. Reads files, and nothing else.

    Raises UsageError for a recipe with a trial in a project without.
    """
    _require_trials(recipe, settings)
    parts, pinned = code.assemble(recipe, steps), wheels.load(steps)
    text_rules = parts.contract.files["text_rules.py"]
    begins = recipe.training.pretrained if isinstance(recipe.training, Transformer) else None
    libraries = wheels.load_for_transformer(steps) if begins else None
    training_wheels = (libraries or pinned) if parts.training_wheels else None
    inputs = pipeline.Inputs(
        prepare_code=settings.s3(parts.prepare.prefix),
        prepare_sha256=parts.prepare.sha256,
        evaluate_code=settings.s3(parts.evaluate.prefix),
        evaluate_sha256=parts.evaluate.sha256,
        wheels=settings.s3(pinned.prefix),
        contract=settings.s3(parts.contract.prefix),
        contract_sha256=parts.contract.sha256,
        text_rules_sha256=code.sha256(text_rules),
        launcher=parts.launcher,
        algorithm=settings.s3(f"{parts.algorithm.prefix}{code.ARCHIVE}") if parts.algorithm else None,
        training_wheels=settings.s3(training_wheels.prefix) if training_wheels else None,
        pretrained=settings.s3(pretrained.prefix(begins)) if begins else None,
        trial_code=settings.s3(parts.trial.prefix) if parts.trial else None,
        trial_sha256=parts.trial.sha256 if parts.trial else "",
        evaluates_transformers=same_problem.has_transformer(recipe, steps.with_name("recipes")),
    )
    return Blueprint(parts, pinned, pipeline.definition(recipe, settings, inputs), libraries, begins)


def parameters(
    blueprint: Blueprint,
    settings: Settings,
    data: Data,
    champion: Champion | None,
    commit: str,
    force_reason: str | None,
    gate: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, str]:
    """The parameters that say what a run does; its fingerprint covers them.

    `gate` are the gate's figures that differ from the recipe's.
    """
    nothing = settings.s3(blueprint.code.nothing.prefix)
    return {
        "Data": data.uri,
        "DataSha256": data.sha256,
        "Commit": commit,
        "ChampionArn": champion.arn if champion else pipeline.NONE,
        "ChampionModel": champion.model_uri if champion else nothing,
        "ChampionSha256": champion.model_sha256 if champion else pipeline.NONE,
        "ChampionContract": champion.contract_uri if champion else nothing,
        "ChampionContractSha256": champion.contract_sha256 if champion else pipeline.NONE,
        "ForceReason": force_reason or pipeline.NONE,
        **{name: str(value) for name, value in gate.items()},
    }


def _require_trials(recipe: Recipe, settings: Settings) -> None:
    if recipe.trial is None or settings.trial_role_arn is not None:
        return
    project, variable = settings.project_name, settings.trial_variable
    raise UsageError(
        f"The recipe {recipe.name} has `trial`, and the project {project} is without TrialEndpoint=yes ({variable} is not set), so "
        f"its pipelines may make no endpoint: `project-template update {project} --trial-endpoint` lets them, or leave `trial` out."
    )


def check_force_reason(reason: str | None) -> None:
    """Raises UsageError when the model package could not hold the reason as it was given."""
    if reason is None:
        return
    unfit = metadata.unfit(reason)
    if not reason.strip() or reason.strip() == pipeline.NONE:
        raise UsageError("--force needs a reason; it is recorded on the model package.")
    if unfit or len(reason) > metadata.LONGEST:
        problem = f"{' '.join(unfit)} cannot be stored" if unfit else f"it has {len(reason)} characters"
        raise UsageError(
            f"The reason for --force is recorded on the model package, and {problem} there. Allowed are letters, digits, "
            f"spaces and _ . : / = + - @, {metadata.LONGEST} characters at most."
        )
