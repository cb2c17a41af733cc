"""The permissions that SageMaker needs to connect a container to a VPC. They are recorded; there is no network here.

After https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateModel API: Execution Role Permissions",
and the same for jobs: what applies where a VpcConfig is stated.
"""

from __future__ import annotations

from collections.abc import Sequence

from local_aws.kernel.calls import Call, Calls

_LOOKED_AT = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
_INTERFACE = "network-interface/eni-0123456789abcdef0"


def record(
    calls: Calls, role_arn: str, place: str, subnets: Sequence[str], security_groups: Sequence[str]
) -> None:
    """Note the calls that connect a container to `subnets`, under a role, where there is one.

    `place` is REGION:ACCOUNT, as in ARNs.
    """
    if not role_arn or not subnets:
        return

    def note(operation: str, resource: str, **keys: str) -> None:
        context = tuple(sorted((key.replace("_", ":", 1), (value,)) for key, value in keys.items()))
        calls.add(Call(role_arn, "ec2", operation, f"ec2:{operation}", (resource,), context))

    def arn(resource: str) -> str:
        return f"arn:aws:ec2:{place}:{resource}"

    for kind in _LOOKED_AT:
        note(f"Describe{kind}", "*")
    for group in security_groups:
        note("CreateNetworkInterface", arn(f"security-group/{group}"))
    for subnet in subnets:
        own = arn(f"subnet/{subnet}")
        note("CreateNetworkInterface", own, ec2_SubnetID=subnet)
        note("CreateNetworkInterface", arn(_INTERFACE))
        for operation in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface"):
            note(operation, arn(_INTERFACE), ec2_Subnet=own)
        note("DeleteNetworkInterfacePermission", "*")
