"""The role that CloudFormation assumes for endpoint stacks: every type in model-deploy's templates, and nothing else.

What CloudFormation calls for a type is in the type's own schema (handlers). A test compares.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from project_template.stacks.handlers import BOUNDED_ROLES, FUNCTIONS, LOG_GROUPS, ROLES
from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import (
    ENDPOINT_ROLES_PATH,
    NAME_TAG,
    PROJECT,
    Stated,
    Statement,
    allow,
    arn,
    deny,
    objects_below,
    passes,
    sagemaker,
    tagged_as_project,
    trusts_service,
    via_s3,
)
from project_template.stacks.roles.deploy_roles import STAGES
from project_template.stacks.roles.identity import Identity
from project_template.stacks.storage import Storage

_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
_SCALING_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_CREATES = ("sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel")

_UNNAMED = "CloudFormation names configurations and models: which are the project's is in their tags."
_TARGETS = "A target's ARN ends in a random id."
_APIS = (
    "An API's id is random, and its routes and integrations have no tags of their own: what is tagged as another project's "
    "is denied."
)


def add(identity: Identity, storage: Storage, endpoint: iam.CfnRole, parameters: Parameters) -> iam.CfnRole:
    """Add the role that CloudFormation assumes for endpoint stacks."""
    return identity.role(
        "DeployServiceRole",
        f"What CloudFormation acts as on the endpoint stacks of {PROJECT}.",
        # CloudFormation does not say on whose account's behalf it calls; only roles of this account can pass
        # this one.
        trusts_service("cloudformation", same_account=False),
        [
            *_hosting(endpoint),
            *_scaling(),
            *_alarms(),
            *_functions(parameters),
            *_roles(),
            *_http_api(parameters),
            *_logs(),
            # By version: what was uploaded for this very change, whatever lies there by then.
            allow(
                "ReadsArchives",
                ["s3:GetObject", "s3:GetObjectVersion"],
                objects_below(storage.bucket.attr_arn, "code/deploy/"),
            ),
            via_s3("DecryptsArchives", ["kms:Decrypt"], storage.key.attr_arn),
            # Where a stage names the project's key for its instances' volumes.
            allow("ReadsKey", "kms:DescribeKey", storage.key.attr_arn),
            allow(
                "GrantsKeyToInstances",
                "kms:CreateGrant",
                storage.key.attr_arn,
                Bool={"kms:GrantIsForAWSResource": "true"},
            ),
        ],
    )


def _each(pattern: str) -> list[str]:
    return [pattern.replace("<stage>", stage) for stage in STAGES]


def _hosting(endpoint: iam.CfnRole) -> list[Statement]:
    everything = sagemaker(f"endpoint/{PROJECT}-*", "endpoint-config/*", "model/*")
    packages = sagemaker(f"model-package/{PROJECT}-models/*")
    return [
        # A model that is made of a package is authorised on both.
        allow(
            "Creates",
            _CREATES,
            [*everything, *packages],
            because=_UNNAMED,
            StringEquals=tagged_as_project("RequestTag"),
        ),
        allow(
            "TagsNew",
            "sagemaker:AddTags",
            everything,
            because=_UNNAMED,
            StringEquals={"sagemaker:TaggingAction": [action.partition(":")[2] for action in _CREATES]},
        ),
        allow(
            "Changes",
            [
                "sagemaker:AddTags",
                "sagemaker:DeleteEndpoint",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:DeleteModel",
                "sagemaker:DeleteTags",
                "sagemaker:UpdateEndpoint",
                "sagemaker:UpdateEndpointWeightsAndCapacities",
            ],
            everything,
            because=_UNNAMED,
            StringEquals=tagged_as_project(),
        ),
        allow(
            "Reads",
            [
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ],
            everything,
            because=_UNNAMED,
        ),
        # A model that is a package: its image and artifact are read from there.
        allow("ReadsPackages", "sagemaker:DescribeModelPackage", packages),
        passes("PassesEndpointRole", endpoint.attr_arn, "sagemaker"),
    ]


def _scaling() -> list[Statement]:
    return [
        allow(
            "Scales",
            [
                "application-autoscaling:DeleteScalingPolicy",
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:RegisterScalableTarget",
            ],
            arn("application-autoscaling", "scalable-target/*"),
            because=_TARGETS,
            StringEquals={"application-autoscaling:service-namespace": "sagemaker"},
        ),
        allow(
            "TagsTargets",
            [
                "application-autoscaling:ListTagsForResource",
                "application-autoscaling:TagResource",
                "application-autoscaling:UntagResource",
            ],
            arn("application-autoscaling", "scalable-target/*"),
            because=_TARGETS,
        ),
        allow(
            "LooksAtScaling",
            [
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
                "application-autoscaling:DescribeScheduledActions",
                "cloudwatch:GetMetricData",
            ],
            "*",
            because="The actions know no resource.",
        ),
        # The one role that Application Auto Scaling works with, made by whoever registers the account's first target.
        allow(
            "MakesServiceLinkedRole",
            "iam:CreateServiceLinkedRole",
            arn("iam", f"role/aws-service-role/{_SCALING}/{_SCALING_ROLE}", region=""),
            StringEquals={"iam:AWSServiceName": _SCALING},
        ),
    ]


def _alarms() -> list[Statement]:
    # Those of target tracking are made as whoever puts the scaling policy.
    names = (f"alarm:{PROJECT}-<stage>-*", f"alarm:TargetTracking-endpoint/{PROJECT}-<stage>/*")
    alarms = [arn("cloudwatch", name) for pattern in names for name in _each(pattern)]
    dashboards = [arn("cloudwatch", name, region="") for name in _each(f"dashboard/{PROJECT}-<stage>")]
    return [
        allow(
            "AlarmsAndDashboards",
            [
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DeleteDashboards",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetDashboard",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutDashboard",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
            [*alarms, *dashboards],
        )
    ]


def _functions(parameters: Parameters) -> list[Statement]:
    """Functions are nobody's but the HTTP API's, and signed requests': one is opened to the world with PublicApi=yes only."""
    functions = [arn("lambda", name) for name in _each(f"function:{PROJECT}-<stage>-api")]
    return [
        allow("Functions", [*FUNCTIONS, "lambda:DeleteFunction*"], functions),
        allow(
            "OpensFunctions",
            "lambda:AddPermission",
            functions,
            StringEquals={"lambda:Principal": _or_public(parameters, "apigateway.amazonaws.com", "*")},
        ),
        allow(
            "FunctionUrls",
            ["lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig"],
            functions,
            StringEquals={"lambda:FunctionUrlAuthType": _or_public(parameters, "AWS_IAM", "NONE")},
        ),
    ]


def _or_public(parameters: Parameters, value: str, public: str) -> cdk.IResolvable:
    """A condition's value, and beside it that of a public API where the project may have one."""
    return cdk.Fn.condition_if(parameters.has_public_api, [value, public], value)


def _roles() -> list[Statement]:
    """Roles of the API functions: below a path of their own, so never the project's, and never without the boundary."""
    roles = arn("iam", f"role{ENDPOINT_ROLES_PATH}*", region="")
    bounded = {"iam:PermissionsBoundary": cdk.Fn.ref("PermissionsBoundaryArn")}
    return [
        allow(
            "MakesBoundedRoles",
            BOUNDED_ROLES,
            roles,
            ArnEquals=bounded,
        ),
        allow(
            "ChangesRoles",
            ROLES,
            roles,
        ),
        # A role's tags say whose it is: never another project's.
        deny(
            "TagsRolesForNobodyElse",
            "iam:TagRole",
            StringNotEquals=tagged_as_project("RequestTag"),
            Null={f"aws:RequestTag/{NAME_TAG}": "false"},
        ),
        passes("PassesFunctionRoles", roles, "lambda"),
    ]


def _http_api(parameters: Parameters) -> list[Stated]:
    closed = deny(
        "OpensNoRoute",
        ["apigateway:PATCH", "apigateway:POST"],
        **{"ForAnyValue:StringEquals": {"apigateway:Request/RouteAuthorizationType": "NONE"}},
    )
    apis = arn("apigateway", "/apis", account="")
    return [
        allow(
            "CreatesHttpApis",
            "apigateway:POST",
            apis,
            because=_APIS,
            StringEquals=tagged_as_project("RequestTag"),
        ),
        allow(
            "ChangesHttpApis",
            ["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
            [f"{apis}/*", arn("apigateway", "/tags/*", account="")],
            because=_APIS,
        ),
        deny(
            "ChangesNobodyElsesHttpApi",
            ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
            StringNotEquals=tagged_as_project(),
            Null={f"aws:ResourceTag/{NAME_TAG}": "false"},
        ),
        cdk.Fn.condition_if(parameters.has_public_api, cdk.Aws.NO_VALUE, closed),
    ]


def _logs() -> list[Statement]:
    groups = [arn("logs", name) for name in _each(f"log-group:/model-deploy/{PROJECT}-<stage>/*")]
    return [
        allow(
            "LogGroups",
            LOG_GROUPS,
            groups,
        ),
        # Source: "Permissions for log delivery", API Gateway developer guide.
        allow(
            "DeliversAccessLogs",
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeIndexPolicies",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            "*",
            because="The actions know no resource. An HTTP API's access log is a log delivery, which whoever makes the stage "
            "of the API sets up.",
        ),
    ]
