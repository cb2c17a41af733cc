"""The plan of a publication: the steps from the observed state to the wanted one. Pure: AWS is not called.

The order keeps a publication usable at any time, and lets an interrupted one continue:

1. If there is no bucket, the stack is created first, without the product: a product reads its template from the bucket.
2. Archives and the template's version are uploaded under the hash of their content. They are never overwritten, and
   those of earlier versions stay, because projects refer to them.
3. The whole stack is applied. The product keeps its versions and gets the new one.
4. The template that Studio lists is uploaded last, when everything that it names exists.
5. The domains' tags, and the record of what was published.

The plan leaves out steps that were done, so a second run has an empty plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from model_common.errors import IntegrityError
from project_template.core import template
from project_template.core.stack import Stack
from project_template.errors import RefusedError, StackError

VISIBLE = ("sagemaker:studio-visibility", "true")
LOCATION_TAG = "sagemaker:projectS3TemplatesLocation"
"""The key of an object's metadata that holds the hash of its content."""

_FIRST_CREATION_FAILED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


class Kind(StrEnum):
    """The kind of a change set."""

    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True)
class Object:
    """An object that the bucket should have."""

    key: str
    content: bytes = field(repr=False)
    sha256: str
    content_type: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """An object that the bucket has. `sha256` is its content's, hexadecimal."""

    sha256: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """The wanted state of a publication.

    `first_template` is the stack's template without the product, `template` the whole one. `archives` are named after
    their content; `listed` are objects that change their content under the same key, in the order they are written.
    `domains` are the ARNs of Studio domains, which are to have `location` as their tag.
    """

    stack_name: str
    bucket: str
    first_template: str
    template: str
    archives: tuple[Object, ...]
    listed: tuple[Object, ...]
    domains: tuple[str, ...] = ()
    location: str = ""
    take_domain: bool = False


@dataclass(frozen=True)
class Observed:
    """The observed state. `domains` maps a domain's ARN to the location in its tag, "" without one."""

    stack: Stack | None = None
    template: str | None = None
    bucket_exists: bool = False
    holds_bucket: bool = False
    objects: Mapping[str, Stored] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeleteStack:
    """A stack whose first creation failed can only be deleted; nothing of it is in use."""

    name: str
    status: str

    def __str__(self) -> str:
        return f"delete the stack {self.name}, whose creation failed ({self.status})"


@dataclass(frozen=True)
class ApplyStack:
    """Apply the template to the stack with a change set."""

    name: str
    kind: Kind
    template: str = field(repr=False)
    changes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} the stack {self.name}"


@dataclass(frozen=True)
class Upload:
    """Upload an object to the bucket; `once`: the object is named by its content, so none is written over."""

    bucket: str
    object: Object
    once: bool = False

    def __str__(self) -> str:
        return f"upload s3://{self.bucket}/{self.object.key} ({len(self.object.content):,} bytes)"


@dataclass(frozen=True)
class TagObject:
    """Restore missing tags of an object whose content is right."""

    bucket: str
    key: str
    tags: Mapping[str, str]

    def __str__(self) -> str:
        return f"tag s3://{self.bucket}/{self.key} with {_tags(self.tags)}"


@dataclass(frozen=True)
class TagDomain:
    """Tag a Studio domain with the location of its templates."""

    arn: str
    tags: Mapping[str, str]

    def __str__(self) -> str:
        return f"tag the domain {self.arn.rpartition('/')[2]} with {_tags(self.tags)}"


Step = DeleteStack | ApplyStack | Upload | TagObject | TagDomain


def make(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps from the observed to the wanted state; empty if they are equal.

    Raises RefusedError if a step would change a resource of somebody else, and StackError if the stack is in a state
    that a person has to resolve.
    """
    steps: list[Step] = []
    current, has = observed.template, observed.stack is not None
    if observed.stack is not None and observed.stack.status in _FIRST_CREATION_FAILED:
        steps.append(DeleteStack(observed.stack.name, observed.stack.status))
        current, has = None, False
    _check_stack(observed.stack)
    _check_bucket(wanted, observed, in_stack=has and observed.holds_bucket)
    if not observed.bucket_exists:
        steps.append(_apply(wanted.stack_name, current, wanted.first_template))
        current = wanted.first_template
    _check_archives(wanted, observed)
    steps += [
        Upload(wanted.bucket, archive, once=True)
        for archive in wanted.archives
        if archive.key not in observed.objects
    ]
    if not template.same(current, wanted.template):
        steps.append(_apply(wanted.stack_name, current, wanted.template))
    for listed in wanted.listed:
        steps += _list(wanted.bucket, listed, observed.objects.get(listed.key))
    return steps + _tag_domains(wanted, observed)


def _apply(name: str, before: str | None, after: str) -> ApplyStack:
    kind = Kind.CREATE if before is None else Kind.UPDATE
    return ApplyStack(name, kind, after, tuple(template.changes(before, after)))


def _check_stack(stack: Stack | None) -> None:
    if stack is not None and stack.status in {"UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"}:
        raise StackError(
            f"The stack {stack.name} is {stack.status}: {stack.reason or 'its events say why'}. Remove the cause, continue "
            "the rollback (aws cloudformation continue-update-rollback), and run the same command again."
        )


def _check_bucket(wanted: Wanted, observed: Observed, in_stack: bool) -> None:
    if in_stack and not observed.bucket_exists:
        raise RefusedError(
            f"The bucket {wanted.bucket} is gone, though the stack {wanted.stack_name} holds it: somebody deleted it, and "
            "with it the archives of every project that was made from it. CloudFormation does not make it again; publish "
            "with another --bucket, which replaces it."
        )
    if observed.bucket_exists and not in_stack:
        raise RefusedError(
            f"The bucket {wanted.bucket} exists, and is not of the stack {wanted.stack_name}. Publish with another "
            "--bucket; or delete this one, if it is left from a publication that is gone."
        )


def _check_archives(wanted: Wanted, observed: Observed) -> None:
    for archive in wanted.archives:
        stored = observed.objects.get(archive.key)
        if stored is not None and stored.sha256 != archive.sha256:
            raise IntegrityError.of(wanted.bucket, archive.key, stored.sha256, archive.sha256)


def _list(bucket: str, listed: Object, stored: Stored | None) -> list[Step]:
    if stored is None or stored.sha256 != listed.sha256:
        return [Upload(bucket, listed)]
    missing = {key: value for key, value in listed.tags.items() if stored.tags.get(key) != value}
    return [TagObject(bucket, listed.key, {**stored.tags, **missing})] if missing else []


def _tag_domains(wanted: Wanted, observed: Observed) -> list[Step]:
    steps: list[Step] = []
    for arn in wanted.domains:
        there = observed.domains.get(arn, "")
        if there == wanted.location:
            continue
        if there and not wanted.take_domain:
            raise RefusedError(
                f"The domain {arn.rpartition('/')[2]} shows the templates of {there}, and a domain shows those of one "
                f"place. --take-domain makes it {wanted.location}; nothing was changed."
            )
        steps.append(TagDomain(arn, {LOCATION_TAG: wanted.location}))
    return steps


def _tags(tags: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in tags.items())
