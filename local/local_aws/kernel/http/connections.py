"""A server whose clients cannot hold it up: its connections, and the time of each, are limited.

A client that sends slowly on many connections would otherwise keep a thread for each of them, for ever.
"""

from __future__ import annotations

import errno
import io
import logging
import socket
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from werkzeug.serving import ThreadedWSGIServer

from local_aws.errors import UsageError
from local_aws.kernel.moto_internals import MotoRequestHandler

log = logging.getLogger(__name__)

CONNECTIONS = 512
"""Connections at a time, each of which has a thread."""
HEADER_SECONDS = 20.0
"""Seconds for the request line and the headers."""
BODY_SECONDS = 30.0
"""Seconds for a body, beside those that its length takes at SLOWEST."""
SLOWEST = 64 * 1024
"""Bytes of a body that have to arrive in a second."""
ANSWER_SECONDS = 900.0
"""Seconds for a client to read its answer."""

_BUFFER = 64 * 1024
_BUSY_PAGE = b"<html><body>The embedded AWS has as many connections as it can answer.</body></html>\n"
"""As AWS's load balancers answer: clients of every protocol take a page with 503 for an error to try again."""
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nConnection: close\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_BUSY_PAGE)
) + _BUSY_PAGE


class TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline. Raises TimeoutError afterwards."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = 0.0

    def allow(self, seconds: float) -> None:
        """From now on there are so many seconds left."""
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        """True: the stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has arrived. Raises TimeoutError when the request's time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the client takes too long to send its request")
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(ANSWER_SECONDS)


class Handler(MotoRequestHandler):  # type: ignore[misc]
    """Answers one request of one connection, in the times above."""

    server: LimitedServer
    error_message_format = "%(code)d %(message)s"
    error_content_type = "text/plain;charset=utf-8"

    def setup(self) -> None:
        """Prepare the connection, with a reader that limits the time of a request."""
        super().setup()
        self._reader = TimedReader(self.connection)
        self._reader.allow(self.server.header_seconds)
        self.rfile.close()
        self.rfile: io.BufferedIOBase = io.BufferedReader(self._reader, _BUFFER)

    def parse_request(self) -> bool:
        """Parse request line and headers, and allow time for the body."""
        parsed: bool = super().parse_request()
        self.server.connections.arrived(self.connection)
        self._reader.allow(self.server.body_seconds + self._length() / SLOWEST)
        return parsed

    def _length(self) -> int:
        stated = self.headers.get("Content-Length", "") if hasattr(self, "headers") else ""
        return int(stated) if stated.isascii() and stated.isdecimal() else 0

    def log_error(self, format: str, *args: Any) -> None:
        """Log an error of the connection for debugging only."""
        log.debug(format, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are no news."""


class Connections:
    """The open connections. Those whose request has not arrived yet give way to new ones, the oldest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, socket.socket] = OrderedDict()
        self._open: set[int] = set()

    def admit(self, connection: socket.socket) -> bool:
        """Whether there is room for a new connection."""
        with self._lock:
            if len(self._open) >= self._limit and not self._evict():
                return False
            self._open.add(id(connection))
            self._waiting[id(connection)] = connection
            return True

    def arrived(self, connection: socket.socket) -> None:
        """The headers of its request are complete: it is answered whatever comes."""
        with self._lock:
            self._waiting.pop(id(connection), None)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection that was closed."""
        with self._lock:
            self._waiting.pop(id(connection), None)
            self._open.discard(id(connection))

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)

    def _evict(self) -> bool:
        if not self._waiting:
            return False
        key, oldest = self._waiting.popitem(last=False)
        self._open.discard(key)
        with suppress(OSError):  # its client may have closed it
            oldest.shutdown(socket.SHUT_RDWR)
        return True


class LimitedServer(ThreadedWSGIServer):
    """werkzeug's server on loopback with at most `limit` connections, each of which has the given times.

    Raises UsageError where it may not listen at the port.
    """

    daemon_threads = True

    def __init__(
        self,
        host: str,
        port: int,
        app: Any,
        *,
        limit: int = CONNECTIONS,
        header_seconds: float = HEADER_SECONDS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.connections = Connections(limit)
        self.header_seconds = header_seconds
        self.body_seconds = body_seconds
        super().__init__(host, port, app, Handler)

    def server_bind(self) -> None:
        """Raises UsageError. werkzeug would print an OSError and end the process."""
        try:
            super().server_bind()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken: stop what uses it, or" if taken else f"cannot be used ({error.strerror}):"
            raise UsageError(f"port {self.port} {reason} choose another with --port") from error

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a message of werkzeug about a request that failed in the server itself."""
        log.error(message, *args)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An error of a connection: its client went away, or it failed in the server itself."""
        gone = isinstance(sys.exception(), ConnectionError | TimeoutError)
        log.log(logging.DEBUG if gone else logging.ERROR, "A connection ended", exc_info=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, or refuse it when too many are open."""
        if not self.connections.admit(request):
            request.settimeout(1)
            with suppress(OSError):  # its client may be gone
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.connections.closed(request)
        super().shutdown_request(request)
