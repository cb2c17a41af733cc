"""The hyperparameters of BlazingText's supervised mode, checked as the algorithm checks them.

Names, types, ranges and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext_hyperparameters.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

Number = TypeVar("Number", int, float)

SUPERVISED = "supervised"
_TUNED_BY = "_tuning_objective_metric"
_OTHER_MODES = ("batch_skipgram", "skipgram", "cbow")


class HyperparameterError(ValueError):
    """A hyperparameter that BlazingText refuses. The message has the algorithm's words."""


@dataclass(frozen=True)
class Hyperparameters:
    """Values as the algorithm uses them. `learning_rate` is at the start; it falls to 0."""

    mode: str
    epochs: int = 5
    learning_rate: float = 0.05
    min_count: int = 5
    vector_dim: int = 100
    word_ngrams: int = 2
    buckets: int = 2_000_000
    early_stopping: bool = False
    patience: int = 4
    min_epochs: int = 5

    @classmethod
    def parse(cls, stated: Mapping[str, str]) -> Hyperparameters:
        """Raises HyperparameterError for an unknown name, a wrong type, a value out of range, and another mode."""
        # Training jobs of a hyperparameter tuning job have one more, which says what they are judged by.
        stated = {name: text for name, text in stated.items() if name != _TUNED_BY}
        _check_mode(stated)
        known = {field.name: str(field.type) for field in fields(cls)}
        for name in stated:
            if name not in known:
                raise HyperparameterError(
                    f"Additional hyperparameters are not allowed ('{name}' was unexpected). Mode {SUPERVISED} takes "
                    f"{', '.join(known)}"
                )
        values = {name: _parsed(name, text, known[name]) for name, text in stated.items()}
        return cls(**values)  # type: ignore[arg-type]


def _check_mode(stated: Mapping[str, str]) -> None:
    if "mode" not in stated:
        raise HyperparameterError("'mode' is a required hyperparameter: it has to be set")
    mode = stated["mode"]
    if mode in _OTHER_MODES:
        raise HyperparameterError(
            f"Hyperparameter mode: '{mode}' learns word vectors, which the embedded BlazingText does not; it has "
            f"'{SUPERVISED}'"
        )
    if mode != SUPERVISED:
        raise HyperparameterError(
            f"Hyperparameter mode: '{mode}' is not one of {', '.join((*_OTHER_MODES, SUPERVISED))}"
        )


def _parsed(name: str, text: str, kind: str) -> str | int | float | bool:
    match kind:
        case "bool":
            return _boolean(name, text)
        case "int":
            return _at_least(0 if name == "min_count" else 1, name, _number(name, text, int, "an integer"))
        case "float":
            return _above_zero(name, _number(name, text, float, "a number"))
        case _:
            return text


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise HyperparameterError(f"Hyperparameter {name}: '{text}' is not one of True, False")
    return text.lower() == "true"


def _number(name: str, text: str, parse: Callable[[str], Number], expected: str) -> Number:
    try:
        return parse(text)
    except ValueError as error:
        raise HyperparameterError(f"Hyperparameter {name}: unable to parse '{text}' as {expected}") from error


def _at_least(minimum: int, name: str, value: int) -> int:
    if value < minimum:
        raise HyperparameterError(f"Hyperparameter {name}: {value} is less than the minimum of {minimum}")
    return value


def _above_zero(name: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise HyperparameterError(f"Hyperparameter {name}: {value} is not a positive number")
    return value
