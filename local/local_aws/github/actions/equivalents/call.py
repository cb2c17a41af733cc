"""The arguments of an action's equivalent: its inputs, and the job that it may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.github.actions.errors import StepFailed
from local_aws.github.actions.machine import Folders, Machine
from local_aws.github.actions.runs import Run

_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})


@dataclass
class ActionCall:
    """`environment` and `path` are what later steps get, too. `oidc_token` answers None where the job may have none."""

    inputs: Mapping[str, str]
    run: Run
    machine: Machine
    folders: Folders
    token: str
    clone_url: Callable[[str], str]
    oidc_token: Callable[[str], str | None]
    say: Callable[[str], None]
    warn: Callable[[str], None]
    mask: Callable[[str], None]
    new_id: Callable[[], int]
    artifacts: Path
    environment: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    def flag(self, name: str) -> bool:
        """A boolean input. Raises StepFailed."""
        value = self.inputs[name]
        if value not in _TRUE | _FALSE:
            raise StepFailed(
                f'Input does not meet YAML 1.2 "Core Schema" specification: {name}\n'
                "Support boolean input list: `true | True | TRUE | false | False | FALSE`"
            )
        return value in _TRUE

    def required(self, name: str) -> str:
        """An input that must not be empty. Raises StepFailed."""
        if not self.inputs[name]:
            raise StepFailed(f"Input required and not supplied: {name}")
        return self.inputs[name]
