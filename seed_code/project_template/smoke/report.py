"""The report of a run, in Markdown, made to be attached to an issue: nothing in it is secret. Pure."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from importlib.metadata import version

from project_template.smoke.journal import Answer, Entry
from project_template.smoke.plan import Plan, bound
from project_template.smoke.redaction import Redaction
from project_template.smoke.verdicts import Finding

LONGEST_ANSWER = 1500
"""Characters of an answer that are shown."""


def document(
    plan: Plan, region: str, entries: Iterable[Entry], findings: Iterable[Finding], hidden: Redaction
) -> str:
    """The whole report."""
    entries, findings = list(entries), list(findings)
    lines = [
        f"# Smoke run of project-template {version('project-template')}",
        "",
        f"Region {region}, recipe {plan.recipe}, Python {platform.python_version()}, boto3 {version('boto3')}; at most "
        f"{bound(plan):.2f} USD, {plan.minutes} minutes.",
        "",
        "| step | result | seconds | |",
        "| --- | --- | --- | --- |",
        *(
            f"| {each.name} | {each.state} | {each.seconds:.0f} | {_cell(each.reason, hidden)} |"
            for each in entries
        ),
        "",
        "## What the embedded AWS assumes",
        "",
        "| probe | result | what was seen |",
        "| --- | --- | --- |",
        *(f"| {each.probe} | {each.verdict} | {_cell(each.seen, hidden)} |" for each in findings),
    ]
    for entry in entries:
        lines += _step(entry, hidden)
    return "\n".join(lines) + "\n"


def _step(entry: Entry, hidden: Redaction) -> list[str]:
    if not entry.answers and not entry.notes:
        return []
    lines = ["", f"## {entry.name}", ""]
    lines += [f"- {hidden.text(note)}" for note in entry.notes]
    for answer in entry.answers.values():
        lines += _answer(answer, hidden)
    return lines


def _answer(answer: Answer, hidden: Redaction) -> list[str]:
    content = json.dumps(hidden.value(answer.answer), default=str, ensure_ascii=False, sort_keys=True)
    if len(content) > LONGEST_ANSWER:
        content = f"{content[:LONGEST_ANSWER]} ... ({len(content)} characters)"
    # An answer may hold fences of its own.
    shown = content.replace("```", "'''")
    times = f", {answer.calls} calls, the last" if answer.calls > 1 else ""
    return [
        "",
        f"`{answer.operation}` HTTP {answer.status}{times}, request {answer.request_id}",
        "",
        "```json",
        shown,
        "```",
    ]


def _cell(text: str, hidden: Redaction) -> str:
    return " ".join(hidden.text(text).replace("|", "\\|").split())
