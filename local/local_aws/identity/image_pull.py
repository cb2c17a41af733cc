"""The permissions that SageMaker needs to pull a container's image. They are recorded; there is no registry here.

After https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateTrainingJob API: Execution Role
Permissions", and the same for processing jobs and models.
"""

from __future__ import annotations

import re

from local_aws.kernel.calls import Call, Calls

_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)")
_OF_REPOSITORY = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def record(calls: Calls, role_arn: str, image: str) -> None:
    """Note the calls that fetch `image`, where it is in a registry of AWS's, under a role, where there is one."""
    found = _IMAGE.match(image)
    if found is None or not role_arn:
        return
    repository = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['name']}"
    calls.add(Call(role_arn, "ecr", "GetAuthorizationToken", "ecr:GetAuthorizationToken", ("*",)))
    for operation in _OF_REPOSITORY:
        calls.add(Call(role_arn, "ecr", operation, f"ecr:{operation}", (repository,)))
