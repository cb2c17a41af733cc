"""Taking down what smoke runs made: one that has just ended, or those that were killed and left something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.console import Console

from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.account import retained
from project_template.aws import change_sets, cloudformation
from project_template.aws.clients import Aws, bucket_exists
from project_template.aws.waiting import Watch
from project_template.commands import teardown
from project_template.core.blueprint import stack_name
from project_template.errors import SmokeError
from project_template.smoke.plan import TAG, is_over
from project_template.smoke.probes import drop_pipeline, drop_role, probe_role_name

ATTEMPTS = 3
"""A workflow that still ran may have made something while the rest went."""


def clean(aws: Aws, name: str, minutes: int, console: Console, say: Callable[[str], None]) -> None:
    """Take down a run's project with all its data, then its publication. Can be run again at any time.

    Raises SmokeError where something is left, and whatever kept it.
    """
    drop_pipeline(aws.sagemaker, probe_role_name(name))
    drop_role(aws.iam, probe_role_name(name))
    request = teardown.Request(name, with_endpoints=True, with_data=True, timeout=minutes * 60)
    left = teardown.take_inventory(aws, request)
    for _ in range(ATTEMPTS):
        if not teardown.has_work(left, request):
            break
        left = teardown.run(aws, request, left, console)
    if teardown.has_work(left, request):
        raise SmokeError(
            f"Something of {name} is left: {'; '.join(teardown.lines(left, request))}. `project-template smoke --clean` tries "
            "again."
        )
    _unpublish(aws, name, minutes, console, say)


def _unpublish(aws: Aws, name: str, minutes: int, console: Console, say: Callable[[str], None]) -> None:
    progress = Progress(console)
    bucket = f"{name}-{aws.account}-{aws.region}"
    change_sets.delete(aws, stack_name(name), Watch(aws, progress, Deadline(minutes * 60)))
    if bucket_exists(aws, bucket):
        count = retained.delete_bucket(aws, bucket)
        say(f"Deleted the bucket of {name} with {count} versions of objects")


def leftovers(aws: Aws, now: datetime, all_of_them: bool) -> list[str]:
    """The names of runs that left something, found by the tag that everything of them carries.

    Those whose time is not over may be going on elsewhere: they count with `all_of_them` only.
    """
    suffix = f"-{aws.account}-{aws.region}"
    found: dict[str, str] = {}
    for stack in cloudformation.every(aws):
        if TAG in stack.tags and stack.name == stack_name(name := stack.name.removesuffix("-publication")):
            found[name] = stack.tags[TAG]
    pages = aws.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": TAG}], ResourceTypeFilters=["s3"]
    )
    for page in pages:
        for each in page["ResourceTagMappingList"]:
            bucket = each["ResourceARN"].rpartition(":")[2]
            value = next(tag["Value"] for tag in each["Tags"] if tag["Key"] == TAG)
            if bucket.endswith(suffix) and bucket_exists(aws, bucket):
                found.setdefault(bucket.removesuffix(suffix), value)
    return sorted(name for name, expires in found.items() if all_of_them or is_over(expires, now))
