"""What a row's raw label means: the names it leads to, or the reason why the row cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

from ranges import is_utf8

PREFIX = "__label__"
# The raw label of a row: a cell, a list of values (JSON lines, fastText), or the 0/1 cells of the label columns.
Raw = Union[str, tuple[str, ...]]

_REMEMBERED = 10_000
_SWITCH = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


class Meaning(NamedTuple):
    """`prefix` starts the row's line (`__label__x `); where `reason` is given the row is dropped for it."""

    prefix: bytes
    names: tuple[str, ...]
    reason: str = ""


class Labels(dict[Raw, Meaning]):
    """The meaning of raw labels, each worked out when it is first met.

    `matched` holds the positions of the rules that a row needed so far.
    """

    def __init__(
        self, config: Mapping[str, Any], columns: Sequence[str] | None, separator: str | None
    ) -> None:
        """`config` is the recipe's `labels`; `columns` the 0/1 label columns, `separator` what a cell is split at."""
        super().__init__()
        self._multi: bool = config["multi"]
        self._none: str | None = config["none"]
        self._rules: Sequence[Mapping[str, Any]] = config["rules"]
        self._order = {name: index for index, name in enumerate(config["names"])}
        self._columns, self._separator = columns, separator
        self.matched: set[int] = set()

    def __missing__(self, raw: Raw) -> Meaning:
        if len(self) >= _REMEMBERED:  # measurements as labels: every row has its own
            self.clear()
        self[raw] = meaning = self._meaning(raw)
        return meaning

    def _meaning(self, raw: Raw) -> Meaning:
        values = self._values(raw)
        if values is None:
            return _dropped("unknown_label")
        if not all(map(is_utf8, values)):
            return _dropped("encoding")
        if not values and self._multi:
            return _dropped("no_label") if self._none is None else _meant((self._none,))
        found = {self._name(value) for value in values}
        if None in found or len(found) == 0 or (len(values) > 1 and not self._multi):
            return _dropped("unknown_label")
        return _meant(
            tuple(sorted((name for name in found if name is not None), key=self._order.__getitem__))
        )

    def _values(self, raw: Raw) -> list[str] | None:
        """The single values of a raw label; None when a 0/1 cell holds something else."""
        cells = [raw] if isinstance(raw, str) else list(raw)
        if self._columns is not None:
            switches = [_SWITCH.get(cell.strip().lower()) for cell in cells]
            if None in switches:
                return None
            return [column for column, switch in zip(self._columns, switches) if switch]
        if self._separator is not None:
            cells = [value for cell in cells for value in cell.split(self._separator)]
        return [value for value in map(str.strip, cells) if value]

    def _name(self, value: str) -> str | None:
        if not self._rules:
            return value if value in self._order else None
        for index, rule in enumerate(self._rules):
            if _matches(rule, value):
                self.matched.add(index)
                return str(rule["name"])
        return None


def _matches(rule: Mapping[str, Any], value: str) -> bool:
    if rule["values"] is not None:
        return value in rule["values"]
    try:
        number = float(value)
    except ValueError:
        return False
    return (rule["min"] is None or number >= rule["min"]) and (rule["max"] is None or number <= rule["max"])


def _meant(names: tuple[str, ...]) -> Meaning:
    return Meaning("".join(f"{PREFIX}{name} " for name in names).encode("utf-8"), names)


def _dropped(reason: str) -> Meaning:
    return Meaning(b"", (), reason)
