"""The progress of an execution, on stderr: a live table on a terminal, one line for each change elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from model_build.core.execution import Execution, Step

_STYLES = {"Succeeded": "green", "Failed": "red", "Executing": "cyan", "Starting": "cyan"}


class Progress(Protocol):
    """Shows an execution each time that it is described."""

    def __call__(self, execution: Execution) -> None:
        """Show the execution as it is now."""


@contextmanager
def progress(console: Console, expected: tuple[str, ...]) -> Iterator[Progress]:
    """A function that shows an execution. `expected` are the names of all steps, in order, reached or not."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=8) as live:
        # The table is rendered at each refresh, so that the durations of running steps count between two
        # descriptions.
        shown = _Shown(expected)
        live.update(shown, refresh=True)
        yield shown.look


def table(execution: Execution, expected: tuple[str, ...] = (), now: datetime | None = None) -> Table:
    """The steps of an execution as a table; those that were not reached are dim."""
    made = Table("step", "status", "", title_justify="left", box=None, pad_edge=False)
    made.columns[2].justify = "right"
    reached = {step.name: step for step in execution.steps}
    for name in [*expected, *(name for name in reached if name not in expected)]:
        step = reached.get(name)
        if step is None:
            made.add_row(Text(name, "dim"), Text("-", "dim"), "")
        else:
            made.add_row(name, Text(status(step), _STYLES.get(step.status, "")), _clock(step, now))
    return made


def status(step: Step) -> str:
    """A step's status in words, with the cache's result."""
    return f"{step.status} (cached)" if step.cache_hit else step.status


def _clock(step: Step, now: datetime | None) -> str:
    seconds = step.seconds
    if seconds is None and step.started is not None:
        seconds = ((now or datetime.now(UTC)) - step.started).total_seconds()
    return "" if seconds is None else f"{max(seconds, 0.0):.1f} s"


class _Shown:
    def __init__(self, expected: tuple[str, ...]) -> None:
        self._expected = expected
        self._execution = Execution(arn="", status="Executing")

    def look(self, execution: Execution) -> None:
        self._execution = execution

    def __rich__(self) -> Table:
        return table(self._execution, self._expected)


class _Lines:
    """Progress for logs of CI: no line is overwritten or repeated."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, str] = {}

    def __call__(self, execution: Execution) -> None:
        for step in execution.steps:
            words = status(step)
            if step.status != "Starting" and self._said.get(step.name) != words:
                self._said[step.name] = words
                took = (
                    f" after {step.seconds:.1f} s" if step.seconds is not None and not step.cache_hit else ""
                )
                self._console.print(f"{step.name}: {words}{took}", highlight=False, soft_wrap=True)
