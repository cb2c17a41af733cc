"""Creates an endpoint again that was deleted by hand: the only change that a rollout makes without CloudFormation."""

from __future__ import annotations

from botocore.exceptions import ClientError

from model_common.aws.errors import error_text, is_missing
from model_deploy.aws import stack
from model_deploy.aws.clients import Aws
from model_deploy.core.plan.deployment import Deployment
from model_deploy.core.plan.observed import Stack
from model_deploy.rollout.update.watch import Watch


def restore(aws: Aws, found: Stack, deployment: Deployment, watch: Watch) -> None:
    """Create the endpoint from the configuration in its stack, so that the stack and the API's address stay.

    If the configuration was deleted too, the stack is deleted, and the next step creates it.
    """
    config = next(
        (
            name
            for kind, name in stack.resources(aws, found.name).values()
            if kind == "AWS::SageMaker::EndpointConfig"
        ),
        None,
    )
    try:
        if config is not None:
            aws.sagemaker.create_endpoint(
                EndpointName=deployment.endpoint_name,
                EndpointConfigName=config,
                Tags=[{"Key": key, "Value": value} for key, value in sorted(deployment.tags.items())],
            )
            watch.endpoint()
            return
    except ClientError as error:
        if "already exist" in error_text(error):  # another command was faster
            return
        if not is_missing(error):
            raise
    stack.delete(aws, found)
    watch.deletion(found.id)
