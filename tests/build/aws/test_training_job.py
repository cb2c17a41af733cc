"""What a pull request trained: whether its objects are still the first ones, and the copy for main."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

import boto3
import pytest
from botocore.stub import Stubber

from model_build.aws import training_job
from model_build.aws.training_job import Job
from model_build.errors import IntegrityError

LATER, EARLIER = datetime(2100, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)
MODEL = b"a model"


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def job(aws, s3):
    """A completed job of pull request 7 with two inputs, one of them a prefix, and its artifact."""
    for key in (
        "pr/7/runs/train/part-1",
        "pr/7/runs/train/part-2",
        "pr/7/code/sourcedir.tar.gz",
        "pr/7/models/m",
    ):
        s3.put_object(Bucket=aws.bucket, Key=key, Body=MODEL)
    home = f"s3://{aws.bucket}/pr/7"
    inputs = (f"{home}/runs/train", f"{home}/code/sourcedir.tar.gz")
    return Job("job", f"{home}/models/m", inputs, started=LATER, ended=LATER, has_checkpoints=False)


def tampered(aws, s3, job):
    return training_job.tampered(s3, job, f"s3://{aws.bucket}/pr/7/")


def test_objects_that_were_written_once_before_they_were_read_are_believed(aws, s3, job):
    assert tampered(aws, s3, job) == ""


@pytest.mark.parametrize("key", ["pr/7/runs/train/part-2", "pr/7/code/sourcedir.tar.gz", "pr/7/models/m"])
def test_an_object_that_was_written_over_or_deleted_is_named(aws, s3, job, key):
    s3.put_object(Bucket=aws.bucket, Key=key, Body=MODEL)
    assert tampered(aws, s3, job) == f"s3://{aws.bucket}/{key} was written over"
    s3.delete_object(Bucket=aws.bucket, Key=key)
    assert tampered(aws, s3, job) == f"s3://{aws.bucket}/{key} was deleted"


def test_an_input_that_was_added_after_the_job_had_begun_is_named(aws, s3, job):
    late = Job(job.name, job.artifact, job.inputs, started=EARLIER, ended=LATER, has_checkpoints=False)
    said = tampered(aws, s3, late)
    assert said == f"s3://{aws.bucket}/pr/7/runs/train/part-1 was written after the job had read or made it"


def test_an_artifact_that_was_written_after_the_job_had_ended_is_named(aws, s3, job):
    late = Job(job.name, job.artifact, job.inputs, started=LATER, ended=EARLIER, has_checkpoints=False)
    assert tampered(aws, s3, late).startswith(f"s3://{aws.bucket}/pr/7/models/m was written after")


def test_what_is_not_there_any_more_proves_nothing(aws, s3, job):
    gone = Job(job.name, f"{job.artifact}-gone", job.inputs, LATER, LATER, has_checkpoints=False)
    assert tampered(aws, s3, gone) == f"{job.artifact}-gone is not there any more"


@pytest.mark.parametrize("uri", ["s3://elsewhere/pr/7/x", "s3://BUCKET/pr/70/x", "s3://BUCKET/data/x"])
def test_what_lies_elsewhere_is_not_looked_at(aws, s3, job, uri):
    uri = uri.replace("BUCKET", aws.bucket)
    for artifact, inputs in ((uri, job.inputs), (job.artifact, (*job.inputs, uri))):
        strange = Job(job.name, artifact, inputs, LATER, LATER, has_checkpoints=False)
        assert tampered(aws, s3, strange) == f"{uri} lies outside of s3://{aws.bucket}/pr/7/"


def test_the_copy_is_named_by_its_hash_and_made_once(aws, s3, job):
    digest = hashlib.sha256(MODEL).hexdigest()
    copied = training_job.copy(s3, aws.bucket, job.artifact)
    key = f"models/merged/{digest}/model.tar.gz"
    assert copied == training_job.Copy(f"s3://{aws.bucket}/{key}", digest)
    assert s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read() == MODEL
    assert training_job.copy(s3, aws.bucket, job.artifact) == copied
    assert len(s3.list_object_versions(Bucket=aws.bucket, Prefix=key)["Versions"]) == 1


def test_other_content_where_the_copy_belongs_is_an_error(aws, s3, job):
    key = f"models/merged/{hashlib.sha256(MODEL).hexdigest()}/model.tar.gz"
    s3.put_object(Bucket=aws.bucket, Key=key, Body=b"mine")
    with pytest.raises(IntegrityError, match=f"s3://{aws.bucket}/{key} holds other content"):
        training_job.copy(s3, aws.bucket, job.artifact)


BEGAN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=5)


@cache
def sagemaker():
    """A client whose answers each test states."""
    return boto3.client("sagemaker", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def described(**changes):
    """What is read of a training job that SageMaker describes so."""
    client = sagemaker()
    channels = [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://b/{name}"}},
        }
        for name in ("train", "wheels")
    ]
    answer = {
        "TrainingJobName": "job",
        "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:123456789012:training-job/job",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "StoppingCondition": {},
        "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
        "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
        "CreationTime": BEGAN,
        "TrainingStartTime": BEGAN,
        "TrainingEndTime": ENDED,
        "InputDataConfig": channels,
        **changes,
    }
    with Stubber(client) as stub:
        stub.add_response("describe_training_job", answer, {"TrainingJobName": "job"})
        return training_job.describe(client, "job")


def test_a_completed_job_is_known_by_its_inputs_and_its_times():
    assert described() == Job(
        "job", "s3://b/model.tar.gz", ("s3://b/train", "s3://b/wheels"), BEGAN, ENDED, False
    )


@pytest.mark.parametrize("stated", ["s3://b/sourcedir.tar.gz", '"s3://b/sourcedir.tar.gz"'])
def test_the_archive_of_a_script_is_an_input_too(stated):
    found = described(HyperParameters={"sagemaker_submit_directory": stated, "labels": "a b"})
    assert found.inputs == ("s3://b/train", "s3://b/wheels", "s3://b/sourcedir.tar.gz")


def test_a_job_with_checkpoints_may_have_resumed():
    assert described(CheckpointConfig={"S3Uri": "s3://b/checkpoints"}).has_checkpoints


@pytest.mark.parametrize("status", ["InProgress", "Failed", "Stopping", "Stopped"])
def test_a_job_that_did_not_complete_is_none(status):
    assert described(TrainingJobStatus=status) is None
