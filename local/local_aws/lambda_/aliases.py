"""Aliases: names that point to a version. Every call goes to one version: there are no weights here."""

from __future__ import annotations

from typing import Any

from local_aws.lambda_.errors import conflict, invalid, not_found, require_revision
from local_aws.lambda_.function import Alias, Function
from local_aws.lambda_.names import Reference
from local_aws.lambda_.paging import paged
from local_aws.lambda_.store import Store


class Aliases:
    """CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_alias(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an alias of a version.

        Raises InvalidParameterValueException, ResourceConflictException, ResourceNotFoundException. Source: AWS Lambda API reference, CreateAlias.
        """
        _refuse_weights(request)
        with self._store.lock:
            function = self._function(request)
            if request["Name"] in function.aliases:
                raise conflict(f"Alias already exists: {self._arn(request)}")
            alias = Alias(request["Name"], request["FunctionVersion"], request.get("Description", ""))
            return self._put(request, function, alias)

    def get_alias(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one alias.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, GetAlias.
        """
        with self._store.lock:
            return self._answer(request, self._find(request))

    def list_aliases(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the aliases of a function, one page at a time.

        Raises InvalidParameterValueException, ResourceNotFoundException, ValidationException. Source: AWS Lambda API reference, ListAliases.
        """
        version = request.get("FunctionVersion")
        with self._store.lock:
            function = self._function(request)
            found = [
                self._answer({**request, "Name": alias.name}, alias)
                for alias in sorted(function.aliases.values(), key=lambda alias: alias.name)
                if version in (None, alias.version)
            ]
        return paged("Aliases", found, request)

    def update_alias(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change version or description of an alias.

        Raises InvalidParameterValueException, PreconditionFailedException, ResourceNotFoundException. Source: AWS Lambda API reference, UpdateAlias.
        """
        _refuse_weights(request)
        with self._store.lock:
            before = self._find(request)
            require_revision(request, before.revision)
            alias = Alias(
                before.name,
                request.get("FunctionVersion", before.version),
                request.get("Description", before.description),
            )
            return self._put(request, self._function(request), alias)

    def delete_alias(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an alias.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, DeleteAlias.
        """
        with self._store.lock:
            function = self._function(request)
            function.aliases.pop(request["Name"], None)
            function.statements.pop(request["Name"], None)
            function.urls.pop(request["Name"], None)
            function.event_configs.pop(request["Name"], None)
        return {}

    def _put(self, request: dict[str, Any], function: Function, alias: Alias) -> dict[str, Any]:
        if alias.version in function.aliases or function.version(alias.version) is None:
            missing = Reference(function.latest.name, alias.version).arn(self._store.account)
            raise not_found(f"Function not found: {missing}")
        function.aliases[alias.name] = alias
        return self._answer(request, alias)

    def _find(self, request: dict[str, Any]) -> Alias:
        alias = self._function(request).aliases.get(request["Name"])
        if alias is None:
            raise not_found(f"Cannot find alias arn: {self._arn(request)}")
        return alias

    def _function(self, request: dict[str, Any]) -> Function:
        return self._store.find(Reference(Reference.parse(request["FunctionName"]).name))

    def _arn(self, request: dict[str, Any]) -> str:
        name = Reference.parse(request["FunctionName"]).name
        return Reference(name, request["Name"]).arn(self._store.account)

    def _answer(self, request: dict[str, Any], alias: Alias) -> dict[str, Any]:
        return {
            "AliasArn": self._arn(request),
            "Name": alias.name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision,
        }


def _refuse_weights(request: dict[str, Any]) -> None:
    if request.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
        raise invalid("The embedded Lambda has no weighted aliases: leave AdditionalVersionWeights out.")
