"""Checks of the counted rows: whether they can train and measure the recipe's labels. A refusal says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from failure import StepError
from preparation import rules
from preparation.splits import TEST, TRAIN, VALIDATION
from preparation.summary import Total
from reading import charset
from reading.layout import Layout, missing_column

# More texts with an escape than this, and it is how the file is written and not what somebody wrote.
_ESCAPED_SHARE, _ESCAPED_ROWS = 0.01, 3
_ROOM = 100  # characters of values in a message, of which SageMaker shows 1,000
_EXPLAINED = {
    "columns": "expected as many fields as the header has",
    "quotes": 'a quote stands alone inside a quoted field: write it twice, or say escape: "\\\\" under data if a backslash '
    "stands before it",
    "json": "expected one JSON object a line",
    "nul": "zero bytes, which text does not have: the file was damaged, or is not UTF-8",
    "long_text": "a text may have 1,048,576 characters",
    "no_label": "labels.none names the label of such rows",
}


def check(total: Total, config: Mapping[str, Any], name: str, layout: Layout, sample: bool = False) -> None:
    """Raises StepError when too little can be used, or what is left cannot train and measure the recipe's labels.

    Of a `sample`, the first rows of a file, only what more rows would not fix is asked.
    """
    if total.rows == 0:
        what = "a header and no rows" if layout.table and config["data"]["header"] else "no rows"
        raise StepError(f"{name} has {what}. Expected: at least one row for each label.")
    for column in sorted(total.unseen):
        key = "text" if column in layout.text else "label" if column in layout.label else "require"
        raise StepError(missing_column(name, column, key, total.seen))
    _check_dropped(total, config, name, sample)
    _check_escapes(total, name)
    if sample:
        return
    _check_rules(total, config["labels"]["rules"], name)
    _check_labels(total, config["labels"], name)
    for split in (VALIDATION, TEST):
        if not total.examples[split]:
            raise StepError(
                f"None of the {total.used} usable rows of {name} fell into the {split} split. Use more data, or raise "
                f"split.{split} in the recipe."
            )


def _check_dropped(total: Total, config: Mapping[str, Any], name: str, sample: bool) -> None:
    allowed = config["data"]["max_dropped_share"]
    count = sum(total.lost.values())
    nothing_left = not total.used
    if not nothing_left and (sample or count <= allowed * total.rows):
        return
    reasons = "; ".join(_reason(total, config, reason) for reason, _ in total.dropped.most_common())
    shown = count if count else sum(total.dropped.values())
    raise StepError(
        f"{shown} of {total.rows} rows of {name} cannot be used ({_percent(shown / total.rows)}; "
        f"data.max_dropped_share allows {_percent(allowed)}): {reasons}. {_advice(total)}"
    )


def _reason(total: Total, config: Mapping[str, Any], reason: str) -> str:
    """A reason, its count, its first rows, and what stands there."""
    number, rows = total.dropped[reason], total.first_rows[reason]
    what = "rows" if number > 1 else "row"
    parts = [f"{what} {', '.join(map(str, rows[:5]))}{', ...' if number > len(rows[:5]) else ''}"]
    if reason == "open_quote":
        parts = list(_open_quotes(total))
    shown = _shown(total.shown_values(reason), len(total.values.get(reason, ())))
    if shown:
        parts.append(shown)
    if reason == "unknown_label":
        parts.append(rules.known(config["labels"]))
    elif reason in _EXPLAINED:
        parts.append(_EXPLAINED[reason])
    return f"{reason}: {number} ({'; '.join(parts)})"


def _shown(values: Sequence[tuple[str, int]], count: int) -> str:
    """The values with their counts, as many as a message has room for; `count` is how many different ones there are."""
    if not values:
        return ""
    words, length = [], 0
    for value, times in values:
        words.append(f'"{value}"' + (f" x{times}" if times > 1 else ""))
        length += len(words[-1])
        if length > _ROOM:
            break
    return ", ".join(words) + (", ..." if len(words) < count else "")


def _open_quotes(total: Total) -> Iterator[str]:
    for file, line, lost in total.open_quotes[:3]:
        yield f"a quote opens on line {line} of {file} and swallows {lost} {'lines' if lost > 1 else 'line'}"
    if len(total.open_quotes) > 3:
        yield "more of them behind it"


def _advice(total: Total) -> str:
    if total.encoding:
        looks_like = charset.guess(total.encoding)
        return (
            f"The file is not UTF-8; it looks like {looks_like}. {charset.advice(looks_like)} To allow a larger share would "
            "lose every row with an accent."
        )
    if total.open_quotes:
        return "Close the quote, or write it twice if it belongs to the text."
    return "Correct the rows or the recipe, or allow a larger share."


def _check_escapes(total: Total, name: str) -> None:
    if total.escaped_rows < _ESCAPED_ROWS or total.escaped_rows <= _ESCAPED_SHARE * total.used:
        return
    shown = next(iter(total.escaped))
    raise StepError(
        f"{total.escaped_rows} of {total.used} texts of {name} hold a backslash escape, such as {shown!r}. Backslash escapes "
        'are not read unless the recipe says so, and \\n would become the letter n. Say escape: "\\\\" under data, or '
        "escape: none if the backslashes belong to the text."
    )


def _check_rules(total: Total, given: Sequence[Mapping[str, Any]], name: str) -> None:
    for index, rule in enumerate(given):
        if index not in total.matched_rules and rule["name"] is not None:
            values = ", ".join(f'"{value}"' for value, _ in total.shown_values("unknown_label"))
            raise StepError(
                f"labels.rules[{index}] of the recipe ({rule['name']}: {rules.condition(rule)}) matches no row of {name}"
                + (f", whose other values are {values}" if values else "")
                + ". Correct the rule, or drop it."
            )


def _check_labels(total: Total, labels: Mapping[str, Any], name: str) -> None:
    counts = total.labels[TRAIN]
    present = [label for label in labels["names"] if counts[label]]
    if len(present) < 2:
        left = f"{present[0]} ({counts[present[0]]} rows)" if present else "none"
        raise StepError(
            f"A single class is left in the train split of {name}: {left}. Expected: {', '.join(labels['names'])}. "
            "A classifier needs two; check data.label and labels.rules of the recipe."
        )
    missing = [label for label in labels["names"] if not counts[label]]
    if missing and not labels["multi"]:
        elsewhere = ", ".join(
            f"{split} has {total.labels[split][missing[0]]} of {missing[0]}"
            for split in (VALIDATION, TEST)
            if total.labels[split][missing[0]]
        )
        raise StepError(
            f"No row of the train split of {name} is labelled {', '.join(missing[:10])}, so the model could never say "
            f"it{f' ({elsewhere})' if elsewhere else ''}. Use more data, or drop the name from labels.names of the recipe."
        )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
