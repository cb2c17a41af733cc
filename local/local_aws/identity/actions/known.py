"""Facts about resources from earlier successful requests, which later requests do not repeat: tags, paths, keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.identity.actions.asked import Asked

Tags = dict[str, str]


class Known:
    """Noted by `note` after each success. An ARN is asked for its tags, a name of IAM's for its path.

    What its service itself gives a name is made without an ARN being said: `unnamed` has, by service as in ARNs ("kms"),
    what tells such a resource's tags by its ARN.
    """

    def __init__(self, unnamed: Mapping[str, Callable[[str], Tags]] | None = None) -> None:
        self._lock = threading.Lock()
        self._unnamed = unnamed or {}
        self._tags: dict[str, Tags] = {}
        self._paths: dict[tuple[str, str], str] = {}
        self._boundaries: dict[str, str] = {}
        self._bucket_keys: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def tags(self, arn: str) -> Tags:
        """The tags of a resource; empty if nothing is known of it."""
        service = arn.split(":")[2] if arn.startswith("arn:") else ""
        if service in self._unnamed:
            return self._unnamed[service](arn)
        with self._lock:
            return dict(self._tags.get(arn, {}))

    def path(self, kind: str, name: str) -> str:
        """The path of an IAM `kind` ("role"): "/" where nobody has said another."""
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

    def note(self, asked: Asked, arns: Iterable[str]) -> None:
        """Learn from a request that succeeded; `arns` are the resources that it was about."""
        given = asked.parameters
        with self._lock:
            # Log groups are tagged without what follows their name.
            self._note_tags(asked, [arn.removesuffix(":*") for arn in arns])
            match asked.service, asked.operation:
                case "iam", "CreateRole" | "CreatePolicy":
                    kind = asked.operation.removeprefix("Create")
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

    def _note_tags(self, asked: Asked, arns: list[str]) -> None:
        if asked.operation.startswith("Delete") and asked.operation not in {"DeleteTags"}:
            for arn in arns:
                self._tags.pop(arn, None)
        removed = asked.parameters.get("TagKeys") or asked.parameters.get("tagKeys") or ()
        for key in removed:
            for arn in arns:
                self._tags.get(arn, {}).pop(key, None)
        # Only the first is the resource itself; others are what it is made of.
        if arns and (stated := request_tags(asked.parameters)):
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
