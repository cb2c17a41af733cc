"""The messages of Lambda and Callback steps to a function or a queue, sent with the pipeline's role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.kernel import json_text
from local_aws.sagemaker.workflow.callbacks import Callback
from local_aws.sagemaker.workflow.errors import StepFailedError


def invoke(client: Any, function: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """A function's answer, which has to be an object. Raises StepFailedError."""
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(payload, default=str).encode())
    except (ClientError, BotoCoreError) as error:
        raise StepFailedError(f"ClientError: Failed to invoke lambda:InvokeFunction. {error}") from error
    said = answer["Payload"].read().decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise StepFailedError(f"ClientError: The function {function} failed: {said}")
    found = json_text.loads(said or "null")
    if not isinstance(found, dict):
        raise StepFailedError(
            f"ClientError: The function {function} must return an object; it returned {said}."
        )
    return found


def send_callback(
    client: Any, queue: str, callback: Callback, arguments: Mapping[str, Any], status: str
) -> None:
    """Send a Callback step's message: status Executing, or Stopping where the execution is being stopped.

    Raises StepFailedError where the queue does not take it.
    """
    message = {
        "token": callback.token,
        "pipelineExecutionArn": callback.execution_arn,
        "arguments": arguments,
        "status": status,
    }
    try:
        client.send_message(QueueUrl=queue, MessageBody=json.dumps(message, default=str))
    except (ClientError, BotoCoreError) as error:
        raise StepFailedError(f"ClientError: Failed to invoke sqs:SendMessage. {error}") from error
