"""What became of all rows: the sum over the shards, the checks on it, and prepare.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failure import StepError
from layout import Layout, missing_column
from rebalance import Rebalanced
from shard import FIRST_ROWS, Counts
from splits import TEST, TRAIN, VALIDATION

_SPLITS = (TRAIN, VALIDATION, TEST)


@dataclass
class Total:
    """Counts over the whole file; row numbers count from 1 at its first row, the header not counted."""

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    first_rows: dict[str, list[int]] = field(default_factory=dict)
    examples: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in _SPLITS})
    matched_rules: set[int] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    seen: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[Counts]) -> Total:
        """The sum of the parts, which are in the order of the file."""
        total = cls(unseen=set.intersection(*(part.unseen for part in parts)))
        for part in parts:
            for reason, numbers in part.first_rows.items():
                known = total.first_rows.setdefault(reason, [])
                known.extend(total.rows + number for number in numbers[: FIRST_ROWS - len(known)])
            total.rows += part.rows
            total.dropped += part.dropped
            total.examples.update(part.examples)
            for split, counts in part.labels.items():
                total.labels[split] += counts
            total.matched_rules |= part.matched_rules
            total.seen = total.seen or part.seen
        return total

    @property
    def used(self) -> int:
        return sum(self.examples.values())

    def check(self, config: Mapping[str, Any], name: str, layout: Layout) -> None:
        """Raises StepError when too little can be used, or what is left cannot train and measure the recipe's labels."""
        if self.rows == 0:
            what = "a header and no rows" if layout.table and config["data"]["header"] else "no rows"
            raise StepError(f"{name} has {what}. Expected: at least one row for each label.")
        for column in sorted(self.unseen):
            key = "text" if column in layout.text else "label" if column in layout.label else "require"
            raise StepError(missing_column(name, column, key, self.seen))
        self._check_dropped(config["data"]["max_dropped_share"], name)
        self._check_rules(config["labels"]["rules"], name)
        self._check_labels(config["labels"], name)
        for split in (VALIDATION, TEST):
            if not self.examples[split]:
                raise StepError(
                    f"None of the {self.used} usable rows of {name} fell into the {split} split. Use more data, or raise "
                    f"split.{split} in the recipe."
                )

    def _check_dropped(self, allowed: float, name: str) -> None:
        count = sum(self.dropped.values())
        if count > allowed * self.rows or count == self.rows:
            reasons = "; ".join(
                f"{reason}: {number} (rows {', '.join(map(str, self.first_rows[reason][:5]))}"
                f"{', ...' if number > 5 else ''})"
                for reason, number in self.dropped.most_common()
            )
            raise StepError(
                f"{count} of {self.rows} rows of {name} cannot be used ({_percent(count / self.rows)}; "
                f"data.max_dropped_share allows {_percent(allowed)}): {reasons}. "
                "Correct the rows or the recipe, or allow a larger share."
            )

    def _check_rules(self, rules: Sequence[Mapping[str, Any]], name: str) -> None:
        for index, rule in enumerate(rules):
            if index not in self.matched_rules:
                wanted = "values " + ", ".join(rule["values"]) if rule["values"] else _range(rule)
                raise StepError(
                    f"labels.rules[{index}] of the recipe ({rule['name']}: {wanted}) matches no row of {name}. "
                    "Correct the rule, or drop it."
                )

    def _check_labels(self, labels: Mapping[str, Any], name: str) -> None:
        counts = self.labels[TRAIN]
        present = [label for label in labels["names"] if counts[label]]
        if len(present) < 2:
            left = f"{present[0]} ({counts[present[0]]} rows)" if present else "none"
            raise StepError(
                f"A single class is left in the train split of {name}: {left}. Expected: {', '.join(labels['names'])}. "
                "A classifier needs two; check data.label and labels.rules of the recipe."
            )
        missing = [label for label in labels["names"] if not counts[label]]
        if missing and not labels["multi"]:
            raise StepError(
                f"No row of the train split of {name} is labelled {', '.join(missing[:10])}, so the model could never say "
                "it. Use more data, or drop the name from labels.names of the recipe."
            )

    def summary(self, rebalanced: Rebalanced | None) -> dict[str, Any]:
        """prepare.json, but for the time and the workers that it took."""
        splits = {
            split: {"rows": self.examples[split], "labels": dict(self.labels[split])} for split in _SPLITS
        }
        if rebalanced is not None:
            splits[TRAIN] = {"rows": sum(rebalanced.after.values()), "labels": dict(rebalanced.after)}
        return {
            "rows": self.rows,
            "used": self.used,
            "dropped": {
                reason: {"count": count, "first_rows": self.first_rows[reason]}
                for reason, count in self.dropped.items()
            },
            "splits": splits,
            "rebalanced": None if rebalanced is None else rebalanced.summary(),
        }


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


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _range(rule: Mapping[str, Any]) -> str:
    ends = [f"{end} {rule[end]:g}" for end in ("min", "max") if rule[end] is not None]
    return " and ".join(ends)
