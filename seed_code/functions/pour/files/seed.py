"""A seed: the archive that a repository is poured from, and git's names for what is in it."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pour.errors import SeedError

_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, IndexError, OSError, RuntimeError, ValueError),
)
"""What zipfile raises for a damaged or an encrypted archive."""

WORKFLOWS = ".github/workflows/"
STAMP = ".seed.json"
"""The file that says which seed a tree holds. It travels with every way of merging, so that main itself tells which seed
it was last brought to."""


@dataclass(frozen=True)
class SeedFile:
    """One file of a seed; `path` is relative to the repository's root."""

    path: str
    content: bytes
    executable: bool

    @property
    def mode(self) -> str:
        """As in a git tree."""
        return "100755" if self.executable else "100644"

    @cached_property
    def sha(self) -> str:
        """The name that git gives to this content (SHA-1 of its blob)."""
        return hashlib.sha1(
            b"blob %d\0" % len(self.content) + self.content, usedforsecurity=False
        ).hexdigest()

    @property
    def text(self) -> str | None:
        """The content as text that JSON carries unchanged, None for what is none."""
        try:
            return None if b"\0" in self.content else self.content.decode()
        except UnicodeDecodeError:
            return None

    @property
    def is_last(self) -> bool:
        """Whether it is poured after everything is set up: what would start a run, and the stamp that says "done"."""
        return self.path.startswith(WORKFLOWS) or self.path == STAMP


@dataclass(frozen=True)
class Seed:
    """`digest` is the SHA-256 of the archive. `files` include the stamp."""

    digest: str
    files: tuple[SeedFile, ...]

    @property
    def name(self) -> str:
        """A short name: the first 12 digits of the digest."""
        return self.digest[:12]

    @property
    def first(self) -> tuple[SeedFile, ...]:
        """The files that are poured first; workflows follow last."""
        return tuple(file for file in self.files if not file.is_last)

    @property
    def branch(self) -> str:
        """The branch that proposes this seed."""
        return f"seed/{self.name}"

    @property
    def tag(self) -> str:
        """The git tag of this seed."""
        return tag_of(self.digest)

    @property
    def stamp(self) -> SeedFile:
        """The file that records which seed a tree holds."""
        return stamp(self.digest)


def tag_of(digest: str) -> str:
    """The tag on the commit whose tree is exactly the seed with that digest."""
    return f"seed-{digest[:12]}"


def stamp(digest: str) -> SeedFile:
    """The file that records the seed with this digest."""
    note = (
        "Which seed of the project template this tree holds. Its pull requests change it; leave it to them."
    )
    content = json.dumps({"archive": digest, "note": note}, indent=2) + "\n"
    return SeedFile(STAMP, content.encode(), False)


def digest_in(content: bytes) -> str:
    """The digest that a stamp holds, "" where it holds none."""
    try:
        read: Any = json.loads(content)
    except ValueError:
        return ""
    found = read.get("archive") if isinstance(read, Mapping) else None
    return found if isinstance(found, str) else ""


def fetch(s3: Any, bucket: str, key: str) -> Seed:
    """The seed at s3://`bucket`/`key`; `s3` is a boto3 client. Raises SeedError."""
    place = f"s3://{bucket}/{key}"
    try:
        archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SeedError(
            f"The seed archive {place} cannot be read ({code}). Publish the template again (`project-template publish`), which"
            " puts it there, and see that the function's role may read it. Then try again."
        ) from error
    except BotoCoreError as error:
        raise SeedError(f"S3 gives no answer about {place} ({type(error).__name__}). Try again.") from error
    return unpack(archive, place)


def unpack(archive: bytes, place: str) -> Seed:
    """Raises SeedError, naming `place`, where the archive is no zip or would write elsewhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            files = [_file(entry, zipped.read(entry)) for entry in entries]
    except _UNREADABLE as error:
        raise SeedError(f"The seed archive {place} is not a zip file that can be read: {error}.") from error
    wrong = [file.path for file in files if not _is_inside(file.path) or file.path == STAMP]
    if wrong or len({file.path for file in files}) != len(files):
        raise SeedError(
            f"The seed archive {place} has paths that no repository can have: {wrong or 'two are the same'}."
        )
    digest = hashlib.sha256(archive).hexdigest()
    seed = Seed(digest, tuple(sorted([*files, stamp(digest)], key=lambda file: file.path)))
    if len(seed.first) == 0:
        raise SeedError(f"The seed archive {place} is empty.")
    return seed


def _file(entry: zipfile.ZipInfo, content: bytes) -> SeedFile:
    return SeedFile(entry.filename, content, bool(entry.external_attr >> 16 & stat.S_IXUSR))


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return (
        not PurePosixPath(path).is_absolute()
        and not {"", ".", "..", ".git"} & set(parts)
        and "\\" not in path
    )
