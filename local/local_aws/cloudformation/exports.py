"""Exports: outputs by which stacks give values to others, under names that are unique in the account and region.

After https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html: nobody deletes a stack, or
changes or removes an output, whose export another stack imports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.stack import Stack
from local_aws.cloudformation.store import Store
from local_aws.cloudformation.templates.intrinsics import text_of
from local_aws.cloudformation.templates.template import Output
from local_aws.kernel.limits import maximum
from local_aws.kernel.paging import page, paged

PAGE = 100
"""Exports and imports of a page; the API has no parameter for it."""


class Exports:
    """ListExports, ListImports; and the rules of exports, for the operations on stacks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list_exports(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the exports of all stacks, one page at a time.

        Raises ValidationException. Source: AWS CloudFormation API reference, ListExports.
        """
        found = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self._store.all()
            for name, value in _exports_of(stack).items()
        ]
        found.sort(key=lambda export: export["Name"])
        shown, token = page(found, request, key=lambda export: export["Name"], default=PAGE)
        return paged({"Exports": shown}, token)

    def list_imports(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the stacks that import an export, one page at a time.

        Raises ValidationError, ValidationException. Source: AWS CloudFormation API reference, ListImports.
        """
        name = request["ExportName"]
        importers = sorted(self._importers(name))
        if not importers:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        shown, token = page(importers, request, key=str, default=PAGE)
        return paged({"Imports": shown}, token)

    def value(self, name: str) -> str:
        """The value of an export. Raises ServiceError (ValidationError) if there is none of that name."""
        for stack in self._store.all():
            exported = _exports_of(stack)
            if name in exported:
                return exported[name]
        raise invalid(f"No export named {name} found.")

    def require(self, names: Iterable[str]) -> None:
        """Raises ServiceError (ValidationError) for the first name that nobody exports."""
        for name in sorted(names):
            self.value(name)

    def publish(self, stack: Stack, outputs: tuple[Output, ...]) -> None:
        """Give a stack its outputs, all of which are resolved.

        Raises ServiceError (ValidationError) where another stack exports one of the names, and where an export that is
        changed or goes is in use.
        """
        with self._store.lock:
            before, after = _exports_of(stack), _by_name(outputs)
            most = maximum("cloudformation.export_value")
            for each in outputs:
                if each.export is not None and len(text_of(each.value)) > most:
                    raise invalid(
                        f"Cannot export output {each.name} with length {len(text_of(each.value))}. "
                        f"Max length of {most} exceeded."
                    )
            for other in self._store.all():
                for name in sorted(after.keys() & _exports_of(other).keys()):
                    if other is not stack:
                        raise invalid(f"Export with name {name} is already exported by stack {other.name}.")
            for name, value in before.items():
                if after.get(name) != value and (importers := self._importers(name, stack)):
                    done = "updated" if name in after else "deleted"
                    raise invalid(f"Export {name} cannot be {done} as it is in use by {_joined(importers)}")
            stack.outputs = outputs

    def in_use(self, stack: Stack) -> str | None:
        """Why a stack cannot be deleted: one of its exports is imported; None where it can."""
        for name in _exports_of(stack):
            if importers := self._importers(name, stack):
                return (
                    f"Delete canceled. Cannot delete export {name} as it is in use by {_joined(importers)}."
                )
        return None

    def _importers(self, name: str, exporter: Stack | None = None) -> list[str]:
        """The names of the stacks that import `name`."""
        return [
            stack.name
            for stack in self._store.all()
            if stack is not exporter
            and stack.deleted is None
            and stack.settings is not None
            and name in stack.settings.definition.imports
        ]


def _exports_of(stack: Stack) -> Mapping[str, str]:
    return {} if stack.deleted else _by_name(stack.outputs)


def _by_name(outputs: Iterable[Output]) -> dict[str, str]:
    return {str(each.export): text_of(each.value) for each in outputs if each.export is not None}


def _joined(names: list[str]) -> str:
    return " and ".join(sorted(names))
