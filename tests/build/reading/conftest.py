"""Ways to read hand-written bytes by a recipe's `data`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reading import layout
from reading.layout import Layout
from reading.readers import Rows

DATA = {
    "format": "csv",
    "header": True,
    "columns": None,
    "delimiter": ",",
    "quoted": True,
    "escape": None,
    "missing": ("nan", "null"),
    "max_lines_per_row": 1000,
    "text": ["text"],
    "label": "label",
    "require": [],
}
"""A recipe's `data` as prepare.json has it; a test states what differs."""


@dataclass(frozen=True)
class Found:
    """The rows of a file, in order, and what the reader tells of them afterwards."""

    rows: list[Any]
    source: Rows

    @property
    def used(self) -> list[Any]:
        return [row for row in self.rows if row[0] is not None]

    @property
    def reasons(self) -> list[tuple[Any, ...]]:
        """(reason, lines, first line) of each row that cannot be used."""
        return [(why.reason, why.lines, why.first_line) for text, why in self.rows if text is None]


@pytest.fixture
def described(tmp_path: Path) -> Callable[..., Layout]:
    """The layout of a file with this content; messages call it FILE."""

    def described(content: bytes, **changes: Any) -> Layout:
        path = tmp_path / "data.txt"
        path.write_bytes(content)
        return layout.read(path, DATA | changes, "FILE")

    return described


@pytest.fixture
def read(tmp_path: Path, described: Callable[..., Layout]) -> Callable[..., Found]:
    """Reads bytes by `data`; without `known` the labels pos and neg are known."""

    def read(content: bytes, *, known: Any = None, **changes: Any) -> Found:
        where = described(content, **changes)
        labels = known or (lambda raw: raw in ("pos", "neg"))
        with Rows(tmp_path / "data.txt", where.start, len(content), where, labels) as source:
            return Found(list(source), source)

    return read
