"""BlazingText's inference container on fastText: the process behind each instance of an endpoint.

    python -m local_aws.hosting.instances.model_server --socket FD --model FOLDER

GET /ping answers 200 once the model is loaded. POST /invocations takes

- application/json `{"instances": ["text", ...], "configuration": {"k": 2}}` -> `[{"label": [...], "prob": [...]}, ...]`
- application/jsonlines `{"source": "text", "k": 2}` a line -> `{"label": [...], "prob": [...]}` a line

and answers 415 to any other content type, 400 to a body that is neither, with the algorithm's own words. Labels keep their
`__label__`. A newline within a text counts as a space; a text without words gets the label that fastText gives to the
end of a line, as on SageMaker: whoever calls has to look first.

The process listens on a socket that its parent opened, and ends with its parent: when standard input does.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from local_aws.kernel import json_text

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

JSON = "application/json"
JSON_LINES = "application/jsonlines"

KEEP_ALIVE_SECONDS = 24 * 60 * 60
"""The runtime decides when a connection ends: one that the server closes could lose a request."""


@dataclass(frozen=True)
class Answer:
    """The HTTP answer of the container."""

    status: int
    content_type: str
    body: bytes


class PayloadError(ValueError):
    """The body of an invocation cannot be used: HTTP 400 with this message."""


@dataclass(frozen=True)
class Query:
    """One text, and how many labels are wanted for it."""

    text: str
    k: int


class Classifier:
    """A fastText model behind BlazingText's contract. Raises ValueError for a file that is no model."""

    def __init__(self, model: Path) -> None:
        # Not fasttext itself, which is this module and the import of numpy: more than half of the time that a server
        # takes to start, and of what its start takes from the servers that answer meanwhile.
        import fasttext_pybind

        self._model = fasttext_pybind.fasttext()
        self._model.loadModel(str(model))

    def invoke(self, content_type: str, body: bytes) -> Answer:
        """Answer one invocation."""
        kind = content_type.partition(";")[0].strip().lower()
        try:
            match kind:
                case "application/json":
                    answers = [self._predict(query) for query in _instances(body)]
                    return Answer(200, JSON, json.dumps(answers).encode())
                case "application/jsonlines":
                    lines = [json.dumps(self._predict(query)) for query in _sources(body)]
                    return Answer(200, JSON_LINES, "\n".join(lines).encode())
        except PayloadError as error:
            return Answer(400, "text/plain", str(error).encode())
        return Answer(415, "text/plain", f"content-type {kind or 'None'} not supported".encode())

    def _predict(self, query: Query) -> dict[str, list[Any]]:
        found = self._model.predict(" ".join(query.text.splitlines()) + "\n", query.k, 0.0, "strict")
        # fastText's rounding goes beyond 1.
        return {"label": [label for _, label in found], "prob": [min(score, 1.0) for score, _ in found]}


def _instances(body: bytes) -> list[Query]:
    data = _decoded(body)
    if not isinstance(data, dict) or not isinstance(data.get("instances"), list):
        raise PayloadError("Incorrect data format. Please provide a JSON object with a list of 'instances'.")
    configuration = data.get("configuration") or {}
    if not isinstance(configuration, dict):
        raise PayloadError("Incorrect data format. 'configuration' must be a JSON object.")
    k = _k(configuration)
    return [Query(_text(instance, "'instances'"), k) for instance in data["instances"]]


def _sources(body: bytes) -> Iterable[Query]:
    for line in body.splitlines():
        if not line.strip():
            continue
        data = _decoded(line)
        if not isinstance(data, dict) or "source" not in data:
            raise PayloadError(
                "Incorrect data format. Please provide a JSON object with 'source' on each line."
            )
        yield Query(_text(data["source"], "'source'"), _k(data))


def _decoded(body: bytes) -> Any:
    try:
        return json_text.loads(body)
    except ValueError as error:
        raise PayloadError(
            "Unable to decode payload: Incorrect data format. (caused by ValueError)"
        ) from error


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PayloadError(f"Incorrect data format. {where} must be text, not {type(value).__name__}.")
    return value


def _k(stated: dict[str, Any]) -> int:
    k = stated.get("k", 1)
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise PayloadError(f"Incorrect data format. 'k' must be a positive integer, not {k!r}.")
    return k


def application(invoke: Callable[[str, bytes], Answer]) -> App:
    """The ASGI application of a container: /ping and /invocations."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        match scope["method"], scope["path"]:
            case "GET", "/ping":
                await respond(send, Answer(200, "text/plain", b""))
            case "POST", "/invocations":
                headers = dict(scope["headers"])
                body = await _body(receive)
                await respond(send, invoke(headers.get(b"content-type", b"").decode("latin-1"), body))
            case _:
                await respond(send, Answer(404, "text/plain", b"Not Found"))

    return app


async def respond(send: Send, answer: Answer) -> None:
    """Send `answer` as the response of an ASGI application."""
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def serve(app: App, listening: socket.socket) -> None:
    """Serve until the process is told to end, or its parent has."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def log_to_stdout() -> None:
    """Write the log as BlazingText writes its own: the endpoint's log stream is what the container prints."""
    layout = "[%(asctime)s %(levelname)s %(process)d] %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=layout, datefmt="%m/%d/%Y %H:%M:%S")


def arguments(command: list[str] | None = None) -> argparse.Namespace:
    """`socket`, a listening socket, and `model`, the folder of the unpacked artifact."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=lambda fd: socket.socket(fileno=int(fd)), required=True)
    parser.add_argument("--model", type=Path, required=True)
    return parser.parse_args(command)


def main() -> int:
    """Load the model and serve it. Returns the exit code where that fails."""
    log_to_stdout()
    stated = arguments()
    model = stated.model / "model.bin"
    log.info("loading model file %s", model.name)
    try:
        classifier = Classifier(model)
    except ValueError as error:
        log.error("Unable to load model: %s", error)
        return 1
    log.info("all workers finished loading model")
    serve(application(classifier.invoke), stated.socket)
    return 0


if __name__ == "__main__":
    sys.exit(main())
