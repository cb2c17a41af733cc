"""What serves the model: the scripts, and the libraries that the image lacks, copied into the artifact.

An isolated endpoint installs nothing, so `code/library/` travels with the model. Of transformers' several hundred
architectures only those that this process imported are copied.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

SERVED = ("inference.py", "protocol.py", "weights.py", "digests.py", "failure.py")
_ARCHITECTURES = ("transformers", "models")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def pack(folder: Path, source: Path, requirements: Path) -> None:
    """Put the scripts of `source` and the distributions that `requirements` pins into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        shutil.copy2(source / name, folder / name)
    for name in _PINNED.findall(requirements.read_text(encoding="utf-8")):
        try:
            _copy(distribution(name), folder / "library")
        except PackageNotFoundError:
            print(f"{name} is not installed here and so does not travel with the model.", flush=True)


def _copy(shipped: Distribution, library: Path) -> None:
    for path in _needed(shipped):
        target = library / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(shipped.locate_file(str(path))), target)


def _needed(shipped: Distribution) -> Iterator[Path]:
    """The files of a distribution but for programs, compiled code and architectures that are not in use."""
    imported = {tuple(name.split(".")[:3]) for name in sys.modules}
    for file in shipped.files or ():
        parts = file.parts
        if parts[0] == ".." or "__pycache__" in parts or file.suffix == ".pth":
            continue
        if _is_architecture(parts) and parts[:3] not in imported:
            continue
        yield Path(*parts)


def _is_architecture(parts: Sequence[str]) -> bool:
    return tuple(parts[:2]) == _ARCHITECTURES and len(parts) > 3
