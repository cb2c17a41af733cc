"""Every resource type that the embedded CloudFormation has, found by name."""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.resources.base import ResourceType

CUSTOM = "Custom::"
CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"


class Types:
    """Resource types by name. `Custom::Anything` is a custom resource, where there is one."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self._types = {each.name: each for each in types}

    def __contains__(self, name: str) -> bool:
        return self._key(name) in self._types

    def find(self, name: str) -> ResourceType:
        """Raises ServiceError (ValidationError) for a type that there is none of here."""
        if name not in self:
            raise self.unrecognized([name])
        return self._types[self._key(name)]

    def unrecognized(self, names: Iterable[str]) -> Exception:
        """CloudFormation's error for types that it does not have, and which the embedded one has."""
        return invalid(
            f"Template format error: Unrecognized resource types: [{', '.join(names)}]. The embedded CloudFormation has"
            f" {', '.join(sorted(self._types))} and {CUSTOM}*."
        )

    @staticmethod
    def _key(name: str) -> str:
        return CUSTOM_RESOURCE if name.startswith(CUSTOM) else name
