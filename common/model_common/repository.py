"""Where a poured repository is: a command may be called in any folder of it."""

from __future__ import annotations

from pathlib import Path


def nearest(start: Path, folder: str) -> Path | None:
    """The nearest of `start` and its parents that holds a folder of that name, None where none does."""
    return next((each for each in (start, *start.parents) if (each / folder).is_dir()), None)
