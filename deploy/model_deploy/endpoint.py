"""The one thing that a rollout does to an endpoint itself: bring back one that was deleted by hand."""

from __future__ import annotations

from botocore.exceptions import ClientError

from model_deploy import stack
from model_deploy.aws import Aws
from model_deploy.deployment import Deployment
from model_deploy.stack import Stack
from model_deploy.waiting import Watch


def restore(aws: Aws, found: Stack, deployment: Deployment, watch: Watch) -> None:
    """Create the endpoint again from the configuration that its stack has, so that the stack, and the API's address, stay.

    Where that configuration is gone too, the stack is deleted, so that it is created anew.
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
        said = str(error.response["Error"].get("Message", ""))
        if "already exist" in said:  # another command was faster
            return
        if "Could not find" not in said:
            raise
    stack.delete(aws, found)
    watch.deletion(found.id)
