"""A framework image's inference container: the process behind each instance of an endpoint that serves a script.

    python3 script_server.py --socket FD --model FOLDER

It does what AWS's inference toolkit does around the caller's script, which the environment variables SAGEMAKER_PROGRAM and
SAGEMAKER_SUBMIT_DIRECTORY name (by default code/inference.py of the artifact):

- `model_fn(model_dir)` is called once; GET /ping answers 200 from then on
- POST /invocations calls `input_fn(body, content_type)`, `predict_fn(input, model)`, `output_fn(prediction, accept)`, or
  `transform_fn(model, body, content_type, accept)` where the script has that
- what the script raises is answered by HTTP 500 with its traceback; UnsupportedFormatError, by its name, by 415

Sources: https://github.com/aws/sagemaker-inference-toolkit; "Deploy a Scikit-learn Model", "Deploy PyTorch Models",
SageMaker Python SDK. The images' own defaults for input_fn, predict_fn and output_fn are not here: the script has them.

It runs on the image's Python, and so stands alone: standard library only. It listens on a socket that its parent opened,
and ends with its parent: when standard input does.
"""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

MODEL_DIR = "/opt/ml/model"
PROGRAM, DIRECTORY = "SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"
JSON = "application/json"
_STEPS = ("input_fn", "predict_fn", "output_fn")


class ScriptError(Exception):
    """The script cannot be served. The message says what is missing and where it was looked for."""


@dataclass(frozen=True)
class Answer:
    """The HTTP answer of the container."""

    status: int
    content_type: str
    body: bytes


class Script:
    """The caller's script with its loaded model.

    Raises ScriptError where there is no script, or it lacks a function; whatever the script itself raises passes.
    """

    def __init__(self, model: Path) -> None:
        folder, name = _place(model)
        program = folder / name
        if not program.is_file():
            raise ScriptError(
                f"There is no {name} in {folder}. {DIRECTORY} and {PROGRAM} say where the script is."
            )
        sys.path.insert(0, str(folder))
        self._module = importlib.import_module(PurePosixPath(name).stem)
        missing = [step for step in self._needed() if not callable(getattr(self._module, step, None))]
        if missing:
            raise ScriptError(f"{program} has no {', '.join(missing)}.")
        self._model = self._module.model_fn(str(model))

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one invocation."""
        try:
            return _answer(self._respond(body, content_type, accept), accept)
        except Exception as error:
            traceback.print_exc()
            status = 415 if type(error).__name__ == "UnsupportedFormatError" else 500
            return Answer(status, "text/plain", traceback.format_exc().encode())

    def _needed(self) -> tuple[str, ...]:
        return ("model_fn",) if hasattr(self._module, "transform_fn") else ("model_fn", *_STEPS)

    def _respond(self, body: bytes, content_type: str, accept: str) -> Any:
        module = self._module
        if hasattr(module, "transform_fn"):
            return module.transform_fn(self._model, _decoded(body, content_type), content_type, accept)
        prediction = module.predict_fn(
            module.input_fn(_decoded(body, content_type), content_type), self._model
        )
        return module.output_fn(prediction, accept)


def _place(model: Path) -> tuple[Path, str]:
    """The script's folder on this machine, and its name. Raises ScriptError for a folder outside of the model's."""
    stated = PurePosixPath(os.environ.get(DIRECTORY, f"{MODEL_DIR}/code"))
    name = os.environ.get(PROGRAM, "inference.py")
    if not stated.is_relative_to(MODEL_DIR):
        raise ScriptError(
            f"{DIRECTORY} is {stated}; the embedded SageMaker serves scripts below {MODEL_DIR}."
        )
    return model / stated.relative_to(MODEL_DIR), name


def _decoded(body: bytes, content_type: str) -> bytes | str:
    """The toolkit gives text as str: JSON and CSV."""
    kind = content_type.partition(";")[0].strip().lower()
    return body.decode("utf-8") if kind in (JSON, "application/jsonlines", "text/csv") else body


def _answer(response: Any, accept: str) -> Answer:
    """The answer from the result of output_fn: a body, or a body and its content type."""
    body, content_type = response if isinstance(response, tuple) else (response, accept)
    if isinstance(body, str):
        body = body.encode("utf-8")
    if not isinstance(body, (bytes, bytearray)):
        raise TypeError(
            f"output_fn returned {type(body).__name__}; expected str or bytes, alone or with a content type"
        )
    return Answer(200, content_type, bytes(body))


def handler(invoke: Callable[[bytes, str, str], Answer]) -> type[BaseHTTPRequestHandler]:
    """The HTTP side of a container: /ping and /invocations."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(Answer(200 if self.path == "/ping" else 404, "text/plain", b""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path != "/invocations":
                self._send(Answer(404, "text/plain", b"Not Found"))
                return
            accept = self.headers.get("accept") or JSON
            self._send(
                invoke(body, self.headers.get("content-type") or JSON, JSON if accept == "*/*" else accept)
            )

        def _send(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            self.send_header("content-type", answer.content_type)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are no news."""

    return Handler


def serve(listening: socket.socket, handling: type[BaseHTTPRequestHandler]) -> None:
    """Serve until the process is told to end, or its parent has."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = ThreadingHTTPServer(listening.getsockname(), handling, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.daemon_threads = True
    server.serve_forever()


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> int:
    """Load the script and its model, and serve them. Returns the exit code where that fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=lambda fd: socket.socket(fileno=int(fd)), required=True)
    parser.add_argument("--model", type=Path, required=True)
    stated = parser.parse_args()
    try:
        script = Script(stated.model)
    except ScriptError as error:
        print(error, flush=True)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    print("The model is loaded.", flush=True)
    serve(stated.socket, handler(script.invoke))
    return 0


if __name__ == "__main__":
    sys.exit(main())
