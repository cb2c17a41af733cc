"""SHA256SUMS: the hash of each file of a release or a seed, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

NAME = "SHA256SUMS"


def of(files: Mapping[str, bytes]) -> str:
    """The manifest of files by path, sorted by path."""
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))


def parse(text: str) -> dict[str, str]:
    """The hashes by path. Raises ValueError naming the line that is none."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        digest, separator, path = line.partition("  ")
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or not separator or not path:
            raise ValueError(f"line {number} is {line[:100]!r}; expected a SHA-256, two spaces and a path")
        found[path] = digest
    return found


def differences(listed: Mapping[str, str], files: Mapping[str, bytes | None]) -> Iterator[str]:
    """The differences, a phrase for each file. `files` are the existing ones, by path; None for a missing one.

    A file that the manifest does not name counts where `files` has it.
    """
    for path in sorted({*listed, *files}):
        content = files.get(path)
        if content is None:
            yield f"{path} is missing"
        elif path not in listed:
            yield f"{path} was added"
        elif hashlib.sha256(content).hexdigest() != listed[path]:
            yield f"{path} differs"
