"""AWS::ApiGatewayV2: APIs and what belongs to one: stages, routes, integrations, authorizers."""

from __future__ import annotations

from typing import ClassVar

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    only,
    without,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import tag_changes

_SERVICE = "apigatewayv2"


def _update_tags(path: str, old: Properties, new: Properties, context: Context) -> None:
    arn = f"arn:aws:apigateway:{context.account.region}::{path}"
    put, gone = tag_changes(old, new)
    if put:
        context.call(_SERVICE, "TagResource", {"ResourceArn": arn, "Tags": put})
    if gone:
        context.call(_SERVICE, "UntagResource", {"ResourceArn": arn, "TagKeys": gone})


class Api(ResourceType):
    """An HTTP API."""

    name = "AWS::ApiGatewayV2::Api"
    create_only = words("ProtocolType")
    properties = words(
        "CorsConfiguration CredentialsArn Description DisableExecuteApiEndpoint Name ProtocolType RouteKey"
        " RouteSelectionExpression Tags Target Version"
    )
    required = words("Name ProtocolType")
    attributes = words("ApiEndpoint ApiId")
    tags = "map"

    def create(self, properties: Properties, context: Context) -> Physical:
        answer = context.call(_SERVICE, "CreateApi", properties)
        return Physical(answer["ApiId"], only(answer, "ApiEndpoint", "ApiId"))

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        request = {**without(new, "ProtocolType", "Tags"), "ApiId": physical_id}
        context.call(_SERVICE, "UpdateApi", request)
        if "CorsConfiguration" in old and "CorsConfiguration" not in new:
            context.drop(_SERVICE, "DeleteCorsConfiguration", {"ApiId": physical_id})
        _update_tags(f"/apis/{physical_id}", old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop(_SERVICE, "DeleteApi", {"ApiId": physical_id})


class Stage(ResourceType):
    """A stage of an HTTP API."""

    name = "AWS::ApiGatewayV2::Stage"
    create_only = words("ApiId StageName")
    properties = create_only | words(
        "AccessLogSettings AutoDeploy DefaultRouteSettings DeploymentId Description RouteSettings StageVariables Tags"
    )
    required = create_only
    tags = "map"

    def create(self, properties: Properties, context: Context) -> Physical:
        context.call(_SERVICE, "CreateStage", properties)
        return Physical(properties["StageName"])

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        context.call(_SERVICE, "UpdateStage", without(new, "Tags"))
        _update_tags(f"/apis/{new['ApiId']}/stages/{physical_id}", old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop(_SERVICE, "DeleteStage", only(properties, "ApiId", "StageName"))


class _Part(ResourceType):
    """A part of an API that the API gives an id: `thing` is its name in the operations, `thing`Id its id."""

    thing: ClassVar[str]
    create_only = words("ApiId")

    def create(self, properties: Properties, context: Context) -> Physical:
        answer = context.call(_SERVICE, f"Create{self.thing}", properties)
        physical_id = answer[f"{self.thing}Id"]
        return Physical(physical_id, {f"{self.thing}Id": physical_id})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        context.call(_SERVICE, f"Update{self.thing}", {**new, f"{self.thing}Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        request = {"ApiId": properties["ApiId"], f"{self.thing}Id": physical_id}
        context.drop(_SERVICE, f"Delete{self.thing}", request)


class Route(_Part):
    """A route of an HTTP API."""

    name = "AWS::ApiGatewayV2::Route"
    thing = "Route"
    properties = words(
        "ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId OperationName RouteKey Target"
    )
    required = words("ApiId RouteKey")
    attributes = words("RouteId")


class Integration(_Part):
    """An integration of an HTTP API."""

    name = "AWS::ApiGatewayV2::Integration"
    thing = "Integration"
    properties = words(
        "ApiId ConnectionId ConnectionType CredentialsArn Description IntegrationMethod IntegrationSubtype"
        " IntegrationType IntegrationUri PayloadFormatVersion RequestParameters TimeoutInMillis TlsConfig"
    )
    required = words("ApiId IntegrationType")
    attributes = words("IntegrationId")


class Authorizer(_Part):
    """An authorizer of an HTTP API."""

    name = "AWS::ApiGatewayV2::Authorizer"
    thing = "Authorizer"
    properties = words(
        "ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion AuthorizerResultTtlInSeconds AuthorizerType"
        " AuthorizerUri EnableSimpleResponses IdentitySource JwtConfiguration Name"
    )
    required = words("ApiId AuthorizerType Name")
    attributes = words("AuthorizerId")
