"""`model-build approve` and `reject`: the decision about a registered version, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.aws.clients import Aws
from model_build.commands.models import APPROVAL, next_place, next_step
from model_build.core.settings import Settings
from model_build.errors import UsageError
from model_common.aws.errors import error_text, names_nothing
from model_common.aws.registry import resolve

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import ModelApprovalStatusType

LONGEST = 1024
"""The longest reason in characters. Source: UpdateModelPackage, ApprovalDescription."""
_PRODUCTION, _RELEASED = "Production", "Approved"


@dataclass(frozen=True)
class Decision:
    """A version, with its approval before and now."""

    arn: str
    before: str
    now: ModelApprovalStatusType
    why: str
    released: bool

    @property
    def version(self) -> str:
        """The version that was decided about."""
        return self.arn.rpartition("/")[2]


def decide(
    aws: Aws,
    settings: Settings,
    version: str,
    status: ModelApprovalStatusType,
    why: str,
    *,
    release: bool = False,
) -> Decision:
    """Set the approval of a version (a number, `latest`, or an ARN), with its reason.

    With `release`, its life cycle becomes Production/Approved too, which production requires if the registry is its
    gate. Raises UsageError for a version that does not exist, and for a reason that is empty or too long.
    """
    if not why.strip() or len(why) > LONGEST:
        raise UsageError(
            f"--why needs a reason of at most {LONGEST} characters; it is recorded in the registry."
        )
    arn = resolve(aws.sagemaker, settings.model_package_group, version)
    before = _approval(aws, arn)
    more: dict[str, Any] = {}
    if release:
        more["ModelLifeCycle"] = {
            "Stage": _PRODUCTION,
            "StageStatus": _RELEASED,
            "StageDescription": why.strip(),
        }
    aws.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why.strip(), **more
    )
    return Decision(arn, before, status, why.strip(), release)


def _approval(aws: Aws, arn: str) -> str:
    """The approval of a version as it is. Raises UsageError when the registry has no such version."""
    try:
        return aws.sagemaker.describe_model_package(ModelPackageName=arn).get("ModelApprovalStatus", "")
    except ClientError as error:
        if not names_nothing(error):
            raise
        raise UsageError(
            f"The registry has no model package {arn} ({error_text(error)}). `model-build models` lists the versions."
        ) from error


def document(decision: Decision) -> dict[str, Any]:
    """The decision for machines."""
    return {
        "model_package_arn": decision.arn,
        "version": int(decision.version),
        "before": decision.before,
        "approval": decision.now,
        "why": decision.why,
        "released": decision.released,
    }


def lines(decision: Decision) -> list[str]:
    """The decision for people."""
    now, before = APPROVAL[decision.now], APPROVAL.get(decision.before, decision.before)
    rows = "as before" if decision.now == decision.before else f"it was {before}"
    released = " It may go to production (life cycle Production/Approved)." if decision.released else ""
    lines = [f"Version {decision.version} is {now} ({rows}): {decision.why}.{released}", decision.arn]
    if decision.now == "Approved":
        lines.append(f"Next{next_place(decision.now)}: {next_step(decision.arn, decision.now)}")
    return lines
