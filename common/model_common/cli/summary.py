"""The job summary, which GitHub Actions shows on the page of a run.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from model_common.errors import SettingsError

_VARIABLE = "GITHUB_STEP_SUMMARY"
_MOST = 1024 * 1024 - 1024  # bytes; GitHub drops the summary of a step that has more than 1 MiB


def check(environment: Mapping[str, str]) -> None:
    """Raises SettingsError where there is no job summary to write to."""
    if not environment.get(_VARIABLE):
        raise SettingsError(
            f"--summary writes to the file that {_VARIABLE} names, and that is not set: GitHub Actions sets it for each step. "
            "Leave --summary away elsewhere."
        )


def append(environment: Mapping[str, str], markdown: str) -> None:
    """Add Markdown to the summary of this step. Raises SettingsError as `check` does, and OSError."""
    check(environment)
    text = markdown.encode()
    if len(text) > _MOST:
        text = text[:_MOST].decode(errors="ignore").encode() + b"\n\n(cut: GitHub shows no more)"
    with Path(environment[_VARIABLE]).open("ab") as file:
        file.write(text + b"\n")


def annotate(environment: Mapping[str, str], message: str) -> None:
    """Show an error on the page of the run and to GitHub's API; nothing outside of GitHub Actions.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        message = message.replace(character, code)
    sys.stdout.write(f"::error::{message}\n")
    sys.stdout.flush()


def set_output(environment: Mapping[str, str], name: str, value: str) -> None:
    """Set an output of the step, one line; nothing outside of GitHub Actions. Raises OSError."""
    path = environment.get("GITHUB_OUTPUT")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}={' '.join(value.split())}\n")


def block(title: str, lines: Iterable[str], level: int = 2) -> str:
    """The lines as a code block under a heading of that level. The fence is longer than any fence in the lines."""
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{'#' * level} {title}\n\n{fence}text\n{text}\n{fence}\n"
