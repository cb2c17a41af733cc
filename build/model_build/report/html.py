"""The report as one standalone page: no script, no request, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from model_build.report import curves, plots
from model_build.report.model import Report, duration, signed

# What a plot can show before it becomes unreadable; the table below it shows all.
_BARS = 24


@dataclass(frozen=True)
class Figure:
    """A plot and what to say about it."""

    title: str
    plot: Markup
    caption: str = ""
    legend: bool = False


def render(report: Report) -> str:
    """The whole page. Everything that comes from data or commits is escaped."""
    environment = Environment(
        loader=PackageLoader("model_build.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(signed=signed, duration=duration)
    return environment.get_template("report.html").render(report=report, figures=list(_figures(report)))


def _figures(report: Report) -> Iterator[Figure]:
    evaluation, champion = report.evaluation, report.champion
    if evaluation is None:
        return
    compared = champion is not None
    if evaluation.comparison is not None:
        yield Figure(
            f"Difference in {evaluation.comparison.metric}",
            plots.difference(evaluation.comparison, evaluation.gate.max_regression),
            f"{evaluation.comparison.samples:,} paired bootstrap samples of {evaluation.holdout.rows:,} texts. "
            f"{report.significance}",
        )
    matrix = evaluation.candidate.confusion_matrix
    if matrix is not None and len(evaluation.labels) <= plots.MATRIX_LABELS:
        yield Figure(
            "Confusion matrix",
            plots.confusion(evaluation.labels, matrix),
            "A row for each true label; its shares add up to 100%.",
        )
    shown = report.commonest(_BARS)
    left_out = len(report.classes) - len(shown)
    yield Figure(
        "F1 of each label",
        plots.f1_bars(shown),
        f"The {len(shown)} commonest labels; the table has all." if left_out else "",
        legend=compared,
    )
    if any(evaluation.candidate.precision_recall.values()):
        yield Figure(
            "Precision and recall",
            curves.precision_recall(evaluation.candidate, champion),
            (
                "Precision (upwards) by recall. The dot is the candidate at its threshold."
                if evaluation.multi_label
                else "Precision (upwards) by recall. The dot is where the most probable label is given."
            ),
            legend=compared,
        )
    yield Figure(
        "Reliability",
        plots.reliability(evaluation.candidate.calibration, champion.calibration if champion else ()),
        "Below the diagonal a model is surer than it is right. The larger a dot, the more texts.",
        legend=compared,
    )
