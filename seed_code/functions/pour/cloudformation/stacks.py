"""The endpoint stacks of a project, which keep it from being deleted."""

from __future__ import annotations

from typing import Any

from pour.errors import StacksLiveError

STAGE_TAG = "sagemaker:deployment-stage"
_GONE = "DELETE_COMPLETE"


def refuse_while_live(cloudformation: Any, project_name: str, project_id: str) -> None:
    """Raises StacksLiveError, naming them, while endpoint stacks of the project live.

    `cloudformation` is a boto3 client. A project without an id is told by its name.
    """
    tag, value = (
        ("sagemaker:project-id", project_id) if project_id else ("sagemaker:project-name", project_name)
    )
    live = []
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            tags = {each["Key"]: each["Value"] for each in stack.get("Tags") or ()}
            if tags.get(tag) == value and STAGE_TAG in tags and stack["StackStatus"] != _GONE:
                live.append(stack["StackName"])
    if live:
        raise StacksLiveError(
            f"Endpoints of the project {project_name} are still deployed, by the stacks {', '.join(sorted(live))}. Take them down"
            " (`model-deploy teardown --stage STAGE` in the deploy repository, or "
            f"`project-template teardown {project_name} --with-endpoints`), and delete again."
        )
