"""Modules of the algorithms, as a job has them: those beside their folders and those of the steps lie next to them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from prediction import predictor

STEPS = Path(predictor.__file__).parents[1]
ALGORITHMS = STEPS.with_name("algorithms")


@pytest.fixture(scope="module")
def module() -> Iterator[Callable[..., ModuleType]]:
    """Imports a module of an algorithm, or of those that all of them share; afterwards nobody knows its name."""
    path, known = list(sys.path), dict(sys.modules)

    def module(name: str, algorithm: str = "") -> ModuleType:
        for folder in (ALGORITHMS, ALGORITHMS / algorithm):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        return importlib.import_module(name)

    yield module
    sys.path[:] = path
    for name, loaded in list(sys.modules.items()):
        if name not in known and str(ALGORITHMS) in str(getattr(loaded, "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes files of an input channel, and says where it is as SageMaker does."""

    def channel(name: str, **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / f"{file}.txt").write_text(content, encoding="utf-8", newline="")
        monkeypatch.setenv(f"SM_CHANNEL_{name.upper()}", str(folder))
        return folder

    return channel
