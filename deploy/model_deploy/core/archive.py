"""The archive of the classification API: its scripts, and beside them the serving contract of exactly one model package.

Equal content gives equal bytes and an equal key, so that the function changes only when its code or its contract does.
"""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import model_common
from model_common import serving
from model_deploy.core.model_package.contract import FILES
from model_deploy.errors import RefusedError, UsageError

HANDLER_FILE = "handler.py"

_SHARED = {
    f"model_common/{Path(module.__file__).name}": Path(module.__file__).read_bytes()
    for module in (model_common, serving)
    if module.__file__ is not None
}
"""The shared modules that the scripts import."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


@dataclass(frozen=True)
class Archive:
    """A zip as Lambda takes it."""

    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the zip, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def key(self, stage: str) -> str:
        """The archive's key in the artifact bucket, below the stage's own prefix."""
        return f"code/deploy/{stage}/{self.sha256}/api.zip"


def build(api: Path, contract: Mapping[str, bytes]) -> Archive:
    """The archive of the scripts in the folder `api` and the files of a serving contract, by name.

    Raises UsageError when the handler is missing, RefusedError when `contract` is not a whole contract and nothing else.
    """
    _require_contract(contract)
    scripts = {path.name: path.read_bytes() for path in sorted(api.glob("*.py"))}
    if HANDLER_FILE not in scripts:
        raise UsageError(
            f"There is no {api / HANDLER_FILE}, which the classification API runs. It belongs to the repository: restore "
            "it, or point --root at the folder that holds api/ and stages/."
        )
    return Archive(_zip(scripts | _SHARED | dict(contract)))


def _require_contract(contract: Mapping[str, bytes]) -> None:
    if contract.keys() != set(FILES):
        found = ", ".join(sorted(contract)) or "nothing"
        raise RefusedError(
            f"A serving contract holds {' and '.join(FILES)}; this one holds {found}. Register the model "
            "with a pipeline that stores its contract, then deploy that package."
        )


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between builds of zlib, and the archive is small.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, so that the mode is read back
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            zipped.writestr(entry, files[name])
    return buffer.getvalue()
