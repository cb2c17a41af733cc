"""The embedded AWS as a wheel, which every poured repository carries so that it needs neither this one nor an account."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from project_template.errors import WheelError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold: every entry of what is poured has this time."""

_SECONDS = "315532800"  # the same, for SOURCE_DATE_EPOCH
_TIMEOUT = 300
_built: dict[str, Wheel] = {}


@dataclass(frozen=True)
class Wheel:
    """A wheel's file name and bytes."""

    name: str
    content: bytes


def wheel(files: Mapping[PurePosixPath, bytes]) -> Wheel:
    """The wheel of a package's source, given as {path below its pyproject.toml: bytes}. Raises WheelError.

    Built by hatchling in a clean copy, without an index. Equal sources give equal bytes on any machine: the build's
    clock stands still, and the wheel is stored, not deflated, because compressed bytes differ between builds of zlib.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    archive = _built.get(digest.hexdigest())
    if archive is None:
        archive = _built[digest.hexdigest()] = _build(files)
    return archive


def _build(files: Mapping[PurePosixPath, bytes]) -> Wheel:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "source"), Path(folder, "out")
        for path, content in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
        try:
            subprocess.run(
                command,
                cwd=source,
                env={**os.environ, "SOURCE_DATE_EPOCH": _SECONDS},
                check=True,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise WheelError(_reason(error)) from error
        [built] = out.glob("*.whl")
        return Wheel(built.name, _stored(built.read_bytes()))


def _stored(content: bytes) -> bytes:
    """The same wheel, uncompressed. Its RECORD names the hashes of what is inside, which stay."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(buffer, "w") as stored:
        for entry in packed.infolist():
            kept = zipfile.ZipInfo(entry.filename, EPOCH)
            kept.create_system, kept.external_attr = 3, 0o100644 << 16
            stored.writestr(kept, packed.read(entry))
    return buffer.getvalue()


def _reason(error: Exception) -> str:
    errors = str(getattr(error, "stderr", "") or error).strip().splitlines()
    return errors[-1] if errors else type(error).__name__
