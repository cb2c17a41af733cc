"""Describes a stage with four or five calls."""

from __future__ import annotations

from model_deploy.aws import endpoint, stack
from model_deploy.aws.clients import Aws
from model_deploy.core.plan import stack_status
from model_deploy.core.plan.observed import Observed
from model_deploy.core.plan.stack_status import Action


def observe(aws: Aws, stack_name: str, endpoint_name: str) -> Observed:
    """Describe the stage. The template is read only if the stack can be updated."""
    found = stack.describe(aws, stack_name)
    serving = endpoint.live_model(aws, endpoint_name)
    settled = found is not None and stack_status.decide(stack_name, found.status) is Action.UPDATE
    return Observed(found, stack.template(aws, stack_name) if settled else None, serving)
