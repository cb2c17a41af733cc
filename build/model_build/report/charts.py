"""Pictures for a comment: Mermaid, which GitHub draws itself, and tables shaded with characters.

A comment shows no `data:` address, and an image elsewhere would have to be uploaded by a job that may then write to the
repository: see docs/decisions/. Mermaid has no heat map, so the confusion matrix is a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from model_build.report.documents import Bin
from model_build.report.model import ClassRow

LABELS = 12
"""The most labels whose names can be read below bars, or over the columns of a matrix."""

Curve = Sequence[tuple[float, float]]

_RECALLS = [tenth / 10 for tenth in range(1, 11)]
_SHADES = ("\N{LIGHT SHADE}", "\N{MEDIUM SHADE}", "\N{DARK SHADE}", "\N{FULL BLOCK}")
# Within quotes Mermaid reads entities and directives; a fence ends at backticks.
_UNSAFE = re.compile(r"[^\w .()+-]")


def f1_bars(rows: Sequence[ClassRow]) -> str:
    """F1 of each label, the candidate's as bars and the champion's as a line; empty where names could not be read."""
    if not rows or len(rows) > LABELS:
        return ""
    series = [_series("bar", (row.candidate.f1 for row in rows))]
    if all(row.champion for row in rows):
        series.append(_series("line", (row.champion.f1 for row in rows if row.champion)))
    title = "F1 of each label" + (": candidate (bars), champion (line)" if len(series) > 1 else "")
    return _chart(title, [row.label for row in rows], "F1", series)


def reliability(bins: Sequence[Bin]) -> str:
    """How often the most probable label is right, as bars, by how probable it is, which a line shows."""
    if len(bins) < 2:
        return ""
    series = [
        _series("bar", (each.accuracy for each in bins)),
        _series("line", (each.confidence for each in bins)),
    ]
    names = [f"{each.confidence:.2f}" for each in bins]
    return _chart("Right (bars) by confidence (line)", names, "share", series)


def precision_recall(candidate: Mapping[str, Curve], champion: Mapping[str, Curve]) -> str:
    """The mean precision over the labels at ten recalls: the candidate's as bars and the champion's as a line.

    The precision at a recall is the best one at that recall or a higher one. Empty without a curve.
    """
    curves = [curve for curve in candidate.values() if curve]
    theirs = [curve for curve in champion.values() if curve]
    if not curves:
        return ""
    series = [_series("bar", _mean_precisions(curves))]
    if theirs:
        series.append(_series("line", _mean_precisions(theirs)))
    title = "Mean precision by recall" + (": candidate (bars), champion (line)" if theirs else "")
    return _chart(title, [f"{recall:.1f}" for recall in _RECALLS], "precision", series)


def _mean_precisions(curves: Sequence[Curve]) -> list[float]:
    return [sum(_precision(curve, recall) for curve in curves) / len(curves) for recall in _RECALLS]


def _precision(curve: Curve, recall: float) -> float:
    return max((precision for reached, precision in curve if reached >= recall - 1e-9), default=0.0)


def confusion(matrix: Sequence[Sequence[int]]) -> list[list[str]]:
    """The cells of the matrix, row by row: a shade by the share of the row, the share, the count."""
    return [[_cell(count, sum(counts)) for count in counts] for counts in matrix]


def _cell(count: int, total: int) -> str:
    share = count / total if total else 0.0
    shade = 3 * _SHADES[min(int(share * len(_SHADES)), len(_SHADES) - 1)] if count else ""
    return f"{shade} {share:.0%} ({count:,})".strip()


def _chart(title: str, names: Iterable[str], unit: str, series: Iterable[str]) -> str:
    quoted = ", ".join(f'"{_UNSAFE.sub("_", name)[:24]}"' for name in names)
    lines = [
        "```mermaid",
        "xychart-beta",
        f'  title "{title}"',
        f"  x-axis [{quoted}]",
        f'  y-axis "{unit}" 0 --> 1',
        *(f"  {each}" for each in series),
        "```",
    ]
    return "\n".join(lines)


def _series(kind: str, values: Iterable[float]) -> str:
    return f"{kind} [{', '.join(f'{value:.3f}' for value in values)}]"
