"""The log of errors inside the server: one line each on the terminal, tracebacks in a file."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class ServerLog(logging.Handler):
    """Prints the first line of each record on stderr. What has more to it goes, whole, to a file, which it names.

    The file is made with the first such record, and is this user's alone.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter(_FORMAT))
        self.file: Path | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line to stderr, and the traceback to a file."""
        # A full disk or a closed terminal must not stop what is being logged.
        with suppress(OSError, ValueError):
            sys.stderr.write(f"local-aws: {self._line(record)}\n")
            sys.stderr.flush()

    def _line(self, record: logging.LogRecord) -> str:
        message, _, more = record.getMessage().partition("\n")
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            message = f"{message} ({type(error).__name__}: {' '.join(str(error).split())[:300]})"
        if error is None and not more:
            return message
        return f"{message.rstrip('.:')}. Details: {self._write_traceback(self.format(record))}"

    def _write_traceback(self, text: str) -> Path:
        if self.file is None:
            descriptor, name = tempfile.mkstemp(prefix="local-aws-", suffix=".log")
            os.close(descriptor)
            self.file = Path(name)
        with self.file.open("a", encoding="utf-8") as opened:
            opened.write(text + "\n")
        return self.file


@contextmanager
def in_words() -> Iterator[ServerLog]:
    """Inside the block every log record of this process, and every error of its threads, goes to a ServerLog only."""
    root, hook = logging.getLogger(), threading.excepthook
    log = ServerLog()
    handlers, root.handlers = root.handlers, [log]
    threading.excepthook = _thread_failed
    try:
        yield log
    finally:
        root.handlers, threading.excepthook = handlers, hook


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is None or isinstance(failure.exc_value, SystemExit):
        return
    name = failure.thread.name if failure.thread else "a thread"
    logging.getLogger(__name__).error("%s of the embedded AWS failed", name, exc_info=failure.exc_value)
