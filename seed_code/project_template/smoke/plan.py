"""The plan of a smoke run: its resources, its time limits, and its highest cost. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from model_common import prices
from project_template.errors import UsageError

TAG = "project-template:smoke"
"""On everything that a run makes. Its value is the end of the run's time: what is there afterwards is left over."""

JOBS = {"Prepare": "processing", "Train": "training", "Evaluate": "processing"}
"""The jobs of one pipeline execution, and the part of a recipe that says on what and how long."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "processing": {"instance_type": "ml.m5.large", "max_runtime_seconds": 3600},
    "training": {"instance_type": "ml.c5.xlarge", "max_runtime_seconds": 3600},
}
"""Those of recipes that do not say it."""
EXECUTIONS = 2
"""The one that trains, and the repeated one of a probe."""
INSTANCES = {"staging": ("ml.m5.large", 1), "production": ("ml.m5.large", 2)}
"""The instances of the stages' endpoints. A rollout has twice as many while the traffic moves."""
ALARMS = 12
TEARDOWN_MINUTES = 60
SHORTEST_MINUTES = 30

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Job:
    """A job of the pipeline, with its instance and its time limit."""

    name: str
    instance_type: str
    hours: float


def jobs_of(recipe: Mapping[str, Any]) -> tuple[Job, ...]:
    """The jobs that a recipe, as its file has it, is run by."""
    found = []
    for name, part in JOBS.items():
        settings = DEFAULTS[part] | dict(recipe.get(part) or {})
        found.append(Job(name, str(settings["instance_type"]), float(settings["max_runtime_seconds"]) / 3600))
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """A run: `name` is that of the publication and of the project; `minutes` is the spending stop."""

    name: str
    github_org: str
    recipe: str
    minutes: int
    jobs: tuple[Job, ...] = jobs_of({})

    def __post_init__(self) -> None:
        if self.minutes < SHORTEST_MINUTES:
            raise UsageError(f"--minutes is {self.minutes}; expected {SHORTEST_MINUTES} or more.")

    def expires(self, now: datetime) -> str:
        """The tag's value for a run that begins now."""
        end = now + timedelta(minutes=self.minutes + TEARDOWN_MINUTES)
        return end.astimezone(UTC).strftime(_TIME)

    @property
    def hours(self) -> float:
        """How long anything of the run can live, its teardown included."""
        return (self.minutes + TEARDOWN_MINUTES) / 60


@dataclass(frozen=True)
class Cost:
    """A part of the bound, in US dollars."""

    what: str
    dollars: float


def is_over(settings: str, now: datetime) -> bool:
    """Whether a tag's value lies in the past. A value that is no time belongs to no run that can still go on."""
    try:
        return datetime.strptime(settings, _TIME).replace(tzinfo=UTC) < now
    except ValueError:
        return True


def costs(plan: Plan) -> list[Cost]:
    """The highest cost of the run: each job for its time limit, each endpoint with twice its instances for the whole time.

    Raises UnknownPriceError for an instance that has no price.
    """
    return [
        *(
            Cost(
                f"{job.name}: {EXECUTIONS} jobs on {job.instance_type}, {job.hours:g} h each",
                prices.instance_hours(job.instance_type, min(job.hours, plan.hours) * EXECUTIONS),
            )
            for job in plan.jobs
        ),
        *(
            Cost(
                f"endpoint {stage}: {count} {instance}, twice during a rollout, for {plan.hours:g} h",
                prices.instance_hours(instance, 2 * count * plan.hours),
            )
            for stage, (instance, count) in INSTANCES.items()
        ),
        Cost(
            "one KMS key and the alarms, as if for a day",
            (prices.KEY_MONTH + ALARMS * prices.ALARM_MONTH) / 28 * prices.REGION_FACTOR,
        ),
        Cost("requests, logs, and storage of some megabytes", 0.5),
    ]


def bound(plan: Plan) -> float:
    """The upper bound in US dollars."""
    return sum(each.dollars for each in costs(plan))


def lines(plan: Plan, account: str, region: str) -> list[str]:
    """The resources that a run creates and its highest cost, as lines for the confirmation."""
    made = [
        f"publication {plan.name}: a stack with bucket, launch role, boundary, users' policy; GitHub's OIDC provider where the "
        "account has none, which stays",
        f"project {plan.name}: a stack with roles, key, bucket, model package group, two functions, event rule",
        f"repositories {plan.github_org}/{plan.name}-build and -deploy, private; they stay, archived",
        f"pipeline {plan.name}-{plan.recipe}: {', '.join(JOBS)}; two model packages",
        f"endpoints {plan.name}-staging and {plan.name}-production, with alarms and an API",
        "role and pipeline of a probe, for minutes",
    ]
    shown = [f"In the account {account}, {region}, this makes:", *(f"  {each}" for each in made), ""]
    shown.append(
        f"It costs at most (prices of {prices.DATE}, {prices.SOURCE}, times {prices.REGION_FACTOR}):"
    )
    shown += [f"  {each.dollars:6.2f} USD  {each.what}" for each in costs(plan)]
    shown.append(f"  {bound(plan):6.2f} USD  together")
    shown.append(
        f"It stops after {plan.minutes} minutes, whatever runs then, and takes everything down but what is said to stay."
    )
    return shown
