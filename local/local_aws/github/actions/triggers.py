"""The workflows of a repository that an event starts.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.github.actions import patterns
from local_aws.github.actions.events import Event
from local_aws.github.ref_updates import HEADS

FOLDER = ".github/workflows"
_TAGS = "refs/tags/"
_DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}
_SKIPS = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
KNOWN = frozenset({"push", "pull_request", "repository_dispatch", "workflow_dispatch", "schedule"})
"""Events that happen here; a workflow may name others, which never do."""


def starts(on: Mapping[str, Any], event: Event) -> bool:
    """Whether a workflow with these triggers runs for the event."""
    if event.name not in on or _is_skipped(event):
        return False
    limits = on[event.name]
    if event.name == "schedule":
        return any(each["cron"] == event.payload["schedule"] for each in limits)
    types = limits.get("types") or _DEFAULT_TYPES.get(event.name)
    if types and event.action not in types:
        return False
    return _matches_ref(limits, event) and _matches_paths(limits, event)


def _matches_ref(limits: Mapping[str, Any], event: Event) -> bool:
    if event.name == "pull_request":
        return _matches(limits, "branches", event.base_ref)
    if event.name != "push":
        return True
    kind, name = (
        ("tags", event.ref.removeprefix(_TAGS))
        if event.ref.startswith(_TAGS)
        else (
            "branches",
            event.ref.removeprefix(HEADS),
        )
    )
    limited = {each for each in ("branches", "tags") if {each, f"{each}-ignore"} & set(limits)}
    # Who names branches only wants no tags, and the other way round.
    return not limited or (kind in limited and _matches(limits, kind, name))


def _matches(limits: Mapping[str, Any], kind: str, name: str) -> bool:
    if kind in limits:
        return patterns.chosen(limits[kind], name)
    return not patterns.chosen(limits.get(f"{kind}-ignore", ()), name)


def _matches_paths(limits: Mapping[str, Any], event: Event) -> bool:
    """A tag has no changed paths, so filters of paths do not count."""
    if event.changed_paths is None or event.ref.startswith(_TAGS):
        return True
    if "paths" in limits:
        return any(patterns.chosen(limits["paths"], path) for path in event.changed_paths)
    ignored = limits.get("paths-ignore")
    return not ignored or any(not patterns.chosen(ignored, path) for path in event.changed_paths)


def _is_skipped(event: Event) -> bool:
    """https://docs.github.com/actions/how-tos/manage-workflow-runs/skip-workflow-runs: pushes and pull requests"""
    if event.name not in {"push", "pull_request"}:
        return False
    commit = event.repository.git.commit(event.commit)
    message = commit.message if commit else ""
    return any(each in message for each in _SKIPS)
