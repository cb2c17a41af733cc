"""Where the repository is: here its tests are `tests/build`, once poured they are `tests`."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """The build repository's root: the nearest folder above that holds the recipes, or a `build` that does."""
    for folder in Path(__file__).resolve().parents:
        for root in (folder, folder / "build"):
            if (root / "recipes").is_dir():
                return root
    raise FileNotFoundError("no recipes above the tests")
