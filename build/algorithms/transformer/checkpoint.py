"""A training's state after its last epoch, and the best model so far, in the folder that SageMaker keeps in S3.

    last/    the model, and state.pt: optimizer, schedule, scaler (tensors and numbers only)
    best/    the model of the best epoch

Each is written beside its place and then put there, so that a job that is ended meanwhile leaves the one before.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

_BEST, _LAST, _STATE = "best", "last", "state.pt"

Progress = tuple[float, int, int]
"""The best validation figure, the epochs since then, and the epochs done."""


class Checkpoint:
    """The checkpoints of one job. `folder` is made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, model: Any, optimizer: Any, schedule: Any, scaler: Any, progress: Progress) -> None:
        """Keep the state after an epoch; with `progress` saying that this epoch is the best, its model, too."""
        if progress[1] == 0:
            self._put(_BEST, model, None)
        parts = {"optimizer": optimizer, "schedule": schedule, "scaler": scaler}
        state = {name: part.state_dict() for name, part in parts.items()}
        self._put(_LAST, model, {**state, "progress": list(progress)})

    def resume(self, model: Any, optimizer: Any, schedule: Any, scaler: Any) -> Progress:
        """Take up what a job before this one left; (-1, 0, 0) where there is nothing."""
        last = self._folder / _LAST
        if not (last / _STATE).is_file():
            return -1.0, 0, 0
        state = torch.load(last / _STATE, map_location="cpu", weights_only=True)
        weights = {}
        for path in sorted(last.glob("*.safetensors")):
            weights.update(load_file(path))
        model.load_state_dict(weights, strict=False)
        for name, part in {"optimizer": optimizer, "schedule": schedule, "scaler": scaler}.items():
            part.load_state_dict(state[name])
        best, since, done = state["progress"]
        print(f"Going on after epoch {done}.", flush=True)
        return best, since, done

    def copy_best(self, target: Path) -> None:
        """Put the best model's files into `target`."""
        shutil.copytree(self._folder / _BEST, target, dirs_exist_ok=True)

    def _put(self, name: str, model: Any, state: dict[str, Any] | None) -> None:
        new, old = self._folder / f".{name}.new", self._folder / f".{name}.old"
        for path in (new, old):
            shutil.rmtree(path, ignore_errors=True)
        model.save_pretrained(new, safe_serialization=True)
        if state is not None:
            torch.save(state, new / _STATE)
        place = self._folder / name
        if place.exists():
            place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
