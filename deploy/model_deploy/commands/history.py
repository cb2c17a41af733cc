"""`model-deploy history`: the deployments to a stage: package, time, person, reason and result."""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from typing import Any

from model_common.cli.columns import aligned
from model_deploy.aws import records
from model_deploy.core.record import Record
from model_deploy.workspace import Workspace

_HEADINGS = ("time (UTC)", "version", "before", "outcome", "who", "commit", "why")


def read(workspace: Workspace, limit: int) -> list[Record]:
    """The latest `limit` records, the newest first."""
    return list(
        islice(records.history(workspace.aws, workspace.settings.bucket, workspace.stage.name), limit)
    )


def document(stage: str, found: list[Record]) -> dict[str, Any]:
    """The records for machines."""
    return {"stage": stage, "deployments": [record.shown() for record in found]}


def lines(stage: str, found: list[Record]) -> list[str]:
    """The records for people."""
    if not found:
        return [f"Nothing was deployed to {stage} yet."]
    headings, *rows = aligned([_HEADINGS, *map(_row, found)])
    said = [headings]
    for record, row in zip(found, rows, strict=True):
        said.append(row)
        said += [f"    {failure}" for failure in record.failures]
    return said


def _row(record: Record) -> tuple[str, ...]:
    forced = f" (forced: {record.forced})" if record.forced else ""
    replaced = record.replaced.rpartition("/")[2] if record.replaced else "-"
    return (
        f"{record.time.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        str(record.model_package_version),
        replaced,
        record.result,
        record.actor,
        record.commit[:12],
        f"{record.why}{forced}",
    )
