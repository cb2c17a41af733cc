"""What `batch` refuses, and how it tells that a job has ended otherwise."""

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from model_common import deadline
from model_deploy.commands import batch
from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.core.plan.observed import Endpoint, Live
from model_deploy.errors import CommandError, RefusedError, TimedOutError, UsageError

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
QUIET = Console(file=io.StringIO())
SHA256 = "a" * 64


def package(version, approval="Approved", **metadata):
    return Package(f"{GROUP}/{version}", "shop-models", version, approval, metadata=metadata)


def live(version, sha256=None):
    arn = f"{GROUP}/{version}" if version else None
    return Live(Endpoint("shop-staging", "InService", "config-1"), "model-1", arn, sha256)


class S3:
    """Objects by bucket and key."""

    def __init__(self, **objects):
        self.objects = objects

    def get_object(self, Bucket, Key):
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": SimpleNamespace(iter_lines=self.objects[Key].splitlines)}


@pytest.fixture
def good(contract):
    """A candidate that can be asked."""
    return Candidate(package(7), contract)


def batched(workspace, source="s3://shop/texts.jsonl", **request):
    return batch.run(workspace, batch.Request(source, **request), QUIET)


@pytest.mark.parametrize("output", ["answers/", "https://shop/answers", "s3://", "s3:///answers", ""])
def test_a_batch_goes_to_a_place_in_s3(workspace, serves, output):
    serves(live(7))
    if output:
        with pytest.raises(UsageError) as refused:
            batched(workspace, output=output)
        assert (
            refused.value.message == f"--output {output!r} is not a place in S3; expected s3://BUCKET/PREFIX."
        )


@pytest.mark.parametrize("found", [None, live(None)], ids=["no endpoint", "a model of no package"])
def test_a_batch_needs_a_live_package(workspace, serves, found):
    serves(found)
    with pytest.raises(UsageError, match=r"^No model package is live in staging; roll one out first\.$"):
        batched(workspace)


def test_a_batch_needs_the_contract_of_the_live_package(workspace, serves, candidate):
    serves(live(7))
    candidate(Candidate(package(7), None, contract_problem="It was changed."))
    with pytest.raises(RefusedError) as refused:
        batched(workspace)
    assert refused.value.message == f"The texts cannot be prepared for {GROUP}/7. It was changed."


def test_a_batch_is_not_run_by_another_artifact_than_the_registered_one(workspace, serves, candidate, good):
    serves(live(7, sha256="b" * 64))
    candidate(replace(good, package=package(7, **{"model-sha256": SHA256})))
    with pytest.raises(RefusedError) as refused:
        batched(workspace)
    assert refused.value.message == (
        f"shop-staging does not serve what was registered as {GROUP}/7: the artifact's SHA-256 is {'b' * 64}, the package says "
        f"{SHA256}. Roll it out again."
    )


@pytest.mark.parametrize(
    "source", ["texts.jsonl", "s3://shop", "s3://shop/", "s3:///texts.jsonl", "https://shop/texts.jsonl"]
)
def test_a_batch_reads_a_file_in_s3(workspace, serves, candidate, good, source):
    serves(live(7))
    candidate(good)
    with pytest.raises(UsageError) as refused:
        batched(workspace, source)
    assert refused.value.message == f"{source!r} is not a file in S3; expected s3://BUCKET/KEY."


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({}, "There is no s3://shop/texts.jsonl."),
        ({"texts.jsonl": b""}, "s3://shop/texts.jsonl holds no line."),
        ({"texts.jsonl": b"\n  \n"}, "s3://shop/texts.jsonl holds no line."),
        (
            {"texts.jsonl": b'{"text": "a"}\n{"txt": "a"}'},
            "s3://shop/texts.jsonl, line 2: expected a JSON object",
        ),
    ],
    ids=["missing", "empty", "blank", "no text"],
)
def test_a_batchs_file_has_a_text_on_each_line(workspace, serves, candidate, good, objects, said):
    serves(live(7))
    candidate(good)
    workspace.aws.s3 = S3(**objects)
    with pytest.raises(UsageError) as refused:
        batched(workspace)
    assert refused.value.message.startswith(said)


class Jobs:
    """Transform jobs of which every name is taken; each has that status."""

    def __init__(self, status, reason=""):
        self.status, self.reason, self.names = status, reason, []

    def create_transform_job(self, TransformJobName, **_):
        self.names.append(TransformJobName)
        raise ClientError({"Error": {"Code": "ResourceInUse", "Message": "taken"}}, "CreateTransformJob")

    def describe_transform_job(self, TransformJobName):
        return {"TransformJobStatus": self.status, "FailureReason": self.reason}


@pytest.fixture
def stored(monkeypatch, workspace, serves, candidate, good):
    """A workspace in which one text waits for its job."""
    serves(live(7))
    candidate(good)
    workspace.aws.s3 = S3(**{"texts.jsonl": b'{"text": "a"}'})
    monkeypatch.setattr(batch.objects, "put_file", lambda *arguments: SimpleNamespace(uri="s3://shop/x"))
    monkeypatch.setattr(deadline.time, "sleep", lambda seconds: None)
    return workspace


def test_a_batch_that_failed_under_every_name_says_where_to_look(stored):
    stored.aws.sagemaker = jobs = Jobs("Failed")
    with pytest.raises(CommandError) as failed:
        batched(stored)
    assert len(jobs.names) == len(set(jobs.names)) == 20
    base = jobs.names[0].removesuffix("-1")
    assert failed.value.message == f"20 transform jobs {base}-* failed already; look into their logs first."
    assert all(len(name) <= 63 for name in jobs.names)  # TransformJobName, CreateTransformJob


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("Failed", "ClientError: no", "failed: ClientError: no"),
        ("Stopped", "", "stopped: SageMaker gives no reason"),
    ],
)
def test_a_job_that_ends_otherwise_is_told_with_its_reason(stored, monkeypatch, status, reason, said):
    stored.aws.sagemaker = jobs = Jobs("InProgress")
    described = iter(["InProgress", "InProgress"])

    def describe(TransformJobName):
        return {"TransformJobStatus": next(described, status), "FailureReason": reason}

    monkeypatch.setattr(jobs, "describe_transform_job", describe)
    with pytest.raises(CommandError, match=rf"^The transform job shop-staging-[0-9a-f]{{12}}-1 {said}$"):
        batched(stored)


def test_a_job_that_takes_too_long_goes_on(stored):
    stored.aws.sagemaker = Jobs("InProgress")
    with pytest.raises(
        TimedOutError,
        match=r"^The transform job shop-staging-\w+-1 took longer than 0\.01 s\. It goes on on AWS",
    ):
        batched(stored, timeout=0.01)
