"""Functions and their versions."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local_aws.lambda_ import archive, settings
from local_aws.lambda_.errors import conflict, invalid, require_active, require_revision
from local_aws.lambda_.function import PENDING_SECONDS, Function, Version
from local_aws.lambda_.invocation.pool import Pool
from local_aws.lambda_.names import LATEST, Reference
from local_aws.lambda_.paging import paged
from local_aws.lambda_.store import Store


class Functions:
    """CreateFunction, GetFunction, GetFunctionConfiguration, UpdateFunctionCode, UpdateFunctionConfiguration,

    ListFunctions, DeleteFunction, PublishVersion, ListVersionsByFunction. A new function is Pending, and then Active.
    """

    def __init__(self, store: Store, pool: Pool) -> None:
        self._account = store.account
        self._store = store
        self._pool = pool

    def create_function(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a function from an archive.

        Raises InvalidParameterValueException, RequestEntityTooLargeException, ResourceConflictException, ServiceException. Source: AWS Lambda API reference, CreateFunction.
        """
        name = Reference.parse(request["FunctionName"]).name
        arn = Reference(name).arn(self._account)
        latest = Version(
            name=name,
            arn=arn,
            settings=settings.created(self._account, request),
            code=archive.stored(self._account, request["Code"]),
            active_at=time.monotonic() + PENDING_SECONDS * self._account.time_scale,
        )
        with self._store.lock:
            if name in self._store.functions:
                raise conflict(f"Function already exist: {name}")
            function = Function(latest, dict(request.get("Tags", {})))
            self._store.functions[name] = function
            return self._changed(function, request)

    def get_function(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe a function with its code, tags and concurrency.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, GetFunction.
        """
        reference = Reference.of(request)
        with self._store.lock:
            function = self._store.find(reference)
            answer = {
                "Configuration": self.get_function_configuration(request),
                "Code": {"RepositoryType": "S3"},
                "Tags": dict(function.tags),
            }
            if function.reserved is not None:
                answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
            return answer

    def get_function_configuration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe the configuration of a version.

        Source: AWS Lambda API reference, GetFunctionConfiguration.
        """
        reference = Reference.of(request)
        return self._store.version(reference).configuration(reference.qualifier)

    def update_function_code(self, request: dict[str, Any]) -> dict[str, Any]:
        """Replace the code of a function.

        Raises InvalidParameterValueException, PreconditionFailedException, RequestEntityTooLargeException, ResourceNotFoundException, ServiceException. Source: AWS Lambda API reference, UpdateFunctionCode.
        """
        function = self._find_unqualified(request)
        require_active(function.latest.is_pending)
        require_revision(request, function.latest.revision)
        changed = settings.updated(self._account, function.latest.settings, request)
        code = archive.stored(self._account, request)
        return self._update(function, request, settings=changed, code=code)

    def update_function_configuration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change the configuration of a function.

        Raises InvalidParameterValueException, PreconditionFailedException, ResourceNotFoundException. Source: AWS Lambda API reference, UpdateFunctionConfiguration.
        """
        function = self._find_unqualified(request)
        require_active(function.latest.is_pending)
        require_revision(request, function.latest.revision)
        changed = settings.updated(self._account, function.latest.settings, request)
        return self._update(function, request, settings=changed)

    def list_functions(self, request: dict[str, Any]) -> dict[str, Any]:
        """With FunctionVersion ALL every version has an entry, $LATEST too, each under its own ARN.

        Raises InvalidParameterValueException.
        """
        if request.get("MasterRegion"):
            raise invalid("The embedded Lambda has no replicas at the edge: leave MasterRegion out.")
        every = request.get("FunctionVersion") == "ALL"
        with self._store.lock:
            functions = sorted(self._store.functions.values(), key=lambda each: each.latest.name)
            found = [
                version.configuration(version.number if every else None)
                for function in functions
                for version in (function.versions if every else [function.latest])
            ]
        return paged("Functions", found, request)

    def delete_function(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a function, or one of its versions.

        Raises InvalidParameterValueException, ResourceConflictException, ResourceNotFoundException. Source: AWS Lambda API reference, DeleteFunction.
        """
        reference = Reference.of(request)
        with self._store.lock:
            function = self._store.find(reference)
            match reference.qualifier:
                case None:
                    del self._store.functions[reference.name]
                    gone = [function.latest, *function.published.values()]
                case str(number) if number in function.published:
                    _require_no_alias(function, number)
                    gone = [function.published.pop(number)]
                case qualifier:
                    raise invalid(f"A version can be deleted by its number, and {qualifier} is none.")
        self._pool.retire(gone)
        return {}

    def publish_version(self, request: dict[str, Any]) -> dict[str, Any]:
        """Publish a version of the code and configuration as they are now.

        Raises InvalidParameterValueException, PreconditionFailedException, ResourceNotFoundException. Source: AWS Lambda API reference, PublishVersion.
        """
        with self._store.lock:
            function = self._find_unqualified(request)
            require_revision(request, function.latest.revision)
            expected = request.get("CodeSha256")
            if expected and expected != function.latest.code.sha256:
                raise invalid(
                    f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST "
                    f"({function.latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST."
                )
            published = _publish(function, request.get("Description"))
            return published.configuration(published.number)

    def list_versions_by_function(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the versions of a function, one page at a time.

        Raises InvalidParameterValueException, ResourceNotFoundException, ValidationException. Source: AWS Lambda API reference, ListVersionsByFunction.
        """
        with self._store.lock:
            function = self._find_unqualified(request)
            found = [each.configuration(each.number) for each in function.versions]
        return paged("Versions", found, request)

    def _find_unqualified(self, request: dict[str, Any]) -> Function:
        reference = Reference.parse(request["FunctionName"])
        if reference.qualifier not in (None, LATEST):
            raise invalid(f"Versions do not change: name the function without {reference.qualifier}.")
        return self._store.find(reference)

    def _update(self, function: Function, request: dict[str, Any], **changes: Any) -> dict[str, Any]:
        with self._store.lock:
            before = function.latest
            fresh: dict[str, Any] = {"modified": datetime.now(UTC), "revision": str(uuid.uuid4())}
            function.latest = replace(before, **changes, **fresh)
            answer = self._changed(function, request)
        self._pool.retire([before])
        return answer

    def _changed(self, function: Function, request: dict[str, Any]) -> dict[str, Any]:
        """The configuration after a change; of the version that it makes, where the request says Publish."""
        if request.get("Publish"):
            published = _publish(function, None)
            return published.configuration(published.number)
        return function.latest.configuration()


def _publish(function: Function, description: str | None) -> Version:
    """A version of what is current: a new one, unless the newest is the same already."""
    latest = function.latest
    newest = function.published.get(str(function.numbers))
    if newest and newest.code == latest.code and _same_settings(newest, latest):
        return newest
    function.numbers += 1
    stated = latest.settings if description is None else {**latest.settings, "Description": description}
    published = replace(latest, settings=stated, number=str(function.numbers), revision=str(uuid.uuid4()))
    function.published[published.number] = published
    return published


def _same_settings(first: Version, second: Version) -> bool:
    return {**first.settings, "Description": ""} == {**second.settings, "Description": ""}


def _require_no_alias(function: Function, number: str) -> None:
    using = [alias.name for alias in function.aliases.values() if alias.version == number]
    if using:
        raise conflict(f"Version {number} is in use: the alias {using[0]} points to it.")
