"""The resources that a request is about, as ARNs, from its parameters.

Which kinds of resource an action is authorised on is in AWS's Service Authorization Reference; an action without any is
about "*". Where AWS completes a name with random characters (secrets, stacks) a wildcard stands for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.actions.resource_facts import ResourceFacts
from local_aws.identity.policies.policy import ANY

Parameters = Mapping[str, Any]


class Namer:
    """Makes ARNs of one account and region."""

    def __init__(self, account_id: str, region: str, facts: ResourceFacts) -> None:
        self.account_id = account_id
        self.region = region
        self.facts = facts

    def of(self, request: ApiRequest) -> list[str]:
        """The ARNs of what a request of any service but S3 is about, the resource itself first; or "*" alone."""
        make = _SERVICES.get(request.service)
        found = make(self, request) if make else []
        return list(dict.fromkeys(found)) or [ANY]

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def named(self, service: str, kind: str, name: str) -> str:
        """The ARN of `name` below `kind` ("endpoint/"), or `name` where it is an ARN itself."""
        return name if name.startswith("arn:") else self.arn(service, f"{kind}{name}")

    def iam(self, kind: str, name: str) -> str:
        """The ARN of an IAM resource, with the path that it was created under. An ARN is returned as it is."""
        if name.startswith("arn:"):
            return name
        return f"arn:aws:iam::{self.account_id}:{kind}{self.facts.path(kind, name)}{name}"

    def key(self, stated: str) -> str:
        """The ARN of a KMS key, which may be stated by id, ARN or alias."""
        name = stated.rpartition(":")[2] if stated.startswith("arn:") else stated
        if name.startswith("alias/"):
            stated = self.facts.key_of_alias(name) or ANY
        return self.named("kms", "key/", stated)


_SAGEMAKER = {
    "DomainId": "domain/",
    "EndpointName": "endpoint/",
    "EndpointConfigName": "endpoint-config/",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job/",
    "ModelName": "model/",
    "ModelPackageName": "model-package/",
    "ModelPackageArn": "model-package/",
    "ModelPackageGroupName": "model-package-group/",
    "PipelineArn": "pipeline/",
    "PipelineExecutionArn": "pipeline/",
    "PipelineName": "pipeline/",
    "ProcessingJobName": "processing-job/",
    "ProjectName": "project/",
    "ResourceArn": "",
    "TrainingJobName": "training-job/",
    "TransformJobName": "transform-job/",
}
"""Members that name a resource, with what stands before a name in its ARN."""

_SAGEMAKER_ONLY = {
    "CreateTransformJob": ("TransformJobName",),
    "DescribePipeline": ("PipelineName",),
    "UpdatePipeline": ("PipelineName",),
}
"""Operations with members that name other resources than those they are authorised on."""


def _sagemaker(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    group = str(given.get("ModelPackageGroupName", ""))
    members = _SAGEMAKER_ONLY.get(request.operation, _SAGEMAKER)
    found = [
        namer.named("sagemaker", _SAGEMAKER[member], str(given[member]))
        for member in members
        if given.get(member)
    ]
    match request.operation:
        case "ListModelPackages" if group:
            return [namer.named("sagemaker", "model-package/", f"{group.rpartition('/')[2]}/*")]
        case "CreateModelPackage" if group:
            return [namer.named("sagemaker", "model-package/", f"{group.rpartition('/')[2]}/*"), *found]
        case "CreateModel":
            return [*found, *(namer.named("sagemaker", "model-package/", name) for name in _packages(given))]
        case "SendPipelineExecutionStepSuccess" | "SendPipelineExecutionStepFailure":
            return [namer.named("sagemaker", "pipeline/", "*/execution/*")]  # the token alone tells which
        case "CreateDomain":
            return [namer.named("sagemaker", "domain/", "*")]  # its id is made only now
        case operation if operation.startswith("List") and operation not in _LISTS_OF_ONE:
            return []
    return found


def _packages(given: Parameters) -> list[str]:
    """The model packages that a new model is made of."""
    containers = [*(given.get("Containers") or ()), given.get("PrimaryContainer") or {}]
    return [str(each["ModelPackageName"]) for each in containers if each.get("ModelPackageName")]


_LISTS_OF_ONE = frozenset(
    {
        "ListTags",
        "ListPipelineExecutions",
        "ListPipelineExecutionSteps",
        "ListPipelineParametersForExecution",
        "ListPipelineVersions",
        "ListTrainingJobsForHyperParameterTuningJob",
    }
)


def _lambda(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    name = given.get("FunctionName") or given.get("Resource")
    if not name or request.operation == "ListFunctions":
        return []
    parts = str(name).split(":")
    qualifier = f":{given['Qualifier']}" if given.get("Qualifier") and request.operation == "Invoke" else ""
    if len(parts) >= 7:
        return [f"{name}{qualifier}"]
    if "function" in parts:  # ACCOUNT:function:NAME
        parts = parts[parts.index("function") + 1 :]
    return [namer.arn("lambda", f"function:{':'.join(parts)}{qualifier}")]


def _logs(namer: Namer, request: ApiRequest) -> list[str]:
    """Groups end in ":*" but where they are tagged, as AWS's guide on permissions for CloudWatch Logs says."""
    given = request.parameters
    if arn := given.get("resourceArn"):
        return [str(arn)]
    group = given.get("logGroupName")
    if group is None and (stated := given.get("logGroupIdentifier")):
        group = str(stated).removesuffix(":*").rpartition("log-group:")[2]
    if group is None:
        return []
    stream = given.get("logStreamName")
    return [namer.arn("logs", f"log-group:{group}:" + (f"log-stream:{stream}" if stream else "*"))]


def _kms(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    found = [
        namer.named("kms", "", str(given["AliasName"])) if given.get("AliasName") else "",
        namer.key(str(given["KeyId"])) if given.get("KeyId") else "",
        namer.key(str(given["TargetKeyId"])) if given.get("TargetKeyId") else "",
    ]
    if request.operation == "Decrypt" and not given.get("KeyId"):
        return [namer.key(ANY)]  # whichever the ciphertext names
    if request.operation == "DeleteAlias":
        found.append(namer.key(str(given["AliasName"])))
    return [] if request.operation == "ListAliases" else [each for each in found if each]


def _iam(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    match request.operation:
        case "ListRoles" | "ListPolicies" | "ListOpenIDConnectProviders":
            return []
        case "CreateRole" | "CreatePolicy":
            kind = request.operation.removeprefix("Create")
            path, name = given.get("Path", "/"), given[f"{kind}Name"]
            return [f"arn:aws:iam::{namer.account_id}:{kind.lower()}{path}{name}"]
        case "CreateOpenIDConnectProvider":
            url = urlsplit(str(given["Url"]))
            return [f"arn:aws:iam::{namer.account_id}:oidc-provider/{url.netloc}{url.path.rstrip('/')}"]
    if arn := given.get("OpenIDConnectProviderArn"):
        return [str(arn)]
    if role := given.get("RoleName"):
        # PolicyName, or PolicyArn, is then what is put into it.
        return [namer.iam("role", str(role))]
    for member, kind in (("PolicyArn", "policy"), ("UserName", "user")):
        if given.get(member):
            return [namer.iam(kind, str(given[member]))]
    return []


def _events(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    match request.operation:
        case "ListRules" | "ListEventBuses" | "ListRuleNamesByTarget":
            return []
        case "PutEvents":
            names = {str(entry.get("EventBusName", "default")) for entry in given.get("Entries", ())}
            return [namer.named("events", "event-bus/", name) for name in sorted(names)]
        case "CreateEventBus" | "DeleteEventBus" | "DescribeEventBus":
            return [namer.named("events", "event-bus/", str(given.get("Name", "default")))]
    if arn := given.get("ResourceARN"):
        return [str(arn)]
    bus = str(given.get("EventBusName", "default")).rpartition("/")[2]
    rule = given.get("Rule") or given.get("Name")
    return [namer.arn("events", f"rule/{'' if bus == 'default' else f'{bus}/'}{rule}")]


def _sqs(namer: Namer, request: ApiRequest) -> list[str]:
    name = (
        request.parameters.get("QueueName") or str(request.parameters.get("QueueUrl", "")).rpartition("/")[2]
    )
    return [namer.arn("sqs", str(name))] if name else []


def _sns(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    if request.operation == "CreateTopic":
        return [namer.arn("sns", str(given["Name"]))]
    arn = given.get("TopicArn") or given.get("TargetArn") or given.get("ResourceArn")
    return [str(arn)] if arn else []


def _secretsmanager(namer: Namer, request: ApiRequest) -> list[str]:
    name = request.parameters.get("SecretId") or request.parameters.get("Name")
    if not name:
        return []
    return [
        str(name) if str(name).startswith("arn:") else namer.arn("secretsmanager", f"secret:{name}-??????")
    ]


def _ssm(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    names = [*given.get("Names", ())] or [given.get("Name") or given.get("Path") or given.get("ResourceId")]
    return [namer.named("ssm", "parameter/", str(name).removeprefix("/")) for name in names if name]


def _cloudwatch(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    if arn := given.get("ResourceARN"):
        return [str(arn)]
    dashboards = given.get("DashboardNames") or [given.get("DashboardName")]
    if dashboards != [None]:
        return [f"arn:aws:cloudwatch::{namer.account_id}:dashboard/{name}" for name in dashboards]
    names = given.get("AlarmNames") or ([given["AlarmName"]] if given.get("AlarmName") else [])
    if request.operation == "DescribeAlarms" and not names:
        names = [ANY]
    return [namer.arn("cloudwatch", f"alarm:{name}") for name in names]


def _cloudformation(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    name = given.get("StackName") or given.get("ChangeSetName")
    if not name or request.operation in {"ListStacks", "ValidateTemplate"}:
        return []
    return [str(name) if str(name).startswith("arn:") else namer.arn("cloudformation", f"stack/{name}/*")]


def _scaling(namer: Namer, request: ApiRequest) -> list[str]:
    if request.operation.startswith("Describe"):
        return []
    arn = request.parameters.get("ResourceARN")
    return [str(arn) if arn else namer.arn("application-autoscaling", "scalable-target/*")]


def _apigateway(namer: Namer, request: ApiRequest) -> list[str]:
    return [f"arn:aws:apigateway:{namer.region}::{request.path.removeprefix('/v2')}"]


def _scheduler(namer: Namer, request: ApiRequest) -> list[str]:
    given = request.parameters
    return [namer.arn("scheduler", f"schedule/{given.get('GroupName', 'default')}/{given['Name']}")]


def _sts(namer: Namer, request: ApiRequest) -> list[str]:
    role = request.parameters.get("RoleArn")
    return [str(role)] if role else []


_SERVICES: dict[str, Callable[[Namer, ApiRequest], list[str]]] = {
    "apigatewayv2": _apigateway,
    "application-autoscaling": _scaling,
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "sagemaker": _sagemaker,
    "sagemaker-runtime": _sagemaker,
    "scheduler": _scheduler,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}
