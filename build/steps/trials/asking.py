"""Asks a trial endpoint: whether it answers as Evaluate did, and how long it takes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from botocore.exceptions import BotoCoreError, ClientError

from failure import StepError
from prediction import predictions
from prediction.contract import Contract
from prediction.serving import JSON
from trials.expected import Expected

Scores = npt.NDArray[np.float64]

SECONDS = 900
"""How long all texts together may take."""
MOST_FAILURES = 5
"""So many texts without an answer are enough to know; each may take a minute."""
_PAUSE = 1.0  # seconds
_TIE = 1e-4
"""Labels whose scores are as near as this may be answered in either order."""


@dataclass(frozen=True)
class Difference:
    """A text that was answered otherwise than by Evaluate, and how."""

    text: str
    what: str


@dataclass(frozen=True)
class Served:
    """What an endpoint answered. `milliseconds` are the times of its answers, `first` that of the one before them all.

    `texts` counts those that were asked: a text of which the text rules leave nothing is answered without a model.
    """

    texts: int
    differences: tuple[Difference, ...]
    milliseconds: tuple[float, ...]
    first: float

    def percentile(self, share: float) -> float:
        """The time in which that share of the answers came, in milliseconds."""
        ordered = sorted(self.milliseconds)
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)


def ask(runtime: Any, name: str, terms: Contract, wanted: Expected, tolerance: float) -> Served:
    """Ask for each text that has tokens, one after the other.

    A score may differ by `tolerance`. Raises StepError if no text is answered, or all take longer than SECONDS.
    """
    lines = [terms.tokens(text) for text in wanted.texts]
    rows = [row for row, line in enumerate(lines) if line]
    if not rows:
        raise StepError(
            "The text rules leave nothing of any text that the trial endpoint was to be asked for. Raise trial.texts in the "
            "recipe."
        )
    until = time.monotonic() + SECONDS
    first = _first(runtime, name, terms, lines[rows[0]], until)
    differences, times, asked = [], [], 0
    for row in rows:
        if time.monotonic() > until:
            raise StepError(
                f"The trial endpoint {name} answered {asked} of {len(rows)} texts in {SECONDS} s. Choose a larger machine, or a "
                "smaller trial.texts."
            )
        answer, milliseconds = _timed(runtime, name, terms, lines[row])
        asked += 1
        if isinstance(answer, str):
            what = answer
        else:
            times.append(milliseconds)
            what = _difference(terms, wanted.labels, wanted.probabilities[row], answer, tolerance)
        if what:
            differences.append(Difference(wanted.texts[row], what))
        if asked - len(times) >= MOST_FAILURES:
            break
    if not times:
        raise StepError(f"The trial endpoint {name} answered no text. {differences[0].what}")
    return Served(asked, tuple(differences), tuple(times), round(first, 1))


def _first(runtime: Any, name: str, terms: Contract, line: str, until: float) -> float:
    """The time of the first answer, in milliseconds. A serverless endpoint may say that it is not ready yet."""
    began = time.perf_counter()
    while True:
        try:
            _timed(runtime, name, terms, line)
            return (time.perf_counter() - began) * 1000
        except ClientError as error:
            if error.response["Error"]["Code"] != "ModelNotReadyException" or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


def _timed(runtime: Any, name: str, terms: Contract, line: str) -> tuple[Scores | str, float]:
    """The scores of the contract's labels, or why there are none; and the time in milliseconds."""
    body = terms.serving.request([line], len(terms.labels))
    began = time.perf_counter()
    try:
        response = runtime.invoke_endpoint(EndpointName=name, ContentType=JSON, Accept=JSON, Body=body)
        content = response["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        return error.response["Error"]["Message"], 0.0
    except BotoCoreError as error:
        return f"{error}", 0.0
    took = (time.perf_counter() - began) * 1000
    try:
        [entry] = json.loads(content)
        answers = [terms.serving.answer(entry)]
        found = predictions.of([line], answers, terms.labels, multi_label=terms.multi_label)
    except (ValueError, KeyError, TypeError) as error:
        shown = content[:200].decode("utf-8", "replace")
        return (
            f"It answered {shown!r}, which is not what the contract says ({type(error).__name__}: {error}).",
            took,
        )
    return np.asarray(found.probabilities[0]), took


def _difference(
    terms: Contract, labels: Sequence[str], wanted: Scores, answered: Scores, tolerance: float
) -> str:
    """How an answer differs; empty where it does not. `answered` has the contract's order of labels, `wanted` another."""
    found = answered[[terms.labels.index(label) for label in labels]]
    off = np.abs(found - wanted)
    worst = int(off.argmax())
    if off[worst] > tolerance:
        return f"{labels[worst]} {found[worst]:.4f} in place of {wanted[worst]:.4f}"
    mine, theirs = (_given(terms, labels, scores) for scores in (wanted, found))
    if _margin(terms, labels, wanted, mine ^ theirs) <= _TIE:
        return ""
    return f"{_named(labels, theirs)} in place of {_named(labels, mine)}"


def _given(terms: Contract, labels: Sequence[str], scores: Scores) -> npt.NDArray[np.bool_]:
    """The labels that the API would give."""
    if terms.thresholds is None:
        return np.asarray(np.arange(len(labels)) == scores.argmax())
    return np.asarray(scores >= np.asarray([terms.thresholds[label] for label in labels]))


def _margin(terms: Contract, labels: Sequence[str], scores: Scores, other: npt.NDArray[np.bool_]) -> float:
    """How clearly Evaluate decided the labels that are given otherwise; 0 where none is."""
    if not other.any():
        return 0.0
    if terms.thresholds is None:
        return float(np.ptp(scores[other]))
    least = np.asarray([terms.thresholds[label] for label in labels])
    return float(np.abs(scores - least)[other].max())


def _named(labels: Sequence[str], given: npt.NDArray[np.bool_]) -> str:
    return " ".join(label for label, is_given in zip(labels, given) if is_given) or "no label"
