"""Serves the model that train.py wrote: the four functions that the SageMaker inference toolkit calls."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import protocol

LIBRARY = str(Path(__file__).resolve().parent / "library")


def model_fn(model_dir: str) -> Any:
    """Load the model, once for each worker, with the fastText that came with it."""
    if LIBRARY not in sys.path:
        sys.path.append(LIBRARY)
    import fasttext

    return fasttext.load_model(str(Path(model_dir) / "model.bin"))


def input_fn(body: bytes | str, content_type: str) -> list[protocol.Query]:
    """The texts of a request."""
    return protocol.queries(body, content_type)


def predict_fn(asked: Sequence[protocol.Query], model: Any) -> list[dict[str, Any]]:
    """The best labels of each text."""
    answered = []
    for query in asked:
        labels, scores = model.predict(" ".join(query.text.split()), k=query.k)
        # fastText's rounding goes beyond 1.
        answered.append({"label": list(labels), "prob": [min(float(score), 1.0) for score in scores]})
    return answered


def output_fn(answered: Sequence[dict[str, Any]], accept: str) -> tuple[str, str]:
    """The response in the accepted format."""
    return protocol.body(answered, accept)
