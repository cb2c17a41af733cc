"""Step caching: what makes two runs of a step the same, and how long one may answer for the other."""

from datetime import UTC, datetime, timedelta

import pytest

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import cache
from local_aws.sagemaker.workflow.cache import CacheConfig, Hit, StepCache

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROCESSING = {
    "AppSpecification": {"ImageUri": "image"},
    "Environment": {"A": "1"},
    "ProcessingInputs": [{"InputName": "data"}],
    "ProcessingOutputConfig": {"Outputs": []},
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}},
    "RoleArn": "role",
}
TRAINING = {
    "AlgorithmSpecification": {"TrainingImage": "image"},
    "HyperParameters": {"epochs": "5"},
    "InputDataConfig": [{"ChannelName": "train"}],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket"},
    "ResourceConfig": {"InstanceCount": 1},
}


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P30D", timedelta(days=30)),
        ("PT1H", timedelta(hours=1)),
        ("30d", timedelta(days=30)),
        ("T16m", timedelta(minutes=16)),
        ("30dT5h", timedelta(days=30, hours=5)),
        ("p4dt12h", timedelta(days=4, hours=12)),
        ("P1M", timedelta(days=30)),
        ("5y", timedelta(days=1825)),
        ("P2W", timedelta(weeks=2)),
        ("PT90S", timedelta(seconds=90)),
    ],
)
def test_expiry_is_an_iso_8601_duration_as_aws_writes_it(text, duration):
    assert cache.parse({"Enabled": True, "ExpireAfter": text}, "Prepare") == CacheConfig(True, duration)


@pytest.mark.parametrize("text", ["", "P", "T", "30", "1 day", "P1H", 30])
def test_what_is_no_duration_is_refused_naming_the_step(text):
    with pytest.raises(ServiceError, match=r"Step 'Prepare' has ExpireAfter .* not an ISO 8601 duration"):
        cache.parse({"Enabled": True, "ExpireAfter": text}, "Prepare")


@pytest.mark.parametrize(
    "config", [{"Enabled": "yes"}, {"ExpireAfter": "P1D"}, {"Enabled": True, "Expires": "P1D"}, []]
)
def test_a_malformed_config_is_refused(config):
    with pytest.raises(ServiceError, match="malformed CacheConfig"):
        cache.parse(config, "Prepare")


@pytest.mark.parametrize(
    ("step_type", "arguments", "member"),
    [
        ("Processing", PROCESSING, "ProcessingOutputConfig"),
        ("Processing", PROCESSING, "ProcessingResources"),
        ("Processing", PROCESSING, "RoleArn"),
        ("Training", TRAINING, "OutputDataConfig"),
        ("Training", TRAINING, "ResourceConfig"),
    ],
)
def test_where_a_job_runs_and_writes_does_not_matter(step_type, arguments, member):
    assert cache.key("S", step_type, arguments) == cache.key("S", step_type, {**arguments, member: "other"})


@pytest.mark.parametrize(
    ("step_type", "arguments", "member"),
    [
        ("Processing", PROCESSING, "AppSpecification"),
        ("Processing", PROCESSING, "Environment"),
        ("Processing", PROCESSING, "ProcessingInputs"),
        ("Training", TRAINING, "AlgorithmSpecification"),
        ("Training", TRAINING, "HyperParameters"),
        ("Training", TRAINING, "InputDataConfig"),
        ("Training", TRAINING, "CheckpointConfig"),
    ],
)
def test_what_a_job_does_matters(step_type, arguments, member):
    assert cache.key("S", step_type, arguments) != cache.key("S", step_type, {**arguments, member: "other"})


def test_steps_of_different_names_do_not_answer_for_each_other():
    assert cache.key("A", "Processing", PROCESSING) != cache.key("B", "Processing", PROCESSING)


def test_the_latest_run_answers_until_it_is_too_old():
    runs, config = StepCache(), CacheConfig(True, timedelta(hours=1))
    runs.add("key", Hit("first", NOON - timedelta(minutes=90), {}, {}))
    assert runs.find("key", config, NOON) is None
    runs.add("key", Hit("second", NOON - timedelta(minutes=60), {}, {}))
    found = runs.find("key", config, NOON)
    assert found is not None
    assert found.execution_arn == "second"
    assert runs.find("key", config, NOON + timedelta(seconds=1)) is None


def test_without_an_expiry_a_run_answers_for_ever():
    runs = StepCache()
    runs.add("key", Hit("first", NOON - timedelta(days=1000), {}, {}))
    assert runs.find("key", CacheConfig(True), NOON) is not None
    assert runs.find("other", CacheConfig(True), NOON) is None
