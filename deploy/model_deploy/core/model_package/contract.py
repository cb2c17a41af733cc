"""The serving contract of a model: its labels, and the code that turns a text into tokens as in training.

It is stored in the artifact bucket as `contract.json` and `text_rules.py`. The model package's metadata holds its
hash, so a model is served with the contract that it was evaluated with. `open_files` checks the hash before it reads
a file. The code runs in a process of its own, without the credentials of this one (`text_rules`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from model_common import serving
from model_common.serving import Serving
from model_deploy.core.model_package.text_rules import TextRules
from model_deploy.errors import RefusedError

VERSIONS = (1, 2)
DESCRIPTION_FILE, RULES_FILE = "contract.json", "text_rules.py"
FILES = (DESCRIPTION_FILE, RULES_FILE)


def folder_sha256(files: Mapping[str, bytes]) -> str:
    """The hash of a folder: sha256 over the sorted lines `name NUL sha256-hex LF` of its files."""
    lines = (f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Contract:
    """`thresholds` are the least scores of labels in an answer; None for a single-label model.

    `serving` is the format of requests and answers. `files` are the stored files by name.
    """

    recipe: str
    labels: tuple[str, ...]
    multi_label: bool
    thresholds: Mapping[str, float] | None
    text_rules: Mapping[str, Any]
    serving: Serving
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The hash of the contract's files, as `folder_sha256` defines it."""
        return folder_sha256(self.files)

    @cached_property
    def _rules(self) -> TextRules:
        return TextRules.of(self.files[RULES_FILE], self.text_rules)

    def tokens(self, texts: Sequence[str]) -> list[str]:
        """The model's input for each text: tokens separated by single spaces, never a newline.

        Raises RefusedError when the text rules fail.
        """
        return self._rules.lines(texts)

    def tokens_of_cases(self, texts: Sequence[str]) -> list[str]:
        """Like `tokens`, with a cache for texts that are sent repeatedly."""
        return self._rules.lines_again(texts)


def open_files(files: Mapping[str, bytes], sha256: str, source: str) -> Contract:
    """The contract of the stored `files`, if their hash is `sha256`. No file is read before the hash was compared.

    `source` names it in messages. Raises RefusedError if the hash differs, a file is missing, or the contract cannot be read.
    """
    found = folder_sha256(files)
    if found != sha256:
        missing = "".join(f" There is no {name}." for name in FILES if name not in files)
        raise RefusedError(
            f"{source} was changed since it was registered: it has the hash {found}, the package says {sha256}.{missing} "
            "Nothing of it was used. Find out who wrote there, and register again."
        )
    return _parse(files, source)


def _parse(files: Mapping[str, bytes], source: str) -> Contract:
    missing = [name for name in FILES if name not in files]
    if missing:
        raise RefusedError(f"{source} is not complete: there is no {' and no '.join(missing)}.")
    try:
        document = json.loads(files[DESCRIPTION_FILE])
        if document["version"] not in VERSIONS:
            raise RefusedError(
                f"{source} has version {document['version']}; this model-deploy reads the versions "
                f"{' and '.join(map(str, VERSIONS))}. Use the one that belongs to it."
            )
        return Contract(
            recipe=str(document["recipe"]),
            labels=tuple(document["labels"]),
            multi_label=bool(document["multi_label"]),
            thresholds=serving.thresholds(document),
            text_rules=document["text_rules"],
            serving=Serving.parse(document),
            files=dict(files),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError(
            f"{source} cannot be read ({type(error).__name__}: {error}): {DESCRIPTION_FILE} is a JSON object with version, "
            "recipe, labels, multi_label, text_rules, and threshold (version 1) or thresholds and serving (version 2)."
        ) from error
