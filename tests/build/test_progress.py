"""An execution while it runs, as a person or a log of CI sees it."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from model_build.core.execution import Execution, Step
from model_build.run.progress import progress, table

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def execution(*steps):
    return Execution("arn", "Executing", steps)


def step(name, status, seconds=None, cached_from=None):
    ended = None if seconds is None else BEGAN + timedelta(seconds=seconds)
    return Step(name, status, BEGAN, ended, cached_from)


def printed(*looks, terminal):
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=80, color_system=None)
    with progress(console, ("Prepare", "Train")) as show:
        for look in looks:
            show(look)
    return out.getvalue()


def test_a_log_has_one_line_for_each_change():
    looks = [
        execution(step("Prepare", "Starting")),
        execution(step("Prepare", "Executing")),
        execution(step("Prepare", "Executing")),
        execution(step("Prepare", "Succeeded", 2.5), step("Train", "Executing")),
        execution(step("Prepare", "Succeeded", 2.5), step("Train", "Failed", 1)),
    ]
    assert printed(*looks, terminal=False).splitlines() == [
        "Prepare: Executing",
        "Prepare: Succeeded after 2.5 s",
        "Train: Executing",
        "Train: Failed after 1.0 s",
    ]


def test_what_the_cache_answered_is_marked():
    look = execution(step("Prepare", "Succeeded", 0.1, cached_from="arn:other"))
    assert printed(look, terminal=False) == "Prepare: Succeeded (cached)\n"


def test_a_terminal_shows_a_table_that_ends_with_the_last_look():
    shown = printed(execution(step("Prepare", "Succeeded", 2.5)), terminal=True)
    last = shown.rpartition("step")[2]
    assert "Succeeded" in last
    assert "2.5 s" in last


def test_the_table_lists_all_steps_and_counts_for_those_that_run():
    look = execution(step("Prepare", "Succeeded", 2.5), step("Train", "Executing"))
    out = io.StringIO()
    console = Console(file=out, width=60)
    console.print(table(look, ("Prepare", "Train", "Evaluate"), now=BEGAN + timedelta(seconds=7)))
    rows = [line.split() for line in out.getvalue().splitlines()[1:]]
    assert rows == [
        ["Prepare", "Succeeded", "2.5", "s"],
        ["Train", "Executing", "7.0", "s"],
        ["Evaluate", "-"],
    ]
