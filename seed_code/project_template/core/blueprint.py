"""The wanted publication: made from the checkout, for an account and a region. Pure: AWS is not called.

All names are known before anything is created, so that a plan can be printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Protocol

from project_template import enterprise, seed
from project_template.core import template
from project_template.core.plan import VISIBLE, Object, Wanted
from project_template.core.settings import PublishSettings
from project_template.errors import RefusedError
from project_template.stacks.publication_values import Catalog, Publication, PublicationSettings, Version

PROVIDER_TYPE = "AWS::IAM::OIDCProvider"

RECORD = "publication.json"
"""The key of the record: what was published last, for create, update and doctor."""

FUNCTIONS = seed.Repository("functions", (seed.Part("seed_code/functions", "."),), vendored=None)
_STACKS = seed.Repository(
    "stacks",
    (seed.Part("seed_code/project_template/stacks", "stacks"),),
    vendored=None,
)


def stack_name(name: str) -> str:
    """The stack of the publication `name`."""
    return f"{name}-publication"


def template_key(name: str) -> str:
    """The key of the template that Studio lists, for the publication `name`."""
    return f"templates/{name}.yaml"


def version_key(sha256: str) -> str:
    """The key of the template with that hash, which later publications do not change."""
    return f"versions/{sha256}.yaml"


@dataclass(frozen=True)
class Place:
    """The account, region and partition of a publication."""

    account: str
    region: str
    partition: str = "aws"

    def url(self, bucket: str, key: str) -> str:
        """The https address of an object, which is the form that SageMaker and Service Catalog take."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"https://{bucket}.s3.{self.region}.{suffix}/{key}"


@dataclass(frozen=True)
class Checkout:
    """The archives of a checkout, as they are published. The hashes are SHA-256, in hex."""

    seeds: Mapping[str, bytes] = field(repr=False)
    seeds_sha256: str
    functions: bytes = field(repr=False)
    stacks_sha256: str

    @property
    def functions_sha256(self) -> str:
        """The SHA-256 of the functions' archive, in hex."""
        return hashlib.sha256(self.functions).hexdigest()

    @property
    def version(self) -> str:
        """The package's version and the beginning of the hash of everything that is published."""
        parts = f"{self.seeds_sha256} {self.functions_sha256} {self.stacks_sha256}"
        digest = hashlib.sha256(parts.encode()).hexdigest()
        return f"{installed_version('project-template')}+{digest[:8]}"


class Synthesis(Protocol):
    """The two templates, as text; the package `stacks` is one."""

    def project_template(self, publication: Publication) -> str:
        """The template of a project, as YAML."""

    def publication_template(self, settings: PublicationSettings) -> str:
        """The template of the publication's own stack, as YAML."""


@dataclass(frozen=True)
class There:
    """The existing resources that a publication has to agree with.

    `template` is that of the publication's stack, whose product keeps its versions. `oidc_provider_arn` is the account's
    provider for the issuer, "" where it has none.
    """

    template: str | None = None
    oidc_provider_arn: str = ""


@dataclass(frozen=True)
class Blueprint:
    """A publication as it is to be, and what it is called. `user_policy_arn` is "" without the S3 form."""

    version: str
    wanted: Wanted
    record: Mapping[str, Any]
    launch_role_arn: str
    user_policy_arn: str

    @property
    def keys(self) -> list[str]:
        """The keys of every object of it."""
        return [each.key for each in (*self.wanted.archives, *self.wanted.listed)]


def checkout(root: Path = seed.TEMPLATE, *, github_api_url: str = "") -> Checkout:
    """Read the checkout, for the GitHub with that API (github.com's by default). Raises TemplateIncompleteError."""
    archives = seed.archives(root, own_server=enterprise.is_own_server(github_api_url))
    return Checkout(
        seeds=archives,
        seeds_sha256=seed.sha256(archives),
        functions=seed.archive(FUNCTIONS, root),
        stacks_sha256=hashlib.sha256(seed.archive(_STACKS, root)).hexdigest(),
    )


def bucket_name(settings: PublishSettings, place: Place) -> str:
    """The bucket that was asked for, else one named after the publication, the account and the region."""
    return settings.bucket or f"{settings.name.lower()}-{place.account}-{place.region}"


def domain_arn(place: Place, domain: str) -> str:
    """The ARN of the Studio domain with that id."""
    return f"arn:{place.partition}:sagemaker:{place.region}:{place.account}:domain/{domain}"


def make(
    settings: PublishSettings, place: Place, source: Checkout, synthesis: Synthesis, there: There
) -> Blueprint:
    """Put the publication together. Raises RefusedError where the version was published already with other content."""
    values = publication(settings, place, source, there)
    project = _object("", synthesis.project_template(values).encode(), "application/yaml")
    version = replace(project, key=version_key(project.sha256))
    before = template.product_versions(there.template)
    after = _versions(before, values.version, place.url(values.bucket, version.key))
    location = f"s3://{values.bucket}/templates/"
    record = _record(settings, values, source, project.sha256, location)
    described = json.dumps(record, indent=2, sort_keys=True).encode() + b"\n"
    listed = replace(project, key=template_key(settings.name), tags=dict([VISIBLE]))
    wanted = Wanted(
        stack_name=stack_name(settings.name),
        bucket=values.bucket,
        first_template=synthesis.publication_template(_stack(settings, place, there, before)),
        template=synthesis.publication_template(
            _stack(settings, place, there, after if settings.form.in_catalog else before)
        ),
        archives=(
            *(
                _object(f"{values.seed_prefix}{name}", content, "application/zip")
                for name, content in source.seeds.items()
            ),
            _object(values.functions_key, source.functions, "application/zip"),
            version,
        ),
        listed=(
            *([listed] if settings.form.in_s3 else []),
            _object(RECORD, described, "application/json"),
        ),
        domains=tuple(domain_arn(place, each) for each in settings.domains) if settings.form.in_s3 else (),
        location=location,
        take_domain=settings.take_domain,
    )
    stack = _stack(settings, place, there, before)
    return Blueprint(
        values.version,
        wanted,
        record,
        stack.launch_role_arn(place.account, place.partition),
        stack.user_policy_arn(place.account, place.partition),
    )


def publication(settings: PublishSettings, place: Place, source: Checkout, there: There) -> Publication:
    """The values in the template of a project."""
    stack = _stack(settings, place, there, [])
    provider = f"arn:{place.partition}:iam::{place.account}:oidc-provider/{stack.issuer_host}"
    return Publication(
        bucket=stack.bucket,
        seed_prefix=f"seeds/{source.seeds_sha256}/",
        functions_key=f"functions/{source.functions_sha256}.zip",
        sign_in=settings.sign_in,
        permissions_boundary_arn=stack.boundary_arn(place.account, place.partition),
        version=settings.version or source.version,
        oidc_provider_arn=settings.oidc_provider_arn or there.oidc_provider_arn or provider,
        github_api_url=settings.github_api_url,
        issuer=settings.issuer,
        tags=settings.tags,
        access_log_bucket=settings.access_log_bucket,
    )


def _stack(
    settings: PublishSettings, place: Place, there: There, versions: list[tuple[str, str]]
) -> PublicationSettings:
    catalog = Catalog(
        portfolio=settings.name,
        product=settings.name,
        owner=settings.owner,
        versions=tuple(Version(name, url) for name, url in versions),
        principal_arns=settings.principals,
    )
    holds_provider = PROVIDER_TYPE in template.resource_types(template.parse(there.template or "{}"))
    return PublicationSettings(
        name=settings.name,
        region=place.region,
        bucket=bucket_name(settings, place),
        user_arns=settings.principals,
        in_s3=settings.form.in_s3,
        issuer=settings.issuer,
        creates_oidc_provider=not settings.oidc_provider_arn
        and (holds_provider or not there.oidc_provider_arn),
        catalog=catalog if versions else None,
        tags=settings.tags,
        access_log_bucket=settings.access_log_bucket,
    )


def _versions(before: list[tuple[str, str]], version: str, url: str) -> list[tuple[str, str]]:
    for name, published in before:
        if name == version and published != url:
            raise RefusedError(
                f"Version {version} was published already, with other content, and projects may have been made from it. "
                "Publish under another --version, or without one."
            )
    return before if (version, url) in before else [*before, (version, url)]


def _object(key: str, content: bytes, content_type: str, tags: Mapping[str, str] | None = None) -> Object:
    return Object(key, content, hashlib.sha256(content).hexdigest(), content_type, tags or {})


def _record(
    settings: PublishSettings, values: Publication, source: Checkout, digest: str, location: str
) -> dict[str, Any]:
    return {
        "name": settings.name,
        "version": values.version,
        "content": source.version,
        "form": str(settings.form),
        "location": location,
        "template_sha256": digest,
        "seeds_sha256": source.seeds_sha256,
        "functions_sha256": source.functions_sha256,
        "github_api_url": values.github_api_url,
        "issuer": values.issuer,
        "oidc_provider_arn": values.oidc_provider_arn,
        "sign_in": asdict(values.sign_in),
        "domains": list(settings.domains),
        "principals": list(settings.principals),
    }
