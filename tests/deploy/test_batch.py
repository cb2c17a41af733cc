"""Batch: the texts of a file go through the model's contract, and a transform job through the API."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from model_deploy import contract
from model_deploy.commands import batch
from model_deploy.errors import UsageError

STATED = {
    "version": 1,
    "recipe": "reviews",
    "labels": ["bad", "good"],
    "multi_label": False,
    "threshold": None,
    "text_rules": {},
}
FILES = {
    "contract.json": json.dumps(STATED).encode(),
    "text_rules.py": b"def tokenise(text, rules): return text.lower()",
}
CONTRACT = contract.parse(FILES, "the contract")


def test_a_line_is_what_the_model_was_trained_on():
    line = batch.request_of(b'{"text": "Lovely\\nDress", "id": 7}', 1, "s3://x/y", CONTRACT)
    assert json.loads(line) == {"source": "lovely dress", "k": 2}
    assert line.endswith(b"\n")


@pytest.mark.parametrize("line", [b"not json", b'"lovely"', b"{}", b'{"text": 7}'])
def test_a_line_that_holds_no_text_is_named(line):
    with pytest.raises(UsageError, match=r"^s3://x/y, line 3: expected a JSON object such as"):
        batch.request_of(line, 3, "s3://x/y", CONTRACT)


def test_without_a_live_model_there_is_nothing_to_classify_with(project):
    result = project.run("batch", "--stage", "staging", "--input", f"s3://{project.bucket}/texts.jsonl")
    assert result.exit_code == 2
    assert "No model package is live in staging" in result.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [("texts.jsonl", "is no file in S3"), ("s3://BUCKET/nowhere.jsonl", "There is no s3://")],
)
def test_a_file_that_is_not_there_is_a_usage_error(project, source, words):
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    result = project.run("batch", "--stage", "staging", "--input", source.replace("BUCKET", project.bucket))
    assert result.exit_code == 2
    assert words in result.stderr


class TransformJobs:
    """CreateTransformJob and DescribeTransformJob; every request has to fit the API's own model.

    `fate` is the status in which jobs end.
    """

    def __init__(self):
        self.jobs, self.fate = {}, "Completed"

    def __call__(self, original, client, operation, request):
        if not operation.endswith("TransformJob"):
            return original(client, operation, request)
        validate_parameters(request, client.meta.service_model.operation_model(operation).input_shape)
        name = request["TransformJobName"]
        if operation == "CreateTransformJob":
            if name in self.jobs:
                raise ClientError({"Error": {"Code": "ResourceInUse", "Message": "taken"}}, operation)
            self.jobs[name] = request
            return {}
        return {"TransformJobStatus": self.fate, "FailureReason": "no reason" * (self.fate == "Failed")}


@pytest.fixture
def transforms(monkeypatch):
    jobs, original = TransformJobs(), BaseClient._make_api_call
    monkeypatch.setattr(
        BaseClient,
        "_make_api_call",
        lambda client, operation, request: jobs(original, client, operation, request),
    )
    return jobs


@pytest.fixture
def texts(project):
    """The URI of a file of two texts, in a project with a live model."""
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    body = '{"text": "I love it"}\n\n{"text": "Awful"}\n'
    project.client("s3").put_object(Bucket=project.bucket, Key="texts.jsonl", Body=body)
    return f"s3://{project.bucket}/texts.jsonl"


def test_the_live_model_is_given_the_prepared_texts_line_by_line(project, texts, transforms):
    result = project.json("batch", "--stage", "staging", "--input", texts)
    [job] = transforms.jobs.values()
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "Line"
    assert job["ModelName"].startswith("Model-")
    uri = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    key = uri.removeprefix(f"s3://{project.bucket}/")
    prepared = project.client("s3").get_object(Bucket=project.bucket, Key=key)["Body"].read()
    assert [json.loads(line)["source"] for line in prepared.splitlines()] == ["i love it", "awful"]
    assert (result["texts"], result["job"]) == (2, job["TransformJobName"])
    assert result["output"] == f"{job['TransformOutput']['S3OutputPath']}texts.jsonl.out"


def test_the_same_batch_again_attaches_to_the_same_job(project, texts, transforms):
    first = project.json("batch", "--stage", "staging", "--input", texts)
    again = project.json("batch", "--stage", "staging", "--input", texts)
    assert again["job"] == first["job"]
    assert len(transforms.jobs) == 1


def test_a_job_that_failed_is_told_and_tried_under_another_name(project, texts, transforms):
    transforms.fate = "Failed"
    result = project.run("batch", "--stage", "staging", "--input", texts)
    assert result.exit_code == 1
    assert "failed: no reason" in result.stderr
    project.run("batch", "--stage", "staging", "--input", texts)
    assert len(transforms.jobs) == 2
