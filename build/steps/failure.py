"""The failure of a step: one sentence in the file that SageMaker shows as the job's exit message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# SageMaker shows this file's beginning as the processing job's ExitMessage.
MESSAGE_FILE = "/opt/ml/output/message"
MESSAGE_LENGTH = 1000


class StepError(Exception):
    """A step cannot do its work: what happened, to what, what was expected, what to do next."""


@contextmanager
def reported(message_file: Path) -> Iterator[None]:
    """Ends the program with status 1 on a StepError; on any error leaves its text in `message_file`."""
    try:
        yield
    except StepError as error:
        _leave(message_file, str(error))
        raise SystemExit(str(error)) from error
    except Exception as error:
        _leave(message_file, f"{type(error).__name__}: {error}")
        raise


def _leave(message_file: Path, text: str) -> None:
    message_file.parent.mkdir(parents=True, exist_ok=True)
    # A file's name may be no UTF-8.
    message_file.write_text(text[:MESSAGE_LENGTH], encoding="utf-8", errors="backslashreplace")
