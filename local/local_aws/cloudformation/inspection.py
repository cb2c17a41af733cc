"""The operations that only look: at stacks, their resources, their history and their templates."""

from __future__ import annotations

from typing import Any

from local_aws.cloudformation import descriptions
from local_aws.cloudformation.changes.change_sets import ChangeSets
from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Stack
from local_aws.cloudformation.store import Store
from local_aws.cloudformation.templates import template_source
from local_aws.cloudformation.templates.checks import check
from local_aws.cloudformation.templates.template import Template, parse
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged

PAGE = 100
"""Items of a page; the API has no parameter for it."""

_BY_ID = "Stack with id {} does not exist"


class Inspection:
    """DescribeStacks, ListStacks, DescribeStackEvents, DescribeStackResource(s), ListStackResources."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe_stacks(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one stack, or all that are not deleted.

        Raises ValidationError, ValidationException. Source: AWS CloudFormation API reference, DescribeStacks.
        """
        name = request.get("StackName")
        if name is not None:
            return {"Stacks": [_described(self._store.find(name, _BY_ID))]}
        stacks = [stack for stack in self._store.all() if not stack.deleted]
        shown, token = page(stacks, request, key=lambda stack: stack.id, default=PAGE)
        return paged({"Stacks": [_described(stack) for stack in shown]}, token)

    def list_stacks(self, request: dict[str, Any]) -> dict[str, Any]:
        """List stacks by status, one page at a time.

        Raises ValidationException. Source: AWS CloudFormation API reference, ListStacks.
        """
        statuses = request.get("StackStatusFilter")
        stacks = [stack for stack in self._store.all() if not statuses or stack.status in statuses]
        shown, token = page(stacks, request, key=lambda stack: stack.id, default=PAGE)
        return paged({"StackSummaries": [descriptions.summary(stack) for stack in shown]}, token)

    def describe_stack_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """The events of a stack, newest first, one page at a time.

        Raises ValidationError, ValidationException. Source: AWS CloudFormation API reference, DescribeStackEvents.
        """
        name = request.get("StackName")
        if name is None:
            raise invalid(
                "1 validation error detected: Value null at 'stackName' failed to satisfy constraint"
            )
        stack = self._store.find(name)
        events = list(reversed(list(enumerate(stack.events))))
        shown, token = page(events, request, key=lambda numbered: str(numbered[0]), default=PAGE)
        return paged({"StackEvents": [descriptions.event(stack, event) for _, event in shown]}, token)

    def describe_stack_resources(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe the resources of a stack.

        Raises ValidationError. Source: AWS CloudFormation API reference, DescribeStackResources.
        """
        name, logical_id = request.get("StackName"), request.get("LogicalResourceId")
        physical_id = request.get("PhysicalResourceId")
        if (name is None) == (physical_id is None):
            raise invalid("Either a stack name or a physical resource id must be specified, and not both.")
        stack = self._store.find(name, _BY_ID) if name else self._stack_of_resource(physical_id)
        resources = stack.resources.values()
        return {
            "StackResources": [
                descriptions.resource(stack, each)
                for each in resources
                if logical_id is None or each.logical_id == logical_id
            ]
        }

    def describe_stack_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one resource of a stack.

        Raises ValidationError. Source: AWS CloudFormation API reference, DescribeStackResource.
        """
        name, logical_id = request["StackName"], request["LogicalResourceId"]
        stack = self._store.find(name, "Stack '{}' does not exist")
        resource = stack.resources.get(logical_id)
        if resource is None:
            raise invalid(f"Resource {logical_id} does not exist for stack {name}")
        return {"StackResourceDetail": descriptions.resource_detail(stack, resource)}

    def list_stack_resources(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the resources of a stack, one page at a time.

        Raises ValidationError, ValidationException. Source: AWS CloudFormation API reference, ListStackResources.
        """
        stack = self._store.find(request["StackName"], _BY_ID)
        resources = list(stack.resources.values())
        shown, token = page(resources, request, key=lambda each: each.logical_id, default=PAGE)
        return paged(
            {"StackResourceSummaries": [descriptions.resource_summary(each) for each in shown]}, token
        )

    def _stack_of_resource(self, physical_id: str | None) -> Stack:
        for stack in self._store.all():
            if any(each.physical_id == physical_id for each in stack.resources.values()):
                return stack
        raise invalid(f"Stack for {physical_id} does not exist")


def _described(stack: Stack) -> dict[str, Any]:
    with stack.lock:
        return descriptions.stack(stack)


class Templates:
    """GetTemplate, GetTemplateSummary, ValidateTemplate."""

    def __init__(self, account: Account, types: Types, store: Store, change_sets: ChangeSets) -> None:
        self._account = account
        self._types = types
        self._store = store
        self._change_sets = change_sets

    def get_template(self, request: dict[str, Any]) -> dict[str, Any]:
        """The template of a stack or change set.

        Raises ValidationError. Source: AWS CloudFormation API reference, GetTemplate.
        """
        body = self._deployed_template(request).body
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, request: dict[str, Any]) -> dict[str, Any]:
        """Parameters, resource types and capabilities of a template.

        Raises ValidationError. Source: AWS CloudFormation API reference, GetTemplateSummary.
        """
        if "StackName" in request:
            return descriptions.template_summary(self._deployed_template(request))
        return descriptions.template_summary(self._validated_template(request))

    def validate_template(self, request: dict[str, Any]) -> dict[str, Any]:
        """Validate a template and list its parameters.

        Raises ValidationError. Source: AWS CloudFormation API reference, ValidateTemplate.
        """
        return descriptions.validation(self._validated_template(request))

    def _validated_template(self, request: dict[str, Any]) -> Template:
        template = parse(template_source.body(self._account, request))
        check(template, self._types)
        return template

    def _deployed_template(self, request: dict[str, Any]) -> Template:
        if "ChangeSetName" in request:
            return self._change_sets.find(request).template
        stack = self._store.find(request.get("StackName", ""), _BY_ID)
        if stack.settings is None:
            raise invalid(f"Stack [{stack.name}] is in REVIEW_IN_PROGRESS and has no template yet")
        return stack.settings.definition.template
