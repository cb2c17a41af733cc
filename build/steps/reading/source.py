"""The raw files: found, and told which split they belong to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from failure import StepError
from reading.unpack import is_hidden


@dataclass(frozen=True)
class Source:
    """A raw file, what messages call it, and the split that the recipe gives it."""

    path: Path
    name: str
    split: str | None = None


def find(path: Path, data: Mapping[str, Any]) -> list[Source]:
    """The data files at `path`, a file or a folder, in the order of their names. Hidden files do not count.

    Several files are the parts of one, unless the recipe's `data.files` says which split each belongs to. Raises
    StepError when there is none, or a file belongs to no split, or a split has none.
    """
    patterns: Mapping[str, str] | None = data["files"]
    if not path.exists():
        raise StepError(f"There is no data: {path} does not exist.")
    files = [path] if path.is_file() else _below(path)
    if not files:
        raise StepError(f"{path} holds 0 files (nothing). Expected: a data file, or several parts of one.")
    names = [shown_name(file.relative_to(path) if file != path else Path(file.name)) for file in files]
    if patterns is None:
        return [Source(file, name) for file, name in zip(files, names)]
    found = [Source(file, name, _split(name, patterns)) for file, name in zip(files, names)]
    for split, pattern in patterns.items():
        if pattern and not any(source.split == split for source in found):
            raise StepError(
                f"No file is for {split}: data.files.{split} of the recipe is {pattern}, and there is "
                f"{', '.join(names[:5])}."
            )
    return found


def shown_name(path: Path) -> str:
    """A path as a message may hold it, whatever bytes it is made of."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _below(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in files if not is_hidden(PurePosixPath(file.relative_to(folder).as_posix())))


def _split(name: str, patterns: Mapping[str, str]) -> str:
    found = [
        split
        for split, pattern in patterns.items()
        if pattern and (fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern))
    ]
    if len(found) != 1:
        given = ", ".join(f"{split}: {pattern}" for split, pattern in patterns.items() if pattern)
        what = "no split" if not found else f"several splits ({', '.join(found)})"
        raise StepError(f"{name} belongs to {what} by data.files of the recipe ({given}).")
    return found[0]
