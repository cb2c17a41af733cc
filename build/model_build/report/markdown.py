"""The report as one Markdown comment on a pull request.

A hidden marker names the recipe. `model-build comment` looks for it and edits that comment. Names and messages come
from data and commits, so their special characters in Markdown and HTML are written as character references, and they
cannot mention a person or an issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from model_build.report import charts
from model_build.report.documents import Dropped
from model_build.report.model import ClassRow, Link, MetricRow, Report, Verdict, duration, signed

# GitHub refuses comments above 65,536 characters.
_CLASSES = 40
_SPLIT_COLUMNS = 8
_REASONS = 1500
_SYMBOLS = {
    Verdict.PASSED: "\N{WHITE HEAVY CHECK MARK}",
    Verdict.FORCED: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    Verdict.REFUSED: "\N{CROSS MARK}",
    Verdict.FAILED: "\N{COLLISION SYMBOL}",
    Verdict.RUNNING: "\N{HOURGLASS WITH FLOWING SAND}",
}
# What can change how a line is read: signs of Markdown and HTML anywhere, underscores that do not join two words,
# colons
# and dots that GitHub makes links or emoji of, and what would make a line an item of a list.
_SPECIAL = re.compile(
    r"[\\`*{}\[\]<>#|~&@$]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=www)\.|^[-+=]|^\d(?=\d*[.)])"
)
_ZERO_WIDTH_SPACE = "&#8203;"


def marker(recipe: str) -> str:
    """The first line of the comment, by which it is found again; invisible on GitHub."""
    return f"<!-- model-build-report: {recipe} -->"


def is_marked(text: str) -> bool:
    """Whether `text` begins like the comment of some recipe."""
    return re.match(r"<!-- model-build-report: [a-z0-9-]+ -->\n", text) is not None


def render(report: Report) -> str:
    """The whole comment: the verdict, the figures, then the folded details."""
    blocks = [
        marker(report.run.recipe),
        f"## {_SYMBOLS[report.verdict]} {plain(report.headline)} \N{MIDDLE DOT} {plain(report.run.recipe)}",
        " ".join(filter(None, (plain(report.reason[:_REASONS]), plain(report.consequence)))),
        _metrics(report.metrics),
        plain(report.certainty),
        plain(report.significance),
        plain(report.never_right),
        plain(report.search),
        plain(report.trial),
        f"Next{report.run.next_place}: {_code(report.run.next_command)}" if report.run.next_command else "",
        _section("What changes", _changes(report.run.changed)),
        plain(report.effort),
        _links(report.run.links),
        _details("Labels", _classes(report), is_open=len(report.classes) <= charts.LABELS),
        _details("Confusion matrix", _confusion(report)),
        _details("Precision and recall", _precision_recall(report)),
        _details("Reliability", _reliability(report)),
        _details(_data_title(report), _data(report)),
        _details("Steps", _steps(report)),
        _details("Provenance", _provenance(report)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def plain(text: str) -> str:
    """Text on one line, with all special characters escaped."""
    shown = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
    # A mention or a reference is recognised after references are resolved: separate the sign from what follows.
    return shown.replace("&#64;", f"&#64;{_ZERO_WIDTH_SPACE}").replace("&#35;", f"&#35;{_ZERO_WIDTH_SPACE}")


def _code(text: str) -> str:
    """An identifier in monospace, to be copied."""
    return f"`{text}`" if text and text.isprintable() and not set("`|<>") & set(text) else plain(text)


def _url(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E").replace("\n", "").replace("\\", "%5C")


def _table(head: Sequence[str], numbers_from: int, rows: Sequence[Sequence[str]]) -> str:
    rule = ["---" if column < numbers_from else "--:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows]) if rows else ""


def _details(title: str, body: str, *, is_open: bool = False) -> str:
    shown = " open" if is_open else ""
    return f"<details{shown}><summary>{title}</summary>\n\n{body}\n\n</details>" if body else ""


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}" if body else ""


def _changes(changed: Mapping[str, str]) -> str:
    return "\n".join(
        f"- {plain(what)}: {plain(explanation[:_REASONS])}" for what, explanation in changed.items()
    )


def _links(links: Sequence[Link]) -> str:
    return " \N{MIDDLE DOT} ".join(f"[{plain(link.text)}](<{_url(link.url)}>)" for link in links)


def _confusion(report: Report) -> str:
    evaluation = report.evaluation
    matrix = evaluation.candidate.confusion_matrix if evaluation else None
    if evaluation is None or matrix is None or len(matrix) > charts.LABELS:
        return ""
    names = [plain(label) for label in evaluation.labels]
    rows = [[f"**{name}**", *cells] for name, cells in zip(names, charts.confusion(matrix), strict=True)]
    return "A row for each true label, a column for each that the candidate gives.\n\n" + _table(
        ["", *names], 1, rows
    )


def _precision_recall(report: Report) -> str:
    if report.evaluation is None:
        return ""
    champion = report.champion.precision_recall if report.champion else {}
    return charts.precision_recall(report.evaluation.candidate.precision_recall, champion)


def _reliability(report: Report) -> str:
    return charts.reliability(report.evaluation.candidate.calibration) if report.evaluation else ""


def _metrics(rows: Sequence[MetricRow]) -> str:
    if not any(row.champion is not None for row in rows):
        return _table(
            ["metric", "candidate"], 1, [[_metric_name(row), f"{row.candidate:.4f}"] for row in rows]
        )
    return _table(
        ["metric", "candidate", "champion", "difference"],
        1,
        [
            [
                _metric_name(row),
                f"{row.candidate:.4f}",
                _number(row.champion),
                "" if row.difference is None else signed(row.difference) + _mark(row),
            ]
            for row in rows
        ],
    )


def _metric_name(row: MetricRow) -> str:
    return f"**{plain(row.name)}** (gate)" if row.gated else plain(row.name)


def _mark(row: MetricRow) -> str:
    if row.improved is None:
        return ""
    return " (better)" if row.improved else " (worse)"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _classes(report: Report) -> str:
    rows = report.commonest(_CLASSES)
    head = ["label", "precision", "recall", "F1"]
    head += ["champion's F1", "difference", "texts"] if report.champion else ["texts"]
    table = _table(head, 1, [_class(row, compared=report.champion is not None) for row in rows])
    left_out = len(report.classes) - len(rows)
    more = f"The {len(rows)} commonest labels; {left_out} more are in the page." if left_out else ""
    return "\n\n".join(filter(None, (table, more, charts.f1_bars(report.classes))))


def _class(row: ClassRow, *, compared: bool) -> list[str]:
    own = row.candidate
    cells = [plain(row.label), f"{own.precision:.3f}", f"{own.recall:.3f}", f"{own.f1:.3f}"]
    if compared:
        theirs = row.champion
        cells += ["", ""] if theirs is None else [f"{theirs.f1:.3f}", signed(own.f1 - theirs.f1)]
    return [*cells, f"{own.support:,}"]


def _data_title(report: Report) -> str:
    found = report.preparation
    return f"Data: {found.used:,} of {found.rows:,} rows used" if found else "Data"


def _data(report: Report) -> str:
    return "\n\n".join(filter(None, _data_blocks(report)))


def _data_blocks(report: Report) -> Iterator[str]:
    run, found = report.run, report.preparation
    source = [
        f"- source: {plain(run.data_source)}" if run.data_source else "",
        f"- object: {_code(run.data_uri)}" if run.data_uri else "",
        f"- sha256: {_code(run.data_sha256)}" if run.data_sha256 else "",
    ]
    yield "\n".join(filter(None, source))
    if found is None:
        return
    yield _table(
        ["dropped because of", "rows", "first rows"],
        1,
        [_dropped(reason, rows) for reason, rows in found.dropped.items() if rows.count],
    )
    labels = list(dict.fromkeys(label for split in found.splits.values() for label in split.labels))
    shown = labels if len(labels) <= _SPLIT_COLUMNS else []
    yield _table(
        ["split", "rows", *map(plain, shown)],
        1,
        [
            [plain(name), f"{split.rows:,}", *(f"{split.labels.get(label, 0):,}" for label in shown)]
            for name, split in found.splits.items()
        ],
    )
    yield plain(report.rebalancing)
    if report.baseline:
        yield (
            f"Answering always {plain(report.baseline.label)} would reach an accuracy of "
            f"{report.baseline.accuracy:.4f} on the holdout."
        )


def _dropped(reason: str, rows: Dropped) -> list[str]:
    first = ", ".join(map(str, rows.first_rows))
    return [plain(reason), f"{rows.count:,}", first + (", ..." if rows.count > len(rows.first_rows) else "")]


def _steps(report: Report) -> str:
    return _table(
        ["step", "status", "time"],
        2,
        [
            [
                plain(step.name),
                plain(step.status) + (" (from the cache)" if step.cache_hit else ""),
                duration(step.seconds),
            ]
            for step in report.run.steps
        ],
    )


def _provenance(report: Report) -> str:
    run = report.run
    champion = report.evaluation.champion if report.evaluation else None
    entries = {
        "started": _code(report.started),
        "training": plain(", ".join(f"{name} {value}" for name, value in run.training.items())),
        "commit": " ".join(filter(None, (_code(run.commit), plain(run.commit_message[:200])))),
        "pipeline": _code(run.pipeline),
        "execution": _code(run.execution_arn),
        "model package": _code(run.model_package_arn or ""),
        "champion": _code(champion.arn) if champion else "",
    }
    return "\n".join(f"- {name}: {value}" for name, value in entries.items() if value)
