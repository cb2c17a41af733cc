"""`project-template publish`: the template to where Studio finds it, in either form, or both.

What is published is put together from the checkout (`blueprint`), compared with what there is (`publication.observe`), and
the difference is a plan (`plan.make`), of which `--dry-run` prints each step and a run carries each out. So both say the
same, and an interrupted run is taken up by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.account import publication
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch
from project_template.core import blueprint, plan
from project_template.core.blueprint import Blueprint, Checkout, Place, Synthesis, There
from project_template.core.plan import ApplyStack, Observed, Step
from project_template.core.settings import PublishSettings

LIMIT_SECONDS = 1800


@dataclass(frozen=True)
class Plan:
    """The plan of a publication. `steps` is empty if it is up to date."""

    blueprint: Blueprint
    steps: list[Step]


def place(aws: Aws) -> Place:
    """The account, region and partition of the caller's credentials."""
    return Place(aws.account, aws.region, aws.partition)


def make(aws: Aws, settings: PublishSettings, source: Checkout, synthesis: Synthesis) -> Plan:
    """Work out the plan; describes only."""
    where = place(aws)
    name = blueprint.stack_name(settings.name)
    found = cloudformation.describe(aws, name)
    current = cloudformation.template(aws, name) if found and found.status != "REVIEW_IN_PROGRESS" else None
    there = There(current, publication.oidc_provider(aws, settings.issuer))
    made = blueprint.make(settings, where, source, synthesis, there)
    observed: Observed = publication.observe(aws, name, made.wanted.bucket, made.keys, made.wanted.domains)
    return Plan(made, plan.make(made.wanted, observed))


def run(
    aws: Aws,
    settings: PublishSettings,
    source: Checkout,
    synthesis: Synthesis,
    console: Console,
    timeout: float | None = None,
) -> Plan:
    """Publish, and return what was done. Can be run again at any time: it goes on from where the last one came to."""
    progress = Progress(console)
    watch = Watch(aws, progress, Deadline(timeout or LIMIT_SECONDS))
    publication.settle(aws, blueprint.stack_name(settings.name), watch)
    made = make(aws, settings, source, synthesis)
    tags = {**dict(settings.tags), publication.PUBLICATION_TAG: settings.name}
    publication.execute(aws, made.steps, tags, watch, progress)
    return made


def _values_to_type(made: Blueprint) -> list[str]:
    """Notes for users of the S3 form, which Studio does not show."""
    if not made.user_policy_arn:
        return []
    return [
        f"role       {made.launch_role_arn}",
        "           (users type it into the field for the role of Studio's form)",
        f"users      {made.user_policy_arn}",
        "           (attached to every --principal; attach it to other users of the template)",
    ]


def document(made: Plan, dry_run: bool) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "published": not dry_run,
        "changed": bool(made.steps),
        "version": made.blueprint.version,
        "bucket": made.blueprint.wanted.bucket,
        "stack": made.blueprint.wanted.stack_name,
        "location": made.blueprint.wanted.location,
        "launch_role_arn": made.blueprint.launch_role_arn,
        "user_policy_arn": made.blueprint.user_policy_arn or None,
        "steps": [
            {"step": str(step), "changes": list(step.changes) if isinstance(step, ApplyStack) else []}
            for step in made.steps
        ],
    }


def lines(made: Plan, dry_run: bool) -> list[str]:
    """The plan for people."""
    wanted = made.blueprint.wanted
    printed = [
        f"version    {made.blueprint.version}",
        f"stack      {wanted.stack_name}",
        f"templates  {wanted.location}",
        *_values_to_type(made.blueprint),
    ]
    if not made.steps:
        return [*printed, "Nothing changes: this version is published already."]
    if not dry_run:
        return [*printed, f"Published in {len(made.steps)} steps."]
    printed += ["", "Publishing would:"]
    for number, step in enumerate(made.steps, 1):
        printed.append(f"{number:>3}. {step}")
        if isinstance(step, ApplyStack):
            printed += [f"       {change}" for change in step.changes]
    return printed
