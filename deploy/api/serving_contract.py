"""The serving contract of the model package: its labels, its text rules, and the format of requests and answers."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_common import serving
from model_common.serving import Serving

VERSIONS = (1, 2)


@dataclass(frozen=True)
class Contract:
    """`thresholds` are the least scores of labels in an answer; None for a single-label model."""

    labels: tuple[str, ...]
    thresholds: Mapping[str, float] | None
    text_rules: Mapping[str, Any]
    tokenise: Callable[[str, Mapping[str, Any]], str]
    serving: Serving

    @classmethod
    def load(cls, folder: Path) -> Contract:
        """Read `contract.json`, and import the `text_rules.py` beside it, even if another module of that name is imported.

        Raises ValueError for a contract of another version. Other problems were refused when the archive was made.
        """
        described = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
        if described["version"] not in VERSIONS:
            known = " and ".join(map(str, VERSIONS))
            raise ValueError(
                f"contract.json has version {described['version']}; this API reads the versions {known}"
            )
        return cls(
            labels=tuple(described["labels"]),
            thresholds=serving.thresholds(described),
            text_rules=described["text_rules"],
            tokenise=_tokenise(folder / "text_rules.py"),
            serving=Serving.parse(described),
        )

    def tokens(self, text: str) -> str:
        """The model's input line: space-separated tokens, in valid Unicode, never a newline. May be empty."""
        line = self.tokenise(text, self.text_rules).replace("\n", " ").strip()
        return line.encode("utf-8", "replace").decode("utf-8")


def _tokenise(path: Path) -> Callable[[str, Mapping[str, Any]], str]:
    spec = importlib.util.spec_from_file_location("text_rules_of_the_contract", path)
    assert spec is not None and spec.loader is not None  # holds for every path that ends in .py
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tokenise: Callable[[str, Mapping[str, Any]], str] = module.tokenise
    return tokenise
