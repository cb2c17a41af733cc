"""Hyperparameter tuning jobs: real trainings, chosen by their objective; and every request that is refused."""

import time

import pytest
from botocore.exceptions import ClientError

from local_aws.sagemaker.jobs.hyperparameter_search import Plan, search

SCIKIT_LEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
METRICS = [{"Name": "validation:score", "Regex": r"#score: ([0-9.e-]+)"}]
# The best is at 3; whatever is above 9 fails.
TRAIN = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--kind", default="none")
options = parser.parse_args()
assert options.rate < 9, "rate is too large"
print(f"#score: {100 - (options.rate - 3) ** 2}", flush=True)
pathlib.Path(os.environ["SM_MODEL_DIR"], "rate").write_text(str(options.rate))
"""


def numbers(low="0", high="8", **changes):
    return {"Name": "rate", "MinValue": low, "MaxValue": high, **changes}


@pytest.fixture
def request_of(training_request):
    """Makes the request of a tuning job of TRAIN."""

    def make(name, ranges, strategy="Random", jobs=3, parallel=2, **changes):
        stated = training_request(
            name, SCIKIT_LEARN, {"sagemaker_program": "train.py"}, {"code": {"train.py": TRAIN}}
        )
        definition = {
            "StaticHyperParameters": stated.pop("HyperParameters"),
            "AlgorithmSpecification": stated.pop("AlgorithmSpecification") | {"MetricDefinitions": METRICS},
        }
        del stated["TrainingJobName"]
        limits = {"MaxParallelTrainingJobs": parallel} | ({"MaxNumberOfTrainingJobs": jobs} if jobs else {})
        config = {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
            "ResourceLimits": limits,
            "ParameterRanges": ranges,
            "RandomSeed": 1,
        }
        return {
            "HyperParameterTuningJobName": f"tuning-{name}",
            "HyperParameterTuningJobConfig": config | changes,
            "TrainingJobDefinition": definition | stated,
            "Tags": [{"Key": "project", "Value": "shop"}],
        }

    return make


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def run(sagemaker):
    """Run a tuning job to its end; returns its description and its training jobs, the best first."""

    def run(request):
        sagemaker.create_hyper_parameter_tuning_job(**request)
        name = {"HyperParameterTuningJobName": request["HyperParameterTuningJobName"]}
        for _ in range(3000):
            found = sagemaker.describe_hyper_parameter_tuning_job(**name)
            if found["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
                break
            time.sleep(0.02)
        sort = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
        listed = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(**name, **sort, MaxResults=100)
        return found, listed["TrainingJobSummaries"]

    return run


def test_the_best_training_job_is_the_one_with_the_best_objective(aws, sagemaker, run, request_of):
    found, jobs = run(request_of("best", {"ContinuousParameterRanges": [numbers()]}))

    assert found["HyperParameterTuningJobStatus"] == "Completed", found.get("FailureReason")
    assert found["TrainingJobStatusCounters"]["Completed"] == len(jobs) == 3
    distances = [abs(float(job["TunedHyperParameters"]["rate"]) - 3) for job in jobs]
    assert distances == sorted(distances)
    best = found["BestTrainingJob"]
    assert best["TrainingJobName"] == jobs[0]["TrainingJobName"]
    assert best["TrainingJobName"].startswith("tuning-best-")
    described = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert described["HyperParameters"]["_tuning_objective_metric"] == "validation:score"
    tags = sagemaker.list_tags(ResourceArn=best["TrainingJobArn"])["Tags"]
    assert {"Key": "project", "Value": "shop"} in tags
    uri = f"s3://{aws.bucket}/models/{best['TrainingJobName']}/output/model.tar.gz"
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == uri


def test_a_training_job_that_fails_is_counted_and_not_chosen(run, request_of):
    ranges = {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["10", "5"]}]}
    found, jobs = run(request_of("failing", ranges, strategy="Grid", jobs=None))

    assert found["HyperParameterTuningJobStatus"] == "Completed", found.get("FailureReason")
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert [job["TunedHyperParameters"] for job in jobs] == [{"rate": "5"}]


def test_a_search_in_which_no_training_succeeds_fails_and_says_why(run, request_of):
    ranges = {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["10"]}]}
    found, _ = run(request_of("hopeless", ranges, strategy="Grid", jobs=None))

    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert "rate is too large" in found["FailureReason"]


BAD_REQUESTS = {
    "an empty range": (
        {"IntegerParameterRanges": [numbers("5", "5")]},
        {},
        "MinValue 5 must be less than MaxValue 5",
    ),
    "no range": ({}, {}, "must have at least one range"),
    "no number": ({"IntegerParameterRanges": [numbers("1.5", "5")]}, {}, "'1.5' is no integer number"),
    "logarithmic from zero": (
        {"ContinuousParameterRanges": [numbers(ScalingType="Logarithmic")]},
        {},
        "with Logarithmic scaling MinValue must be more than 0",
    ),
    "a grid of numbers": (
        {"IntegerParameterRanges": [numbers()]},
        {"Strategy": "Grid"},
        "The Grid strategy supports CategoricalParameterRanges only",
    ),
    "a grid of another size": (
        {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["1", "2"]}]},
        {"Strategy": "Grid"},
        "tries all 2 combinations",
    ),
    "an unknown objective": (
        {"IntegerParameterRanges": [numbers()]},
        {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "accuracy"}},
        "The objective metric accuracy is not among the metrics of the algorithm: validation:score",
    ),
    "Hyperband": (
        {"IntegerParameterRanges": [numbers()]},
        {"Strategy": "Hyperband"},
        "Hyperband is not embedded",
    ),
}


def test_what_could_never_search_is_refused_before_anything_runs(sagemaker, request_of):
    for why, (ranges, changes, message) in BAD_REQUESTS.items():
        with pytest.raises(ClientError) as caught:
            sagemaker.create_hyper_parameter_tuning_job(**request_of("bad", ranges, **changes))
        assert message in caught.value.response["Error"]["Message"], why
    static = request_of("bad", {"IntegerParameterRanges": [numbers()]})
    static["TrainingJobDefinition"]["StaticHyperParameters"]["rate"] = "1"
    with pytest.raises(ClientError, match="is in StaticHyperParameters and in ParameterRanges"):
        sagemaker.create_hyper_parameter_tuning_job(**static)


def plan(strategy, jobs=12):
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": {
            "ContinuousParameterRanges": [numbers("0.001", "10", ScalingType="Logarithmic")],
            "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "4"}],
        },
        "RandomSeed": 3,
    }
    return Plan.parse(config)


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_a_seed_repeats_the_settings_and_they_are_within_the_ranges(strategy):
    def tried():
        asked, found = search(plan(strategy)), []
        for _ in range(12):
            number, settings = asked.ask()
            asked.tell(number, (float(settings["rate"]) - 1) ** 2 if number % 4 else None)
            found.append(settings)
        return found

    first = tried()
    assert first == tried()
    assert all(0.001 <= float(each["rate"]) <= 10 and each["n"] in "1234" for each in first)


def test_a_bayesian_search_comes_nearer_than_chance():
    def nearest(strategy):
        asked, found = search(plan(strategy, jobs=40)), []
        for _ in range(40):
            number, settings = asked.ask()
            distance = abs(float(settings["rate"]) - 2) + abs(int(settings["n"]) - 3)
            asked.tell(number, distance)
            found.append(distance)
        return sum(found[20:])

    assert nearest("Bayesian") < nearest("Random")
