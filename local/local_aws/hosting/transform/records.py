"""A transform job's DataProcessing: parts of records go in, and come out joined with what they were.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html, whose JSONPath operators are those that
are embedded: `$`, `.name`, `['name', ...]`, `[number, ...]`, `[start:end]` and `*`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.kernel import json_text

WHOLE = "$"
CSV, JSON = "csv", "json"
_FORMATS = {
    "text/csv": CSV,
    "application/json": JSON,
    "application/jsonlines": JSON,
}
OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"

_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_][\w-]*)|(?P<every>\.\*|\[\*\])|\[(?P<start>-?\d*):(?P<end>-?\d*)\]"
    r"|\[(?P<numbers>-?\d+(?:\s*,\s*-?\d+)*)\]|\[(?P<names>'[^']+'(?:\s*,\s*'[^']+')*)\]"
)

Step = str | int | slice | tuple[Any, ...] | None
"""A name, a number, a stretch, several names or numbers; None for everything."""


class FilterError(ValueError):
    """A filter is not JSONPath of the kind that is embedded, or does not fit a record; the message quotes it."""


def format_of(content_type: str) -> str | None:
    """How records of a content type are read: CSV, JSON, or None for those that are only passed on."""
    return _FORMATS.get(content_type.partition(";")[0].strip().lower())


@dataclass(frozen=True)
class Filter:
    """A JSONPath: what is kept of a record."""

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Filter:
        """Raises FilterError."""
        if not text.startswith(WHOLE):
            raise FilterError(f"{text!r} is not a JSONPath: it must begin with $.")
        steps: list[Step] = []
        position = 1
        while position < len(text):
            found = _STEP.match(text, position)
            if found is None:
                raise FilterError(
                    f"{text!r} is not a JSONPath that is embedded: use $, .name, ['name'], [0], [1:] and *."
                )
            steps.append(_step(found))
            position = found.end()
        return cls(text, tuple(steps))

    def apply(self, value: Any) -> Any:
        """The part of `value` that the filter keeps. Raises FilterError if it has no such part."""
        for step in self.steps:
            try:
                value = _part(value, step)
            except (IndexError, KeyError, TypeError) as error:
                raise FilterError(f"The filter {self.text} does not fit the record.") from error
        return value


def parsed(record: bytes, kind: str) -> Any:
    """A record as data: a row's cells, or what JSON says. Raises FilterError."""
    try:
        text = record.decode()
        if kind == JSON:
            return json_text.loads(text)
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (ValueError, csv.Error) as error:
        raise FilterError(f"A record is not {kind.upper()}: {error}") from error
    return rows[0] if rows else []


def written(value: Any, kind: str) -> bytes:
    """Data as a record, without a line's end."""
    if kind == JSON:
        return json.dumps(value).encode()
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return row.getvalue().encode()


def joined(given: Any, answer: Any, kind: str) -> Any:
    """A record with its answer: behind its cells, or as a member of its object."""
    if kind == CSV:
        return [*given, *answer]
    if isinstance(given, dict):
        return {**given, OUTPUT: answer}
    return {INPUT: given, OUTPUT: answer}


def split(answer: bytes, count: int) -> Iterator[bytes]:
    """The answers of `count` records. Raises FilterError where there are not as many."""
    if count == 1:
        yield answer
        return
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) != count:
        raise FilterError(f"The model answered {count} records with {len(lines)} lines.")
    yield from lines


def _step(found: re.Match[str]) -> Step:
    if found["name"]:
        return found["name"]
    if found["every"]:
        return None
    if found["numbers"]:
        numbers = tuple(int(each) for each in found["numbers"].split(","))
        return numbers[0] if len(numbers) == 1 else numbers
    if found["names"]:
        names = tuple(re.findall("'([^']+)'", found["names"]))
        return names[0] if len(names) == 1 else names
    start, end = (int(each) if each else None for each in (found["start"], found["end"]))
    return slice(start, end)


def _part(value: Any, step: Step) -> Any:
    if step is None:
        return list(value.values()) if isinstance(value, dict) else list(value)
    if isinstance(step, tuple):
        if isinstance(value, dict):
            return {name: value[name] for name in step}
        return [value[number] for number in step]
    if isinstance(value, list) == isinstance(step, str):
        raise TypeError(step)
    return value[step]
