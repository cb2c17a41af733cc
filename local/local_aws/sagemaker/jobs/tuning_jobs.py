"""Hyperparameter tuning jobs: training jobs that a search starts, and the best of them."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.containers import images
from local_aws.containers.errors import UnsupportedError
from local_aws.containers.images import Kind
from local_aws.containers.training import TrainingContainer
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns
from local_aws.sagemaker.jobs.hyperparameter_search import Plan, refused, search
from local_aws.sagemaker.jobs.jobs import without_none
from local_aws.sagemaker.tags import Tags

log = logging.getLogger(__name__)

KIND = "hyper-parameter-tuning-job"
OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter that tells each training job what it is judged by."""

_NAME = "HyperParameterTuningJobName"
_NOT_EMBEDDED = ("TrainingJobDefinitions", "WarmStartConfig", "Autotune")
_NOT_EMBEDDED_HERE = ("HyperParameterTuningResourceConfig", "CheckpointConfig", "RetryStrategy")
_SHARED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "Environment",
)
_PAUSE = 0.05
_WITHOUT_OBJECTIVE = 5
"""Training jobs that may end without an objective before SageMaker gives the search up."""

_BUILT_IN_OBJECTIVE = "validation:accuracy"
"""BlazingText's. Source: "Tune a BlazingText Model", Amazon SageMaker developer guide."""


@dataclass
class Attempt:
    """A training job of the search: its settings, and its description when it has ended."""

    number: int
    name: str
    settings: Mapping[str, str]
    created: datetime
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the training job has ended."""
        return self.job.get("TrainingJobStatus", "InProgress") not in ("InProgress", "Stopping")

    def objective(self, metric: str) -> float | None:
        """The last figure of the metric; None if the job did not complete, or never said it."""
        if self.job.get("TrainingJobStatus") != "Completed":
            return None
        figures = {each["MetricName"]: each["Value"] for each in self.job.get("FinalMetricDataList", ())}
        return figures.get(metric)


class TuningJob:
    """One tuning job, with a thread that starts training jobs and waits for them."""

    def __init__(self, account: Account, name: str, arn: str, request: Mapping[str, Any], plan: Plan) -> None:
        self.name, self.arn, self.request, self.plan = name, arn, request, plan
        self.created = self.modified = datetime.now(UTC)
        self.ended: datetime | None = None
        self.status, self.reason = "InProgress", ""
        self.attempts: list[Attempt] = []
        self.stopping = threading.Event()
        self._sagemaker = account.client("sagemaker")
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the job's thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop starting training jobs, and wait for the thread."""
        self.stopping.set()
        self._thread.join(timeout=10)

    @property
    def ranked(self) -> list[Attempt]:
        """The training jobs with an objective, the best first."""
        found = [each for each in self.attempts if each.objective(self.plan.metric) is not None]
        sign = -1.0 if self.plan.maximize else 1.0
        return sorted(found, key=lambda each: sign * (each.objective(self.plan.metric) or 0.0))

    def _run(self) -> None:
        try:
            self._search()
        except Exception as error:
            log.exception("%s failed for a reason of the embedded AWS's own", self.arn)
            self._finish("Failed", f"InternalServerError: {type(error).__name__}: {error}")

    def _search(self) -> None:
        settings, deadline = search(self.plan), time.monotonic() + self.plan.seconds
        at_once = min(self.plan.parallel, os.cpu_count() or 1)
        running: list[Attempt] = []
        while not self.stopping.is_set() and (running or len(self.attempts) < self.plan.jobs):
            if time.monotonic() > deadline or self._is_hopeless():
                break
            while len(running) < at_once and len(self.attempts) < self.plan.jobs:
                running.append(self._begin(*settings.ask()))
            self.stopping.wait(_PAUSE)
            for attempt in [each for each in running if self._refresh(each)]:
                running.remove(attempt)
                settings.tell(attempt.number, attempt.objective(self.plan.metric))
        stopped = self.stopping.is_set()
        self._end(running)
        if stopped:
            self._finish("Stopped", "")
        elif self.ranked:
            self._finish("Completed", "")
        else:
            self._finish("Failed", self._no_objective())

    def _is_hopeless(self) -> bool:
        ended = [each for each in self.attempts if each.ended]
        return len(ended) >= _WITHOUT_OBJECTIVE and not self.ranked

    def _begin(self, number: int, settings: Mapping[str, str]) -> Attempt:
        """Start a training job with these settings."""
        name = f"{self.name}-{number + 1:03d}-{secrets.token_hex(4)}"
        self._sagemaker.create_training_job(**_training_request(self.request, self.plan, name, settings))
        attempt = Attempt(number, name, settings, datetime.now(UTC))
        self.attempts.append(attempt)
        self.modified = attempt.created
        return attempt

    def _refresh(self, attempt: Attempt) -> bool:
        attempt.job = self._sagemaker.describe_training_job(TrainingJobName=attempt.name)
        return attempt.ended

    def _end(self, running: list[Attempt]) -> None:
        """Stop what runs, and wait for it."""
        for attempt in running:
            try:
                self._sagemaker.stop_training_job(TrainingJobName=attempt.name)
            except self._sagemaker.exceptions.ClientError:
                log.debug("%s ended by itself", attempt.name)
            while not self._refresh(attempt):
                time.sleep(_PAUSE)

    def _no_objective(self) -> str:
        failed = [each for each in self.attempts if each.job.get("FailureReason")]
        if failed:
            why = failed[0].job["FailureReason"]
            return f"ClientError: No training job succeeded. {failed[0].name} failed: {why}"[:1024]
        return (
            f"ClientError: No objective metrics found after running {len(self.attempts)} training jobs. Please ensure that "
            f"the custom algorithm is emitting the objective metric {self.plan.metric} as defined by the regular expression "
            "provided."
        )

    def _finish(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason
        self.ended = self.modified = datetime.now(UTC)


class TuningJobs:
    """CreateHyperParameterTuningJob, DescribeHyperParameterTuningJob, ListTrainingJobsForHyperParameterTuningJob,
    StopHyperParameterTuningJob.
    """

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account, self._tags = account, tags
        self._jobs: dict[str, TuningJob] = {}
        self._lock = threading.Lock()

    def create_hyper_parameter_tuning_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a tuning job and start its search.

        Raises ResourceInUse, ValidationException. Source: Amazon SageMaker API reference, CreateHyperParameterTuningJob.
        """
        plan = _plan_of(request)
        name = request[_NAME]
        arn = arns.make(self._account, KIND, name)
        with self._lock:
            if name in self._jobs:
                raise ServiceError("ResourceInUse", f"A tuning job with the name {name} exists ({arn}).")
            job = self._jobs[name] = TuningJob(self._account, name, arn, request, plan)
        self._tags.put(arn, request.get("Tags", ()))
        job.start()
        return {"HyperParameterTuningJobArn": arn}

    def describe_hyper_parameter_tuning_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one tuning job, with its best training job.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, DescribeHyperParameterTuningJob.
        """
        job = self._find(request[_NAME])
        ranked = job.ranked
        stated = {
            member: job.request[member]
            for member in ("HyperParameterTuningJobConfig", "TrainingJobDefinition")
        }
        known = {
            "HyperParameterTuningEndTime": job.ended,
            "FailureReason": job.reason or None,
            "BestTrainingJob": _summary(job, ranked[0]) if ranked else None,
        }
        return (
            stated
            | without_none(known)
            | {
                _NAME: job.name,
                "HyperParameterTuningJobArn": job.arn,
                "HyperParameterTuningJobStatus": job.status,
                "CreationTime": job.created,
                "LastModifiedTime": job.modified,
                "TrainingJobStatusCounters": _job_counters(job),
                "ObjectiveStatusCounters": _objective_counters(job),
            }
        )

    def list_training_jobs_for_hyper_parameter_tuning_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the training jobs of a tuning job, one page at a time.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, ListTrainingJobsForHyperParameterTuningJob.
        """
        job = self._find(request[_NAME])
        attempts = list(job.attempts)
        if request.get("SortBy") == "FinalObjectiveMetricValue":
            # Jobs without an objective are left out.
            attempts = sorted(job.ranked, key=lambda each: each.objective(job.plan.metric) or 0.0)
        if request.get("SortOrder") == "Descending":
            attempts = attempts[::-1]
        wanted = request.get("StatusEquals")
        summaries = [_summary(job, each) for each in attempts]
        chosen = [each for each in summaries if wanted in (None, each["TrainingJobStatus"])]
        shown, token = page(chosen, request, key=lambda summary: summary["TrainingJobName"])
        return paged({"TrainingJobSummaries": shown}, token)

    def stop_hyper_parameter_tuning_job(self, request: dict[str, Any]) -> None:
        """Stop a tuning job and its training jobs.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, StopHyperParameterTuningJob.
        """
        job = self._find(request[_NAME])
        if job.ended is None:
            job.status = "Stopping"
            job.stopping.set()

    def close(self) -> None:
        """Stop all tuning jobs."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.close()

    def _find(self, name: str) -> TuningJob:
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise ServiceError("ResourceNotFound", f"There is no hyperparameter tuning job named {name}.")
        return job


def _plan_of(request: Mapping[str, Any]) -> Plan:
    for member in _NOT_EMBEDDED:
        if request.get(member):
            raise refused(f"{member} is not embedded: leave it out.")
    definition = request.get("TrainingJobDefinition")
    if definition is None:
        raise refused("TrainingJobDefinition is required.")
    for member in _NOT_EMBEDDED_HERE:
        if definition.get(member):
            raise refused(f"TrainingJobDefinition.{member} is not embedded: leave it out.")
    plan = Plan.parse(request["HyperParameterTuningJobConfig"])
    both = [each.name for each in plan.ranges if each.name in definition.get("StaticHyperParameters", {})]
    if both:
        raise refused(f"The hyperparameter {both[0]} is in StaticHyperParameters and in ParameterRanges.")
    try:
        TrainingContainer.check(_training_request(request, plan, f"{request[_NAME]}-001", {}))
    except UnsupportedError as error:
        raise refused(str(error)) from error
    _check_objective(definition["AlgorithmSpecification"], plan.metric)
    return plan


def _check_objective(specification: Mapping[str, Any], metric: str) -> None:
    if images.find(specification["TrainingImage"]).kind is Kind.BLAZINGTEXT:
        known = [_BUILT_IN_OBJECTIVE]
    else:
        known = [each["Name"] for each in specification.get("MetricDefinitions", ())]
    if metric not in known:
        raise refused(
            f"The objective metric {metric} is not among the metrics of the algorithm: {', '.join(known) or 'none'}."
        )


def _training_request(
    request: Mapping[str, Any], plan: Plan, name: str, settings: Mapping[str, str]
) -> dict[str, Any]:
    """The request of a training job with these settings."""
    definition = request["TrainingJobDefinition"]
    static = definition.get("StaticHyperParameters", {})
    made = {member: definition[member] for member in _SHARED if member in definition}
    made["TrainingJobName"] = name
    made["HyperParameters"] = {**static, **settings, OBJECTIVE: plan.metric}
    if tags := request.get("Tags"):
        made["Tags"] = tags
    return made


def _summary(job: TuningJob, attempt: Attempt) -> dict[str, Any]:
    described, metric = attempt.job, job.plan.metric
    value = attempt.objective(metric)
    objective = None if value is None else {"MetricName": metric, "Value": value}
    unfinished = "Pending" if not attempt.ended else "Failed"
    return without_none(
        {
            "TrainingJobName": attempt.name,
            "TrainingJobArn": described.get("TrainingJobArn", job.arn.replace(KIND, "training-job")),
            "CreationTime": attempt.created,
            "TrainingStartTime": described.get("TrainingStartTime"),
            "TrainingEndTime": described.get("TrainingEndTime"),
            "TrainingJobStatus": described.get("TrainingJobStatus", "InProgress"),
            "TunedHyperParameters": dict(attempt.settings),
            "FailureReason": described.get("FailureReason"),
            "FinalHyperParameterTuningJobObjectiveMetric": objective,
            "ObjectiveStatus": unfinished if value is None else "Succeeded",
        }
    )


def _job_counters(job: TuningJob) -> dict[str, int]:
    statuses = [each.job.get("TrainingJobStatus", "InProgress") for each in job.attempts]
    return {
        "Completed": statuses.count("Completed"),
        "InProgress": statuses.count("InProgress") + statuses.count("Stopping"),
        "RetryableError": 0,
        "NonRetryableError": statuses.count("Failed"),
        "Stopped": statuses.count("Stopped"),
    }


def _objective_counters(job: TuningJob) -> dict[str, int]:
    pending = sum(not each.ended for each in job.attempts)
    succeeded = len(job.ranked)
    return {"Succeeded": succeeded, "Pending": pending, "Failed": len(job.attempts) - pending - succeeded}
