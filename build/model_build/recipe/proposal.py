"""A recipe for data that was looked at: which column is the text, which the label, how values become labels, what to ask.

Pure. Every figure in it is a beginning that a person reads and changes: the file says where each comes from.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import yaml

from model_build.errors import DataError
from model_build.recipe.sample import DISTINCT, Column, Sample, is_number

MOST_LABELS = 100
FEWEST_EXAMPLES = 20
"""A value with fewer examples in the data is no label: its share of the holdout would be two texts."""
_LABEL_NAMES = re.compile(
    "label|labels|rating|ratings|stars|score|sentiment|class|category|target|polarity|overall|tag|y", re.I
)
_TEXT_NAMES = re.compile("text|texts|review|comment|sentence|message|body|question", re.I)
_SHORTEST_TEXT = 12
_MARGIN = 0.05
_LONGER = 2
"""A column whose texts are so many times as long as those of the next is the text."""
_NO_LABEL = "none_of_them"
_MOST_NAMES = 50
"""So many labels are stated in the recipe; more are in a file of their own."""


@dataclass(frozen=True)
class Proposal:
    """The text of a recipe, and sentences that say what it rests on.

    `names` are the labels where they are too many for the recipe: they belong into the file that its `names_file` states.
    """

    text: str
    notes: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Labels:
    """The recipe's `labels`, the examples of each, and what to say of them. `unusable` is the share of rows without one."""

    proposed: dict[str, Any]
    counts: dict[str, int]
    notes: tuple[str, ...] = ()
    unusable: float = 0.0


def text_columns(sample: Sample) -> list[str]:
    """The columns that may hold the text, the longest texts first; one alone where it is much longer than the others."""
    found = [
        column
        for column in sample.columns
        if column.is_text
        and (column.mean_length >= _SHORTEST_TEXT or _TEXT_NAMES.fullmatch(column.name))
        and column.spaced * 2 > column.rows - column.empty
        and _varies(column)
    ]
    found.sort(key=lambda column: -column.mean_length)
    if len(found) > 1 and found[0].mean_length >= _LONGER * found[1].mean_length:
        del found[1:]
    return [column.name for column in found]


def label_columns(sample: Sample, text: str) -> list[str]:
    """The columns that may hold the label, the likeliest first: those called like one, then those with the fewest values."""
    found = [
        column
        for column in sample.columns
        if column.name != text and column.is_text and (_is_choice(column) or _is_scale(column))
    ]
    found.sort(
        key=lambda column: (not _LABEL_NAMES.fullmatch(column.name), _is_scale(column), column.distinct)
    )
    return [column.name for column in found]


def chosen(sample: Sample, names: Sequence[str]) -> list[str]:
    """Of the columns that may hold the label those that need no question; none where somebody has to be asked.

    That is the only one, the only one that is called like a label, or several that hold 0 or 1 each.
    """
    if all(set(_known(sample, name).values) <= {"0", "1"} for name in names):
        return list(names)
    called = [name for name in names if _LABEL_NAMES.fullmatch(name)]
    if len(names) == 1 or len(called) == 1:
        return [names[0]]
    return []


def propose(sample: Sample, name: str, text: str | None, labels: Sequence[str]) -> Proposal:
    """A recipe called `name` for the column `text` and the label columns; they do not matter for a fasttext file.

    Raises DataError when there is no such column, or the labels are not two or more.
    """
    if sample.format == "fasttext":
        found = _tags(sample)
        return _written(sample, name, {"format": "fasttext"}, found)
    texts = _known(sample, str(text))
    columns = [_known(sample, label) for label in labels]
    found = _several(columns) if len(columns) > 1 else _one(columns[0])
    data: dict[str, Any] = {"format": sample.format}
    if not sample.header:
        data |= {"header": False, "columns": [column.name for column in sample.columns]}
    if sample.delimiter:
        data["delimiter"] = sample.delimiter
    if sample.encoding:
        data["encoding"] = sample.encoding
    data |= {"text": text, "label": labels[0] if len(labels) == 1 else list(labels)}
    unusable = found.unusable + texts.empty / max(1, sample.rows)
    if unusable:
        # What was seen, and a tenth more.
        data["max_dropped_share"] = min(1.0, math.ceil(unusable * 1100) / 1000)
    return _written(sample, name, data, found)


def _tags(sample: Sample) -> _Labels:
    [column] = sample.columns
    several = sum(column.values.values()) > sample.rows
    names = sorted(column.values)
    return _Labels({**({"multi": True} if several else {}), "names": names}, dict(column.values))


def _several(columns: Sequence[Column]) -> _Labels:
    """Labels that hold 0 or 1 in a column each."""
    if wrong := [column.name for column in columns if not set(column.values) <= {"0", "1"}]:
        raise DataError(
            f"{', '.join(wrong)}: of several label columns each holds 0 or 1, and these hold something else."
        )
    counts = {column.name: column.values["1"] for column in columns}
    return _Labels({"multi": True, "names": [_NO_LABEL, *counts], "none": _NO_LABEL}, counts)


def _one(column: Column) -> _Labels:
    """The labels that are the values of one column, or ranges of them."""
    frequent, unusable = _frequent(column), column.empty / max(1, column.rows)
    if column.is_numeric and {float(value) for value in frequent} == {1, 2, 3, 4, 5}:
        note = "Stars from 1 to 5: one and two are called negative, three neutral, four and five positive."
        return _ranges(column, ("negative", "neutral", "positive"), 2, 4, note, unusable)
    if _is_scale(column):
        low, high = _thirds(column)
        note = f"{column.name} is a scale: it is cut where its lowest and its highest third end, {low:g} and {high:g}."
        return _ranges(column, ("low", "middle", "high"), low, high, note, unusable)
    if not _is_choice(column):
        shown = "".join(f", {value!r} x{count}" for value, count in column.values.most_common(5))
        more = "more than " if column.distinct >= DISTINCT else ""
        raise DataError(
            f"The values of {column.name} cannot be labels: there are {more}{column.distinct}{shown}. Expected: 2 to "
            f"{MOST_LABELS} values with {FEWEST_EXAMPLES} examples or more. Name another column with --label."
        )
    names = {value: _label_name(value) for value in frequent}
    if len(set(names.values())) < len(names):
        names = {value: f"label_{number}" for number, value in enumerate(frequent, 1)}
    counts = {names[value]: count for value, count in frequent.items()}
    rules: list[dict[str, Any]] = [{"name": name, "values": [value]} for value, name in names.items()]
    if len(frequent) < column.distinct:
        count = sum(column.values.values()) - sum(frequent.values())
        few = f"{column.distinct - len(frequent)} values of {column.name} with fewer than {FEWEST_EXAMPLES} examples"
        notes = (f"{few} are left out: {count:,} rows.",)
        return _Labels({"names": list(counts), "rules": [*rules, {"drop": "rare"}]}, counts, notes, unusable)
    if all(name == value for value, name in names.items()):
        return _Labels({"names": list(counts)}, counts, (), unusable)
    return _Labels({"names": list(counts), "rules": rules}, counts, (), unusable)


def _ranges(
    column: Column, names: tuple[str, str, str], low: float, high: float, note: str, unusable: float
) -> _Labels:
    """Three labels: up to `low`, from `high` on, and what lies between."""
    least, middle, most = names
    counts = dict.fromkeys(names, 0)
    for value, count in column.values.items():
        number = float(value)
        counts[least if number <= low else most if number >= high else middle] += count
    rules = [
        {"name": least, "max": low},
        {"name": most, "min": high},
        {"name": middle, "min": low, "max": high},
    ]
    return _Labels({"names": list(names), "rules": rules}, counts, (note,), unusable)


def _thirds(column: Column) -> tuple[float, float]:
    """The values where the lowest and the highest third of the rows end; at least one value lies between them."""
    counts = _numbers(column)
    values = sorted(counts)
    total = sum(counts.values())
    upwards = list(accumulate(counts[value] for value in values))
    downwards = list(accumulate(counts[value] for value in reversed(values)))
    low = max(1, min(sum(reached * 3 <= total for reached in upwards), len(values) - 2))
    high = max(1, min(sum(reached * 3 <= total for reached in downwards), len(values) - low - 1))
    return values[low - 1], values[-high]


def _numbers(column: Column) -> Counter[float]:
    """How often each number is a value: 1 and 1.0 are one."""
    counts: Counter[float] = Counter()
    for value, count in column.values.items():
        counts[float(value)] += count
    return counts


def _written(sample: Sample, name: str, data: dict[str, Any], labels: _Labels) -> Proposal:
    if len(labels.counts) < 2:
        raise DataError(
            f"The data has the labels {', '.join(labels.counts) or 'none'}. Expected: two or more."
        )
    metric, minimum, why = _gate(labels)
    several, proposed = "multi" in labels.proposed, labels.proposed
    names = tuple(proposed["names"]) if len(proposed["names"]) > _MOST_NAMES else ()
    if names:
        rest = {key: value for key, value in proposed.items() if key != "names"}
        proposed = {**rest, "names_file": names_file(name)}
    document: dict[str, Any] = {
        "name": name,
        "data": data,
        "labels": proposed,
        "text_rules": {"lowercase": True, "strip_html": True, "punctuation": "split"},
        "split": {"train": 0.8, "validation": 0.1, "test": 0.1},
        "training": {
            "hyperparameters": {
                "mode": "supervised",
                "epochs": 20,
                "learning_rate": 0.5,
                "vector_dim": 10,
                "word_ngrams": 2,
                "min_count": 1,
                "buckets": 200_000,
            }
        },
        **({"evaluation": {"threshold": 0.15}} if several else {}),
        "gate": {"metric": metric, "minimum": minimum, "max_regression": 0.0},
    }
    notes = (*labels.notes, why)
    head = "".join(
        f"# {note}\n" for note in (f"Proposed from {sample.rows:,} rows. Read it, and change it.", *notes)
    )
    return Proposal(head + "\n".join(_yaml(key, value) for key, value in document.items()), notes, names)


def names_file(recipe: str) -> str:
    """The name of the file with a recipe's labels."""
    return f"{recipe}-labels.txt"


def _yaml(key: str, value: Any) -> str:
    style = None if isinstance(value, dict) else False
    return str(
        yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, default_flow_style=style, width=110)
    )


def _gate(labels: _Labels) -> tuple[str, float, str]:
    """The metric, the least that it must reach, and why."""
    if "multi" in labels.proposed:
        why = "The gate's minimum is low on purpose: raise it to what the first run measures."
        return "micro_f1", 0.1, why
    counts = labels.counts.values()
    share = max(counts) / sum(counts)
    alone = 2 * share / (1 + share) / len(counts)
    minimum = math.ceil((alone + _MARGIN) * 100) / 100
    why = (
        f"The most frequent label alone reaches a macro_f1 of {alone:.2f}. The gate asks for a little more: raise it to what the "
        "first run measures."
    )
    return "macro_f1", minimum, why


def _known(sample: Sample, name: str) -> Column:
    column = sample.column(name)
    if column is None:
        there = ", ".join(each.name for each in sample.columns)
        raise DataError(f"There is no column {name}. There is {there}.")
    return column


def _frequent(column: Column) -> dict[str, int]:
    """The values with enough examples to learn from, in their order."""
    found = {value: count for value, count in column.values.items() if count >= FEWEST_EXAMPLES}
    return dict(
        sorted(found.items(), key=lambda item: (float(item[0]) if is_number(item[0]) else math.inf, item[0]))
    )


def _is_choice(column: Column) -> bool:
    """Whether each value is a label: few of them, and often. A scale of numbers is not."""
    return 2 <= len(_frequent(column)) <= MOST_LABELS and not _varies(column) and not _is_scale(column)


def _is_scale(column: Column) -> bool:
    """Whether the values are three numbers or more between which there may be others: with fractions, or more than ten."""
    if not column.is_numeric or column.distinct >= DISTINCT or _varies(column):
        return False
    numbers = _numbers(column)
    return len(numbers) > 10 or (len(numbers) > 2 and any(not number.is_integer() for number in numbers))


def _varies(column: Column) -> bool:
    """Whether hardly two rows are alike."""
    return column.distinct >= min(DISTINCT, (column.rows - column.empty) / 2)


def _label_name(value: str) -> str:
    """A value as the name of a label: no space, no comma."""
    return re.sub(r"[\s,]+", "_", value.strip()).removeprefix("__label__")[:100] or "empty"
