"""The record of a deployment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

HOME = "deployments"
VERSION = 1

Kind = Literal["rollout", "rollback"]
Outcome = Literal["deployed", "rolled back", "failed"]


@dataclass(frozen=True)
class Record:
    """One deployment, or a later verification of it. `kind` says whether it was a rollback to an earlier version.

    `deployment` is the same in all records of one deployment. `failures` are the cases of checks/ that failed, with
    reasons; `verified` is None if there was no verification. `why` is the approval's description, the reason of a
    rollback, or the operator's text; `forced` is the reason given with --force. `commit` is this repository's,
    `model_commit` the one that the model was built from. `model_sha256` is the artifact's hash, `model_version` the
    version id of the object that it was copied from; both are None in old records. `replaced` is the package that was
    live before.
    """

    time: datetime
    deployment: str
    stage: str
    endpoint: str
    kind: Kind
    model_package_arn: str
    model_package_version: int
    outcome: Outcome
    verified: bool | None
    failures: tuple[str, ...]
    why: str
    forced: str | None
    who: str
    commit: str
    model_commit: str
    plan_sha256: str
    replaced: str | None
    model_sha256: str | None = None
    model_version: str | None = None

    @property
    def key(self) -> str:
        """The record's key in the artifact bucket."""
        return record_key(self.stage, self.time, self.model_package_version)

    @property
    def result(self) -> str:
        """Outcome and verification, for people."""
        if self.outcome != "deployed":
            return self.outcome
        return "deployed, verified" if self.verified else "deployed, NOT verified"

    @property
    def actor(self) -> str:
        """`who` for people: role and session of a session's ARN, user/NAME of a user's."""
        if not self.who.startswith("arn:"):
            return self.who
        return self.who.rpartition(":")[2].removeprefix("assumed-role/")

    def document(self) -> dict[str, Any]:
        """The record as it is stored."""
        return {
            "version": VERSION,
            **asdict(self),
            "time": self.time.isoformat(),
            "failures": list(self.failures),
        }

    def shown(self) -> dict[str, Any]:
        """The record for machines: as stored, with the format's version under `schema`, since `version` reads like a model's."""
        stored = self.document()
        return {"schema": stored.pop("version"), **stored}


def record_key(stage: str, time: datetime, version: int) -> str:
    """The key of a deployment's record. Keys of a stage sort by time."""
    moment = time.astimezone(UTC)
    return f"{HOME}/{stage}/{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z-{version}.json"


def deployment_id(plan_sha256: str, time: datetime) -> str:
    """The id of a deployment: its plan, and when its execution began."""
    return f"{plan_sha256[:16]}-{int(time.timestamp() * 1000)}"
