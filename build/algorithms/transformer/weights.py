"""What a folder of weights may hold: safetensors, and nothing that is run when it is read."""

from __future__ import annotations

from pathlib import Path

PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")


class PickledWeightsError(ValueError):
    """A folder of weights holds none as safetensors, or some that are pickled. The message names them."""


def require_safetensors(folder: Path) -> None:
    """Raises PickledWeightsError where `folder` has pickled files, or no *.safetensors."""
    held = sorted(path for path in folder.rglob("*") if path.is_file())
    pickled = [str(path.relative_to(folder)) for path in held if path.suffix in PICKLED]
    if pickled:
        raise PickledWeightsError(
            f"{folder} holds {', '.join(pickled[:8])}: pickled files run code when they are read. "
            "Convert the weights to safetensors (model.save_pretrained(..., safe_serialization=True)) and leave these out."
        )
    if not any(path.suffix == ".safetensors" for path in held):
        raise PickledWeightsError(f"{folder} holds no *.safetensors; found {', '.join(p.name for p in held[:8]) or 'nothing'}.")
