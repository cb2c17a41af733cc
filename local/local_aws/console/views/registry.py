"""The model registry: groups, their versions with metrics side by side, one version, and its approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from local_aws.console.clients import Aws
from local_aws.console.pages import Changed, Page, Visit, WrongFormError

PAGE = 20
METRICS = 6
"""Metrics that the list has columns for; a version's own page has all."""
LONGEST_REASON = 1024
"""Characters of an ApprovalDescription."""
DECISIONS = {"approve": "Approved", "reject": "Rejected"}
_LOWER_IS_BETTER = frozenset({"log_loss", "expected_calibration_error", "mae", "mse", "rmse"})


@dataclass(frozen=True)
class Group:
    """A model package group."""

    name: str
    description: str
    created: datetime


@dataclass(frozen=True)
class Groups:
    """One page of the list; `older` is the token of the next."""

    groups: tuple[Group, ...]
    older: str = ""


@dataclass(frozen=True)
class Version:
    """A model package. `figures` are metrics on the holdout; `facts` is what was recorded with it; `stage` where it is live."""

    group: str
    number: int
    arn: str
    created: datetime
    approval: str
    why: str = ""
    stage: str = ""
    figures: Mapping[str, float] | None = None
    facts: Mapping[str, str] | None = None
    gate: str = ""

    @property
    def recipe(self) -> str:
        """The recipe that made it, or ""."""
        return (self.facts or {}).get("recipe", "")

    def figure(self, name: str) -> float | None:
        """One metric, or None where it was not measured."""
        return (self.figures or {}).get(name)


@dataclass(frozen=True)
class GroupView:
    """A group's versions, the newest first. `best` holds the version numbers whose figure is the best of a column."""

    name: str
    versions: tuple[Version, ...]
    metrics: tuple[str, ...]
    best: Mapping[str, frozenset[int]]
    older: str = ""


@dataclass(frozen=True)
class ClassRow:
    """A label's precision, recall and F1, and how many texts have it."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    texts: int | None


@dataclass(frozen=True)
class VersionView:
    """One version beside the champion that it was compared with: a row is (metric, candidate, champion)."""

    version: Version
    rows: tuple[tuple[str, float, float | None], ...]
    champion: str
    classes: tuple[ClassRow, ...]
    execution: tuple[str, str] | None = None


def overview(visit: Visit) -> Page:
    """All groups, the newest first."""
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = visit.aws.sagemaker.list_model_package_groups(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **asked
    )
    groups = tuple(
        Group(
            each["ModelPackageGroupName"], each.get("ModelPackageGroupDescription", ""), each["CreationTime"]
        )
        for each in listed["ModelPackageGroupSummaryList"]
    )
    return Page("registry.html", "Registry", Groups(groups, listed.get("NextToken", "")))


def group(visit: Visit) -> Page:
    """The versions of a group, side by side."""
    name = visit.names["group"]
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = visit.aws.sagemaker.list_model_packages(
        ModelPackageGroupName=name,
        MaxResults=PAGE,
        SortBy="CreationTime",
        SortOrder="Descending",
        **asked,
    )
    if not listed["ModelPackageSummaryList"]:
        # A list of nothing does not tell an empty group from one that is not there.
        visit.aws.sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    versions = [_version_of_summary(visit.aws, each) for each in listed["ModelPackageSummaryList"]]
    return Page("group.html", name, side_by_side(name, versions, listed.get("NextToken", "")))


def version(visit: Visit) -> Page:
    """One version, beside the champion of its time."""
    found = _describe(visit.aws, visit.names)
    evaluation = _evaluation(visit.aws, found)
    view = beside_champion(described(found, evaluation), evaluation, _execution(found))
    return Page("version.html", f"{view.version.group} version {view.version.number}", view)


def decide(visit: Visit) -> Changed:
    """Approve or reject a version, with a reason. Raises WrongFormError without one for a rejection."""
    decision = DECISIONS.get(visit.form.get("decision", ""))
    why = " ".join(visit.form.get("why", "").split())
    if decision is None:
        raise WrongFormError("The form says neither approve nor reject: use the buttons of the page.")
    if decision == "Rejected" and not why:
        raise WrongFormError("A rejection needs a reason: say why in the field above the buttons.")
    if len(why) > LONGEST_REASON:
        raise WrongFormError(f"The reason has {len(why)} characters; SageMaker takes {LONGEST_REASON}.")
    found = _describe(visit.aws, visit.names)
    said = {"ApprovalDescription": why} if why else {}
    visit.aws.sagemaker.update_model_package(
        ModelPackageArn=found["ModelPackageArn"], ModelApprovalStatus=decision, **said
    )
    group_name, number = visit.names["group"], visit.names["version"]
    return Changed(f"{group_name} version {number} is {decision.lower()}.", ("registry", group_name, number))


def described(found: Mapping[str, Any], evaluation: Any) -> Version:
    """A version from DescribeModelPackage and its evaluation."""
    return Version(
        group=found["ModelPackageGroupName"],
        number=found["ModelPackageVersion"],
        arn=found["ModelPackageArn"],
        created=found["CreationTime"],
        approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
        why=found.get("ApprovalDescription", ""),
        stage=_stage(found),
        figures=figures(evaluation),
        facts=dict(found.get("CustomerMetadataProperties", {})),
        gate=_gate(evaluation),
    )


def figures(evaluation: Any) -> dict[str, float]:
    """The metrics of an evaluation: the project's own, or in the format of Model Monitor's statistics."""
    if not isinstance(evaluation, Mapping):
        return {}
    candidate = evaluation.get("candidate")
    if isinstance(candidate, Mapping):
        return _numbers(candidate.get("metrics"))
    return {
        name: number
        for part in evaluation.values()
        if isinstance(part, Mapping)
        for name, number in _numbers(
            {key: each.get("value") for key, each in part.items() if isinstance(each, Mapping)}
        ).items()
    }


def side_by_side(name: str, versions: Sequence[Version], older: str = "") -> GroupView:
    """The columns are the metrics that the first versions have, and the best of each is known."""
    metrics = tuple(dict.fromkeys(metric for each in versions for metric in each.figures or {}))[:METRICS]
    return GroupView(name, tuple(versions), metrics, {each: _best(each, versions) for each in metrics}, older)


def beside_champion(
    version: Version, evaluation: Any, execution: tuple[str, str] | None = None
) -> VersionView:
    """A version with its metrics beside those of the champion that its evaluation names."""
    stated = evaluation if isinstance(evaluation, Mapping) else {}
    champion = stated.get("champion") or {}
    others = _numbers(champion.get("metrics"))
    rows = tuple((name, value, others.get(name)) for name, value in (version.figures or {}).items())
    per_class = (stated.get("candidate") or {}).get("per_class") or {}
    return VersionView(
        version=version,
        rows=rows,
        champion="/".join(str(champion.get("arn", "")).split("/")[1:]),
        classes=tuple(_class(label, row) for label, row in per_class.items()),
        execution=execution,
    )


def _class(label: str, row: Mapping[str, Any]) -> ClassRow:
    return ClassRow(
        label, row.get("precision"), row.get("recall"), row.get("f1"), row.get("support", row.get("texts"))
    )


def _best(metric: str, versions: Iterable[Version]) -> frozenset[int]:
    known = {each.number: value for each in versions if (value := each.figure(metric)) is not None}
    if len(known) < 2:
        return frozenset()
    wanted = min(known.values()) if metric in _LOWER_IS_BETTER else max(known.values())
    return frozenset(number for number, value in known.items() if value == wanted)


def _version_of_summary(aws: Aws, summary: Mapping[str, Any]) -> Version:
    """The version of a summary, which has what can change; the rest is described once."""
    key = f"{summary['ModelPackageArn']} {summary['CreationTime'].isoformat()}"
    kept = aws.remembered(key)
    if kept is None:
        found = aws.sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        kept = described(found, _evaluation(aws, found))
        aws.remember(key, kept)
    fresh: Version = replace(
        kept,
        approval=summary.get("ModelApprovalStatus", "PendingManualApproval"),
        stage=_stage(summary),
        why="",
    )
    return fresh


def _describe(aws: Aws, names: Mapping[str, str]) -> dict[str, Any]:
    group_arn = aws.sagemaker.describe_model_package_group(ModelPackageGroupName=names["group"])[
        "ModelPackageGroupArn"
    ]
    arn = f"{group_arn.replace(':model-package-group/', ':model-package/')}/{names['version']}"
    found: dict[str, Any] = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    return found


def _evaluation(aws: Aws, found: Mapping[str, Any]) -> Any:
    """The evaluation beside the registry's statistics, or those statistics, or None."""
    uri = found.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    if not uri:
        return None
    return aws.document(f"{uri.rpartition('/')[0]}/evaluation.json") or aws.document(uri)


def _stage(found: Mapping[str, Any]) -> str:
    cycle = found.get("ModelLifeCycle") or {}
    return str(cycle.get("Stage", "")).lower() if cycle.get("StageStatus") == "Live" else ""


def _execution(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """The pipeline and the execution that registered the version."""
    by = str(found.get("MetadataProperties", {}).get("GeneratedBy", ""))
    parts = by.partition(":pipeline/")[2].split("/")
    return (parts[0], parts[2]) if len(parts) == 3 and parts[1] == "execution" else None


def _gate(evaluation: Any) -> str:
    gate = evaluation.get("gate") if isinstance(evaluation, Mapping) else None
    return str(gate.get("reason", "")) if isinstance(gate, Mapping) else ""


def _numbers(stated: Any) -> dict[str, float]:
    if not isinstance(stated, Mapping):
        return {}
    return {
        str(name): float(value)
        for name, value in stated.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
