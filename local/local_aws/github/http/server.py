"""The embedded GitHub alone on a port of its own, for tests that need nothing of the embedded AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local_aws.github.github import GitHub
from local_aws.github.http.rest import Exchange

_LOOPBACK = "127.0.0.1"
_POLL = 0.02
"""Seconds that closing may take."""


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are no news."""


@contextmanager
def serve(state: Path, on_exchange: Callable[[Exchange], object] | None = None) -> Iterator[GitHub]:
    """A GitHub that answers on loopback while the context is open."""
    held: list[GitHub] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = held[0].respond(Request(environ)) or Response("Not Found", status=404)
        return response(environ, start_response)

    http = make_server(_LOOPBACK, 0, application, threaded=True, request_handler=_QuietHandler)
    held.append(GitHub(state, f"http://{_LOOPBACK}:{http.server_port}", on_exchange))
    thread = threading.Thread(target=http.serve_forever, args=(_POLL,), name="local-github", daemon=True)
    thread.start()
    try:
        yield held[0]
    finally:
        held[0].close()
        http.shutdown()
        http.server_close()
        thread.join()
