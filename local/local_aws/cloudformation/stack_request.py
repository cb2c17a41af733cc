"""The wanted stack in a request: the same members for a stack and for a change set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import absent
from local_aws.cloudformation.resources.tagging import as_dict
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Settings, Stack
from local_aws.cloudformation.templates import template_source
from local_aws.cloudformation.templates.checks import check, require_capabilities
from local_aws.cloudformation.templates.definition import define, pseudo_parameters
from local_aws.cloudformation.templates.parameters import chosen
from local_aws.cloudformation.templates.template import parse
from local_aws.kernel.account import Account

_NOT_EMBEDDED = (
    "DeploymentConfig",
    "DeploymentMode",
    "ImportExistingResources",
    "IncludeNestedStacks",
    "ResourceTypes",
    "ResourcesToImport",
    "RetainExceptOnCreate",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
)


def settings(account: Account, types: Types, stack: Stack, request: Mapping[str, Any]) -> Settings:
    """The settings that `request` asks for, with those that `stack` has where it is silent.

    Raises ServiceError: ValidationError for a template or parameters that cannot be used, for parameters of the
    request that the embedded CloudFormation does not have; InsufficientCapabilitiesException.
    """
    refuse_absent(request)
    previous = stack.settings
    definition = previous.definition if previous else None
    body = template_source.body(account, request, definition.template.body if definition else None)
    template = parse(body)
    check(template, types)
    require_capabilities(template, request.get("Capabilities", ()))
    given = request.get("Parameters") or ()
    values = chosen(template.parameters, given, definition.parameters if definition else {})
    notified = request.get("NotificationARNs", previous.notification_arns if previous else ())
    pseudo = pseudo_parameters(account.region, stack.id, stack.name, list(notified))
    wanted_tags = stack.tags if request.get("Tags") is None else as_dict(request["Tags"])
    defined = define(template, values, wanted_tags, pseudo)
    for wanted in defined.resources.values():
        types.find(wanted.type).require_known(wanted.logical_id, wanted.properties)
    return Settings(
        definition=defined,
        capabilities=tuple(request.get("Capabilities", ())),
        role_arn=request.get("RoleARN", previous.role_arn if previous else None),
        notification_arns=tuple(notified),
    )


def refuse_absent(request: Mapping[str, Any]) -> None:
    """Raises ServiceError (ValidationError) for a parameter that would change what happens, and cannot here."""
    for name in _NOT_EMBEDDED:
        if request.get(name):
            raise absent(f"the parameter {name}")
    if (request.get("RollbackConfiguration") or {}).get("RollbackTriggers"):
        raise absent("rollback triggers (the parameter RollbackConfiguration)")
