"""The precision-recall curves of the page: a small plot for each label, on equal axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from model_build.report.documents import Figures
from model_build.report.svg import dot, element, line, plot, shortened, text

_WIDTH = 380
_COLUMNS = 3
_SIDE, _LEFT, _TOP = 92, 30, 22
_PITCH_X, _PITCH_Y = 120, 146

Curve = Sequence[tuple[float, float]]


def precision_recall(candidate: Figures, champion: Figures | None) -> Markup:
    """Precision by recall of each label that has a curve; a dot is where the candidate's threshold puts it."""
    drawn = {label: curve for label, curve in candidate.precision_recall.items() if curve}
    theirs: Mapping[str, Curve] = champion.precision_recall if champion else {}
    parts = []
    for index, (label, curve) in enumerate(drawn.items()):
        row, column = divmod(index, _COLUMNS)
        left, top = _LEFT + column * _PITCH_X, _TOP + row * _PITCH_Y
        parts += [*_axes(left, top), text(left, top - 8, shortened(label, 14), "name", hint=label)]
        if theirs.get(label):
            parts.append(_line(left, top, theirs[label], "champion"))
        parts.append(_line(left, top, curve, "candidate"))
        own = candidate.per_class[label]
        hint = f"{label}: at the threshold precision {own.precision:.3f}, recall {own.recall:.3f}"
        parts.append(dot(*_at(left, top, own.recall, own.precision), 4, "candidate ring", hint))
    rows = -(-len(drawn) // _COLUMNS)
    described = "; ".join(
        f"{label}: average precision {own.average_precision:.3f}"
        for label, own in candidate.per_class.items()
        if label in drawn and own.average_precision is not None
    )
    return plot(
        "precision-recall",
        "Precision by recall of each label",
        described,
        _WIDTH,
        rows * _PITCH_Y + 2,
        *parts,
    )


def _axes(left: float, top: float) -> list[Markup]:
    parts = []
    for tick in (0, 0.5, 1):
        x, y = _at(left, top, tick, tick)
        parts += [line(x, top, x, top + _SIDE, "grid"), line(left, y, left + _SIDE, y, "grid")]
        parts.append(text(x, top + _SIDE + 14, f"{tick:g}", "label", "middle"))
        parts.append(text(left - 5, y + 4, f"{tick:g}", "label", "end"))
    return parts


def _line(left: float, top: float, curve: Curve, owner: str) -> Markup:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_at(left, top, *point) for point in curve))
    return element("polyline", points=points, class_=f"curve {owner}")


def _at(left: float, top: float, recall: float, precision: float) -> tuple[float, float]:
    return left + recall * _SIDE, top + (1 - precision) * _SIDE
