"""What tests of jobs share: their bucket, and jobs that are started, watched and waited for."""

import io
import tarfile
import time
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import Aws


@dataclass(frozen=True)
class Bucket:
    """The project's bucket."""

    name: str
    s3: Any

    def put(self, key, body):
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)
        return f"s3://{self.name}/{key}"

    def keys(self, prefix=""):
        found = self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", ())
        return [stored["Key"] for stored in found]

    def read(self, key):
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def unpacked(self, uri):
        """The files of an archive at an S3 URI: {name: bytes}."""
        body = self.read(uri.removeprefix(f"s3://{self.name}/"))
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
            return {member.name: content(tar, member) for member in tar if member.isfile()}


def content(tar, member):
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


@dataclass(frozen=True)
class Jobs:
    """Jobs of one kind, "Processing" or "Training"."""

    aws: Aws
    kind: str

    def create(self, request):
        self._call("create", **request)
        return request[f"{self.kind}JobName"]

    def describe(self, name):
        return self._call("describe", **{f"{self.kind}JobName": name})

    def stop(self, name):
        self._call("stop", **{f"{self.kind}JobName": name})

    def run(self, request):
        """Run a job to its end; returns its description."""
        return self.wait(self.create(request))

    def wait(self, name):
        for _ in range(3000):
            job = self.describe(name)
            if job[f"{self.kind}JobStatus"] not in {"InProgress", "Stopping"}:
                return job
            time.sleep(0.02)
        raise AssertionError(f"{name} does not end: {job}")

    def streams(self, name):
        logs = self.aws.client("logs")
        try:
            found = logs.describe_log_streams(logGroupName=self._group, logStreamNamePrefix=f"{name}/")
        except ClientError:  # the group comes with its first stream
            return []
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def log(self, name):
        logs = self.aws.client("logs")
        return [
            event["message"]
            for stream in self.streams(name)
            for event in logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True
            )["events"]
        ]

    def wait_for_line(self, name, line):
        for _ in range(1500):
            if line in self.log(name):
                return
            time.sleep(0.02)
        raise AssertionError(f"{name} never logs {line!r}: {self.log(name)}")

    @property
    def _group(self):
        return f"/aws/sagemaker/{self.kind}Jobs"

    def _call(self, verb, **request):
        return getattr(self.aws.client("sagemaker"), f"{verb}_{self.kind.lower()}_job")(**request)


@pytest.fixture
def bucket(aws):
    return Bucket(aws.bucket, aws.client("s3"))


@pytest.fixture
def processing(aws):
    return Jobs(aws, "Processing")


@pytest.fixture
def training(aws):
    return Jobs(aws, "Training")


def training_channel(name, uri, **changes):
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": source},
        "ContentType": "text/plain",
    } | changes


@pytest.fixture
def training_request(aws, bucket):
    """Makes the request of a training job. `channels` are {name: {key: text}}: what they hold is put into S3."""

    def training_request(name, image, hyperparameters, channels=(), **changes):
        for channel, files in dict(channels).items():
            for key, text in files.items():
                bucket.put(f"in/{name}/{channel}/{key}", text)
        prefix = f"s3://{aws.bucket}/in/{name}"
        inputs = [training_channel(channel, f"{prefix}/{channel}/") for channel in channels]
        return {
            "TrainingJobName": f"{aws.bucket}-{name}",
            "RoleArn": aws.role_arn,
            "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
            "HyperParameters": hyperparameters,
            **({"InputDataConfig": inputs} if inputs else {}),
            "OutputDataConfig": {"S3OutputPath": f"s3://{aws.bucket}/models/"},
            "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        } | changes

    return training_request
