"""The workspace of a command: the repository's root, a stage, the checks, the settings and the clients."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model_common.aws import registry
from model_common.repository import nearest
from model_common.settings import check_region
from model_deploy import stacks
from model_deploy.aws.clients import Aws, connect
from model_deploy.core import archive, checks
from model_deploy.core.archive import Archive
from model_deploy.core.checks import Checks
from model_deploy.core.model_package.arn import ModelPackageArn
from model_deploy.core.model_package.package import Candidate
from model_deploy.core.plan import deployment
from model_deploy.core.plan.deployment import Deployment
from model_deploy.core.plan.target import Target
from model_deploy.errors import StageError, UsageError
from model_deploy.settings import Settings
from model_deploy.stage import Stage

STAGES = "stages"


@dataclass(frozen=True)
class Workspace:
    """A stage of the repository at `root`, and the project that it belongs to.

    `options` are those of the command line that chose the root.
    """

    root: Path
    stage: Stage
    settings: Settings
    aws: Aws
    checks: dict[str, Checks]
    options: tuple[str, ...] = ()

    def command(self, *words: str) -> str:
        """A `model-deploy` command that works in the same workspace, to be pasted into the same shell."""
        return shlex.join(["model-deploy", *words, *self.options])

    def package(self, named: str) -> str:
        """The ARN of the model package that a number, `latest` or an ARN names.

        Raises UsageError, also for another region.
        """
        arn = registry.resolve(self.aws.sagemaker, self.settings.model_package_group, named)
        ModelPackageArn.parse(arn)
        check_region(self.settings.region, arn)
        return arn

    @property
    def stack_name(self) -> str:
        """The name of the stage's endpoint stack."""
        return deployment.stack_name(self.settings.project_name, self.stage.name)

    @property
    def endpoint_name(self) -> str:
        """The name of the stage's endpoint."""
        return deployment.endpoint_name(self.settings.project_name, self.stage.name)

    @property
    def endpoint_url(self) -> str:
        """The address that the endpoint is invoked at (InvokeEndpoint, SageMaker runtime API reference)."""
        return f"{self.aws.runtime.meta.endpoint_url}/endpoints/{self.endpoint_name}/invocations"

    def archive(self, candidate: Candidate) -> Archive | None:
        """The API's archive for that package; None where the stage has no API."""
        if self.stage.api is None:
            return None
        return archive.build(self.root / "api", candidate.contract.files if candidate.contract else {})

    def target(self, candidate: Candidate, archive_version: str | None = None) -> Target:
        """The target of the stage for that package, whose artifact is known. Runs the CDK and changes nothing.

        `archive_version` is the version id of the API's archive, if it was uploaded.
        """
        settings, built, artifact = self.settings, self.archive(candidate), candidate.artifact
        container = candidate.package.container
        assert artifact is not None and container is not None  # promotion refuses a candidate without one
        deployment = Deployment(
            stage=self.stage,
            model_package_arn=candidate.package.arn,
            image=container.image,
            model_uri=settings.s3(artifact.key(self.stage.name)),
            environment=container.environment,
            project_name=settings.project_name,
            project_id=settings.project_id,
            region=settings.region,
            bucket=settings.bucket,
            endpoint_role_arn=settings.endpoint_role_arn,
            api_archive=built.key(self.stage.name) if built else None,
            api_archive_version=archive_version,
            permissions_boundary=settings.permissions_boundary,
            kms_key=settings.kms_key,
        )
        return Target(candidate, deployment, stacks.synthesise(deployment), built)

    def excusing(self, target: Target, alarms: tuple[str, ...]) -> Target:
        """The same target, with alarms that do not roll the update back (`Deployment.excused_alarms`)."""
        if not alarms:
            return target
        return replace(target, sent=stacks.synthesise(replace(target.deployment, excused_alarms=alarms)))

    def at(self, stage: str) -> Workspace:
        """The same workspace with another stage. Raises StageError."""
        return replace(self, stage=Stage.load(self.root / STAGES / f"{stage}.yaml"))


def enter(root: Path | None, stage: str) -> Workspace:
    """The workspace at `root`, or around the current folder, with the stage of that name.

    Raises UsageError (StageError, SettingsError) when a part of it is missing.
    """
    found = find_root(Path.cwd()) if root is None else root
    loaded = Stage.load(found / STAGES / f"{stage}.yaml")
    settings = Settings.load(os.environ)
    options = () if root is None else ("--root", str(root))
    return Workspace(found, loaded, settings, connect(settings.region), checks.load(found), options)


def enter_all(root: Path, stages: Sequence[str]) -> tuple[list[Workspace], dict[str, StageError]]:
    """The workspaces of the stages that can be read, and the reasons for the others by name.

    Raises UsageError (SettingsError) when something that all of them need is missing, and StageError for a single stage.
    """
    entered: list[Workspace] = []
    broken: dict[str, StageError] = {}
    for name in stages:
        try:
            entered.append(entered[0].at(name) if entered else enter(root, name))
        except StageError as error:
            if len(stages) == 1:
                raise
            broken[name] = error
    return entered, broken


def stage_names(root: Path) -> list[str]:
    """The stages of the repository at `root`, staging before production and any other.

    Raises UsageError without any.
    """
    names = sorted(path.stem for path in (root / STAGES).glob("*.yaml"))
    if not names:
        raise UsageError(f"There is no stage in {root / STAGES}: expected a file NAME.yaml.")
    return sorted(names, key=lambda name: (name != "staging", name))


def find_root(start: Path) -> Path:
    """The nearest of `start` and its parents that has stages. Raises UsageError when none has."""
    found = nearest(start, STAGES)
    if found is not None:
        return found
    raise UsageError(
        f"There is no folder {STAGES}/ in {start} or above it. Change to the model-deploy repository, or name it with "
        "--root."
    )
