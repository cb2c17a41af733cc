"""Reads a configuration file. An error says in one sentence why it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_common.configuration.strict_yaml import LARGEST_BYTES, YamlProblem, parse
from model_common.errors import ConfigurationError


def load(
    path: Path,
    kind: str,
    error: type[ConfigurationError],
    empty: str,
    show: Callable[[Path], str] = str,
) -> dict[str, Any]:
    """The mapping in a YAML file.

    `kind` is what the file is ("recipe", "stage"); `empty` is a sentence on what a file without keys
    lacks; `show` is how the files beside one that is missing are listed. Raises `error` for a
    file that is not there, cannot be read, is not plain YAML, or holds no mapping.
    """
    try:
        # One byte more than the limit, so that a file without an end is not read further.
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise YamlProblem(f"it is larger than {LARGEST_BYTES} bytes")
        document = parse(content.decode("utf-8-sig"))
    except FileNotFoundError as cause:
        others = ", ".join(sorted(show(found) for found in path.parent.glob("*.yaml"))) or "none"
        raise error(f"There is no {kind} {path}. {kind.capitalize()}s beside it: {others}.") from cause
    except UnicodeDecodeError as cause:
        raise error(f"The {kind} {path} cannot be read: {cause}. Save it as UTF-8.") from cause
    except OSError as cause:
        raise error(f"The {kind} {path} cannot be read: {cause}.") from cause
    except YamlProblem as cause:
        raise error(f"{path} is not valid YAML: {cause}.") from cause
    if not isinstance(document, dict):
        raise error(f"{path} holds no keys. {empty}")
    return document
