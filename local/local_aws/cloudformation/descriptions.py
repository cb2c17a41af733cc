"""Stacks, resources, events and templates as the API's answers have them."""

from __future__ import annotations

import json
from typing import Any

from local_aws.cloudformation.resources.tagging import as_list
from local_aws.cloudformation.stack import Event, Resource, Stack
from local_aws.cloudformation.templates.checks import capability, capability_reason
from local_aws.cloudformation.templates.definition import Definition
from local_aws.cloudformation.templates.intrinsics import text_of
from local_aws.cloudformation.templates.parameters import Parameter
from local_aws.cloudformation.templates.template import Output, Template

_NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}
_RESOURCE_NOT_CHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}


def stack(found: Stack) -> dict[str, Any]:
    """A Stack of DescribeStacks."""
    settings = found.settings
    described = {
        "StackId": found.id,
        "StackName": found.name,
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "RollbackConfiguration": {},
        "StackStatus": found.status,
        "StackStatusReason": found.reason,
        "DisableRollback": found.on_failure == "DO_NOTHING",
        "NotificationARNs": list(settings.notification_arns) if settings else [],
        "TimeoutInMinutes": found.timeout_minutes,
        "Tags": as_list(found.tags),
        "EnableTerminationProtection": found.protected,
        "DriftInformation": _NOT_CHECKED,
    }
    if settings is not None:
        described |= {
            "ChangeSetId": settings.change_set_id,
            "Description": settings.definition.template.description,
            "Parameters": parameters(settings.definition),
            "Capabilities": list(settings.capabilities),
            "Outputs": [_output(output) for output in found.outputs] or None,
            "RoleARN": settings.role_arn,
        }
    return _without_none(described)


def summary(found: Stack) -> dict[str, Any]:
    """A StackSummary of ListStacks."""
    return _without_none(
        {
            "StackId": found.id,
            "StackName": found.name,
            "TemplateDescription": (
                found.settings.definition.template.description if found.settings else None
            ),
            "CreationTime": found.created,
            "LastUpdatedTime": found.updated,
            "DeletionTime": found.deleted,
            "StackStatus": found.status,
            "StackStatusReason": found.reason,
            "DriftInformation": _NOT_CHECKED,
        }
    )


def parameters(definition: Definition) -> list[dict[str, Any]]:
    """The parameters and their values; those that are not to be shown, as asterisks."""
    declared = definition.template.parameters
    return [
        {"ParameterKey": name, "ParameterValue": "****" if declared[name].no_echo else value}
        for name, value in definition.parameters.items()
    ]


def event(found: Stack, noted: Event) -> dict[str, Any]:
    """A StackEvent."""
    return _without_none(
        {
            "StackId": found.id,
            "EventId": noted.id,
            "StackName": found.name,
            "LogicalResourceId": noted.logical_id,
            "PhysicalResourceId": noted.physical_id or "",
            "ResourceType": noted.type,
            "Timestamp": noted.moment,
            "ResourceStatus": noted.status,
            "ResourceStatusReason": noted.reason,
            "ResourceProperties": (
                None if noted.properties is None else json.dumps(noted.properties, default=str)
            ),
            "ClientRequestToken": noted.token,
        }
    )


def resource(found: Stack, each: Resource) -> dict[str, Any]:
    """A StackResource of DescribeStackResources."""
    return _without_none(
        {
            "StackName": found.name,
            "StackId": found.id,
            "LogicalResourceId": each.logical_id,
            "PhysicalResourceId": each.physical_id,
            "ResourceType": each.type,
            "Timestamp": each.moment,
            "ResourceStatus": each.status,
            "ResourceStatusReason": each.reason,
            "DriftInformation": _RESOURCE_NOT_CHECKED,
        }
    )


def resource_detail(found: Stack, each: Resource) -> dict[str, Any]:
    """The StackResourceDetail of DescribeStackResource."""
    detail = resource(found, each)
    detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
    wanted = found.settings.definition.resources.get(each.logical_id) if found.settings else None
    if wanted is not None and wanted.metadata is not None:
        detail["Metadata"] = json.dumps(wanted.metadata)
    return detail


def resource_summary(each: Resource) -> dict[str, Any]:
    """A StackResourceSummary of ListStackResources."""
    return _without_none(
        {
            "LogicalResourceId": each.logical_id,
            "PhysicalResourceId": each.physical_id,
            "ResourceType": each.type,
            "LastUpdatedTimestamp": each.moment,
            "ResourceStatus": each.status,
            "ResourceStatusReason": each.reason,
            "DriftInformation": _RESOURCE_NOT_CHECKED,
        }
    )


def template_summary(template: Template) -> dict[str, Any]:
    """The answer of GetTemplateSummary."""
    described: dict[str, Any] = {
        "Parameters": [_declaration(parameter) for parameter in template.parameters.values()],
        "Description": template.description,
        "ResourceTypes": sorted({each.type for each in template.resources.values()}),
        "Version": "2010-09-09",
        "Metadata": json.dumps(template.metadata) if template.metadata else None,
        "DeclaredTransforms": [],
    }
    return _without_none(described | capabilities(template))


def validation(template: Template) -> dict[str, Any]:
    """The answer of ValidateTemplate."""
    declared = template.parameters.values()
    return _without_none(
        {
            "Parameters": [_without_types(_declaration(each)) for each in declared],
            "Description": template.description,
            "DeclaredTransforms": [],
            **capabilities(template),
        }
    )


def capabilities(template: Template) -> dict[str, Any]:
    """The capabilities that the template needs, as answers have them."""
    needed = capability(template)
    if needed is None:
        return {}
    return {"Capabilities": [needed[0]], "CapabilitiesReason": capability_reason(needed[1])}


def _declaration(parameter: Parameter) -> dict[str, Any]:
    allowed = parameter.stated.get("AllowedValues")
    return _without_none(
        {
            "ParameterKey": parameter.name,
            "DefaultValue": parameter.default,
            "ParameterType": parameter.stated["Type"],
            "NoEcho": parameter.no_echo,
            "Description": parameter.stated.get("Description"),
            "ParameterConstraints": {"AllowedValues": [str(value) for value in allowed]} if allowed else None,
        }
    )


def _output(output: Output) -> dict[str, Any]:
    return _without_none(
        {
            "OutputKey": output.name,
            "OutputValue": text_of(output.value),
            "Description": output.description,
            "ExportName": output.export,
        }
    )


def _without_types(described: dict[str, Any]) -> dict[str, Any]:
    hidden = {"ParameterType", "ParameterConstraints"}
    return {name: value for name, value in described.items() if name not in hidden}


def _without_none(described: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in described.items() if value is not None}
