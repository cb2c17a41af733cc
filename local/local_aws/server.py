"""The embedded AWS as one server on loopback: our handlers first, moto for the commodity services."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws import sagemaker
from local_aws.account import REGION, Account, Clients
from local_aws.application import Application
from local_aws.wire import Service

LOOPBACK = "127.0.0.1"


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are no news."""


class Server:
    """The embedded AWS, from construction until `close`. Listens on loopback only; its state goes with it.

    moto keeps its state in the process, so one process runs one server at a time.
    """

    def __init__(self, port: int = 0, region: str = REGION, time_scale: float | None = None) -> None:
        if time_scale is None:
            time_scale = float(os.environ.get("LOCAL_AWS_TIME_SCALE", "1"))
        self._http: BaseWSGIServer = make_server(
            LOOPBACK, port, _not_ready, threaded=True, request_handler=_QuietHandler
        )
        self.endpoint_url = f"http://{LOOPBACK}:{self._http.server_port}"
        self.account = Account(
            region=region,
            endpoint_url=self.endpoint_url,
            state=Path(tempfile.mkdtemp(prefix="local-aws-")),
            time_scale=time_scale,
            clients=Clients(self.endpoint_url, region),
        )
        services = {
            "sagemaker": sagemaker.handlers(self.account),
        }
        self._handlers = [handler for handlers in services.values() for handler in handlers]
        self._http.app = Application(Service(name, handlers) for name, handlers in services.items())
        self._thread = threading.Thread(target=self._http.serve_forever, name="local-aws", daemon=True)
        self._thread.start()
        requests.post(f"{self.endpoint_url}/moto-api/reset", timeout=10).raise_for_status()

    def client(self, service: str) -> Any:
        return self.account.client(service)

    def close(self) -> None:
        """Stop every job and the server, and remove the state."""
        for handler in reversed(self._handlers):
            close = getattr(handler, "close", None)
            if close is not None:
                close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        shutil.rmtree(self.account.state, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _not_ready(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [])
    return [b"starting"]
