"""The commit that a model is built from."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

UNKNOWN = "unknown"


def commit(root: Path, environment: Mapping[str, str]) -> str:
    """The commit of the working tree at `root`, with `-dirty` when it differs from it; `unknown` without git.

    GITHUB_SHA has priority; GitHub Actions sets it to the commit that it checked out.
    """
    if environment.get("GITHUB_SHA"):
        return environment["GITHUB_SHA"]
    head = _git(root, "rev-parse", "HEAD")
    if not head:
        return UNKNOWN
    return f"{head}-dirty" if _git(root, "status", "--porcelain", "--", ".") else head


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
