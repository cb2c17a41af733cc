"""The counts of all rows, summed over the shards, and prepare.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from preparation import rules
from preparation.rebalance import Rebalanced
from preparation.shard import FIRST_ROWS, Counts
from preparation.splits import SPLITS, TEST, TRAIN

_SHOWN_VALUES = 5


@dataclass
class Total:
    """Counts over the whole file; row numbers count from 1 at its first row, the header not counted."""

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    first_rows: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, Counter[str]] = field(default_factory=dict)
    encoding: list[bytes] = field(default_factory=list)
    open_quotes: list[tuple[str, int, int]] = field(default_factory=list)
    escaped: Counter[str] = field(default_factory=Counter)
    escaped_rows: int = 0
    examples: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in SPLITS})
    matched_rules: set[int] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    seen: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[Counts], begins: Sequence[tuple[str, int]]) -> Total:
        """The sum of the parts, which are in the order of the data.

        `begins` has, for each of them, the name of its file and the line on which the first row of that begins.
        """
        total = cls(unseen=set.intersection(*(part.unseen for part in parts)))
        file, first_line = "", 1
        for part, (name, begin) in zip(parts, begins):
            first_line = first_line if name == file else begin
            file = name
            for reason, numbers in part.first_rows.items():
                known = total.first_rows.setdefault(reason, [])
                known.extend(total.rows + number for number in numbers[: FIRST_ROWS - len(known)])
            for reason, values in part.values.items():
                total.values.setdefault(reason, Counter()).update(values)
            quotes = [(name, first_line - 1 + line, lost) for line, lost in part.open_quotes]
            total.open_quotes += quotes[: FIRST_ROWS - len(total.open_quotes)]
            first_line += part.lines
            total.rows += part.rows
            total.dropped += part.dropped
            total.encoding += part.encoding[: FIRST_ROWS - len(total.encoding)]
            total.escaped += part.escaped
            total.escaped_rows += part.escaped_rows
            total.examples.update(part.examples)
            for split, counts in part.labels.items():
                total.labels[split] += counts
            total.matched_rules |= part.matched_rules
            total.seen = total.seen or part.seen
        return total

    @property
    def used(self) -> int:
        """The rows that became examples."""
        return self.rows - sum(self.dropped.values())

    @property
    def lost(self) -> Counter[str]:
        """The dropped rows by reason, without those that the recipe wants dropped."""
        return Counter(
            {reason: count for reason, count in self.dropped.items() if not reason.startswith(rules.DROPPED)}
        )

    def shown_values(self, reason: str) -> list[tuple[str, int]]:
        """What stands in the rows dropped for `reason`, the most frequent first, and how often; none if all are empty."""
        values = self.values.get(reason, Counter())
        return values.most_common(_SHOWN_VALUES) if any(values) else []

    def summary(self, rebalanced: Rebalanced | None, labels: Sequence[str]) -> dict[str, Any]:
        """prepare.json, but for the time and the workers that it took."""
        splits = {
            split: {"rows": self.examples[split], "labels": dict(self.labels[split])} for split in SPLITS
        }
        if rebalanced is not None:
            splits[TRAIN] = {"rows": sum(rebalanced.after.values()), "labels": dict(rebalanced.after)}
        return {
            "rows": self.rows,
            "used": self.used,
            "dropped": {
                reason: {
                    "count": count,
                    "first_rows": self.first_rows[reason],
                    "values": [
                        {"value": value, "count": number} for value, number in self.shown_values(reason)
                    ],
                }
                for reason, count in self.dropped.items()
            },
            "splits": splits,
            "rebalanced": None if rebalanced is None else rebalanced.summary(),
            "notes": self._notes(labels),
        }

    def _notes(self, labels: Sequence[str]) -> list[str]:
        """What did not stop the preparation, and should be known."""
        notes = []
        for split, what in ((TRAIN, "so the model never learns to say it"), (TEST, "so nothing measures it")):
            absent = [label for label in labels if not self.labels[split][label]]
            if absent:
                more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
                notes.append(
                    f"No row of the {split} split has the label {', '.join(absent[:10])}{more}, {what}."
                )
        if self.escaped_rows:
            shown = next(iter(self.escaped))
            notes.append(
                f"{self.escaped_rows} row{' holds' if self.escaped_rows == 1 else 's hold'} a backslash escape, such as {shown!r}, that is not read: data.escape of "
                "the recipe says whether it should be."
            )
        return notes


def sentence(name: str, summary: Mapping[str, Any]) -> str:
    """The step's log: what was prepared, what was dropped, where the rest went."""
    splits = ", ".join(f"{split} {part['rows']}" for split, part in summary["splits"].items())
    dropped = (
        ", ".join(f"{reason} {part['count']}" for reason, part in summary["dropped"].items()) or "nothing"
    )
    return (
        f"Prepared {summary['used']} of {summary['rows']} rows of {name} in {summary['seconds']} s with "
        f"{summary['workers']} worker(s): {splits}. Dropped: {dropped}."
    )
