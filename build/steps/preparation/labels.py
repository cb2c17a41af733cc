"""Maps a row's raw label to label names, or to the reason why the row cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from preparation import rules
from reading.ranges import is_utf8
from reading.readers import PREFIX, Raw

_REMEMBERED = 10_000
_SWITCH = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


# What starts the row's line (`__label__x `), the names, the reason for which the row is dropped if it is, and what
# stands
# there instead of a label. A plain tuple: it is taken apart for every row.
Meaning = tuple[bytes, tuple[str, ...], str, str]


class Labels(dict[Raw, Meaning]):
    """The meaning of raw labels, each worked out when it is first met.

    `matched` holds the positions of the rules that a row needed so far.
    """

    def __init__(self, config: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """`config` is the recipe's `labels`, `data` its `data`."""
        super().__init__()
        self._multi: bool = config["multi"]
        self._none: str | None = config["none"]
        self._rules: Sequence[Mapping[str, Any]] = config["rules"]
        self._order = {name: index for index, name in enumerate(config["names"])}
        self._numbers: Sequence[str] = config["numbers"]
        columns = data["label"]
        self._columns: Sequence[str] | None = (
            columns if isinstance(columns, list) and not self._numbers else None
        )
        self._separator: str | None = data["label_separator"]
        self.matched: set[int] = set()

    def __missing__(self, raw: Raw) -> Meaning:
        if len(self) >= _REMEMBERED:  # measurements as labels: every row has its own
            self.clear()
        self[raw] = meaning = self._meaning(raw)
        return meaning

    def knows(self, raw: Raw) -> bool:
        """Whether `raw` leads to a label, or to being dropped by a rule; asking does not count as a match."""
        matched = set(self.matched)
        _, names, reason, _ = self._meaning(raw)
        self.matched = matched
        return bool(names) or reason.startswith(rules.DROPPED)

    def _meaning(self, raw: Raw) -> Meaning:
        values = self._values(raw)
        if values is None:
            return _dropped("unknown_label", raw)
        if not all(map(is_utf8, values)):
            return _dropped("encoding", raw)
        if self._numbers:
            return self._by_numbers(values, raw)
        if not values and self._multi:
            return _dropped("no_label", raw) if self._none is None else _meant((self._none,))
        found = {value: self._name(value) for value in values}
        unknown = [value for value, name in found.items() if name is None]
        if unknown:
            return _dropped("unknown_label", unknown[0])
        targets = sorted({name for name in found.values() if name is not None})
        names = [name for name in targets if not name.startswith(rules.DROPPED)]
        if not targets or (len(values) > 1 and not self._multi):
            return _dropped("unknown_label", raw)
        if not names:
            return _dropped(targets[0], raw)
        return _meant(tuple(sorted(names, key=self._order.__getitem__)))

    def _by_numbers(self, values: Sequence[str], raw: Raw) -> Meaning:
        numbers = [rules.number(value) for value in values]
        if len(numbers) != len(self._numbers) or None in numbers:
            return _dropped("unknown_label", raw)
        named = {name: number for name, number in zip(self._numbers, numbers) if number is not None}
        for index, rule in enumerate(self._rules):
            if rules.holds(rule, named):
                self.matched.add(index)
                target = rules.target(rule)
                return _dropped(target, raw) if target.startswith(rules.DROPPED) else _meant((target,))
        return _dropped("unknown_label", raw)

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
            if rules.matches(rule, value):
                self.matched.add(index)
                return rules.target(rule)
        return None


def _meant(names: tuple[str, ...]) -> Meaning:
    return "".join(f"{PREFIX}{name} " for name in names).encode("utf-8"), names, "", ""


def _dropped(reason: str, raw: Raw) -> Meaning:
    return b"", (), reason, raw if isinstance(raw, str) else ", ".join(raw)
