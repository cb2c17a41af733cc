"""The seeds: archives that are poured into a project's repositories. They are made from the template's own tree.

A repository is a list of parts: a file or folder of the template, and its place in the poured repository; where two
parts have the same file, the later one counts. The deploy repository comes in variants, by what the project asked for:
the kind of its endpoints, and who lets a model into production. Each repository carries the embedded AWS under vendor/.
"""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from itertools import product
from pathlib import Path, PurePosixPath

from project_template import enterprise, manifest, vendor
from project_template.errors import FolderNotEmptyError, TemplateIncompleteError, TemplateLineError


def find_template(package: Path, current: Path) -> Path:
    """The checkout that the package's folder is part of, else the one around the current folder.

    A package that was installed as a wheel is part of none. Without any checkout it is the folder where one would be.
    """
    own = package.parents[1]
    around = (own, current, *current.parents)
    return next((folder for folder in around if (folder / "seed_code" / "project_template").is_dir()), own)


TEMPLATE = find_template(Path(__file__).resolve().parent, Path.cwd())


@dataclass(frozen=True)
class Part:
    """A file or folder of the template, and where it goes; "." is the poured repository's root."""

    source: str
    target: str


@dataclass(frozen=True)
class Line:
    """A line of a poured file, to be replaced by another; it has to be there once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Repository:
    """A kind of repository that the template pours. `vendored` is a package's folder, carried as a wheel in vendor/."""

    name: str
    parts: tuple[Part, ...]
    vendored: str | None = "local"
    lines: tuple[Line, ...] = ()


KINDS = ("realtime", "serverless")
GATES = ("github", "registry")


SHARED = (
    Part("common", "common"),
    Part("tests/common", "tests/common"),
    Part("local/requirements.lock", "vendor/requirements.lock"),
)
"""The files that both repositories get."""

_COMMON = Line(
    "pyproject.toml", 'model-common = { path = "../common" }', 'model-common = { path = "common" }'
)


def _deploy(kind: str, gate: str) -> Repository:
    parts = (
        Part("deploy", "."),
        Part("tests/deploy", "tests"),
        *SHARED,
        Part(".github/workflows/deploy.yml", ".github/workflows/deploy.yml"),
    )
    # deploy/ itself is the realtime one with GitHub's gate.
    overlays = () if kind == "realtime" else (Part(f"seed_code/overlays/{kind}", "."),)
    gate_line = Line("stages/production.yaml", "production_gate: github", f"production_gate: {gate}")
    return Repository(f"deploy-{kind}-{gate}", parts + overlays, lines=(_COMMON, gate_line))


BUILD = Repository(
    "build",
    (
        Part("build", "."),
        Part("tests/build", "tests"),
        *SHARED,
        Part(".github/workflows/build.yml", ".github/workflows/build.yml"),
    ),
    lines=(_COMMON,),
)
DEPLOY = {(kind, gate): _deploy(kind, gate) for kind, gate in product(KINDS, GATES)}

REPOSITORIES = {repository.name: repository for repository in (BUILD, *DEPLOY.values())}


@dataclass(frozen=True)
class SeedFile:
    """One file of a seed. `path` is relative to the poured repository; `executable` is all that is kept of its mode."""

    path: PurePosixPath
    content: bytes
    executable: bool

    @property
    def mode(self) -> int:
        """The file's permissions."""
        return 0o755 if self.executable else 0o644


def files(repository: Repository, template: Path = TEMPLATE, *, own_server: bool = False) -> list[SeedFile]:
    """Everything that `repository` is seeded with, sorted by path: what git would track, so no caches; and its manifest.

    With `own_server` its workflows are for a GitHub Enterprise Server.

    Raises TemplateIncompleteError where `template` lacks a part, TemplateLineError where it lacks a line, WheelError.
    """
    ignored = _ignored_names(template)
    found = {file.path: file for part in repository.parts for file in _part(part, template, ignored)}
    if own_server:
        found |= {
            path: replace(file, content=enterprise.workflow(file.content.decode()).encode())
            for path, file in found.items()
            if path.match(".github/workflows/*.yml")
        }
    for line in repository.lines:
        path = PurePosixPath(line.path)
        found[path] = _replaced(found.get(path), line)
    if repository.vendored is not None:
        source = _part(Part(repository.vendored, "."), template, ignored)
        built = vendor.wheel({file.path: file.content for file in source})
        path = PurePosixPath("vendor", built.name)
        found[path] = SeedFile(path, built.content, executable=False)
    sums = manifest.of({str(path): file.content for path, file in found.items()})
    listed = PurePosixPath(manifest.NAME)
    found[listed] = SeedFile(listed, sums.encode(), executable=False)
    return sorted(found.values(), key=lambda file: str(file.path))


def pour(repository: Repository, into: Path, template: Path = TEMPLATE) -> list[SeedFile]:
    """Write the repository's files into a folder, which is made where it is missing. Returns what was written.

    Raises FolderNotEmptyError, and whatever `files` raises before anything is written.
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


def archive(repository: Repository, template: Path = TEMPLATE, *, own_server: bool = False) -> bytes:
    """The repository's files as a zip: equal trees give equal bytes, on any machine and at any time."""
    buffer = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between builds of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for file in files(repository, template, own_server=own_server):
            entry = zipfile.ZipInfo(str(file.path), vendor.EPOCH)
            entry.create_system = 3  # Unix, so that the mode is read back
            entry.external_attr = (stat.S_IFREG | file.mode) << 16
            zipped.writestr(entry, file.content)
    return buffer.getvalue()


def archives(template: Path = TEMPLATE, *, own_server: bool = False) -> dict[str, bytes]:
    """All that a project may be seeded with: {file name: zip}. `own_server` as in `files`."""
    return {
        f"{name}.zip": archive(repository, template, own_server=own_server)
        for name, repository in REPOSITORIES.items()
    }


def sha256(archived: Mapping[str, bytes]) -> str:
    """The hash of archives together, by which their prefix in the template bucket is named: seeds/<sha256>/.

    It is that of the sorted lines `name NUL sha256-hex LF`.
    """
    lines = (f"{name}\0{hashlib.sha256(archived[name]).hexdigest()}\n" for name in sorted(archived))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _part(part: Part, template: Path, ignored: list[str]) -> Iterator[SeedFile]:
    source = template / part.source
    if not source.exists():
        raise TemplateIncompleteError(source)
    for path in _walk(source, ignored):
        target = PurePosixPath(part.target) / path.relative_to(source).as_posix()
        yield SeedFile(target, path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))


def _replaced(file: SeedFile | None, line: Line) -> SeedFile:
    lines = file.content.decode().split("\n") if file else []
    if file is None or lines.count(line.old) != 1:
        raise TemplateLineError(line.path, line.old)
    lines[lines.index(line.old)] = line.new
    return SeedFile(file.path, "\n".join(lines).encode(), file.executable)


def _walk(path: Path, ignored: list[str]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in path.iterdir():
        if not any(fnmatch(child.name, pattern) for pattern in ignored):
            yield from _walk(child, ignored)


def _ignored_names(template: Path) -> list[str]:
    """The names in the template's .gitignore, whose patterns are kept to plain names for this."""
    ignored = template / ".gitignore"
    if not ignored.is_file():
        raise TemplateIncompleteError(ignored)
    lines = ignored.read_text(encoding="utf-8").splitlines()
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]
