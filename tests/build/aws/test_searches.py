"""The search of a tuning job as SageMaker describes it."""

from datetime import UTC, datetime, timedelta
from functools import cache

import boto3
import pytest
from botocore.stub import Stubber

from model_build.aws import searches
from model_build.core.search import Attempt

BEGAN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
CONFIG = {
    "Strategy": "Bayesian",
    "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
    "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
}


@cache
def sagemaker():
    """A client whose answers each test states."""
    return boto3.client("sagemaker", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def attempt(name, **changes):
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}:training-job/{name}",
        "CreationTime": BEGAN,
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": {"epochs": name},
        **changes,
    }


def times(seconds):
    return {"TrainingStartTime": BEGAN, "TrainingEndTime": BEGAN + timedelta(seconds=seconds)}


def reached(value):
    return {
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:accuracy", "Value": value}
    }


@pytest.fixture
def described():
    """A function that describes a search with these pages of training jobs, of which one is the best."""

    def described(*pages, best=None):
        client = sagemaker()
        job = {
            "HyperParameterTuningJobName": "tune",
            "HyperParameterTuningJobArn": f"{ARN}:hyper-parameter-tuning-job/tune",
            "HyperParameterTuningJobConfig": CONFIG,
            "HyperParameterTuningJobStatus": "Completed",
            "CreationTime": BEGAN,
            "TrainingJobStatusCounters": {},
            "ObjectiveStatusCounters": {},
            **({"BestTrainingJob": {**attempt(best), "ObjectiveStatus": "Succeeded"}} if best else {}),
        }
        with Stubber(client) as stub:
            stub.add_response(
                "describe_hyper_parameter_tuning_job", job, {"HyperParameterTuningJobName": "tune"}
            )
            for number, page in enumerate(pages):
                more = {"NextToken": str(number)} if number + 1 < len(pages) else {}
                asked = {"NextToken": str(number - 1)} if number else {}
                stub.add_response(
                    "list_training_jobs_for_hyper_parameter_tuning_job",
                    {"TrainingJobSummaries": list(page), **more},
                    {"HyperParameterTuningJobName": "tune", "MaxResults": 100, **asked},
                )
            return searches.describe(client, "tune")

    return described


def test_a_search_has_the_jobs_of_all_pages_and_the_best_of_them(described):
    one, two = attempt("1", **times(60), **reached(0.5)), attempt("2", **times(30.5), **reached(0.9))
    found = described([one], [two], best="2")
    best = Attempt("2", "Completed", {"epochs": "2"}, pytest.approx(0.9), 30.5)
    assert (found.strategy, found.objective) == ("bayesian", "validation:accuracy")
    assert found.attempts == (Attempt("1", "Completed", {"epochs": "1"}, 0.5, 60.0), best)
    assert (found.best, found.seconds, found.failed) == (found.attempts[1], 90.5, 0)


def test_a_job_that_never_began_or_reached_nothing_costs_and_counts_accordingly(described):
    waiting = attempt("1", TrainingJobStatus="Stopped")
    half = attempt("2", TrainingJobStatus="Failed", TrainingStartTime=BEGAN)
    useless = attempt("3", **times(10))
    found = described([waiting, half, useless])
    assert [each.seconds for each in found.attempts] == [0.0, 0.0, 10.0]
    assert [each.objective for each in found.attempts] == [None, None, None]
    assert (found.best, found.failed) == (None, 3)


def test_an_objective_of_zero_is_one(described):
    found = described([attempt("1", **times(1), **reached(0.0))], best="1")
    assert (found.attempts[0].objective, found.failed, found.best) == (0.0, 0, found.attempts[0])
