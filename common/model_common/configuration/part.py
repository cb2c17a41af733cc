"""The base class of a configuration file's parts, and its constraints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

PROBLEM = "problem_in_words"

Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of a configuration file: no unknown keys, no silent conversions, never changed once read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def leaves_out(self, why: str, *keys: str) -> None:
        """Raise a problem for the first of `keys` that is stated, since `why`."""
        for key in keys:
            if key in self.model_fields_set and getattr(self, key) not in (None, ()):
                raise problem(key, f"{why}; leave the key out")

    def states(self, what: str, key: str) -> None:
        """Raise a problem when `key` is not stated, saying `what` it is."""
        if getattr(self, key) is None:
            raise problem(key, f"missing. It is {what}")


def problem(key: str, words: str) -> PydanticCustomError:
    """A rule that is broken: at which key below the part, and a sentence on what was found and is allowed."""
    return PydanticCustomError(PROBLEM, "{words}", {"key": key, "words": words})


def matching(pattern: str, allowed: str) -> AfterValidator:
    """A constraint on text that tells the reader in words what the pattern allows."""
    return AfterValidator(Matching(pattern, allowed))


@dataclass(frozen=True)
class Matching:
    """Checks that the whole of a text matches `pattern`; `allowed` says in words what that is."""

    pattern: str
    allowed: str

    def __call__(self, value: str) -> str:
        """Return the value. Raises a problem that shows it if it does not match."""
        if re.fullmatch(self.pattern, value) is None:
            raise problem("", f"found {value!r:.80}. Allowed: {self.allowed}")
        return value


def frozen(value: Any) -> Any:
    """The same data with tuples for lists, which is what a strict and immutable model takes."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    return value
