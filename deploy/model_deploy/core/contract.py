"""The serving contract of a model: its labels, and the code that turns a text into the tokens that it was trained on.

It lies beside the model in the artifact bucket, `contract.json` and `text_rules.py`, and the model package's metadata
holds its hash: what serves a model is exactly what evaluated it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

from model_deploy.errors import RefusedError

VERSION = 1
DESCRIPTION_FILE, RULES_FILE = "contract.json", "text_rules.py"
FILES = (DESCRIPTION_FILE, RULES_FILE)

Tokenise = Callable[[str, Mapping[str, Any]], str]


def folder_sha256(files: Mapping[str, bytes]) -> str:
    """The hash of a folder: sha256 over the sorted lines `name NUL sha256-hex LF` of its files."""
    lines = (f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Contract:
    """`threshold` is the probability from which a multi-label model says yes; None where a text has one label.

    `files` are the contract as it is stored, by name.
    """

    recipe: str
    labels: tuple[str, ...]
    multi_label: bool
    threshold: float | None
    text_rules: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        return folder_sha256(self.files)

    @cached_property
    def _tokenise(self) -> Tokenise:
        module = ModuleType("text_rules")
        try:
            exec(compile(self.files[RULES_FILE], RULES_FILE, "exec"), module.__dict__)
            tokenise: Tokenise = module.tokenise
        except Exception as error:
            raise RefusedError(
                f"The contract's {RULES_FILE} cannot be used ({type(error).__name__}: {error}): it needs a "
                "tokenise(text, rules). Register the model anew with a pipeline that stores its contract."
            ) from error
        return tokenise

    def tokens(self, text: str) -> str:
        """What the model reads for `text`: tokens separated by single spaces, never a newline."""
        line = self._tokenise(text, self.text_rules).replace("\n", " ").strip()
        return line.encode("utf-8", "replace").decode("utf-8")


def parse(files: Mapping[str, bytes], source: str) -> Contract:
    """The contract of the stored `files`; `source` names it in messages. Raises RefusedError when it is none."""
    missing = [name for name in FILES if name not in files]
    if missing:
        raise RefusedError(f"{source} is not complete: there is no {' and no '.join(missing)}.")
    try:
        stated = json.loads(files[DESCRIPTION_FILE])
        if stated["version"] != VERSION:
            raise RefusedError(
                f"{source} has version {stated['version']}; this model-deploy reads version {VERSION}. Use the one that "
                "belongs to it."
            )
        multi_label = bool(stated["multi_label"])
        return Contract(
            recipe=str(stated["recipe"]),
            labels=tuple(stated["labels"]),
            multi_label=multi_label,
            threshold=float(stated["threshold"]) if multi_label else None,
            text_rules=stated["text_rules"],
            files=dict(files),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"{source} cannot be read ({type(error).__name__}: {error}): {DESCRIPTION_FILE} is a JSON object with version, "
            "recipe, labels, multi_label, threshold and text_rules."
        ) from error
