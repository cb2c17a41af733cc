"""The plots of the page, drawn as inline SVG: colours come from the page's style, so they follow light and dark.

Each is 380 units wide, so that its text stays legible on a telephone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from model_build.report.documents import Bin, Comparison
from model_build.report.model import ClassRow, signed
from model_build.report.svg import bar, dot, element, line, plot, shortened, text

WIDTH = 380
MATRIX_LABELS = 16
_NAME = 18  # characters of a label that a plot shows
_CANDIDATE, _CHAMPION = "candidate", "champion"


def difference(comparison: Comparison, max_regression: float) -> Markup:
    """The bootstrap interval of the gate's metric, candidate minus champion, beside what the gate refuses."""
    low, high = comparison.interval
    reach = 1.25 * max(abs(low), abs(high), abs(comparison.difference), max_regression, 1e-3)
    left, right, top, bottom = 16, WIDTH - 16, 34, 92

    def at(value: float) -> float:
        return left + (value + reach) / (2 * reach) * (right - left)

    limit = at(-max_regression)
    parts = [
        bar(
            left,
            top - 12,
            limit - left,
            bottom - top + 12,
            "refused",
            "The gate refuses a difference in here.",
        ),
        text(left + 6, top + 2, "refused", "label refused-text"),
        line(at(0), top - 12, at(0), bottom, "axis"),
        *_ticks(at, reach, bottom),
        element("line", x1=at(low), y1=66, x2=at(high), y2=66, class_="interval"),
        line(at(low), 58, at(low), 74, "interval thin"),
        line(at(high), 58, at(high), 74, "interval thin"),
        dot(
            at(comparison.difference), 66, 6, "candidate ring", f"difference {signed(comparison.difference)}"
        ),
        text(at(comparison.difference), 50, signed(comparison.difference), "value", "middle"),
        text(left, 128, "\N{LEFTWARDS ARROW} champion better", "label"),
        text(right, 128, "candidate better \N{RIGHTWARDS ARROW}", "label", "end"),
    ]
    return plot(
        "difference",
        f"Difference in {comparison.metric}, candidate minus champion",
        f"{signed(comparison.difference)}, {comparison.confidence:.0%} interval {signed(low)} to {signed(high)}. "
        f"The gate refuses below {signed(-max_regression)}.",
        WIDTH,
        136,
        *parts,
    )


def f1_bars(rows: Sequence[ClassRow]) -> Markup:
    """F1 of each label: the candidate's bar over the champion's."""
    compared = any(row.champion for row in rows)
    left, right, pitch = _gutter([row.label for row in rows]), WIDTH - 44, 40 if compared else 26
    bottom = 10 + pitch * len(rows)
    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = left + tick * (right - left)
        parts += [line(x, 4, x, bottom, "grid"), text(x, bottom + 16, f"{tick:g}", "label", "middle")]
    for index, row in enumerate(rows):
        y = 10 + index * pitch
        middle = y + (16 if compared else 8)
        parts.append(text(left - 10, middle + 4, shortened(row.label, _NAME), "name", "end", hint=row.label))
        for offset, owner, figures in ((0, _CANDIDATE, row.candidate), (16, _CHAMPION, row.champion)):
            if figures is not None:
                hint = f"{row.label}, {owner}: F1 {figures.f1:.4f}, {figures.support:,} texts"
                length = max(figures.f1 * (right - left), 1)
                parts.append(bar(left, y + offset, length, 14, owner, hint))
                parts.append(text(left + length + 6, y + offset + 11, f"{figures.f1:.3f}", "value"))
    described = "; ".join(
        f"{row.label} {row.candidate.f1:.3f}" + (f" against {row.champion.f1:.3f}" if row.champion else "")
        for row in rows
    )
    return plot("f1", "F1 of each label", described, WIDTH, bottom + 24, *parts)


def confusion(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> Markup:
    """A row for each true label, a column for each given one; the darker, the larger the share of the row."""
    left, top = _gutter(labels), 22
    cell = min((WIDTH - left - 4) / len(labels), 92)
    slanted = cell < 64
    side = cell * len(labels)
    parts = [text(left + side / 2, 12, "given by the candidate", "label", "middle")]
    for row, counts in enumerate(matrix):
        y, total = top + row * cell, max(sum(counts), 1)
        parts.append(
            text(left - 10, y + cell / 2 + 4, shortened(labels[row], _NAME), "name", "end", hint=labels[row])
        )
        for column, count in enumerate(counts):
            hint = f"{count:,} of {total:,} {labels[row]} given as {labels[column]}"
            parts += _cell(left + column * cell, y, cell, count, count / total, hint)
    for column, label in enumerate(labels):
        x, y = left + (column + 0.5) * cell, top + side + 16
        written = shortened(label, 12)
        if slanted:
            turn = f"rotate(-60 {x + 4:.1f} {y:.1f})"
            parts.append(
                element("text", written, x=x + 4, y=y, class_="name", text_anchor="end", transform=turn)
            )
        else:
            parts.append(text(x, y, written, "name", "middle", hint=label))
    described = "; ".join(
        f"of {sum(counts):,} {label}: "
        + ", ".join(f"{count:,} {labels[i]}" for i, count in enumerate(counts))
        for label, counts in zip(labels, matrix, strict=True)
    )
    height = top + side + (98 if slanted else 26)
    return plot("confusion", "Confusion matrix of the candidate", described, WIDTH, height, *parts)


def reliability(candidate: Sequence[Bin], champion: Sequence[Bin]) -> Markup:
    """How often the most probable label is right, by how probable it is; the diagonal is perfect calibration."""
    left, top, side = 52, 8, 304

    def at(confidence: float, accuracy: float) -> tuple[float, float]:
        return left + confidence * side, top + (1 - accuracy) * side

    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = at(tick, tick)
        parts += [line(x, top, x, top + side, "grid"), line(left, y, left + side, y, "grid")]
        parts.append(text(x, top + side + 16, f"{tick:g}", "label", "middle"))
        parts.append(text(left - 8, y + 4, f"{tick:g}", "label", "end"))
    parts.append(line(*at(0, 0), *at(1, 1), "diagonal"))
    most = max((entry.count for entry in [*candidate, *champion]), default=1)
    parts += _curve(_CHAMPION, champion, at, most)
    parts += _curve(_CANDIDATE, candidate, at, most)
    parts.append(text(left + side / 2, top + side + 36, "confidence", "label", "middle"))
    upright = f"rotate(-90 12 {top + side / 2:g})"
    parts.append(
        element(
            "text",
            "share right",
            x=12,
            y=top + side / 2,
            class_="label",
            text_anchor="middle",
            transform=upright,
        )
    )
    described = "; ".join(
        f"confidence {entry.confidence:.2f}: {entry.accuracy:.2f} right of {entry.count:,}"
        for entry in candidate
    )
    return plot("reliability", "Reliability of the probabilities", described, WIDTH, top + side + 44, *parts)


def _gutter(labels: Sequence[str]) -> float:
    """The width that the names of the labels take."""
    longest = max(len(shortened(label, _NAME)) for label in labels)
    return 18 + 7.2 * max(longest, 6)


def _cell(x: float, y: float, size: float, count: int, share: float, hint: str) -> list[Markup]:
    parts = [
        element("rect", x=x + 1, y=y + 1, width=size - 2, height=size - 2, rx=2, class_="cell"),
        bar(x + 1, y + 1, size - 2, size - 2, "heat", hint, fill_opacity=share),
    ]
    # Where text in either colour is equally legible, in light and in dark (about 4 to 1).
    tone = "on-heat" if share > 0.75 else ""
    middle = x + size / 2
    if size >= 44:
        parts.append(text(middle, y + size / 2, f"{share:.0%}", f"value {tone}", "middle"))
        parts.append(text(middle, y + size / 2 + 15, f"{count:,}", f"small {tone}", "middle"))
    elif size >= 24:
        parts.append(text(middle, y + size / 2 + 4, f"{share:.0%}", f"small {tone}", "middle"))
    return parts


def _curve(
    owner: str, bins: Sequence[Bin], at: Callable[[float, float], tuple[float, float]], most: int
) -> list[Markup]:
    """A line through the bins, with a dot as large as a bin is full."""
    points = [at(entry.confidence, entry.accuracy) for entry in bins]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [element("polyline", points=path, class_=f"curve {owner}")]
    for (x, y), entry in zip(points, bins, strict=True):
        hint = (
            f"{owner}: {entry.count:,} texts, confidence {entry.confidence:.3f}, right {entry.accuracy:.3f}"
        )
        parts.append(dot(x, y, 2.5 + 5 * math.sqrt(entry.count / most), f"{owner} ring", hint))
    return parts


def _ticks(at: Callable[[float], float], reach: float, bottom: float) -> list[Markup]:
    """Marks at round numbers on both sides of 0."""
    magnitude = 10 ** math.floor(math.log10(reach))
    step = next(magnitude * factor for factor in (0.5, 1, 2, 5) if reach / (magnitude * factor) < 3.5)
    parts = []
    for index in range(-math.floor(reach / step), math.floor(reach / step) + 1):
        x = at(index * step)
        label = "0" if index == 0 else f"{index * step:+.3g}".replace("-", "\N{MINUS SIGN}")
        parts += [line(x, bottom, x, bottom + 4, "axis"), text(x, bottom + 18, label, "label", "middle")]
    return parts
