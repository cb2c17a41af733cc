"""A training job's checkpoints: a folder of the job that is kept in S3, so that another job takes it up.

Source: "Checkpoints in Amazon SageMaker AI", Amazon SageMaker developer guide.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.containers.errors import DownloadError, UnsupportedError
from local_aws.containers.ml_folder import ROOT, MlFolder
from local_aws.containers.s3_data import Location, S3Data

DEFAULT = f"{ROOT}/checkpoints"


class Checkpoints:
    """The folder of one job. `restore` before it runs, `keep` while it does and when it ended."""

    def __init__(self, folder: Path, uri: str, data: S3Data) -> None:
        self._folder, self._uri, self._data = folder, uri, data
        self._kept: dict[Path, tuple[int, int]] = {}

    @classmethod
    def of(cls, stated: Mapping[str, Any], ml: MlFolder, data: S3Data) -> Checkpoints:
        """The checkpoints of a CheckpointConfig that `check` has let pass."""
        return cls(ml.path(stated.get("LocalPath", DEFAULT)), stated["S3Uri"], data)

    @staticmethod
    def check(stated: Mapping[str, Any]) -> None:
        """Raises UnsupportedError for a CheckpointConfig that is not embedded."""
        Location.parse(stated["S3Uri"])
        path = stated.get("LocalPath", DEFAULT)
        if not path.startswith(f"{ROOT}/") or ".." in path.split("/"):
            raise UnsupportedError(
                f"CheckpointConfig: LocalPath {path!r} is not embedded. Use one below {ROOT}."
            )

    def restore(self) -> None:
        """Download what an earlier job left. Raises UploadError where the bucket does not exist."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._data.require_bucket(self._uri)
        with contextlib.suppress(DownloadError):
            self._data.download(f"{self._uri.rstrip('/')}/", self._folder)
        self._kept = self._files()

    def keep(self) -> None:
        """Upload what is new or changed. A file that was removed stays in S3, as on SageMaker. Raises UploadError."""
        for path, state in self._files().items():
            if self._kept.get(path) != state:
                with contextlib.suppress(FileNotFoundError):
                    self._data.upload_file(
                        path, f"{self._uri.rstrip('/')}/{path.relative_to(self._folder).as_posix()}"
                    )
                    self._kept[path] = state

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in sorted(self._folder.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    status = path.stat()
                    found[path] = (status.st_mtime_ns, status.st_size)
        return found
