"""What is poured into a project's repositories, made from the template's own tree and kept nowhere twice.

A repository is a list of parts: a file or folder of the template, and its place in the poured repository.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from project_template.errors import FolderNotEmptyError, TemplateIncompleteError

TEMPLATE = Path(__file__).resolve().parents[2]
"""The checkout that this package is part of."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


@dataclass(frozen=True)
class Part:
    """A file or folder of the template, and where it goes; "." is the poured repository's root."""

    source: str
    target: str
    required: bool = True


@dataclass(frozen=True)
class Repository:
    """A kind of repository that the template pours."""

    name: str
    parts: tuple[Part, ...]


BUILD = Repository(
    "build",
    (
        Part("build", "."),
        Part("tests/build", "tests"),
        Part(".github/workflows/build.yml", ".github/workflows/build.yml", required=False),
    ),
)

REPOSITORIES = {repository.name: repository for repository in (BUILD,)}


@dataclass(frozen=True)
class SeedFile:
    """One file of a seed. `path` is relative to the poured repository; `executable` is all that is kept of its mode."""

    path: PurePosixPath
    content: bytes
    executable: bool

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644


def files(repository: Repository, template: Path = TEMPLATE) -> list[SeedFile]:
    """Everything that `repository` is seeded with, sorted by path: what git would track, so no caches.

    Raises TemplateIncompleteError where `template` lacks a part.
    """
    ignored = _ignored_names(template)
    found = []
    for part in repository.parts:
        source = template / part.source
        if not source.exists():
            if part.required:
                raise TemplateIncompleteError(source)
            continue
        for path in _walk(source, ignored):
            target = PurePosixPath(part.target) / path.relative_to(source).as_posix()
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            found.append(SeedFile(target, path.read_bytes(), executable))
    return sorted(found, key=lambda file: str(file.path))


def pour(repository: Repository, into: Path, template: Path = TEMPLATE) -> list[SeedFile]:
    """Write the repository's files into a folder, which is made where it is missing. Returns what was written.

    Raises FolderNotEmptyError, and TemplateIncompleteError before anything is written.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise FolderNotEmptyError(into)
    poured = files(repository, template)
    for file in poured:
        path = into / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    return poured


def archive(repository: Repository, template: Path = TEMPLATE) -> bytes:
    """The repository's files as a zip: equal trees give equal bytes, on any machine and at any time."""
    buffer = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between builds of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for file in files(repository, template):
            entry = zipfile.ZipInfo(str(file.path), _EPOCH)
            entry.create_system = 3  # Unix, so that the mode is read back
            entry.external_attr = (stat.S_IFREG | file.mode) << 16
            zipped.writestr(entry, file.content)
    return buffer.getvalue()


def _walk(path: Path, ignored: list[str]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in path.iterdir():
        if not any(fnmatch(child.name, pattern) for pattern in ignored):
            yield from _walk(child, ignored)


def _ignored_names(template: Path) -> list[str]:
    """The names in the template's .gitignore, whose patterns are kept to plain names for this."""
    lines = (template / ".gitignore").read_text(encoding="utf-8").splitlines()
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]
