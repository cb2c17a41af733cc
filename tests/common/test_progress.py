"""What a command shows of a stack's events, on a terminal and in a log."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from model_common.cli.progress import Progress
from model_common.stack_events import STACK_TYPE, Event

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HISTORY = [
    Event("1", "shop", STACK_TYPE, "CREATE_IN_PROGRESS", "", NOON),
    Event("2", "Model", "AWS::SageMaker::Model", "CREATE_IN_PROGRESS", "", NOON),
    Event("3", "Model", "AWS::SageMaker::Model", "CREATE_IN_PROGRESS", "", NOON + timedelta(seconds=1)),
    Event("4", "Model", "AWS::SageMaker::Model", "CREATE_COMPLETE", "", NOON + timedelta(seconds=3)),
    Event("5", "Api", "AWS::Lambda::Function", "CREATE_FAILED", "No room.", NOON + timedelta(seconds=4)),
    Event("6", "shop", STACK_TYPE, "ROLLBACK_IN_PROGRESS", "", NOON + timedelta(seconds=5)),
]


def shown(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200, color_system=None)
    progress = Progress(console)
    for event in HISTORY:
        progress.event(event)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_a_terminal_shows_one_line_for_each_resource_with_the_time_that_it_took():
    assert shown(terminal=True) == [
        "12:00:03 CREATE_COMPLETE Model 3 s",
        "12:00:04 CREATE_FAILED Api: No room",
        "12:00:05 ROLLBACK_IN_PROGRESS shop 5 s",
    ]


def test_a_log_shows_every_event():
    lines = shown(terminal=False)
    assert len(lines) == len(HISTORY)
    assert lines[0] == "12:00:00 CREATE_IN_PROGRESS shop"
