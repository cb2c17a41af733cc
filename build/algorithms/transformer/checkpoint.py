"""A training's state after its last epoch, and the best model so far, in the folder that SageMaker keeps in S3.

    last/    the model, and state.pt: optimizer, schedule, scaler, progress (tensors and numbers only)
    best/    the model of the best epoch

Each is written beside its place and then moved there, so a job that is ended meanwhile leaves the one before.
Source: "Use checkpoints in Amazon SageMaker", Amazon SageMaker developer guide.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch

_BEST, _LAST, _STATE = "best", "last", "state.pt"


@dataclass(frozen=True)
class Progress:
    """The best figure on the validation data, the epochs since then, and the epochs done."""

    best: float = -1.0
    since: int = 0
    done: int = 0

    def after(self, reached: float) -> Progress:
        """The progress after one more epoch, which reached that figure."""
        if reached > self.best:
            return Progress(reached, 0, self.done + 1)
        return Progress(self.best, self.since + 1, self.done + 1)


class Checkpoint:
    """The checkpoints of one job. `folder` is made where it is missing; `parts` have a state_dict each."""

    def __init__(self, folder: Path, model: Any, parts: Mapping[str, Any]) -> None:
        self._folder, self._model, self._parts = folder, model, parts
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, progress: Progress) -> None:
        """Store the state after an epoch and, where that epoch is the best, its model."""
        if progress.since == 0:
            self._put(_BEST, None)
        state = {name: part.state_dict() for name, part in self._parts.items()}
        self._put(_LAST, {**state, "progress": list(astuple(progress))})

    def resume(self) -> Progress:
        """Load what an interrupted job stored; a new Progress where there is nothing."""
        last = self._folder / _LAST
        if not (last / _STATE).is_file():
            return Progress()
        from safetensors.torch import load_file

        state = torch.load(last / _STATE, map_location="cpu", weights_only=True)
        weights = {}
        for path in sorted(last.glob("*.safetensors")):
            weights.update(load_file(path))
        self._model.load_state_dict(weights, strict=False)
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        progress = Progress(*state["progress"])
        print(f"Resumed after epoch {progress.done}.", flush=True)
        return progress

    def copy_best(self, target: Path) -> None:
        """Put the best model's files into `target`."""
        shutil.copytree(self._folder / _BEST, target, dirs_exist_ok=True)

    def _put(self, name: str, state: Any) -> None:
        new, old = self._folder / f".{name}.new", self._folder / f".{name}.old"
        for path in (new, old):
            shutil.rmtree(path, ignore_errors=True)
        self._model.save_pretrained(new, safe_serialization=True)
        if state is not None:
            torch.save(state, new / _STATE)
        place = self._folder / name
        if place.exists():
            place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
