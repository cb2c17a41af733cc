"""The server's own access keys: their secrets are made when it starts, and given to who may use it.

`local-aws exec` puts the administrator's into its command's environment. A server that runs by itself (`local-aws up`) keeps
them in a file that only its user can read, where `exec --attach` finds them.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LETTERS = string.ascii_letters + string.digits
_SECRET_LENGTH = 40


class KeyFileError(Exception):
    """The file with a running server's keys is not there, or not to be trusted."""


@dataclass(frozen=True)
class AccessKey:
    """A long-term access key. A key that is made without a secret gets a random one."""

    id: str
    secret: str = field(default_factory=lambda: random_secret(), repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The key as environment variables."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class Keys:
    """The keys of one server. The administrator may do anything; `service` is AWS's own services', which act for themselves."""

    administrator: AccessKey = field(default_factory=lambda: AccessKey("local"))
    service: AccessKey = field(default_factory=lambda: AccessKey("service"))

    def find(self, access_key: str) -> AccessKey | None:
        """The access key with this id, None if the server has none."""
        return next((each for each in (self.administrator, self.service) if each.id == access_key), None)


def random_secret(length: int = _SECRET_LENGTH) -> str:
    """A random secret of this length."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


@contextmanager
def published(key: AccessKey, port: int) -> Iterator[Path]:
    """Inside the block the key of the server at `port` is in a file that only this user can read.

    Raises KeyFileError where the folder is not this user's alone.
    """
    file = _file(port, make=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump({"AccessKeyId": key.id, "SecretAccessKey": key.secret}, opened)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def of_running(port: int) -> AccessKey:
    """The key of the server that this user runs at `port` (`local-aws up`). Raises KeyFileError."""
    file = _file(port, make=False)
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
        return AccessKey(stated["AccessKeyId"], stated["SecretAccessKey"])
    except FileNotFoundError as error:
        raise KeyFileError(
            f"{file} is not there: no `local-aws up` of this user serves port {port}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{file} cannot be read ({error}): start `local-aws up` again") from error


def _file(port: int, *, make: bool) -> Path:
    private = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_STATE_HOME")
    folder = Path(private or Path.home() / ".local" / "state") / "local-aws"
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.exists():
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise KeyFileError(
                f"{folder} must be a folder of this user's with mode 700, because secrets are kept in it: remove it"
            )
    return folder / f"{port}.json"
