"""AWS::Lambda: functions, their versions, aliases, URLs, and who may invoke them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    changed,
    only,
    without,
    words,
)
from local_aws.cloudformation.resources.context import Context, handler_message
from local_aws.cloudformation.resources.tagging import tag_changes, tags_of

NAME_LENGTH = 64
_CONFIGURATION = words(
    "DeadLetterConfig Description Environment EphemeralStorage Handler KmsKeyArn Layers LoggingConfig MemorySize"
    " Role Runtime Timeout TracingConfig VpcConfig"
)
_CODE = words("Architectures Code")
_INLINE = {"python": "index.py", "nodejs": "index.js"}


class Function(ResourceType):
    """A function."""

    name = "AWS::Lambda::Function"
    create_only = words("FunctionName PackageType TenancyConfig")
    conditionally_create_only = words("DurableConfig")
    properties = _CONFIGURATION | _CODE | words("FunctionName PackageType ReservedConcurrentExecutions Tags")
    required = words("Code Role")
    attributes = words("Arn")
    named_by = "FunctionName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("FunctionName") or context.name(NAME_LENGTH)
        stated = without(properties, "Code", "ReservedConcurrentExecutions", "Tags")
        request = {
            **_with_api_names(stated),
            "FunctionName": name,
            "Code": _code(properties),
            "Tags": tags_of(properties),
        }
        arn = context.call("lambda", "CreateFunction", request)["FunctionArn"]
        context.report(name)
        self._wait_until_active(name, context)
        self._set_concurrency({}, properties, name, context)
        return Physical(name, {"Arn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Physical:
        name = {"FunctionName": physical_id}
        differing = changed(old, new)
        if differing & _CONFIGURATION:
            stated = _with_api_names(only(new, *_CONFIGURATION))
            context.call("lambda", "UpdateFunctionConfiguration", {**name, **stated})
            self._wait_until_active(physical_id, context)
        if differing & _CODE:
            request = {**name, **only(new, "Architectures"), **_code(new)}
            context.call("lambda", "UpdateFunctionCode", request)
        found = self._wait_until_active(physical_id, context)
        self._set_concurrency(old, new, physical_id, context)
        arn = found["FunctionArn"]
        put, gone = tag_changes(old, new)
        if put:
            context.call("lambda", "TagResource", {"Resource": arn, "Tags": put})
        if gone:
            context.call("lambda", "UntagResource", {"Resource": arn, "TagKeys": gone})
        return Physical(physical_id, {"Arn": arn})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("lambda", "DeleteFunction", {"FunctionName": physical_id})

    @staticmethod
    def _wait_until_active(name: str, context: Context) -> dict[str, Any]:
        """The function's configuration, once it is neither being created nor updated."""

        def look() -> dict[str, Any] | None:
            found = context.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
            state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
            if state == "Failed" or update == "Failed":
                reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
                raise ResourceError(handler_message(str(reason), "NotStabilized"))
            return found if (state, update) == ("Active", "Successful") else None

        return context.wait(look)

    @staticmethod
    def _set_concurrency(old: Properties, new: Properties, name: str, context: Context) -> None:
        key = "ReservedConcurrentExecutions"
        if old.get(key) == new.get(key):
            return
        if key in new:
            context.call("lambda", "PutFunctionConcurrency", {"FunctionName": name, key: new[key]})
        else:
            context.drop("lambda", "DeleteFunctionConcurrency", {"FunctionName": name})


def _with_api_names(properties: Properties) -> dict[str, Any]:
    """Properties as the API spells them: it has KMSKeyArn where CloudFormation has KmsKeyArn."""
    return {{"KmsKeyArn": "KMSKeyArn"}.get(name, name): value for name, value in properties.items()}


def _code(properties: Properties) -> dict[str, Any]:
    """The API's FunctionCode. A template's ZipFile is source text: CloudFormation zips it as `index`."""
    code = dict(properties["Code"])
    if "ZipFile" in code:
        runtime = str(properties.get("Runtime", ""))
        names = [file for prefix, file in _INLINE.items() if runtime.startswith(prefix)]
        if not names:
            raise ResourceError(f"ZipFile is not supported for the runtime {runtime!r}.")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr(names[0], code["ZipFile"])
        code["ZipFile"] = archive.getvalue()
    return code


class Permission(ResourceType):
    """A statement of a function's policy."""

    name = "AWS::Lambda::Permission"
    create_only = words(
        "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID"
        " SourceAccount SourceArn"
    )
    properties = create_only
    required = words("Action FunctionName Principal")
    attributes = words("Id")

    def create(self, properties: Properties, context: Context) -> Physical:
        statement = context.name(100)
        context.call("lambda", "AddPermission", {**properties, "StatementId": statement})
        return Physical(statement, {"Id": statement})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        """Does nothing: a permission cannot change."""

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = {"FunctionName": properties["FunctionName"], "StatementId": physical_id}
        context.drop("lambda", "RemovePermission", request)


class Url(ResourceType):
    """The URL of a function."""

    name = "AWS::Lambda::Url"
    create_only = words("Qualifier TargetFunctionArn")
    properties = create_only | words("AuthType Cors InvokeMode")
    required = words("AuthType TargetFunctionArn")
    attributes = words("FunctionArn FunctionUrl")

    def create(self, properties: Properties, context: Context) -> Physical:
        return self._physical(context.call("lambda", "CreateFunctionUrlConfig", self._request(properties)))

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Physical:
        return self._physical(context.call("lambda", "UpdateFunctionUrlConfig", self._request(new)))

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = only(self._request(properties), "FunctionName", "Qualifier")
        context.drop("lambda", "DeleteFunctionUrlConfig", request)

    @staticmethod
    def _request(properties: Properties) -> dict[str, Any]:
        return {**without(properties, "TargetFunctionArn"), "FunctionName": properties["TargetFunctionArn"]}

    @staticmethod
    def _physical(answer: dict[str, Any]) -> Physical:
        return Physical(answer["FunctionArn"], only(answer, "FunctionArn", "FunctionUrl"))


class Version(ResourceType):
    """A version of a function."""

    name = "AWS::Lambda::Version"
    create_only = words("CodeSha256 Description FunctionName ProvisionedConcurrencyConfig RuntimePolicy")
    properties = words("CodeSha256 Description FunctionName")
    required = words("FunctionName")
    attributes = words("FunctionArn Version")

    def create(self, properties: Properties, context: Context) -> Physical:
        answer = context.call("lambda", "PublishVersion", properties)
        arn, version = answer["FunctionArn"], answer["Version"]
        return Physical(arn, {"FunctionArn": arn, "Version": version})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        """Does nothing: a version cannot change."""

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = {
            "FunctionName": properties["FunctionName"],
            "Qualifier": physical_id.rpartition(":")[2],
        }
        context.drop("lambda", "DeleteFunction", request)


class Alias(ResourceType):
    """An alias of a version."""

    name = "AWS::Lambda::Alias"
    create_only = words("FunctionName Name")
    properties = words("Description FunctionName FunctionVersion Name RoutingConfig")
    required = words("FunctionName FunctionVersion Name")
    attributes = words("AliasArn")

    def create(self, properties: Properties, context: Context) -> Physical:
        arn = context.call("lambda", "CreateAlias", self._request(properties))["AliasArn"]
        return Physical(arn, {"AliasArn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        unrouted: dict[str, Any] = {"RoutingConfig": {"AdditionalVersionWeights": {}}}
        context.call("lambda", "UpdateAlias", {**unrouted, **self._request(new)})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("lambda", "DeleteAlias", only(properties, "FunctionName", "Name"))

    @staticmethod
    def _request(properties: Properties) -> dict[str, Any]:
        request = dict(properties)
        if "RoutingConfig" in properties:
            weights = properties["RoutingConfig"]["AdditionalVersionWeights"]
            by_version = {str(each["FunctionVersion"]): each["FunctionWeight"] for each in weights}
            request["RoutingConfig"] = {"AdditionalVersionWeights": by_version}
        return request
