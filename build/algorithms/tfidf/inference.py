"""Serves the model that train.py wrote: the four functions that the SageMaker inference toolkit calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import protocol
from model import Model


def model_fn(model_dir: str) -> Model:
    """Load the model, once for each worker."""
    return Model.load(Path(model_dir))


def input_fn(body: bytes | str, content_type: str) -> list[protocol.Query]:
    """The texts of a request."""
    return protocol.queries(body, content_type)


def predict_fn(asked: Sequence[protocol.Query], model: Model) -> list[dict[str, Any]]:
    """The best labels of each text."""
    if not asked:
        return []
    return protocol.answers(asked, model.labels, model.scores([query.text for query in asked]))


def output_fn(answered: Sequence[dict[str, Any]], accept: str) -> tuple[str, str]:
    """The response in the accepted format."""
    return protocol.body(answered, accept)
