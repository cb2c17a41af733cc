"""Files of a workspace by patterns, as `hashFiles` and actions take them.

https://github.com/actions/toolkit/tree/main/packages/glob
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from local_aws.github.actions.errors import ExpressionFailed


def find(workspace: Path, patterns: Sequence[str]) -> list[Path]:
    """The files that patterns name, folders with all below them; a pattern with `!` takes out. Sorted."""
    found: set[Path] = set()
    for line in patterns:
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        if pattern.startswith("!"):
            found -= _matching(workspace, pattern[1:])
        else:
            found |= _matching(workspace, pattern)
    return sorted(found)


def hash_files(workspace: Path, patterns: Sequence[str]) -> str:
    """SHA-256 over the SHA-256 of each file, or nothing where no file matches. Raises ExpressionFailed."""
    files = [file for file in find(workspace, patterns) if file.resolve().is_relative_to(workspace.resolve())]
    if not files:
        return ""
    whole = hashlib.sha256()
    for file in files:
        try:
            whole.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise ExpressionFailed(f"hashFiles('{', '.join(patterns)}') failed: {error}") from error
    return whole.hexdigest()


def _matching(workspace: Path, pattern: str) -> set[Path]:
    relative = pattern.removeprefix("./").strip("/") or "."
    if Path(pattern).is_absolute():
        if not Path(pattern).is_relative_to(workspace):
            return set()
        relative = str(Path(pattern).relative_to(workspace))
    places = [workspace] if relative == "." else list(workspace.glob(relative))
    found = set()
    for place in places:
        inside = place.rglob("*") if place.is_dir() else [place]
        found |= {file for file in inside if file.is_file()}
    return found
