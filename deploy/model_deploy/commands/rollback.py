"""`model-deploy rollback`: a new rollout of an earlier version, with the same gates and checks. It undoes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from model_deploy.aws import endpoint, records, registry, stack
from model_deploy.core.model_package.arn import version_of
from model_deploy.core.model_package.package import APPROVED
from model_deploy.core.plan import stack_status
from model_deploy.core.record import Record, record_key
from model_deploy.errors import RefusedError, UsageError
from model_deploy.workspace import Workspace


@dataclass(frozen=True)
class Choice:
    """The package to go back to, and why, for the record."""

    arn: str
    why: str


def choose(workspace: Workspace, version: int | None, why: str | None, leaving: str | None = None) -> Choice:
    """Choose the named version, or the latest one before the live one, that was verified in this stage and is approved.

    If a rollback made the live package live, it is chosen again: a repeated command, or one that was killed before it
    wrote its record, must not go back further each time. The package `leaving` is never chosen. Raises RefusedError
    if there is no such version.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    serving = endpoint.live_model(aws, workspace.endpoint_name)
    current = serving.package_arn if serving else None
    good = _verified(records.history(aws, bucket, stage))
    if version is not None:
        arn = _named(stage, good, version).model_package_arn
    elif current is not None and current != leaving and _was_brought_back(workspace, current, good):
        arn = current
    else:
        arn = _latest(workspace, good, current).model_package_arn
    left = f"from version {version_of(current)}" if current else "from nothing"
    return Choice(arn, f"rollback {left}" + (f": {why}" if why else ""))


def way_back(workspace: Workspace) -> str:
    """A sentence with the command that replaces what is live: by the version before it, or by nothing where there is none."""
    aws, stage = workspace.aws, workspace.stage.name
    serving = endpoint.live_model(aws, workspace.endpoint_name)
    good = _verified(records.history(aws, workspace.settings.bucket, stage))
    try:
        before = _latest(workspace, good, serving.package_arn if serving else None)
    except RefusedError:
        return without_one(workspace)
    back = workspace.command("rollback", "--stage", stage, "--to", str(before.model_package_version))
    return f"`{back}` brings back the version before it."


def without_one(workspace: Workspace) -> str:
    """The sentence where there is no version to go back to."""
    down = workspace.command("teardown", "--stage", workspace.stage.name)
    return f"There is no version to go back to; `{down}` takes this one out of service."


def _verified(past: Iterable[Record]) -> dict[str, Record]:
    """The packages whose latest record says verified, by ARN; the latest first."""
    latest: dict[str, Record] = {}
    for record in past:
        if record.outcome == "deployed":
            latest.setdefault(record.model_package_arn, record)
    return {arn: record for arn, record in latest.items() if record.verified}


def _was_brought_back(workspace: Workspace, current: str, good: dict[str, Record]) -> bool:
    """Whether a rollback made the package live; for one without a record yet, earlier records show it."""
    found = stack.describe(workspace.aws, workspace.stack_name)
    if found is None or found.running:
        return False
    key = record_key(workspace.stage.name, found.changed, version_of(current))
    record = records.find(workspace.aws, workspace.settings.bucket, key)
    if record is not None:
        return record.kind == "rollback"
    return stack_status.has_succeeded(found.status) and current in good


def _named(stage: str, good: dict[str, Record], version: int) -> Record:
    found = [record for record in good.values() if record.model_package_version == version]
    if not found:
        verified_before = ", ".join(str(record.model_package_version) for record in good.values()) or "none"
        raise RefusedError(
            f"No record says that version {version} was verified in {stage}; verified there: {verified_before}. Any other "
            "version goes the way of a new one: `model-deploy rollout`."
        )
    return found[0]


def _latest(workspace: Workspace, good: dict[str, Record], current: str | None) -> Record:
    others = [arn for arn in good if arn != current]
    approvals = []
    for arn in others:
        approval = _approval(workspace, arn)
        if approval == APPROVED:
            return good[arn]
        approvals.append(f"version {version_of(arn)} is {approval}")
    stage = workspace.stage.name
    live = f"version {version_of(current)} ({current})" if current else "nothing"
    again = (
        f" Verified there before: {', '.join(approvals)}. Approve one of them again, or" if approvals else ""
    )
    raise RefusedError(
        f"There is no version to go back to in {stage}, where {live} is live: no other was verified there and is still "
        f"approved.{again} {'roll' if again else 'Roll'} out another version (`model-deploy rollout`); "
        f"`{workspace.command('teardown', '--stage', stage)}` takes the live one out of service without another."
    )


def _approval(workspace: Workspace, arn: str) -> str:
    try:
        return registry.describe(workspace.aws, arn).approval
    except UsageError:
        return "not in the registry any more"
