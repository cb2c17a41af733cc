"""Calls a serving script as an endpoint does: python ask_script.py MODEL_FOLDER REQUESTS RESPONSES.

REQUESTS holds a list of bodies, in JSON. Each goes through the script's input_fn, predict_fn and output_fn, or its
transform_fn. Their answers are written to RESPONSES as a list.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

JSON = "application/json"


def responses(folder: Path, requests: Sequence[str]) -> list[str]:
    """The answers of the script in `folder`/code."""
    sys.path.insert(0, str(folder / "code"))
    script = importlib.import_module("inference")
    model = script.model_fn(str(folder))
    return [_response(script, model, request) for request in requests]


def _response(script: Any, model: Any, request: str) -> str:
    if hasattr(script, "transform_fn"):
        response = script.transform_fn(model, request, JSON, JSON)
    else:
        response = script.output_fn(script.predict_fn(script.input_fn(request, JSON), model), JSON)
    body = response[0] if isinstance(response, tuple) else response
    return body.decode("utf-8") if isinstance(body, bytes) else str(body)


def main(folder: str, requests: str, answered: str) -> None:
    """Answer the requests of one JSON file in another, with the model in `folder`."""
    bodies = json.loads(Path(requests).read_text(encoding="utf-8"))
    Path(answered).write_text(json.dumps(responses(Path(folder), bodies)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
