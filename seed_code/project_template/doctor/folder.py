"""Files beside their manifest: a seed's archive, the clone of a repository that was poured, the artefacts of a release."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from project_template import manifest
from project_template.doctor.finding import Finding, fail, ok, warn

_SHOWN = 20
_TEAMS = "Where nobody of yours changed it, bring it back: `git checkout` the commit that poured it."
_AGAIN = "Use nothing of it: download the release again."

_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, IndexError, OSError, RuntimeError, ValueError),
)
"""What zipfile raises for a damaged or an encrypted archive."""


def archive(place: str, content: bytes) -> Iterator[str]:
    """The differences between a seed's archive at `place` and the manifest in it, a sentence per file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            files = {name: zipped.read(name) for name in zipped.namelist()}
    except _UNREADABLE as error:
        yield f"{place} is not an archive of a seed: {error}"
        return
    sums = files.pop(manifest.NAME, None)
    if sums is None:
        yield f"{place} has no {manifest.NAME}: it is of before there were manifests, or somebody took it out"
        return
    for difference in _differences(sums, files):
        yield f"{place}: {difference}"


def check(folder: Path) -> Iterator[Finding]:
    """Whether the files that a folder's manifest names are as it says. What a team added is its own, and no finding.

    What differs in a clone may be the team's own work, so it is a warning there.
    """
    listing = folder / manifest.NAME
    if not listing.is_file():
        yield fail(
            "files",
            f"{folder} has no {manifest.NAME}",
            "Name the clone of a repository that was poured, or the folder with a release's files.",
        )
        return
    try:
        listed = manifest.parse(listing.read_text(encoding="utf-8"))
    except ValueError as error:
        yield fail("files", f"{listing}: {error}", "Bring the file back from the seed or the release.")
        return
    there = {path: (folder / path).read_bytes() if (folder / path).is_file() else None for path in listed}
    found = list(manifest.differences(listed, there))
    say, fix = (warn, _TEAMS) if (folder / ".git").exists() else (fail, _AGAIN)
    for difference in found[:_SHOWN]:
        yield say("files", f"{folder}: {difference}", fix)
    if len(found) > _SHOWN:
        yield say("files", f"{folder}: {len(found) - _SHOWN} more files", fix)
    if not found:
        yield ok("files", f"all {len(listed)} files of {folder} are as {manifest.NAME} says")


def _differences(sums: bytes, files: Mapping[str, bytes]) -> Iterator[str]:
    try:
        listed = manifest.parse(sums.decode())
    except ValueError as error:
        yield f"{manifest.NAME}: {error}"
        return
    yield from manifest.differences(listed, files)
