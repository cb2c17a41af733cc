"""The template bucket, the template in it, and the Studio domains that are to show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code, is_missing
from project_template.account import publication
from project_template.account.publication import Published
from project_template.aws import cloudformation
from project_template.aws.clients import Aws, bucket_exists
from project_template.core import template
from project_template.core.plan import LOCATION_TAG, VISIBLE
from project_template.doctor import folder
from project_template.doctor.finding import Finding, fail, ok, warn

ORIGIN = "https://*.sagemaker.aws"
METHODS = frozenset({"POST", "PUT", "GET", "HEAD", "DELETE"})
"""The CORS rule that Studio's pages need. Source: "Custom project templates", SageMaker AI developer guide."""

_CHANGED = (
    "Find out who wrote it (its versions and CloudTrail say when), delete that version, and run `project-template publish` "
    "again with the options of the last time."
)
_AGAIN = "Run `project-template publish` again with the options of the last time."


def bucket(aws: Aws, found: Published) -> Iterator[Finding]:
    """The bucket is there, keeps versions, and lets Studio's pages read it."""
    if not bucket_exists(aws, found.bucket):
        yield fail(
            "template bucket",
            f"{found.bucket} is gone",
            "Publish with another --bucket; projects of the lost one cannot be updated before.",
        )
        return
    status = aws.s3.get_bucket_versioning(Bucket=found.bucket).get("Status", "never enabled")
    if status == "Enabled":
        yield ok("template bucket", f"{found.bucket} keeps versions")
    else:
        yield fail("template bucket", f"versioning of {found.bucket} is {status}", _fix(found))
    try:
        rules: Sequence[Any] = aws.s3.get_bucket_cors(Bucket=found.bucket)["CORSRules"]
    except ClientError as error:
        if error_code(error) != "NoSuchCORSConfiguration":
            raise
        rules = []
    yield cors(found, rules)


def cors(found: Published, rules: Sequence[Any]) -> Finding:
    """Whether one rule allows Studio's pages all that they do."""
    for rule in rules:
        if {ORIGIN, "*"} & set(rule["AllowedOrigins"]) and set(rule["AllowedMethods"]) >= METHODS:
            return ok("CORS", f"{found.bucket} lets {ORIGIN} in")
    return fail(
        "CORS",
        f"no rule of {found.bucket} allows {', '.join(sorted(METHODS))} from {ORIGIN}: Studio shows an empty list",
        _fix(found),
    )


def template_object(aws: Aws, found: Published) -> Iterator[Finding]:
    """The template is where Studio looks, tagged, and the one that was published last."""
    place = f"s3://{found.bucket}/{found.template_key}"
    stored = publication.stored(aws, found.bucket, found.template_key)
    if stored is None:
        if found.product_id:
            yield warn(
                "template object",
                f"{place} is not there; the publication has a product",
                "For the S3 form: --form both.",
            )
        else:
            yield fail("template object", f"{place} is not there", _AGAIN)
        return
    key, value = VISIBLE
    if stored.tags.get(key) == value:
        yield ok("object tag", f"{place} has {key}={value}")
    else:
        yield fail(
            "object tag",
            f"{place} has {key}={stored.tags.get(key, '(none)')}: Studio does not list it",
            _AGAIN,
        )
    if stored.sha256 == found.record.get("template_sha256"):
        yield ok("template object", f"{place} is version {found.record.get('version')}")
    else:
        yield fail("template object", f"{place} is not what was published last: somebody changed it", _AGAIN)


def archives(aws: Aws, found: Published) -> Iterator[Finding]:
    """The bucket has the seeds and functions that the template names, unchanged."""
    seeds = f"seeds/{found.record.get('seeds_sha256')}/"
    functions = f"functions/{found.record.get('functions_sha256')}.zip"
    listed = [
        each["Key"] for each in aws.s3.list_objects_v2(Bucket=found.bucket, Prefix=seeds).get("Contents", ())
    ]
    code = publication.stored(aws, found.bucket, functions)
    missing = [] if listed else [seeds]
    missing += [functions] if code is None else []
    if missing or code is None:
        yield fail("archives", f"{' and '.join(missing)} are not in {found.bucket}", _AGAIN)
        return
    changed = [
        difference
        for key in listed
        for difference in folder.archive(f"s3://{found.bucket}/{key}", _read(aws, found, key))
    ]
    if code.sha256 != found.record.get("functions_sha256"):
        changed.append(f"s3://{found.bucket}/{functions} holds other content than its name says")
    for difference in changed:
        yield fail("archives", difference, _CHANGED)
    if not changed:
        yield ok(
            "archives",
            f"{len(listed)} seeds, each as its manifest says, and the functions are in {found.bucket}",
        )


def _read(aws: Aws, found: Published, key: str) -> bytes:
    return aws.s3.get_object(Bucket=found.bucket, Key=key)["Body"].read()


def version(found: Published, checkout: str) -> Finding:
    """Whether what was published is what this checkout holds."""
    published = found.record.get("content", "nothing")
    if published == checkout:
        return ok("template version", f"{found.record.get('version')} is what this checkout holds")
    return warn(
        "template version",
        f"{found.record.get('version', 'nothing')} was published, from {published}; this checkout is {checkout}",
        "`project-template publish` publishes this one; `git checkout` brings the other back.",
    )


def domain(aws: Aws, arn: str, location: str) -> Finding:
    """Whether a Studio domain looks where the template is."""
    name = arn.rpartition("/")[2]
    try:
        there = publication.domain_location(aws, arn)
    except ClientError as error:
        if not is_missing(error):
            raise
        return fail(
            "domain tag", f"there is no domain {name} in {aws.region}", "Give the domain's id with --domain."
        )
    if there == location:
        return ok("domain tag", f"{name} shows {location}")
    also = " --take-domain" if there else ""
    return fail(
        "domain tag",
        f"{name} has {LOCATION_TAG}={there or '(none)'}, not {location}",
        f"`project-template publish --domain {name}{also} ...` sets it.",
    )


def project_version(aws: Aws, found: Published, stack: str, name: str) -> Finding:
    """Whether a project is of the version that was published last."""
    there, wanted = cloudformation.template(aws, stack), publication.template_text(aws, found)
    if template.same(there, wanted):
        return ok("project version", f"{name} is of version {found.record.get('version')}")
    return warn(
        "project version",
        f"{name} is of another version than {found.record.get('version')}: {_differing(there, wanted)} resources differ",
        f"`project-template update {name}` brings it there.",
    )


def _fix(found: Published) -> str:
    return (
        f"The stack {found.stack.name} sets it, so somebody changed the bucket by hand: let CloudFormation detect the drift, "
        "and set it back."
    )


def _differing(there: str, wanted: str) -> int:
    return len(template.changes(there, wanted)) if wanted else 0
