"""Persistent HTTP connections from the runtime to one model server."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.hosting.errors import BrokenError, TimedOutError, UnavailableError

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """The answer of a container. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """The idle connections to one port. Each request takes one, or opens another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[http.client.HTTPConnection] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], limit: float
    ) -> Answer:
        """Send a request and read the answer, both within `limit` seconds.

        Raises TimedOutError, BrokenError where the server breaks the connection, and UnavailableError where it is gone.
        """
        connection = self._take(limit)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        except TimeoutError as error:
            connection.close()
            raise TimedOutError(f"no answer within {limit:g} s") from error
        except ConnectionRefusedError as error:
            # It died a moment ago, by another request: this one never reached it.
            connection.close()
            raise UnavailableError(f"nothing listens on port {self._port}") from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise BrokenError(f"{type(error).__name__}: {error}") from error
        self._give_back(connection)
        return answer

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, deque()
        for connection in idle:
            connection.close()

    def _take(self, limit: float) -> http.client.HTTPConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            return http.client.HTTPConnection(_LOOPBACK, self._port, timeout=limit)
        if connection.sock is not None:
            connection.sock.settimeout(limit)
        return connection

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
