"""The versions of a pipeline: each update of its definition makes one, and every one can still be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.kernel.wire import invalid
from local_aws.sagemaker.workflow.definition import Definition


@dataclass(frozen=True)
class Version:
    """A definition, by its number. `stated` are its display name and description, `aliases` its other names."""

    number: int
    text: str
    definition: Definition
    created: datetime
    stated: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """The members that tell of the version in other answers."""
        aliases = {"PipelineVersionAliases": list(self.aliases)} if self.aliases else {}
        return {**self.stated, **aliases}


def find(versions: Sequence[Version], request: Mapping[str, Any], pipeline: str) -> Version:
    """The version that PipelineVersionId or PipelineVersionAlias names; without either the latest.

    Raises ServiceError (ValidationException).
    """
    number, alias = request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
    if number is not None and alias is not None:
        raise invalid("Only one of PipelineVersionId and PipelineVersionAlias can be specified.")
    if number is None and alias is None:
        return versions[-1]
    for version in versions:
        if number == version.number or (alias is not None and alias in version.aliases):
            return version
    wanted = number if alias is None else f"'{alias}'"
    raise invalid(f"Pipeline '{pipeline}' has no version {wanted}; it has 1 to {versions[-1].number}.")
