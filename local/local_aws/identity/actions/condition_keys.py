"""The condition keys that a request sets, beside those that every request has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
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
            keys |= _stated(request.parameters, _MEMBERS["s3"]) | _s3_write(request) | _object_tags(request)
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
    now = datetime.now(UTC)
    return {
        "aws:CurrentTime": (now.isoformat(timespec="seconds"),),
        "aws:EpochTime": (str(int(now.timestamp())),),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:SecureTransport": ("true",),
        "aws:PrincipalArn": (role_arn,),
        "aws:PrincipalAccount": (account_id,),
        "aws:PrincipalType": ("AssumedRole",),
        "aws:ResourceAccount": (account_id,),
        "aws:ViaAWSService": ("false",),
        # IAM and STS without a region are in Virginia.
        "aws:RequestedRegion": ("us-east-1" if service == "iam" else region,),
    }


def is_set(key: str) -> bool:
    """Whether requests here ever have the condition key, of those that AWS may set.

    True, too, of keys of services that there are none of, and of those that say where a request comes from within AWS:
    from a VPC, an organisation or a service. No request here comes from there.
    """
    name = key.lower()
    prefix = name.partition(":")[0]
    if name in _ABSENT or name.startswith(_FAMILIES) or prefix not in _SERVICES:
        return True
    return name in _everyones() or name in {each.lower() for each in _OWN} | set(_members())


def is_set_for_s3(key: str) -> bool:
    """Whether requests of S3 here ever have the condition key. One that none has would never deny."""
    name = key.lower()
    if name.startswith(("aws:requesttag/", "aws:resourcetag/", "s3:requestobjecttag/")):
        return True
    own = {each for each in _members() if each.startswith("s3:")}
    return name in _everyones() | own | {"aws:tagkeys", "s3:requestobjecttagkeys"}


def _everyones() -> set[str]:
    return {key.lower() for key in of_everyone("arn:aws:iam::000000000000:role/any", "", "s3")}


def _members() -> set[str]:
    return {key.lower() for members in _MEMBERS.values() for key in members.values()} | {
        "s3:objectcreationoperation",
        "s3:if-match",
        "s3:if-none-match",
    }


_ABSENT = frozenset(
    {
        *("aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:referer"),
        *("aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip", "aws:vpceaccount"),
        *("aws:vpceorgid", "aws:vpceorgpaths", "aws:username"),
    }
)
_FAMILIES = (
    *("aws:requesttag/", "aws:resourcetag/", "aws:principaltag/", "iam:resourcetag/"),
    *("secretsmanager:resourcetag/", "sagemaker:resourcetag/", "sagemaker:customermetadataproperties/"),
    *("sagemaker:modellifecycle:", "s3:requestobjecttag/"),
)
_OWN = (
    *("aws:TagKeys", "iam:PermissionsBoundary", "iam:PolicyARN", "iam:PassedToService", "kms:ViaService"),
    *("sagemaker:ModelApprovalStatus", "sagemaker:NetworkIsolation", "sagemaker:TargetModel"),
    *("sagemaker:CustomerMetadataPropertiesToRemove", "sagemaker:InstanceTypes", "sagemaker:TaggingAction"),
    *("cloudwatch:namespace", "sts:ExternalId", "sts:RoleSessionName", "aws:FederatedProvider"),
    *("s3:RequestObjectTagKeys",),
)
_SERVICES = frozenset(
    {
        *(
            "apigateway",
            "application-autoscaling",
            "aws",
            "cloudformation",
            "cloudwatch",
            "events",
            "iam",
            "kms",
        ),
        *("lambda", "logs", "s3", "sagemaker", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "sts"),
    }
)
"""The prefixes of the condition keys of what is embedded."""

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


def _object_tags(request: ApiRequest) -> Keys:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html"""
    pairs = () if request.operation == "PutBucketTagging" else request.parameters.get("TagPairs") or ()
    keys: Keys = {f"s3:RequestObjectTag/{key}": (value,) for key, value in pairs}
    return keys | ({"s3:RequestObjectTagKeys": tuple(key for key, _ in pairs)} if pairs else {})


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
