"""What a folder of weights may hold: safetensors, and nothing that is run when it is read."""

from __future__ import annotations

from pathlib import Path

import digests

PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")


class WeightsError(ValueError):
    """A folder holds no weights as safetensors, or some that are pickled. The message names them."""


def require_safetensors(folder: Path) -> None:
    """Raises WeightsError where `folder` has pickled files, or no *.safetensors."""
    held = sorted(path for path in folder.rglob("*") if path.is_file())
    pickled = [str(path.relative_to(folder)) for path in held if path.suffix in PICKLED or _is_pickle(path)]
    if pickled:
        raise WeightsError(
            f"{folder} holds {', '.join(pickled[:8])}: pickled files run code when they are read. Convert the weights to "
            "safetensors (model.save_pretrained does that) and leave these files out."
        )
    if not any(path.suffix == ".safetensors" for path in held):
        raise WeightsError(
            f"{folder} holds no *.safetensors; found {', '.join(path.name for path in held[:8]) or 'nothing'}."
        )


def require_pretrained(folder: Path, sha256: str) -> None:
    """Raises WeightsError where the pretrained model is missing, is another one, or holds more than safetensors."""
    if not (folder / "config.json").is_file():
        raise WeightsError(
            f"The channel pretrained ({folder}) holds no config.json: it is no model in Hugging Face's layout."
        )
    require_safetensors(folder)
    if sha256 and digests.of_folder(folder) != sha256:
        raise WeightsError(
            f"The channel pretrained ({folder}) has the hash {digests.of_folder(folder)}; the recipe names {sha256}. Somebody "
            "wrote to its place in S3 after it was uploaded: find out who, delete what was written, and run again."
        )


def _is_pickle(path: Path) -> bool:
    """Whether a file begins as a pickle does, whatever its name."""
    with path.open("rb") as file:
        start = file.read(2)
    return len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5
