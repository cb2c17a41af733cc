"""Saves the state of a running server whenever it has changed and nothing is under way, and brings it back into a new one.

What is under way (a job, a deployment, a stack's operation) is a process or a thread, which no file keeps. So a state is
saved between such works only, and what was under way when a server was killed has not begun for the next.
"""

from __future__ import annotations

import logging
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from local_aws.errors import UsageError
from local_aws.persistence import saved_attributes
from local_aws.persistence.folder import PORT, StateFolder, copy
from local_aws.persistence.pickling import StateError, dump, load
from local_aws.persistence.running_work import running_work
from local_aws.server import Server

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
SHARE = 20
"""A save is followed by a pause of that many times what it took."""
LAST_SECONDS = 10.0
"""How long the end of a server waits for what is under way."""
_KEPT = ("github", "lambda/code")
"""Folders of the server that are state; the others belong to processes."""


def restore(server: Server, folder: StateFolder) -> bool:
    """Give a new server the last state, and launch what served. False where there is none yet.

    Raises UsageError where the state is damaged.
    """
    last = folder.last()
    if last is None:
        return False
    account, known = server.account, saved_attributes.fixtures(server)
    try:
        data, files = folder.state_of(last)
        state = load(
            data, lambda name: saved_attributes.fixture(known, name), account.state, folder, account.client
        )
    except (StateError, OSError) as error:
        raise UsageError(
            f"--state {folder.path}: {error}. Nothing was changed; begin again: local-aws reset {shlex.quote(str(folder.path))}"
        ) from error
    copy(files, account.state)
    saved_attributes.put(server, state)
    saved_attributes.get(server, "sagemaker.Endpoints", "relaunch")()
    return True


class Saver:
    """Saves in a thread of its own, and once more when it ends. `unsaved` says then what was lost: works under way, or why."""

    def __init__(self, server: Server, folder: StateFolder) -> None:
        self._server = server
        self._folder = folder
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saver", daemon=True)
        self.unsaved: str | None = None

    def __enter__(self) -> Self:
        self._server.request_lock.has_changed = True
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        end = time.monotonic() + LAST_SECONDS
        while self._server.request_lock.has_changed and not self._try_save() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS / 5)

    def save(self) -> bool:
        """Save the state now. False where something is under way, or cannot be saved: `unsaved` says what."""
        self.unsaved = next(running_work(self._server), None)
        if self.unsaved is not None:
            return False
        with self._server.request_lock.hold() as free:
            if not free:
                self.unsaved = "a request"
                return False
            self.unsaved = next(running_work(self._server), None)
            if self.unsaved is None:
                made, data = self._snapshot()
        if self.unsaved is not None:
            self._server.request_lock.has_changed = True
            return False
        self._folder.finish(made, data)
        return True

    def _snapshot(self) -> tuple[Path, bytes]:
        server = self._server
        made = self._folder.begin()
        for name in _KEPT:
            copy(server.account.state / name, made / "files" / name)
        return made, dump(
            saved_attributes.taken(server),
            saved_attributes.fixtures(server),
            server.account.state,
            self._folder,
        )

    def _try_save(self) -> bool:
        """`save`, where what hinders it is noted instead of raised."""
        try:
            return self.save()
        except (StateError, RuntimeError, OSError) as error:
            self._server.request_lock.has_changed = True
            self.unsaved = str(error)
            log.warning("The state was not saved, and the last one stays: %s", error)
            return False

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._closing.wait(pause):
            began = time.monotonic()
            if self._server.request_lock.has_changed:
                self._try_save()
            pause = max(LOOK_SECONDS, SHARE * (time.monotonic() - began))


@contextmanager
def served(path: Path | None, port: int | None) -> Iterator[Server]:
    """A server that enforces policies; with a `path`, one whose state lies in that folder before and after.

    Raises UsageError for a folder or port that cannot be used.
    """
    if path is None:
        with Server(PORT if port is None else port, enforce=True) as server:
            yield server
        return
    with closing(StateFolder(path, port)) as folder, serving(folder) as server:
        yield server


@contextmanager
def serving(folder: StateFolder) -> Iterator[Server]:
    """A server that enforces policies, with the state of a folder. Raises UsageError where it is damaged."""
    with Server(folder.port, enforce=True, keys=folder.keys, folder=folder.make_live()) as server:
        restore(server, folder)
        saver = Saver(server, folder)
        with saver:
            yield server
    if saver.unsaved is not None:
        log.warning("Not saved in %s, because it was not over: %s", folder.path, saver.unsaved)
