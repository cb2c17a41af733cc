"""A job's log: every line goes to CloudWatch Logs while the job runs, and its end is kept to be quoted."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

BATCH_EVENTS = 1_000
BATCH_BYTES = 512 * 1024
LINE_CHARACTERS = 256 * 1024 // 4
"""A longer line becomes several events: an event of CloudWatch Logs ends at 256 KB."""

_PAUSE = 0.1
_END = None


class JobLog:
    """One log stream. `write` returns at once; a thread of the log sends what has come in every tenth of a second.

    `client` is a boto3 Logs client. The group and the stream are made when the log opens. `service` is the client of the
    service that the log is for: where `client`'s role may not write the log, that writes it, and the first line says so. On
    AWS there would be no log, and nothing to tell why.
    """

    def __init__(self, client: Any, group: str, stream: str, service: Any = None) -> None:
        self._client = client
        self._service = service
        self._opened = int(time.time() * 1000)
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._end: deque[str] = deque(maxlen=20)
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send_all, name=f"log-{stream}", daemon=True)
        self._sender.start()

    def write(self, line: str) -> None:
        """Log a line. An empty one is dropped, as the containers' log driver does."""
        if not line.strip():
            return
        self._end.append(line[-LINE_CHARACTERS:])
        moment = int(time.time() * 1000)
        for start in range(0, len(line), LINE_CHARACTERS):
            self._events.put({"timestamp": moment, "message": line[start : start + LINE_CHARACTERS]})

    def end(self, characters: int = 400) -> str:
        """The last lines, as many as fit into `characters`; at least the end of the last one."""
        lines: list[str] = []
        for line in reversed(list(self._end)):
            if lines and sum(map(len, lines)) + len(lines) + len(line) > characters:
                break
            lines.insert(0, line[-characters:])
        return "\n".join(lines)

    def close(self) -> None:
        """Send what is left. Afterwards the whole log can be read."""
        self._events.put(_END)
        self._sender.join()

    def _send_all(self) -> None:
        try:
            self._create_stream_or_note_denial()
            for batch in self._batches():
                self._client.put_log_events(**self._names, logEvents=batch)
        except (ClientError, BotoCoreError):
            # The job goes on without its log: the server is closing, or the caller deleted the stream.
            log.warning("The log stream %(logStreamName)s ends early", self._names, exc_info=True)

    def _create_stream_or_note_denial(self) -> None:
        try:
            self._create_stream()
        except ClientError as error:
            if self._service is None or error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            self._client = self._service
            self._create_stream()
            denied = error.response["Error"]["Message"]
            said = {
                "timestamp": self._opened,
                "message": f"local-aws: on AWS this log would not exist. {denied}",
            }
            self._client.put_log_events(**self._names, logEvents=[said])

    def _create_stream(self) -> None:
        # Not the group first: a role may well be allowed the one and not the other, where the group is there.
        try:
            self._client.create_log_stream(**self._names)
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        try:
            self._client.create_log_group(logGroupName=self._names["logGroupName"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
        self._client.create_log_stream(**self._names)

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        batch: list[dict[str, Any]] = []
        size = 0
        due = 0.0
        while True:
            try:
                event = self._events.get(timeout=max(0.0, due - time.monotonic()) if batch else None)
            except queue.Empty:
                yield batch
                batch, size = [], 0
                continue
            if event is _END:
                break
            if not batch:
                due = time.monotonic() + _PAUSE
            batch.append(event)
            size += 4 * len(event["message"]) + 26
            if len(batch) >= BATCH_EVENTS or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
