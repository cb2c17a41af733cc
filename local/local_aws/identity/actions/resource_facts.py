"""Facts about resources from earlier successful requests, which later requests do not repeat: tags, paths, keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.identity.actions.api_request import ApiRequest

Tags = dict[str, str]


class ResourceFacts:
    """The facts, which `note` adds to after each success: tags by ARN, paths by the names of IAM's resources.

    `tag_readers` maps a service, named as in ARNs ("kms"), to a function that reads the tags of an ARN. They are for
    resources whose service makes up the name: the request that creates one does not contain its ARN.
    """

    def __init__(self, tag_readers: Mapping[str, Callable[[str], Tags]] | None = None) -> None:
        self._lock = threading.Lock()
        self._tag_readers = tag_readers or {}
        self._tags: dict[str, Tags] = {}
        self._paths: dict[tuple[str, str], str] = {}
        self._boundaries: dict[str, str] = {}
        self._bucket_keys: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def tags(self, arn: str) -> Tags:
        """The tags of a resource, empty for an unknown one."""
        service = arn.split(":")[2] if arn.startswith("arn:") and arn.count(":") >= 5 else ""
        if service in self._tag_readers:
            return self._tag_readers[service](arn)
        with self._lock:
            return dict(self._tags.get(arn, {}))

    def path(self, kind: str, name: str) -> str:
        """The path of an IAM `kind` ("role"): "/" unless a request stated another."""
        with self._lock:
            return self._paths.get((kind, name), "/")

    def boundary(self, role: str) -> str | None:
        """The ARN of a role's permissions boundary."""
        with self._lock:
            return self._boundaries.get(role)

    def bucket_key(self, bucket: str) -> str | None:
        """The KMS key, as it was stated, that a bucket encrypts with by default."""
        with self._lock:
            return self._bucket_keys.get(bucket)

    def key_of_alias(self, alias: str) -> str | None:
        """The KMS key of an alias, None if the alias is unknown."""
        with self._lock:
            return self._aliases.get(alias)

    def note(self, request: ApiRequest, arns: Iterable[str]) -> None:
        """Learn from a request that succeeded; `arns` are the resources that it was about."""
        given = request.parameters
        with self._lock:
            # Log groups are tagged without what follows their name.
            self._note_tags(request, [arn.removesuffix(":*") for arn in arns])
            match request.service, request.operation:
                case "iam", "CreateRole" | "CreatePolicy":
                    kind = request.operation.removeprefix("Create")
                    self._paths[kind.lower(), given[f"{kind}Name"]] = given.get("Path", "/")
                    if boundary := given.get("PermissionsBoundary"):
                        self._boundaries[given["RoleName"]] = boundary
                case "iam", "PutRolePermissionsBoundary":
                    self._boundaries[given["RoleName"]] = given["PermissionsBoundary"]
                case "iam", "DeleteRolePermissionsBoundary":
                    self._boundaries.pop(given["RoleName"], None)
                case "iam", "DeleteRole":
                    self._boundaries.pop(given["RoleName"], None)
                    self._paths.pop(("role", given["RoleName"]), None)
                case "s3", "PutBucketEncryption":
                    self._note_bucket_key(given["Bucket"], given.get("SSEKMSKeyId"))
                case "s3", "DeleteBucketEncryption" | "DeleteBucket":
                    self._note_bucket_key(given["Bucket"], None)
                case "kms", "CreateAlias" | "UpdateAlias":
                    self._aliases[given["AliasName"]] = given["TargetKeyId"]

    def _note_bucket_key(self, bucket: str, key: str | None) -> None:
        if key:
            self._bucket_keys[bucket] = key
        else:
            self._bucket_keys.pop(bucket, None)

    def _note_tags(self, request: ApiRequest, arns: list[str]) -> None:
        if request.operation.startswith("Delete") and request.operation not in {"DeleteTags"}:
            for arn in arns:
                self._tags.pop(arn, None)
        removed = request.parameters.get("TagKeys") or request.parameters.get("tagKeys") or ()
        for key in removed:
            for arn in arns:
                self._tags.get(arn, {}).pop(key, None)
        # Only the first is the resource itself; others are what it is made of.
        if arns and (stated := request_tags(request.parameters)):
            self._tags.setdefault(arns[0], {}).update(stated)


def request_tags(parameters: Mapping[str, Any]) -> Tags:
    """The tags that a request states, in whichever form its API has."""
    stated = parameters.get("Tags") or parameters.get("tags") or ()
    if isinstance(stated, str):
        return {}
    if isinstance(stated, Mapping):
        return {str(key): str(value) for key, value in stated.items()}
    return {
        str(tag.get("Key") or tag.get("key") or tag.get("TagKey")): str(
            tag.get("Value") or tag.get("value") or tag.get("TagValue") or ""
        )
        for tag in stated
    }
