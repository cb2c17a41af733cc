"""S3's requests: which operation one asks for, and the IAM actions that it takes, whose names differ more often than not.

After https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from local_aws.kernel.wire import ServiceError, service_model

_SUBRESOURCES = re.compile(r"\{Bucket\}(?P<object>/\{Key\+\})?(?:\?(?P<subresource>[A-Za-z-]+))?$")
_PART = frozenset({"uploadId"})

_ENCRYPTION = "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"
_HEADERS = {
    "HTTP_X_AMZ_COPY_SOURCE": "CopySource",
    "HTTP_X_AMZ_TAGGING": "Tagging",
    "HTTP_X_AMZ_ACL": "ACL",
    "HTTP_IF_MATCH": "IfMatch",
    "HTTP_IF_NONE_MATCH": "IfNoneMatch",
    "HTTP_X_AMZ_SKIP_DESTINATION_VALIDATION": "SkipDestinationValidation",
    _ENCRYPTION: "ServerSideEncryption",
    f"{_ENCRYPTION}_AWS_KMS_KEY_ID": "SSEKMSKeyId",
}
_QUERY = {"prefix": "Prefix", "delimiter": "Delimiter", "versionId": "VersionId"}

_ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
"""IAM's names of operations that it calls by another; the others it calls as the API does."""

_OF_VERSIONS = {
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}

DELETED_AT_ONCE = 1000
"""The number of keys that DeleteObjects takes. Source: "DeleteObjects", Amazon S3 API reference."""

_ENCODING = re.compile(r"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']""")
_MALFORMED = ServiceError(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
)

READING = frozenset({"GetObject", "GetObjectVersion"})
WRITING = frozenset({"PutObject"})


def recognise(environ: Mapping[str, Any], body: Callable[[], bytes]) -> tuple[str, dict[str, Any]] | None:
    """Operation and parameters of a path-style request; None for one that S3 does not have."""
    bucket, _, key = unquote(environ["REQUEST_URI"].partition("?")[0]).lstrip("/").partition("/")
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    query = dict(pairs)
    method: str = environ["REQUEST_METHOD"]
    operation = _operation(method, bucket, key, query, environ)
    if operation is None:
        return None
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": key}
    parameters |= {member: query[name] for name, member in _QUERY.items() if name in query}
    parameters |= {member: environ[name] for name, member in _HEADERS.items() if name in environ}
    if operation == "DeleteObjects":
        parameters["Objects"] = _deleted_keys(body())
    if "uploadId" in query:
        parameters["UploadId"] = query["uploadId"]
    parameters["MetadataBytes"] = sum(
        len(name) - len("HTTP_X_AMZ_META_") + len(str(value).encode())
        for name, value in environ.items()
        if name.startswith("HTTP_X_AMZ_META_")
    )
    if operation in ("PutBucketTagging", "PutObjectTagging"):
        parameters["TagPairs"] = tuple(_tag(tag) for tag in _children(body(), "TagSet"))
    elif "Tagging" in parameters:
        parameters["TagPairs"] = tuple(parse_qsl(parameters["Tagging"], keep_blank_values=True))
    if operation == "PutBucketLifecycleConfiguration":
        parameters["Rules"] = sum(1 for each in _children(body()) if _local_name(each.tag) == "Rule")
    if operation == "PutBucketPolicy":
        parameters["Policy"] = body().decode("utf-8", "replace")
    if operation == "PutBucketNotificationConfiguration":
        parameters["Notifications"] = body()
    if operation == "PutBucketEncryption":
        found = re.search(r"<KMSMasterKeyID>([^<]+)<", body().decode("utf-8", "replace"))
        parameters["SSEKMSKeyId"] = found[1] if found else None
    return operation, {name: value for name, value in parameters.items() if value != ""}


def require_embedded(operation: str) -> None:
    """Raises ServiceError (NotImplemented) for a subresource that moto lacks: it would answer as if there were none."""
    if subresource := _not_in_moto().get(operation):
        raise ServiceError(
            "NotImplemented", f"The embedded S3 does not have {operation} (?{subresource}).", 501
        )


@cache
def _not_in_moto() -> Mapping[str, str]:
    """The operations that moto lacks, with their subresources."""
    return {
        operation: subresource
        for (method, of_object, subresource), operation in _by_subresource().items()
        if subresource not in (_OF_OBJECTS if of_object else _OF_BUCKETS).get(method, ())
    }


def actions(operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The actions, without "s3:", each with its resource: "*", "BUCKET" or "BUCKET/KEY"."""
    bucket, key = parameters.get("Bucket", ""), parameters.get("Key")
    whole = f"{bucket}/{key}" if key else bucket or "*"
    match operation:
        case "DeleteObjects":
            return [
                ("DeleteObjectVersion" if version else "DeleteObject", f"{bucket}/{name}")
                for name, version in parameters["Objects"]
            ]
        case "CopyObject" | "UploadPartCopy":
            source, _, version = unquote(parameters["CopySource"]).lstrip("/").partition("?versionId=")
            return [("GetObjectVersion" if version else "GetObject", source), ("PutObject", whole)]
        case "GetObjectAttributes":
            versioned = "Version" if parameters.get("VersionId") else ""
            return [
                (f"GetObject{versioned}", whole),
                (f"GetObject{versioned}Attributes", whole),
            ]
    name = _ACTIONS.get(operation, operation)
    if parameters.get("VersionId"):
        name = _OF_VERSIONS.get(name, name)
    tagging = [("PutObjectTagging", whole)] if parameters.get("Tagging") else []
    acl = [("PutObjectAcl", whole)] if parameters.get("ACL") and key else []
    return [(name, whole), *tagging, *acl]


def _deleted_keys(document: bytes) -> tuple[tuple[str, bool], ...]:
    """The keys of a DeleteObjects request, each with whether one version of it is meant.

    Raises ServiceError (MalformedXML) where moto could read other keys than those.
    """
    try:
        text = document.decode()
        stated = _ENCODING.match(text)
        if "<!DOCTYPE" in text or (stated and stated[1].lower() != "utf-8"):
            raise _MALFORMED
        whole = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise _MALFORMED from error
    if _local_name(whole.tag) != "Delete":
        raise _MALFORMED
    found = []
    for each in whole:
        if _local_name(each.tag) != "Object":
            continue
        members = {_local_name(member.tag): member.text or "" for member in each}
        if len(members) != len(each) or not members.get("Key") or any(len(member) for member in each):
            raise _MALFORMED
        found.append((members["Key"], "VersionId" in members))
    if not 1 <= len(found) <= DELETED_AT_ONCE:
        raise _MALFORMED
    return tuple(found)


def _children(document: bytes, name: str = "") -> list[ElementTree.Element]:
    """The elements of a document, or of its element `name`; none of what cannot be read, which S3 itself refuses."""
    try:
        whole = ElementTree.fromstring(b"" if b"<!DOCTYPE" in document else document)
    except ElementTree.ParseError:
        return []
    parents = [each for each in whole if _local_name(each.tag) == name] if name else [whole]
    return [each for parent in parents for each in parent]


def _tag(element: ElementTree.Element) -> tuple[str, str]:
    members = {_local_name(member.tag): member.text or "" for member in element}
    return members.get("Key", ""), members.get("Value", "")


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _operation(
    method: str, bucket: str, key: str, query: Mapping[str, str], environ: Mapping[str, Any]
) -> str | None:
    if not bucket:
        return "ListBuckets" if method == "GET" else None
    if key and _PART & query.keys():
        copied = "UploadPartCopy" if "HTTP_X_AMZ_COPY_SOURCE" in environ else "UploadPart"
        return {
            "PUT": copied,
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
            "GET": "ListParts",
        }.get(method)
    for name in query:
        if found := _by_subresource().get((method, bool(key), name)):
            return found
    plain = {
        ("GET", True): "GetObject",
        ("HEAD", True): "HeadObject",
        ("PUT", True): "CopyObject" if "HTTP_X_AMZ_COPY_SOURCE" in environ else "PutObject",
        ("DELETE", True): "DeleteObject",
        ("GET", False): "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects",
        ("HEAD", False): "HeadBucket",
        ("PUT", False): "CreateBucket",
        ("DELETE", False): "DeleteBucket",
        ("POST", False): "PostObject",
    }
    return plain.get((method, bool(key)))


@cache
def _by_subresource() -> dict[tuple[str, bool, str], str]:
    """The operations on subresources ("?tagging"), by method, whether they are an object's, and the subresource."""
    model = service_model("s3")
    found: dict[tuple[str, bool, str], str] = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        stated = _SUBRESOURCES.search(http["requestUri"])
        if not stated or not stated["subresource"]:
            continue
        if name in _LISTS or not name.startswith("List"):
            found[http["method"], bool(stated["object"]), stated["subresource"]] = name
    return found


_LISTS = frozenset({"ListMultipartUploads", "ListObjectVersions"})

_BUCKET_SUBRESOURCES = (
    "cors",
    "encryption",
    "lifecycle",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
)
_OF_BUCKETS = {
    "GET": (
        *_BUCKET_SUBRESOURCES,
        *("accelerate", "acl", "inventory", "location", "logging", "notification", "object-lock"),
        *("policyStatus", "uploads", "versioning", "versions", "website"),
    ),
    "PUT": (
        *_BUCKET_SUBRESOURCES,
        *(
            "accelerate",
            "acl",
            "inventory",
            "logging",
            "notification",
            "object-lock",
            "versioning",
            "website",
        ),
    ),
    "DELETE": (*_BUCKET_SUBRESOURCES, "website"),
    "POST": ("delete",),
}
_OF_OBJECTS = {
    "GET": ("acl", "attributes", "legal-hold", "tagging"),
    "PUT": ("acl", "legal-hold", "retention", "tagging"),
    "DELETE": ("tagging",),
    "POST": ("restore", "uploads"),
}
"""By method: the subresources that moto answers for."""
