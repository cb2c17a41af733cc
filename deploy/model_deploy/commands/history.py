"""`model-deploy history`: which package was deployed to a stage, when, by whom, why, and what came of it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from model_deploy.aws import records
from model_deploy.core.record import Record
from model_deploy.workspace import Workspace


def read(workspace: Workspace, limit: int) -> list[Record]:
    """The latest `limit` records, the newest first."""
    return list(
        islice(records.history(workspace.aws, workspace.settings.bucket, workspace.stage.name), limit)
    )


def document(stage: str, found: list[Record]) -> dict[str, Any]:
    """The records for machines."""
    return {"stage": stage, "deployments": [record.document() for record in found]}


def lines(stage: str, found: list[Record]) -> list[str]:
    """The records for people."""
    if not found:
        return [f"Nothing was deployed to {stage} yet."]
    said = []
    for record in found:
        forced = f"  (forced: {record.forced})" if record.forced else ""
        said.append(
            f"{record.time:%Y-%m-%d %H:%M:%S}  version {record.model_package_version:<4} {_outcome(record):<24} "
            f"{record.who}  {record.commit[:12]}  {record.why}{forced}"
        )
        said += [f"    {failure}" for failure in record.failures]
    return said


def _outcome(record: Record) -> str:
    if record.outcome != "deployed":
        return record.outcome
    return "deployed, verified" if record.verified else "deployed, NOT verified"
