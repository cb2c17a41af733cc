"""A job's own /opt/ml: a folder of this machine, which the job sees under that name wherever the kernel allows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = "/opt/ml"

# Not the middle of another path (s3://bucket/opt/ml), not the beginning of another name (/opt/mlflow).
_ROOT = re.compile(r"(?<![\w.-])/opt/ml(?![\w-])")
_SCRIPTS = {".py", ".sh"}


@dataclass(frozen=True)
class MlFolder:
    """`host` is the folder. `literal` says whether the job sees it as /opt/ml, or has to be told the host's path."""

    host: Path
    literal: bool

    def path(self, inside: str) -> Path:
        """Where a path that begins with /opt/ml lies on this machine. Raises ValueError for any other path."""
        relative = Path(inside).relative_to(ROOT)
        if ".." in relative.parts:
            raise ValueError(f"{inside} leads out of {ROOT}")
        return self.host / relative

    def told(self, text: str) -> str:
        """`text` as the job has to see it: paths under /opt/ml are rewritten where it does not have them."""
        return text if self.literal else _ROOT.sub(lambda _: str(self.host), text)

    def write(self, inside: str, text: str) -> None:
        """Write a text file at a path below /opt/ml."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.told(text), encoding="utf-8")

    def write_json(self, inside: str, value: Any) -> None:
        """Write a JSON file at a path below /opt/ml."""
        self.write(inside, json.dumps(value, indent=2))

    def read(self, inside: str) -> str:
        """The text of a file that the job may have written; empty where it has not."""
        try:
            return self.path(inside).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return ""

    def make(self, *folders: str) -> None:
        """Create folders below /opt/ml."""
        for folder in folders:
            self.path(folder).mkdir(parents=True, exist_ok=True)

    def tell_scripts(self, inside: str) -> None:
        """Rewrite the scripts under a folder: they name /opt/ml, and a job without it has to find its files."""
        if self.literal:
            return
        for path in self.path(inside).rglob("*"):
            if path.suffix in _SCRIPTS and path.is_file():
                text = path.read_bytes()
                if ROOT.encode() in text:
                    path.write_text(
                        self.told(text.decode("utf-8", "surrogateescape")), "utf-8", "surrogateescape"
                    )
