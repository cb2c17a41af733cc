"""The journal of a smoke run: every step with its time and its result, and AWS's answers during it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

DONE, FAILED, NOT_REACHED = "done", "failed", "not reached"
_UNTOLD = ("ResponseMetadata", "Body", "TemplateBody", "ZipFile")


@dataclass
class Answer:
    """AWS's answers to an operation: how often it was called in a step, and the last answer of each kind.

    `status` is that of HTTP; `request_id` is AWS's.
    """

    operation: str
    status: int
    calls: int
    request_id: str
    answer: Mapping[str, Any]


@dataclass
class Entry:
    """A step. `notes` are what it found, `reason` why it failed."""

    name: str
    state: str = NOT_REACHED
    seconds: float = 0.0
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    answers: dict[tuple[str, int, str], Answer] = field(default_factory=dict)


class Journal:
    """Written while a run goes on. It listens to the session from the moment that it is told to."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._current: Entry | None = None

    def listen(self, session: boto3.Session) -> None:
        """Note the answers to all calls of clients that the session makes from now on."""
        session.events.register("after-call", self._answered)

    @contextmanager
    def step(self, name: str) -> Iterator[Entry]:
        """A step: what its body raises is its reason, and goes on."""
        entry = Entry(name)
        self.entries.append(entry)
        self._current, begun = entry, time.monotonic()
        try:
            yield entry
            entry.state = DONE
        except BaseException as error:
            entry.state, entry.reason = FAILED, f"{type(error).__name__}: {error}"
            raise
        finally:
            entry.seconds = time.monotonic() - begun
            self._current = None

    def unreached(self, names: list[str]) -> None:
        """Note those of the steps `names` that were not begun, before the last entry: the teardown comes whatever happens."""
        reached = {each.name for each in self.entries}
        self.entries[-1:-1] = [Entry(name) for name in names if name not in reached]

    def note(self, text: str, say: Callable[[str], None]) -> None:
        """A line for the current step, and for whoever watches."""
        if self._current is not None:
            self._current.notes.append(text)
        say(text)

    def _answered(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        entry = self._current
        if entry is None:
            return
        metadata = parsed.get("ResponseMetadata", {})
        error = parsed.get("Error", {}) if http_response.status_code >= 300 else {}
        name = f"{model.service_model.service_name}:{model.name}"
        key = (name, http_response.status_code, str(error.get("Code", "")))
        before = entry.answers.pop(key, None)
        entry.answers[key] = Answer(
            operation=name,
            status=http_response.status_code,
            calls=(before.calls if before else 0) + 1,
            request_id=str(metadata.get("RequestId", "")),
            answer={member: value for member, value in parsed.items() if member not in _UNTOLD},
        )
