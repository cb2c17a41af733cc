"""The roles of the deploy repository: those of models, and those of its workflows on each stage.

A stage's role reaches its own stage: its stack, its endpoint, its records. What it changes of a stack it changes through
CloudFormation, which acts as the service role (`service_role`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    PROJECT,
    STAGE_TAG,
    Statement,
    allow,
    arn,
    deny,
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
from project_template.stacks.roles.identity import DEPLOY_HOURS, MAIN, Identity, Subjects
from project_template.stacks.storage import Storage

STAGES = ("staging", "production")

_IDENTITY = ("contract", "contract-sha256", "model-sha256", "model-version")
"""The metadata of a model package by which its bytes are known."""

_MODEL_IMAGES = ("blazingtext", "sagemaker-scikit-learn", "pytorch-inference")
_INTERFACES = (
    "EC2 names interfaces and security groups: which are the project's is in the subnets that it names."
)
_UNNAMED = "CloudFormation names configurations and models: which are the stage's is in their tags."


@dataclass(frozen=True)
class DeployRoles:
    """The roles of the deploy repository's workflows, one per stage."""

    staging: iam.CfnRole
    production: iam.CfnRole


def endpoint(identity: Identity, storage: Storage, parameters: Parameters) -> iam.CfnRole:
    """The role of models, at endpoints and in batch transform jobs.

    Source: "CreateModel API: execution role permissions", Amazon SageMaker developer guide.
    """

    def objects(*prefixes: str) -> list[str]:
        return _objects(storage, *prefixes)

    return identity.role(
        "EndpointRole",
        f"What the models of {PROJECT} run as: reads models, writes what endpoints capture and jobs answer.",
        trusts_service("sagemaker"),
        [
            allow("ListsBucket", "s3:ListBucket", storage.bucket.attr_arn),
            # The stages' own copies; below models/ lies what endpoints serve that were deployed before
            # there were any.
            allow(
                "ReadsObjects",
                "s3:GetObject",
                objects("asynchronous/", "batch/*/input/", "deploy/*/models/", "models/"),
            ),
            allow(
                "WritesObjects", "s3:PutObject", objects("asynchronous/", "batch/*/output/", "datacapture/")
            ),
            via_s3("UsesKey", ["kms:Decrypt", "kms:GenerateDataKey"], storage.key.attr_arn),
            encrypts(storage.key.attr_arn),
            # Source: "Create an asynchronous inference endpoint", Amazon SageMaker developer guide.
            allow("TellsOfAnswers", "sns:Publish", arn("sns", f"{PROJECT}-*")),
            # SageMaker looks at the alarms of a rollout as the models' role. Source: "Auto-rollback configuration and
            # monitoring", Amazon SageMaker developer guide.
            allow(
                "ReadsAlarms",
                "cloudwatch:DescribeAlarms",
                [arn("cloudwatch", f"alarm:{PROJECT}-{stage}-*") for stage in STAGES],
            ),
            *_interfaces(parameters),
            *container(
                _MODEL_IMAGES,
                (f"Endpoints/{PROJECT}-*", "TransformJobs"),
                "*",
                kinds=("Endpoints", "TransformJobs"),
            ),
            deny_other_projects(),
        ],
    )


def _interfaces(parameters: Parameters) -> list[Statement]:
    """The interfaces of a model whose stage has a VPC, in the subnets that the project names, or in any of the account's.

    Source: "CreateModel API: execution role permissions", Amazon SageMaker developer guide.
    """
    interfaces, anywhere = arn("ec2", "network-interface/*"), {"ec2:Subnet": parameters.subnet_arns}
    return [
        allow(
            "MakesInterfaces",
            "ec2:CreateNetworkInterface",
            arn("ec2", "subnet/*"),
            because=_INTERFACES,
            StringLike={"ec2:SubnetID": parameters.subnets},
        ),
        # The same request is authorised on these, too, and on them the subnet is no key.
        allow(
            "MakesInterfacesOfGroups",
            "ec2:CreateNetworkInterface",
            [interfaces, arn("ec2", "security-group/*")],
            because=_INTERFACES,
        ),
        allow(
            "OwnsInterfaces",
            ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
            interfaces,
            because=_INTERFACES,
            ArnLike=anywhere,
        ),
        allow(
            "LooksAtNetworks",
            [
                "ec2:DeleteNetworkInterfacePermission",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "*",
            because="The actions know no resource.",
        ),
    ]


def add(
    identity: Identity, storage: Storage, service: iam.CfnRole, prefix: str, repository_id: str
) -> DeployRoles:
    """`prefix` is how the subjects of the deploy repository's tokens begin."""

    def subjects(*environments: str) -> Subjects:
        suffixes = tuple(f":environment:{name}" for name in environments)
        return Subjects(prefix, repository_id, suffixes, ref=MAIN)

    return DeployRoles(
        staging=_stage(identity, storage, service, "staging", subjects("staging")),
        # A rejection of what is live waits for no review: the environment production-rollback asks for none.
        production=_stage(
            identity, storage, service, "production", subjects("production", "production-rollback")
        ),
    )


def _objects(storage: Storage, *prefixes: str) -> list[str]:
    return [objects_below(storage.bucket.attr_arn, prefix) for prefix in prefixes]


def _stage(
    identity: Identity, storage: Storage, service: iam.CfnRole, stage: str, subjects: Subjects
) -> iam.CfnRole:
    return identity.role(
        f"{stage.capitalize()}Role",
        f"What the environment {stage} of {PROJECT}'s deploy repository may do: bring approved models to its endpoint.",
        identity.trusts_github(subjects),
        [
            *_storage(storage, stage),
            *_registry(stage),
            *_stack(stage, service),
            *_serving(stage),
            *_batch(stage),
            *_alarms(stage),
            deny(
                "TouchesNoPipeline",
                [
                    "sagemaker:CreateModelPackage*",
                    "sagemaker:CreatePipeline",
                    "sagemaker:CreateProcessingJob",
                    "sagemaker:CreateTrainingJob",
                    "sagemaker:DeletePipeline",
                    "sagemaker:SendPipelineExecution*",
                    "sagemaker:StartPipelineExecution",
                    "sagemaker:StopPipelineExecution",
                    "sagemaker:UpdatePipeline*",
                ],
            ),
            deny_other_projects(),
        ],
        hours=DEPLOY_HOURS,
    )


def _storage(storage: Storage, stage: str) -> list[Statement]:
    """Reads every stage's records (production asks what staging verified), and writes its own alone."""
    own = (f"code/deploy/{stage}/", f"deploy/{stage}/")
    # The metrics of a model are beside its evaluation.
    # An asynchronous endpoint's answers are how it is verified.
    answers = f"asynchronous/{stage}/"
    read = _objects(
        storage, *own, answers, "batch/", "contracts/", "deployments/", "models/", "runs/*/evaluate/"
    )
    batches = (f"batch/{stage}/input/", f"batch/{stage}/answers/")
    written = _objects(storage, *own, *batches, f"deployments/{stage}/")
    return [
        # Without it a missing record is a denied one: see build_statements.
        allow("ListsBucket", "s3:ListBucket", storage.bucket.attr_arn),
        # By version where CloudFormation fetches a template that is too large for a request.
        allow("ReadsObjects", ["s3:GetObject", "s3:GetObjectVersion"], read),
        allow("WritesObjects", "s3:PutObject", written),
        via_s3("UsesKey", ["kms:Decrypt", "kms:GenerateDataKey"], storage.key.attr_arn),
    ]


def _registry(stage: str) -> list[Statement]:
    """Shows in the registry what is live. Approvals are people's: both that of a package and that for production."""
    packages = sagemaker(f"model-package/{PROJECT}-models/*")
    return [
        allow("ReadsPackages", "sagemaker:DescribeModelPackage", packages),
        # By which bytes a package is known is its pipeline's to say, once.
        allow(
            "ShowsWhatIsLive",
            "sagemaker:UpdateModelPackage",
            packages,
            StringEquals={"sagemaker:ModelLifeCycle:Stage": [stage.capitalize(), "Archived"]},
            Null={
                "sagemaker:CustomerMetadataPropertiesToRemove": "true",
                **{f"sagemaker:CustomerMetadataProperties/{key}": "true" for key in _IDENTITY},
            },
        ),
        deny(
            "ApprovesNoPackage",
            "sagemaker:UpdateModelPackage",
            Null={"sagemaker:ModelApprovalStatus": "false"},
        ),
        deny(
            "ApprovesNothingForProduction",
            "sagemaker:UpdateModelPackage",
            StringEquals={"sagemaker:ModelLifeCycle:StageStatus": "Approved"},
        ),
    ]


def _stack(stage: str, service: iam.CfnRole) -> list[Statement]:
    stack = arn("cloudformation", f"stack/{PROJECT}-{stage}-endpoint/*")
    return [
        allow(
            "ReadsStack",
            [
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:GetTemplate",
                "cloudformation:ListStackResources",
            ],
            stack,
        ),
        # Only ever as the service role: this role itself may make nothing that a template can name.
        allow(
            "PlansStack",
            "cloudformation:CreateChangeSet",
            stack,
            ArnEquals={"cloudformation:RoleArn": service.attr_arn},
        ),
        allow(
            "ChangesStack",
            [
                "cloudformation:ContinueUpdateRollback",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:TagResource",
            ],
            stack,
        ),
        passes("PassesServiceRole", service.attr_arn, "cloudformation"),
    ]


def _serving(stage: str) -> list[Statement]:
    endpoint = sagemaker(f"endpoint/{PROJECT}-{stage}")
    replaced = sagemaker("endpoint-config/*", "model/*")
    tags = tagged_as_project() | {f"aws:ResourceTag/{STAGE_TAG}": stage}
    return [
        allow("AsksEndpoint", ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"], endpoint),
        *_asks_api(stage),
        # An endpoint that was deleted by hand is brought back from its stack's configuration.
        allow(
            "RestoresEndpoint",
            "sagemaker:CreateEndpoint",
            [*endpoint, *sagemaker("endpoint-config/*")],
            because=_UNNAMED,
            StringEquals=tagged_as_project("RequestTag"),
        ),
        allow(
            "TagsNewEndpoint",
            "sagemaker:AddTags",
            endpoint,
            StringEquals={"sagemaker:TaggingAction": "CreateEndpoint"},
        ),
        allow("DeletesEndpoint", "sagemaker:DeleteEndpoint", endpoint),
        allow(
            "PrunesWhatWasReplaced",
            ["sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"],
            replaced,
            because=_UNNAMED,
            StringEquals=tags,
        ),
        allow(
            "LooksForWhatWasReplaced",
            ["sagemaker:ListEndpointConfigs", "sagemaker:ListEndpoints", "sagemaker:ListModels"],
            "*",
            because="The actions know no resource; they show names.",
        ),
        allow(
            "LooksAtWhatIsServed",
            [
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ],
            [*sagemaker("endpoint/*"), *replaced],
            because="To prune is to look through all there is, and to see by tags and use what is left over.",
        ),
    ]


def _asks_api(stage: str) -> list[Statement]:
    """`verify` asks the classification API as its clients do.

    Source: "Control access to HTTP APIs with IAM authorization", API Gateway developer guide; "Control access to Lambda
    function URLs", Lambda developer guide: since October 2025 a URL takes both of Lambda's actions.
    """
    return [
        allow(
            "AsksHttpApi",
            "execute-api:Invoke",
            arn("execute-api", f"*/{PROJECT}-{stage}/POST/classify"),
            because="An API's id is random. Its stage is named after the project and the stage.",
        ),
        allow(
            "AsksFunctionUrl",
            ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"],
            arn("lambda", f"function:{PROJECT}-{stage}-api"),
        ),
    ]


def _batch(stage: str) -> list[Statement]:
    jobs = sagemaker(f"transform-job/{PROJECT}-{stage}-*")
    return [
        allow(
            "RunsBatch",
            "sagemaker:CreateTransformJob",
            jobs,
            StringEquals=tagged_as_project("RequestTag"),
        ),
        allow(
            "TagsNewBatch",
            "sagemaker:AddTags",
            jobs,
            StringEquals={"sagemaker:TaggingAction": "CreateTransformJob"},
        ),
        allow("WatchesBatch", "sagemaker:DescribeTransformJob", jobs),
    ]


def _alarms(stage: str) -> list[Statement]:
    return [
        allow("ReadsAlarms", "cloudwatch:DescribeAlarms", arn("cloudwatch", f"alarm:{PROJECT}-{stage}-*")),
        allow(
            "SendsProbes",
            "cloudwatch:PutMetricData",
            "*",
            because="The action knows no resource, but its namespace: that of what probes find during a rollout.",
            StringEquals={"cloudwatch:namespace": "ModelDeploy"},
        ),
    ]
