"""Asks a serving script for the labels of many texts: python ask_script.py MODEL_FOLDER ASKED ANSWERED.

ASKED holds `{"texts": [...], "k": 2}`. They go through the script's input_fn, predict_fn and output_fn as requests of the
endpoint do, in batches; ANSWERED gets the list of all answers.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BATCH = 256
JSON = "application/json"


def answers(folder: Path, texts: Sequence[str], k: int) -> list[Any]:
    """The answer to each text by the script in `folder`/code."""
    sys.path.insert(0, str(folder / "code"))
    script = importlib.import_module("inference")
    model = script.model_fn(str(folder))
    answered: list[Any] = []
    for start in range(0, len(texts), BATCH):
        request = {"instances": list(texts[start : start + BATCH]), "configuration": {"k": k}}
        response = script.output_fn(
            script.predict_fn(script.input_fn(json.dumps(request), JSON), model), JSON
        )
        body = response[0] if isinstance(response, tuple) else response
        answered += json.loads(body)
    return answered


def main(folder: str, asked: str, answered: str) -> None:
    request = json.loads(Path(asked).read_text(encoding="utf-8"))
    found = answers(Path(folder), request["texts"], request["k"])
    Path(answered).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
