"""The filters and sort orders that SageMaker's List operations share.

They work on summaries: the plain dicts, named as the API names them, that the operation answers with.

    summaries = [job.summary() for job in jobs]                       # oldest first
    chosen = select(summaries, request, name="ProcessingJobName", status="ProcessingJobStatus")
    shown, token = page(chosen, request, key=lambda summary: summary["ProcessingJobName"])
    return paged({"ProcessingJobSummaries": shown}, token)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Summary = dict[str, Any]


def select(
    summaries: Iterable[Summary],
    request: Mapping[str, Any],
    *,
    name: str,
    status: str = "Status",
    created: str = "CreationTime",
    order: str = "Ascending",
) -> list[Summary]:
    """The summaries that `request` asks for, in the order it asks for; without SortBy by time of creation.

    `name`, `status` and `created` are the members of a summary that hold them; `order` is the operation's own
    default SortOrder. Summaries come oldest first: that settles ties. A filter whose member a summary lacks
    leaves that summary out.
    """
    chosen = [summary for summary in summaries if _matches(summary, request, name, status, created)]
    match request.get("SortBy", "CreationTime"):
        case "CreationTime":
            by = created
        case "Status":
            by = status
        case _:  # Name, and what the API calls a name elsewhere (PipelineExecutionArn)
            by = name
    chosen.sort(key=lambda summary: summary[by])
    if request.get("SortOrder", order) == "Descending":
        chosen.reverse()
    return chosen


def _utc(moment: datetime) -> datetime:
    # The wire's parser reads a request's timestamps as UTC, but leaves them naive.
    return moment.replace(tzinfo=UTC)


def _matches(summary: Summary, request: Mapping[str, Any], name: str, status: str, created: str) -> bool:
    changed = "LastModifiedTime"
    filters: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
        "NameContains": (name, lambda value, part: part in value),
        "PipelineNamePrefix": (name, lambda value, prefix: value.startswith(prefix)),
        "StatusEquals": (status, lambda value, wanted: value == wanted),
        "CreationTimeAfter": (created, lambda value, limit: value >= _utc(limit)),
        "CreationTimeBefore": (created, lambda value, limit: value < _utc(limit)),
        "CreatedAfter": (created, lambda value, limit: value >= _utc(limit)),
        "CreatedBefore": (created, lambda value, limit: value < _utc(limit)),
        "LastModifiedTimeAfter": (changed, lambda value, limit: value >= _utc(limit)),
        "LastModifiedTimeBefore": (changed, lambda value, limit: value < _utc(limit)),
    }
    return all(
        summary.get(member) is not None and holds(summary[member], request[parameter])
        for parameter, (member, holds) in filters.items()
        if request.get(parameter) is not None
    )
