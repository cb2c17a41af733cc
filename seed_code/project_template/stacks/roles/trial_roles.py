"""The roles of trials, in projects that are made with TrialEndpoint=yes: the step Trial and the model that it serves run as them.

They make and delete endpoints by names of their own, and nothing else does that in the build repository. Its workflows
delete what a killed trial left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aws_cdk import aws_iam as iam

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    PROJECT,
    PULL_REQUEST_TAG,
    OnlyIf,
    Statement,
    allow,
    arn,
    deny,
    deny_elsewhere,
    deny_other_projects,
    encrypts,
    objects_below,
    passes,
    sagemaker,
    tagged_as_project,
    trusts_service,
    via_s3,
)
from project_template.stacks.roles.containers import container
from project_template.stacks.roles.identity import Identity
from project_template.stacks.storage import Storage

MAIN, PULL_REQUESTS = f"{PROJECT}-trial-*", f"{PROJECT}-pr-*-trial-*"
"""The names of trials: of endpoints, their configurations and their models."""

REGISTERS = (
    "sagemaker:CreateModelPackage",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:UpdateModelPackage",
)
SERVES = (
    "sagemaker:CreateEndpoint*",
    "sagemaker:DeleteEndpoint*",
    "sagemaker:InvokeEndpoint*",
    "sagemaker:UpdateEndpoint*",
)

_IMAGES = ("sagemaker-scikit-learn", "blazingtext", "pytorch-inference")
_MAKES = ("CreateEndpoint", "CreateEndpointConfig", "CreateModel")
_KINDS = ("ProcessingJobs", "Endpoints")
_LISTS = "The actions know no resource; they show names."


@dataclass(frozen=True)
class TrialRoles:
    """`main` and `pull_request` exist where `condition` holds."""

    condition: str
    main: iam.CfnRole
    pull_request: iam.CfnRole

    def passes(self, role: iam.CfnRole) -> OnlyIf:
        """A pipeline's permission to start the step Trial under its role."""
        return OnlyIf(self.condition, passes("PassesTrialRole", role.attr_arn, "sagemaker"))


def add(identity: Identity, storage: Storage, parameters: Parameters) -> TrialRoles:
    """Add the roles. That of pull requests reads and writes below pr/ alone."""
    return TrialRoles(
        parameters.has_trials.logical_id,
        main=_role(
            identity,
            storage,
            parameters,
            "TrialRole",
            MAIN,
            reads=("code/build/", "contracts/", "models/", "runs/*/evaluate/"),
            writes="runs/*/trial/",
        ),
        pull_request=_role(
            identity,
            storage,
            parameters,
            "PullRequestTrialRole",
            PULL_REQUESTS,
            reads=("pr/",),
            writes="pr/*/runs/*/trial/",
            tagged={"Null": {f"aws:RequestTag/{PULL_REQUEST_TAG}": "false"}},
        ),
    )


def ends(parameters: Parameters, *names: str) -> list[OnlyIf]:
    """Find and delete trials of such names, in projects that have trials."""
    condition = parameters.has_trials.logical_id
    return [OnlyIf(condition, each) for each in _ends(*names)]


def serves_nothing(parameters: Parameters, *names: str) -> OnlyIf:
    """No endpoint is touched, but for trials of such names in projects that have trials."""
    allowed = deny_elsewhere("ServesNothing", SERVES, _trials(*names))
    return OnlyIf(parameters.has_trials.logical_id, allowed, deny("ServesNothing", SERVES))


def _role(
    identity: Identity,
    storage: Storage,
    parameters: Parameters,
    name: str,
    names: str,
    *,
    reads: tuple[str, ...],
    writes: str,
    tagged: Mapping[str, Any] = MappingProxyType({}),
) -> iam.CfnRole:
    bucket, key = storage.bucket.attr_arn, storage.key.attr_arn
    role = identity.role(
        name,
        f"What {'pull requests' if tagged else 'main'} of {PROJECT} try candidates as: serves them for some minutes.",
        trusts_service("sagemaker"),
        [
            allow("ListsBucket", "s3:ListBucket", bucket),
            allow("ReadsObjects", "s3:GetObject", [objects_below(bucket, prefix) for prefix in reads]),
            allow("WritesObjects", "s3:PutObject", objects_below(bucket, writes)),
            via_s3("UsesKey", ["kms:Decrypt", "kms:GenerateDataKey"], key),
            encrypts(key),
            *container(_IMAGES, _KINDS[:1], "pipelines-*", _KINDS),
            *_serves(names, tagged),
            *_ends(names),
            deny("RegistersNothing", REGISTERS),
            deny_elsewhere("ServesNothingElse", SERVES, _trials(names)),
            deny_other_projects(),
        ],
    )
    itself = identity.passes_itself(
        f"{name}PassesItself", role, passes("PassesItself", role.attr_arn, "sagemaker")
    )
    for each in (role, itself):
        each.cfn_options.condition = parameters.has_trials
    return role


def _serves(names: str, tagged: Mapping[str, Any]) -> list[Statement]:
    """Make a trial, see it become ready, and ask it."""
    group = arn("logs", f"log-group:/aws/sagemaker/Endpoints/{names}")
    logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return [
        allow(
            "CreatesTrials",
            [f"sagemaker:{each}" for each in _MAKES],
            _trials(names),
            StringEquals=tagged_as_project("RequestTag"),
            **tagged,
        ),
        allow(
            "TagsNewTrials",
            "sagemaker:AddTags",
            _trials(names),
            StringEquals={"sagemaker:TaggingAction": list(_MAKES)},
        ),
        allow(
            "AsksTrials",
            ["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            sagemaker(f"endpoint/{names}"),
        ),
        allow("WritesTrialLogs", logs, [f"{group}:*"]),
    ]


def _ends(*names: str) -> list[Statement]:
    deletes = ("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "ListTags")
    lists = ("ListEndpointConfigs", "ListEndpoints", "ListModels")
    return [
        allow("EndsTrials", [f"sagemaker:{each}" for each in deletes], _trials(*names)),
        allow("FindsTrials", [f"sagemaker:{each}" for each in lists], "*", because=_LISTS),
    ]


def _trials(*names: str) -> list[str]:
    kinds = ("endpoint", "endpoint-config", "model")
    return sagemaker(*(f"{kind}/{name}" for kind in kinds for name in names))
