"""Quotas: whether the region has the instances that recipes and stages ask for, and the account may start them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, ok, warn

_CHECK = "quotas"
DEFAULTS = {"training": "ml.c5.xlarge", "processing": "ml.m5.large"}
"""model-build's defaults for a recipe without these keys; a test compares them."""


def wanted(recipes: Iterable[Mapping[str, Any]], stages: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The number of instances that run at the same time, by the quota's name. Jobs run one after the other.

    A rollout starts the new fleet beside the old one: all stages' instances, and those of the largest once more.
    """
    needed: dict[str, int] = {}
    for recipe in recipes:
        for job, default in DEFAULTS.items():
            part = recipe.get(job, {})
            name = f"{part.get('instance_type', default)} for {job} job usage"
            needed[name] = max(needed.get(name, 0), int(part.get("instance_count", 1)))
    running: Counter[str] = Counter()
    largest: dict[str, int] = {}
    for stage in stages:
        endpoint = stage.get("endpoint", {})
        if "instance_type" not in endpoint:
            continue
        name, count = f"{endpoint['instance_type']} for endpoint usage", int(
            endpoint.get("instance_count", 1)
        )
        running[name] += count
        largest[name] = max(largest.get(name, 0), count)
    return needed | {name: count + largest[name] for name, count in running.items()}


def read(folder: Path) -> list[Mapping[str, Any]]:
    """The recipes or stages in a folder of the checkout."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]


def allowed(aws: Aws) -> dict[str, float]:
    """SageMaker's quotas in this region by name: the account's own, and the default where it has none."""
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in aws.quotas.get_paginator(operation).paginate(ServiceCode="sagemaker"):
            found |= {each["QuotaName"]: each["Value"] for each in page["Quotas"]}
    return found


def check(needed: Mapping[str, int], quotas: Mapping[str, float], region: str) -> list[Finding]:
    """A finding for each quota that is needed."""
    findings = []
    for name, count in sorted(needed.items()):
        if name not in quotas:
            findings.append(
                fail(
                    _CHECK,
                    f"{region} has no quota {name!r}: it does not offer that instance for that",
                    "Choose another instance type in the recipe or stage, or another region.",
                )
            )
            continue
        value = quotas[name]
        found = f"{name}: {value:g}, needed {count}"
        raise_it = f"Ask for {count} or more in Service Quotas (Amazon SageMaker, {name})."
        if value < 1:
            findings.append(fail(_CHECK, found, raise_it))
        elif value < count:
            findings.append(warn(_CHECK, found, raise_it))
        else:
            findings.append(ok(_CHECK, found))
    return findings
