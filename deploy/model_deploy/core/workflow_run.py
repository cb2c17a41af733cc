"""The workflow's own run, as GitHub Actions describes it to a step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from model_deploy.errors import SettingsError

_NAMES = (
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
)
_PATH = re.compile(r"[^/]+/[^/]+/([^@]+)@.+")


@dataclass(frozen=True)
class OwnRun:
    """The run that a step belongs to. `path` is the file of its workflow."""

    id: int
    number: int
    path: str
    url: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> OwnRun:
        """Read the variables that GitHub Actions sets. Raises SettingsError naming what is missing or malformed."""
        missing = [name for name in _NAMES if not environment.get(name, "").strip()]
        if missing:
            raise SettingsError(
                f"Not set: {', '.join(missing)}. The command works on the runs of a workflow, and GitHub Actions sets them."
            )
        identity, number, workflow, server, repository = (environment[name].strip() for name in _NAMES)
        path = _PATH.fullmatch(workflow)
        if not (identity.isdecimal() and number.isdecimal() and path):
            raise SettingsError(
                f"GITHUB_RUN_ID is {identity!r}, GITHUB_RUN_NUMBER {number!r}, GITHUB_WORKFLOW_REF {workflow!r}; expected two "
                "numbers, and OWNER/NAME/.github/workflows/FILE@REF."
            )
        url = f"{server}/{repository}/actions/runs/{identity}"
        return cls(int(identity), int(number), path[1], url)
