"""Which view answers which path."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_aws.console.pages import Change, NotThereError, View
from local_aws.console.views import classify, pipelines, projects, registry, repositories, stages

_GET: Mapping[str, View] = {
    "": projects.overview,
    "projects": projects.overview,
    "projects/new": projects.form,
    "projects/{project}": projects.project,
    "pipelines": pipelines.overview,
    "pipelines/{pipeline}": pipelines.pipeline,
    "pipelines/{pipeline}/{execution}": pipelines.pipeline,
    "pipelines/{pipeline}/{execution}/{step}/log": pipelines.log,
    "registry": registry.overview,
    "registry/{group}": registry.group,
    "registry/{group}/{version}": registry.version,
    "stages": stages.overview,
    "stages/{endpoint}": stages.stage,
    "repositories": repositories.overview,
    "repositories/{owner}/{name}": repositories.repository,
    "repositories/{owner}/{name}/runs/{run}": repositories.run,
    "classify": classify.form,
}
_POST: Mapping[str, Change] = {
    "projects/new": projects.create,
    "registry/{group}/{version}": registry.decide,
    "classify": classify.classify,
}
_METHODS: Mapping[str, Mapping[str, View | Change]] = {"GET": _GET, "POST": _POST}


def find(method: str, path: str) -> tuple[View | Change, dict[str, str]]:
    """The view of a decoded path, and the names in it. Raises NotThereError."""
    for template, view in _METHODS[method].items():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        if found := re.fullmatch(pattern, path.rstrip("/")):
            return view, found.groupdict()
    raise NotThereError(
        f"There is no page {path!r} that takes {method}: the names above lead to all there are."
    )
