"""The folder in which the state of a server lies while no server runs.

    local-aws.json     the version that wrote it, the port, and the server's access keys
    CURRENT            the name of the last whole state
    NAME/state         what the services keep (pickling), NAME/files/ what lies in the server's folder
    blobs/             large contents, named by their hash
    lock               held by the server that uses the folder

A new state is written beside the last one, and CURRENT changes at once when all of it is on the disk: whenever a server
is killed, the last whole state stays. Reading a state can run code, so a folder that others may write to is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import stat
import sys
import uuid
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from local_aws.errors import UsageError
from local_aws.kernel.signing.keys import AccessKey, Keys
from local_aws.persistence.pickling import StateError

_ABOUT, _CURRENT, _LOCK, _BLOBS, _STATE, _FILES = (
    "local-aws.json",
    "CURRENT",
    "lock",
    "blobs",
    "state",
    "files",
)
PORT = 5577
"""The port of a server that is given none."""
_CODE = Path(__file__).parents[1]


class StateFolder:
    """A folder with a state, or for one. One server at a time uses it, until `close`.

    Raises UsageError for a folder that holds something else, that others may write to, that a server uses, or whose state
    another version wrote.
    """

    def __init__(self, path: Path, port: int | None) -> None:
        self.path = path.absolute()
        self._lock = _take_lock(self.path)
        try:
            about = _description(self.path) or self._new_description(port)
            if about["version"] != fingerprint():
                raise UsageError(
                    f"--state {path}: what is in it was saved by {about['version']}, and this is {fingerprint()}. Use that one, "
                    f"or begin again: local-aws reset {shlex.quote(str(path))}"
                )
            if port is not None and port != about["port"]:
                raise UsageError(
                    f"--state {path}: its addresses (repositories, APIs) are at port {about['port']}, not {port}. Leave --port "
                    f"out, or begin again: local-aws reset {shlex.quote(str(path))}"
                )
        except BaseException:
            self._lock.close()
            raise
        self.port: int = about["port"]
        self._used: set[str] = set()
        self.keys = Keys(*(AccessKey(each["id"], each["secret"]) for each in about["keys"]))

    def close(self) -> None:
        """Let another server use the folder."""
        self._lock.close()

    def make_live(self) -> Path:
        """An empty folder to work in, on the same disk, so that files that do not change are linked, not copied."""
        live = self.path / "live"
        shutil.rmtree(live, ignore_errors=True)
        live.mkdir(mode=0o700)
        return live

    # Large contents

    def put(self, content: bytes) -> str:
        """Keep a content under its hash."""
        name = hashlib.sha256(content).hexdigest()
        self._used.add(name)
        file = self.path / _BLOBS / name
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            part = file.with_name(f"{name}.part")
            _write(part, content)
            part.rename(file)
        return name

    def get(self, name: str) -> bytes:
        """The content with this hash. Raises StateError where it is not there, or not whole."""
        self._used.add(name)
        file = self.path / _BLOBS / name
        content = file.read_bytes() if file.exists() else b""
        if hashlib.sha256(content).hexdigest() != name:
            raise StateError(f"{file} is missing or damaged")
        return content

    # States

    def last(self) -> Path | None:
        """The folder of the last whole state, None where there is none yet."""
        current = self.path / _CURRENT
        return self.path / current.read_text().strip() if current.exists() else None

    def begin(self) -> Path:
        """A new folder for a state, which nobody reads before `finish`."""
        self._used.clear()
        made = self.path / f"state-{uuid.uuid4().hex}"
        (made / _FILES).mkdir(parents=True)
        return made

    def finish(self, made: Path, data: bytes) -> None:
        """Make it the last whole state, and remove what was before it."""
        _write(made / _STATE, data)
        _write(self.path / f"{_CURRENT}.part", made.name.encode())
        (self.path / f"{_CURRENT}.part").rename(self.path / _CURRENT)
        _sync(self.path)
        for old in self.path.glob("state-*"):
            if old != made:
                shutil.rmtree(old, ignore_errors=True)
        for blob in (self.path / _BLOBS).glob("*"):
            if blob.name not in self._used:
                blob.unlink(missing_ok=True)

    @staticmethod
    def state_of(state: Path) -> tuple[bytes, Path]:
        """The content that `finish` got, and the folder with the files."""
        return (state / _STATE).read_bytes(), state / _FILES

    def _new_description(self, port: int | None) -> dict[str, Any]:
        if port == 0:
            raise UsageError("--port 0 with --state: addresses in the state name the port, so choose one")
        keys = Keys()
        about = {
            "version": fingerprint(),
            "port": port or PORT,
            "keys": [{"id": each.id, "secret": each.secret} for each in (keys.administrator, keys.service)],
        }
        _write(self.path / _ABOUT, json.dumps(about, indent=1).encode())
        return about


def fingerprint() -> str:
    """The version of the embedded AWS, as far as states depend on it: its code, moto's, and Python's."""
    digest = hashlib.sha256()
    for file in sorted(_CODE.rglob("*.py")):
        if "node_modules" not in file.parts:
            digest.update(file.read_bytes())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"local-aws {version('local-aws')} ({digest.hexdigest()[:8]}) with moto {version('moto')} on Python {python}"


def remove(path: Path) -> None:
    """Remove a state folder. Raises UsageError where it is none, or a server uses it."""
    if _description(path) is None:
        raise UsageError(f"{path} holds no state of `local-aws up --state DIR`; nothing was removed")
    _take_lock(path).close()
    shutil.rmtree(path)


def copy(source: Path, target: Path) -> None:
    """Copy a folder with all that is below it. What git never changes is linked where the disk allows."""
    for folder, _, files in os.walk(source):
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        for name in files:
            _copy_file(Path(folder) / name, there / name)


def _copy_file(source: Path, target: Path) -> None:
    if "objects" in source.parts and not source.name.startswith("tmp_"):
        with suppress(OSError):
            os.link(source, target)
            return
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _description(path: Path) -> dict[str, Any] | None:
    file = path / _ABOUT
    if not file.exists():
        return None
    try:
        about: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} cannot be read ({error}); remove the folder to begin again") from error
    return about


def _take_lock(path: Path) -> IO[str]:
    """The folder's lock, held. Raises UsageError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise UsageError(
            f"--state {path}: the folder must be yours, and no one else's to write to: chmod 700 {path}"
        )
    others = [each for each in _names(path) if each not in {_ABOUT, _LOCK}]
    if others and _description(path) is None:
        raise UsageError(
            f"--state {path}: the folder holds something else ({others[0]}); name an empty or a new one"
        )
    lock = (path / _LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise UsageError(f"--state {path}: another `local-aws up` uses it; stop that one first") from error
    return lock


def _names(path: Path) -> Iterable[str]:
    return sorted(each.name for each in path.iterdir())


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
