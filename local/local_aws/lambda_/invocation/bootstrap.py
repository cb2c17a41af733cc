"""The program of an execution environment: loads the handler once, then answers events until the pipe closes.

A standalone script, started as `python bootstrap.py FD`, that imports the standard library only, like the runtime's own
(github.com/aws/aws-lambda-python-runtime-interface-client), which it follows in every message. FD is a socket. A frame
on it is two unsigned 32-bit lengths, a JSON object of the first length and bytes of the second:

    to the server    {"ready": true} once the handler is loaded, or the error that loading it gave
    from the server  {"request_id": ..., "arn": ..., "deadline": epoch seconds}, and the event
    to the server    {"error": bool}, and the answer
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">II")

Handler = Callable[[Any, "Context"], Any]


class Context:
    """The context object that a handler gets."""

    def __init__(self, request_id: str, arn: str, deadline: float) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds that are left before the timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))


class LoadError(Exception):
    """The handler cannot be had; `kind` is the errorType."""

    def __init__(self, kind: str, message: str, trace: list[str]) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace


def load(name: str) -> Handler:
    """The function that a setting `Handler`, "package/module.function", names.

    Raises LoadError, and what importing raises.
    """
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise LoadError("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}", []) from error
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise LoadError("Runtime.ImportModuleError", message, []) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise LoadError("Runtime.UserCodeSyntaxError", message, trace) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as error:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise LoadError("Runtime.HandlerNotFound", message, []) from error
    return handler


def answer(handler: Handler, event: bytes, context: Context) -> tuple[bool, bytes]:
    """Run the handler on an event; returns whether that failed, and the answer or the error, as JSON."""
    try:
        result = handler(json.loads(event), context)
    except Exception as error:
        return True, failure(error, context.aws_request_id)
    try:
        return False, json.dumps(result, default=_encoded).encode()
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return True, failure(LoadError("Runtime.MarshalError", message, []), context.aws_request_id)


def failure(error: Exception, request_id: str) -> bytes:
    """Log an error, and put it as the caller of the function gets it."""
    if isinstance(error, LoadError):
        kind, trace = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [index for index, frame in enumerate(frames) if frame.filename == __file__]
        import_frames = [index for index, frame in enumerate(frames) if "importlib" in frame.filename]
        kind = type(error).__name__
        trace = traceback.format_list(frames[max([*own, *import_frames], default=-1) + 1 :])
    described = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    lines = [f"[ERROR] {kind}: {error}", "Traceback (most recent call last):", *"".join(trace).splitlines()]
    # One event in the log: its lines end in a carriage return, and begin with a space that is not stripped.
    sys.stdout.write("\r".join(line.replace("  ", "\u00a0\u00a0") for line in lines) + "\n")
    return json.dumps(described).encode()


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class _RequestFilter(logging.Filter):
    """Gives each record the id of the request that it belongs to."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


def _set_up_logging() -> _RequestFilter:
    """Log to standard output, in the runtime's format."""
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    to_stdout = logging.StreamHandler(sys.stdout)
    to_stdout.setFormatter(formatter)
    requests = _RequestFilter()
    to_stdout.addFilter(requests)
    logging.getLogger().addHandler(to_stdout)
    return requests


def _send(connection: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    head = json.dumps(header).encode()
    connection.sendall(LENGTHS.pack(len(head), len(body)) + head + body)


def _receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """The next frame. Ends the process where the server is gone."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        os._exit(0)
    head, body = LENGTHS.unpack(lengths)
    return json.loads(stream.read(head)), stream.read(body)


def main() -> int:
    """Load the handler and answer events until the connection closes."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    requests = _set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        _send(connection, {"ready": False}, failure(error, ""))
        return 1
    _send(connection, {"ready": True})
    stream = connection.makefile("rb")
    while True:
        header, event = _receive(stream)
        requests.request_id = header["request_id"]
        context = Context(header["request_id"], header["arn"], header["deadline"])
        failed, body = answer(handler, event, context)
        _send(connection, {"error": failed}, body)


if __name__ == "__main__":
    sys.exit(main())
