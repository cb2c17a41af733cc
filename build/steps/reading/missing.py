"""The words that programs write for a missing value, such as NaN. They are not text."""

from __future__ import annotations

from collections.abc import Sequence


class Missing:
    """The `words`, in small letters. `longest` is the length up to which a cell may be one, space included."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = frozenset(word.lower() for word in words)
        self.longest = max(map(len, self.words), default=-2) + 2

    def clean(self, cell: str) -> str:
        """The cell itself; nothing when the whole of it is one of the words."""
        return "" if len(cell) <= self.longest and cell.strip().lower() in self.words else cell

    def is_empty(self, cell: str) -> bool:
        """Whether a cell holds nothing, nothing but space, or nothing but one of the words."""
        if len(cell) > self.longest:
            return cell.isspace()
        stripped = cell.strip()
        return not stripped or stripped.lower() in self.words
