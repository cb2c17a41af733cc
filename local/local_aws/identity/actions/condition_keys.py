"""The condition keys that a request sets, beside those that every request has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.actions.resource_facts import ResourceFacts, Tags, request_tags

Keys = dict[str, tuple[str, ...]]


def of_request(request: ApiRequest, facts: ResourceFacts) -> Keys:
    """The keys of the request's tags, and those of its service.

    Source of which action has which key: the Service Authorization Reference.
    """
    keys: Keys = {}
    if tags := request_tags(request.parameters):
        keys |= {f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}
        keys["aws:TagKeys"] = tuple(tags)
    elif removed := request.parameters.get("TagKeys") or request.parameters.get("tagKeys"):
        keys["aws:TagKeys"] = tuple(map(str, removed))
    match request.service:
        case "sagemaker" | "sagemaker-runtime":
            keys |= _sagemaker(request.parameters)
        case "iam":
            keys |= _iam(request, facts)
        case "application-autoscaling" if request.operation.startswith("Describe"):
            pass
        case "cloudwatch" if "Namespace" in request.parameters and request.operation == "PutMetricData":
            keys["cloudwatch:namespace"] = (str(request.parameters["Namespace"]),)
        case "s3":
            keys |= _stated(request.parameters, _MEMBERS["s3"]) | _s3_write(request)
        case service:
            keys |= _stated(request.parameters, _MEMBERS.get(service, {}))
    return keys


def of_tags(service: str, tags: Tags) -> Keys:
    """The condition keys of a resource's tags. Some services have keys of their own for them."""
    prefixes = ["aws:ResourceTag/"]
    if service in {"sagemaker", "iam", "secretsmanager"}:
        prefixes.append(f"{service}:ResourceTag/")
    return {f"{prefix}{key}": (value,) for key, value in tags.items() for prefix in prefixes}


def of_everyone(role_arn: str, region: str, service: str) -> Keys:
    """The global keys, as AWS would set them: there every request comes by TLS."""
    account_id = role_arn.split(":")[4]
    return {
        "aws:SecureTransport": ("true",),
        "aws:PrincipalArn": (role_arn,),
        "aws:PrincipalAccount": (account_id,),
        "aws:PrincipalType": ("AssumedRole",),
        "aws:ResourceAccount": (account_id,),
        "aws:ViaAWSService": ("false",),
        # IAM and STS without a region are in Virginia.
        "aws:RequestedRegion": ("us-east-1" if service == "iam" else region,),
    }


def is_set_for_s3(key: str) -> bool:
    """Whether requests of S3 here ever have the condition key. One that none has would never deny."""
    everyones = of_everyone("arn:aws:iam::000000000000:role/any", "", "s3")
    own = (
        *_MEMBERS["s3"].values(),
        "s3:ObjectCreationOperation",
        "s3:if-match",
        "s3:if-none-match",
        "aws:TagKeys",
    )
    name = key.lower()
    if name.startswith(("aws:requesttag/", "aws:resourcetag/")):
        return True
    return name in {each.lower() for each in (*everyones, *own)}


_MEMBERS = {
    "apigatewayv2": {"AuthorizationType": "apigateway:Request/RouteAuthorizationType"},
    "application-autoscaling": {
        "ServiceNamespace": "application-autoscaling:service-namespace",
        "ScalableDimension": "application-autoscaling:scalable-dimension",
    },
    "cloudformation": {
        "RoleARN": "cloudformation:RoleArn",
        "TemplateURL": "cloudformation:TemplateUrl",
        "ChangeSetName": "cloudformation:ChangeSetName",
    },
    "kms": {"SigningAlgorithm": "kms:SigningAlgorithm"},
    "lambda": {
        "Principal": "lambda:Principal",
        "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
        "AuthType": "lambda:FunctionUrlAuthType",
    },
    "s3": {
        "Prefix": "s3:prefix",
        "Delimiter": "s3:delimiter",
        "VersionId": "s3:VersionId",
        "ACL": "s3:x-amz-acl",
        "ServerSideEncryption": "s3:x-amz-server-side-encryption",
        "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    },
}
"""By service: the members of requests that are condition keys as they stand."""

_S3_CREATIONS = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})
_S3_PARTS = frozenset({"CreateMultipartUpload", "UploadPart", "UploadPartCopy"})

_SAGEMAKER = {
    "ModelApprovalStatus": "sagemaker:ModelApprovalStatus",
    "EnableNetworkIsolation": "sagemaker:NetworkIsolation",
    "TargetModel": "sagemaker:TargetModel",
}


def _stated(parameters: Mapping[str, Any], names: Mapping[str, str]) -> Keys:
    return {key: (_text(parameters[member]),) for member, key in names.items() if member in parameters}


def _sagemaker(given: Mapping[str, Any]) -> Keys:
    keys = _stated(given, _SAGEMAKER)
    cycle = given.get("ModelLifeCycle") or {}
    keys |= {
        f"sagemaker:ModelLifeCycle:{member[:1].lower()}{member[1:]}": (str(cycle[member]),)
        for member in ("Stage", "StageStatus")
        if member in cycle
    }
    for key, value in (given.get("CustomerMetadataProperties") or {}).items():
        keys[f"sagemaker:CustomerMetadataProperties/{key}"] = (str(value),)
    if removed := given.get("CustomerMetadataPropertiesToRemove"):
        keys["sagemaker:CustomerMetadataPropertiesToRemove"] = tuple(map(str, removed))
    clusters = [
        given.get("ResourceConfig") or {},
        *((given.get("ResourceConfig") or {}).get("InstancePreferences") or ()),
        given.get("TransformResources") or {},
        (given.get("ProcessingResources") or {}).get("ClusterConfig") or {},
        *(given.get("ProductionVariants") or ()),
    ]
    if types := [str(each["InstanceType"]) for each in clusters if "InstanceType" in each]:
        keys["sagemaker:InstanceTypes"] = tuple(types)
    return keys


def _s3_write(request: ApiRequest) -> Keys:
    """The condition keys of a conditional write.

    Source: "Enforce conditional writes on Amazon S3 buckets", Amazon S3 user guide.
    """
    if request.operation in _S3_PARTS:
        return {"s3:ObjectCreationOperation": ("false",)}
    if request.operation not in _S3_CREATIONS:
        return {}
    return {"s3:ObjectCreationOperation": ("true",)} | _stated(
        request.parameters, {"IfMatch": "s3:if-match", "IfNoneMatch": "s3:if-none-match"}
    )


def _iam(request: ApiRequest, facts: ResourceFacts) -> Keys:
    keys: Keys = {}
    given = request.parameters
    boundary = given.get("PermissionsBoundary") or facts.boundary(str(given.get("RoleName", "")))
    if boundary:
        keys["iam:PermissionsBoundary"] = (str(boundary),)
    if "PolicyArn" in given and request.operation.startswith(("Attach", "Detach")):
        keys["iam:PolicyARN"] = (str(given["PolicyArn"]),)
    return keys


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
