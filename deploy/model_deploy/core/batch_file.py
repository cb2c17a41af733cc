"""The files of a batch: the texts as they came, what the model is asked, and what is answered to each text.

A text without tokens is not sent, as in the API: fastText answers an empty line with a confident label.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from model_common.serving import prediction
from model_deploy.core.model_package.contract import Contract
from model_deploy.errors import CommandError, UsageError

TEXTS_AT_ONCE = 10_000
"""The number of texts per process of the contract's text rules; a process takes a tenth of a second to start."""


@dataclass(frozen=True)
class Prepared:
    """`path` is the model's input, with a line for each text that is asked, and `sha256` its hash.

    `texts` has a line for each text, with the text and whether it is asked; `count` says how many there are.
    """

    path: Path
    sha256: str
    asked: int
    texts: Path
    count: int


def text_of(line: bytes, number: int, source: str) -> str:
    """The text in one line of the file. Raises UsageError naming file and line."""
    try:
        text = json.loads(line)["text"]
        if not isinstance(text, str):
            raise TypeError("text is not a string")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f'{source}, line {number}: expected a JSON object such as {{"text": "..."}} ({type(error).__name__}: {error}).'
        ) from error
    return text


def prepare(lines: Iterable[bytes], source: str, contract: Contract, folder: Path) -> Prepared:
    """Write what the model is asked for the lines of `source`. Raises UsageError, and RefusedError if the text rules fail."""
    path, texts = folder / "texts.jsonl", folder / "asked.jsonl"
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    count, asked, digest, k = 0, 0, hashlib.sha256(), len(contract.labels)
    with path.open("wb") as model, texts.open("w", encoding="utf-8") as kept:
        while some := list(islice(numbered, TEXTS_AT_ONCE)):
            read = [text_of(line, number, source) for number, line in some]
            for text, tokens in zip(read, contract.tokens(read), strict=True):
                kept.write(json.dumps([text, bool(tokens)]) + "\n")
                if tokens:
                    line = contract.serving.line(tokens, k)
                    model.write(line)
                    digest.update(line)
                    asked += 1
            count += len(read)
    return Prepared(path, digest.hexdigest(), asked, texts, count)


def answer(prepared: Prepared, answers: Iterable[bytes], contract: Contract, path: Path) -> str:
    """Write to `path` what clients of the API would be told of each text, in order; returns the file's hash.

    `answers` are the model's, a line for each text that was asked. Raises CommandError for any others.
    """
    digest = hashlib.sha256()
    scores = _scores((line for line in answers if line.strip()), contract)
    with prepared.texts.open(encoding="utf-8") as kept, path.open("wb") as file:
        for row in kept:
            text, asked = json.loads(row)
            found = next(scores, None) if asked else {}
            if found is None:
                raise CommandError(
                    f"The job answered fewer than the {prepared.asked} texts that it was asked."
                )
            told = prediction(text, found, contract.labels, contract.thresholds)
            line = json.dumps(told).encode() + b"\n"
            file.write(line)
            digest.update(line)
    if next(scores, None) is not None:
        raise CommandError(f"The job answered more than the {prepared.asked} texts that it was asked.")
    return digest.hexdigest()


def _scores(lines: Iterable[bytes], contract: Contract) -> Iterator[dict[str, float]]:
    for number, line in enumerate(lines, start=1):
        try:
            entry: dict[str, Any] = json.loads(line)
            yield contract.serving.ranked(entry)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CommandError(
                f"The job's answer {number} is none of this model ({type(error).__name__}: {error}): {line[:200]!r}"
            ) from error
