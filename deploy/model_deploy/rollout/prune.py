"""Deletes models and endpoint configurations of earlier deployments that no endpoint uses any more.

CloudFormation retains them on replacement, because SageMaker may roll an endpoint back to them without
CloudFormation. The rollout deletes them after it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing, unless_missing
from model_common.leftovers import Leftovers
from model_deploy.aws import stack
from model_deploy.aws.clients import Aws
from model_deploy.core.plan.deployment import stack_name
from model_deploy.progress import Progress
from model_deploy.settings import Settings
from model_deploy.workspace import Workspace

STAGE_TAG, PROJECT_TAG = "sagemaker:deployment-stage", "sagemaker:project-name"

# CloudFormation names a resource without a name after its logical id.
_MODEL, _CONFIG = "Model", "EndpointConfig"


def find(aws: Aws, settings: Settings, stage: str, before: datetime | None = None) -> Leftovers:
    """The unused models and configurations of the stage; with `before` only those created earlier.

    Another rollout may have begun, so newer ones may be about to be used. One that an endpoint of the project uses, or that the stage's stack holds, is in use.
    """
    configs = set(_tagged_configs(aws, settings, stage, before))
    models = set(_tagged_models(aws, settings, stage, before))
    if not configs and not models:
        return Leftovers()
    held = {name for _, name in stack.resources(aws, stack_name(settings.project_name, stage)).values()}
    used_configs = _used_configs(aws, settings)
    kept = (used_configs | held) & configs
    used_models = {name for config in used_configs | kept for name in _models_of(aws, config)}
    return Leftovers(
        endpoint_configs=tuple(sorted(configs - kept)),
        models=tuple(sorted(models - used_models - held)),
    )


def run(workspace: Workspace, before: datetime, progress: Progress) -> None:
    """Delete the unused models and configurations that were created before that moment, and print their names."""
    unused = find(workspace.aws, workspace.settings, workspace.stage.name, before=before)
    delete(workspace.aws, unused)
    for line in unused.lines():
        progress.say(f"Pruned {line}")


def delete(aws: Aws, leftovers: Leftovers) -> None:
    """Delete them; returns those that still existed."""
    for name in leftovers.endpoint_configs:
        unless_missing(aws.sagemaker.delete_endpoint_config, EndpointConfigName=name)
    for name in leftovers.models:
        unless_missing(aws.sagemaker.delete_model, ModelName=name)


def _tagged_configs(aws: Aws, settings: Settings, stage: str, before: datetime | None) -> Iterator[str]:
    for page in aws.sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=_CONFIG):
        for found in page["EndpointConfigs"]:
            if _is_early(found["CreationTime"], before) and _is_ours(
                aws, settings, stage, found["EndpointConfigArn"]
            ):
                yield found["EndpointConfigName"]


def _tagged_models(aws: Aws, settings: Settings, stage: str, before: datetime | None) -> Iterator[str]:
    for page in aws.sagemaker.get_paginator("list_models").paginate(NameContains=_MODEL):
        for found in page["Models"]:
            if _is_early(found["CreationTime"], before) and _is_ours(aws, settings, stage, found["ModelArn"]):
                yield found["ModelName"]


def _is_early(created: datetime, before: datetime | None) -> bool:
    return before is None or created < before


def _is_ours(aws: Aws, settings: Settings, stage: str, arn: str) -> bool:
    try:
        tags = {tag["Key"]: tag["Value"] for tag in aws.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return tags.get(PROJECT_TAG) == settings.project_name and tags.get(STAGE_TAG) == stage


def _used_configs(aws: Aws, settings: Settings) -> set[str]:
    used: set[str] = set()
    for page in aws.sagemaker.get_paginator("list_endpoints").paginate(NameContains=settings.project_name):
        for found in page["Endpoints"]:
            try:
                endpoint = aws.sagemaker.describe_endpoint(EndpointName=found["EndpointName"])
            except ClientError as error:
                if not is_missing(error):
                    raise
                continue
            used.add(endpoint["EndpointConfigName"])
            used.add(endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""))
    return used - {""}


def _models_of(aws: Aws, config: str) -> list[str]:
    try:
        described = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)
    except ClientError as error:
        if not is_missing(error):
            raise
        return []
    return [variant["ModelName"] for variant in described["ProductionVariants"] if "ModelName" in variant]
