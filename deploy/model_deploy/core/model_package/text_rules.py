"""Runs the text rules of a serving contract: code of another repository, in a process without credentials.

The process starts with an empty environment in an empty folder. It can import Python's standard library and no
installed package. It cannot open other files, connections or programs, and has limits of time, memory and output. So
the rules cannot reach the credentials of the command. They are never imported here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any

from model_deploy.errors import RefusedError

SECONDS = 60
"""The limit for the texts of one call. The rules process about 100,000 texts a second."""

MEMORY_BYTES = 1024**3
OUTPUT_BYTES_PER_INPUT, OUTPUT_BYTES = 16, 1024**2
"""The limit of the answer in bytes: a multiple of the texts' length, plus one megabyte."""

_CHILD = r"""
import json, os, sys
given = json.load(sys.stdin.buffer)
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    import resource
except ImportError:
    resource = None
if resource is not None:
    limits = {"RLIMIT_FSIZE": given["output_bytes"], "RLIMIT_CPU": given["seconds"], "RLIMIT_CORE": 0}
    if sys.platform == "linux":
        limits["RLIMIT_AS"] = given["memory_bytes"]
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
import encodings.idna, functools, html, re, string, unicodedata
library = tuple(os.path.realpath(path) + os.sep for path in sys.path if path)
refused = ("socket", "subprocess", "ctypes", "shutil", "urllib", "http", "ftplib", "smtplib", "pty", "fcntl", "mmap",
    "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.scandir", "os.remove", "os.rename",
    "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.putenv", "os.chmod", "os.chown", "os.walk", "signal", "pdb")
def inside(path):
    return isinstance(path, (str, bytes)) and (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(library)
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else True
        if writes or not inside(path):
            raise PermissionError(f"text rules open no file ({path!r})")
    elif event == "os.listdir":
        if not inside(arguments[0]):
            raise PermissionError(f"text rules list no folder ({arguments[0]!r})")
    elif event.startswith(refused):
        raise PermissionError(f"text rules do not use {event}")
sys.addaudithook(watch)
try:
    rules = {"__name__": "text_rules"}
    exec(compile(given["source"], "text_rules.py", "exec"), rules)
    tokenise = rules["tokenise"]
    lines = []
    for text in given["texts"]:
        line = tokenise(text, given["rules"]).replace("\n", " ").strip()
        lines.append(line.encode("utf-8", "replace").decode("utf-8"))
    answer = {"lines": lines}
except BaseException as error:
    answer = {"error": f"{type(error).__name__}: {error}"[:500]}
json.dump(answer, answers)
answers.flush()
os._exit(0)
"""


@dataclass(frozen=True)
class TextRules:
    """The rules of a contract: the source of `text_rules.py`, and the settings that it reads, as JSON."""

    source: str
    settings: str

    @classmethod
    def of(cls, source: bytes, settings: Mapping[str, Any]) -> TextRules:
        """The rules of a source file. Raises RefusedError if it is not UTF-8."""
        try:
            return cls(source.decode("utf-8"), json.dumps(settings, sort_keys=True))
        except UnicodeDecodeError as error:
            raise _unusable(f"it is not UTF-8: {error}") from error

    def lines(self, texts: Sequence[str]) -> list[str]:
        """The model's input for each text: tokens separated by single spaces, never a newline.

        Raises RefusedError if the rules fail, take too long, or return something else.
        """
        return _run(self, texts)

    def lines_again(self, texts: Sequence[str]) -> list[str]:
        """Like `lines`, with a cache for texts that are sent repeatedly."""
        return list(_run_once(self, tuple(texts)))


@lru_cache(maxsize=16)
def _run_once(rules: TextRules, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_run(rules, texts))


def _run(rules: TextRules, texts: Sequence[str]) -> list[str]:
    request = json.dumps(
        {
            "source": rules.source,
            "rules": json.loads(rules.settings),
            "texts": list(texts),
            "seconds": SECONDS,
            "memory_bytes": MEMORY_BYTES,
            "output_bytes": OUTPUT_BYTES + OUTPUT_BYTES_PER_INPUT * sum(map(len, texts)),
        }
    ).encode()
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write(request)
        question.seek(0)
        status = _process(question, answer)
        answer.seek(0)
        return _parsed(answer.read(), status, len(texts))


def _process(question: IO[bytes], answer: IO[bytes]) -> int:
    """Run the rules on the file `question` in a process of their own; returns its exit status."""
    with tempfile.TemporaryDirectory(prefix="text-rules-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _CHILD],
            stdin=question,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={},
            cwd=folder,
            close_fds=True,
            start_new_session=True,
        )
        try:
            return process.wait(SECONDS)
        except subprocess.TimeoutExpired as error:
            raise _unusable(f"it took longer than {SECONDS} seconds") from error
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _parsed(answer: bytes, status: int, count: int) -> list[str]:
    try:
        reply = json.loads(answer)
        if "error" in reply:
            raise _unusable(str(reply["error"]))
        lines = reply["lines"]
        if len(lines) == count and all(isinstance(line, str) for line in lines):
            return list(lines)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    ends = {-signal.SIGXCPU: "it took too long", -signal.SIGXFSZ: "its answer is too long"}
    raise _unusable(ends.get(status, f"it ended with status {status} and no answer that can be read"))


def _unusable(why: str) -> RefusedError:
    return RefusedError(
        f"The contract's text_rules.py cannot be used ({why}): it needs a tokenise(text, rules) that returns text, with "
        "Python's own library alone. Register the model again with a pipeline that stores its contract."
    )
