"""The search of a tuning step: its training jobs, and the best of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_build.core.search import Attempt, Search

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient


def describe(sagemaker: SageMakerClient, job: str) -> Search:
    """The search of the tuning job called `job`, with all its training jobs."""
    found = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=job, PaginationConfig={"PageSize": 100}
    )
    attempts = []
    for summary in (each for page in pages for each in page["TrainingJobSummaries"]):
        start, end = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
        objective = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {})
        attempts.append(
            Attempt(
                name=summary["TrainingJobName"],
                status=summary["TrainingJobStatus"],
                settings=dict(summary["TunedHyperParameters"]),
                objective=objective.get("Value"),
                seconds=(end - start).total_seconds() if start and end else 0.0,
            )
        )
    config = found["HyperParameterTuningJobConfig"]
    best = found.get("BestTrainingJob", {}).get("TrainingJobName", "")
    return Search(
        strategy=config["Strategy"].lower(),
        objective=config["HyperParameterTuningJobObjective"]["MetricName"],
        attempts=tuple(attempts),
        best=next((each for each in attempts if each.name == best), None),
    )
