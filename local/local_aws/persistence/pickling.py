"""The state of the services as bytes, and back.

What a service keeps is plain data, written with pickle. Three kinds of objects in it are not data, and are written as
references: objects that a new server makes for itself (fixtures: the account, handlers, moto's backends), paths below the
server's folder, and large contents, which lie beside the state in files named by their hash.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.client import BaseClient
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

LARGE = 64 * 1024
"""Bytes from which on a content is a file of its own, which the next state shares if it has not changed."""

_FIXTURE, _PATH, _BLOB, _CLIENT = "fixture", "path", "blob", "client"


class StateError(Exception):
    """Something in the state cannot be written or read: the message says what."""


class Blobs(Protocol):
    """Where large contents are kept."""

    def put(self, content: bytes) -> str:
        """Keep a content; returns the name to get it by."""

    def get(self, name: str) -> bytes:
        """The content that was kept under a name. Raises StateError where it is not there."""


def dump(value: object, fixtures: Mapping[str, object], folder: Path, blobs: Blobs) -> bytes:
    """The bytes of `value`. `fixtures` are by name, `folder` is the server's.

    Raises StateError for what can be no state, such as a process, and RuntimeError where the value changes meanwhile.
    """
    target = io.BytesIO()
    try:
        _Pickler(target, fixtures, folder, blobs).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise StateError(f"the state holds what cannot be saved: {error}") from error
    return target.getvalue()


def load(
    data: bytes, fixture: Callable[[str], object], folder: Path, blobs: Blobs, client: Callable[[str], object]
) -> Any:
    """The value whose bytes `dump` made, with the fixtures, the folder and the clients of another server.

    Raises StateError where the bytes do not fit this server.
    """
    try:
        return _Unpickler(io.BytesIO(data), fixture, folder, blobs, client).load()
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, KeyError, TypeError) as error:
        raise StateError(f"the saved state does not fit this version: {error!r}") from error


class _Pickler(pickle.Pickler):
    def __init__(
        self, target: io.BytesIO, fixtures: Mapping[str, object], folder: Path, blobs: Blobs
    ) -> None:
        super().__init__(target, protocol=pickle.HIGHEST_PROTOCOL)
        self._names = {id(fixture): name for name, fixture in fixtures.items()}
        self._folder = folder
        self._blobs = blobs

    def persistent_id(self, value: Any) -> tuple[str, str] | None:
        if name := self._names.get(id(value)):
            return _FIXTURE, name
        if isinstance(value, Path) and value.is_relative_to(self._folder):
            return _PATH, str(value.relative_to(self._folder))
        if type(value) is bytes and len(value) >= LARGE:
            return _BLOB, self._blobs.put(value)
        if isinstance(value, BaseClient):
            return _CLIENT, value.meta.service_model.service_name
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, dict) and type(value).__module__.startswith("moto."):
            # S3's keys show other items than they hold.
            content = dict.copy(value), vars(value)
            return type(value).__new__, (type(value),), content, None, None, _fill
        if isinstance(value, _LOCK):
            return threading.Lock, ()
        if isinstance(value, _RLOCK):
            return threading.RLock, ()
        if isinstance(value, threading.Event):
            return _event, (value.is_set(),)
        if isinstance(value, threading.Condition):
            return threading.Condition, ()
        if isinstance(value, threading.Thread):
            if value.is_alive():
                raise pickle.PicklingError(f"the thread {value.name} is at work")
            return _ended, ()
        if isinstance(value, subprocess.Popen):
            raise pickle.PicklingError(f"a process is at work: {value.args!r}")
        if isinstance(value, RSAPrivateKey | EllipticCurvePrivateKey):
            return _key, (_pem(value),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        source: io.BytesIO,
        fixture: Callable[[str], object],
        folder: Path,
        blobs: Blobs,
        client: Callable[[str], object],
    ) -> None:
        super().__init__(source)
        self._fixture = fixture
        self._folder = folder
        self._blobs = blobs
        self._client = client

    def persistent_load(self, reference: tuple[str, str]) -> Any:
        kind, name = reference
        match kind:
            case "fixture":
                return self._fixture(name)
            case "path":
                return self._folder / name
            case "blob":
                return self._blobs.get(name)
            case "client":
                return self._client(name)
        raise pickle.UnpicklingError(f"unknown reference {kind}")


_LOCK = type(threading.Lock())
_RLOCK = type(threading.RLock())


def _fill(made: dict[Any, Any], content: tuple[dict[Any, Any], dict[str, Any]]) -> None:
    items, attributes = content
    dict.update(made, items)
    vars(made).update(attributes)


def _pem(key: RSAPrivateKey | EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key(pem: bytes) -> Any:
    return load_pem_private_key(pem, None)


def _event(is_set: bool) -> threading.Event:
    made = threading.Event()
    if is_set:
        made.set()
    return made


def _ended() -> threading.Thread:
    """A thread that is over, which can be joined."""
    made = threading.Thread(target=lambda: None)
    made.start()
    made.join()
    return made
