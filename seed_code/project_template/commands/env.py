"""`project-template env`: the variables of a project, for a shell that is signed in to its account."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from project_template.account import project
from project_template.account.project import Project
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.core.names import check_project
from project_template.errors import UsageError

OUTPUTS = {
    "ARTIFACT_BUCKET": "ArtifactBucketName",
    "KMS_KEY_ARN": "ArtifactKeyArn",
    "MODEL_PACKAGE_GROUP_NAME": "ModelPackageGroupName",
    "PIPELINE_ROLE_ARN": "PipelineRoleArn",
    "PULL_REQUEST_ROLE_ARN": "PullRequestRoleArn",
    "ENDPOINT_ROLE_ARN": "EndpointRoleArn",
    "DEPLOY_SERVICE_ROLE_ARN": "DeployServiceRoleArn",
    "PERMISSIONS_BOUNDARY_ARN": "ProjectBoundaryArn",
}
"""The output of a project's stack that each variable is taken from."""

_OF_TRIALS = {"TRIAL_ROLE_ARN": "TrialRoleArn", "PULL_REQUEST_TRIAL_ROLE_ARN": "PullRequestTrialRoleArn"}
"""Those of projects with TrialEndpoint=yes alone."""


def read(aws: Aws, name: str) -> dict[str, str]:
    """The variables by name.

    Raises UsageError where there is no such project, or its stack does not name all of them.
    """
    check_project(name)
    found = project.describe(aws, name)
    stack = cloudformation.describe(aws, found.stack) if found and found.stack else None
    if found is None or stack is None:
        raise UsageError(
            f"There is no project {name} in {aws.region}, or it has no stack yet: `project-template create {name} ...` makes "
            "one; --region chooses another region."
        )
    return variables(found, aws.region, stack.outputs)


def variables(found: Project, region: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """The project's variables from its stack's outputs. Raises UsageError, naming those that are not there."""
    missing = [output for output in OUTPUTS.values() if output not in outputs]
    if missing:
        raise UsageError(
            f"The stack of {found.name} has no output {', '.join(missing)}: it was made by an earlier version of the template. "
            f"`project-template update {found.name}` adds them."
        )
    return {
        "AWS_REGION": region,
        "SAGEMAKER_PROJECT_NAME": found.name,
        "SAGEMAKER_PROJECT_ID": found.id,
        **{variable: outputs[output] for variable, output in OUTPUTS.items()},
        **{variable: outputs[output] for variable, output in _OF_TRIALS.items() if output in outputs},
    }


def lines(found: Mapping[str, str]) -> list[str]:
    """The variables as `export` lines for a POSIX shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in found.items()]


def document(found: Mapping[str, str]) -> dict[str, Any]:
    """The variables for machines."""
    return dict(found)
