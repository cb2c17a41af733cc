"""Batch: the texts of a file go through the model's contract, and a transform job through the API."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from model_deploy.commands import batch
from model_deploy.core.model_package import contract
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
CONTRACT = contract.open_files(FILES, contract.folder_sha256(FILES), "the contract")


def test_a_line_is_what_the_model_was_trained_on():
    text = batch.text_of(b'{"text": "Lovely\\nDress", "id": 7}', 1, "s3://x/y")
    line = batch.requests_of([text], CONTRACT)
    assert json.loads(line) == {"source": "lovely dress", "k": 2}
    assert line.endswith(b"\n")


@pytest.mark.parametrize("line", [b"not json", b'"lovely"', b"{}", b'{"text": 7}'])
def test_a_line_that_holds_no_text_is_named(line):
    with pytest.raises(UsageError, match=r"^s3://x/y, line 3: expected a JSON object such as"):
        batch.text_of(line, 3, "s3://x/y")


@pytest.fixture(scope="module")
def live(make_project):
    """A project with a live model in staging, and none in production."""
    with make_project() as made:
        made.json("rollout", "--stage", "staging", "--model-package", made.register())
        yield made


def test_without_a_live_model_there_is_nothing_to_classify_with(live):
    result = live.run("batch", "--stage", "production", "--input", f"s3://{live.bucket}/texts.jsonl")
    assert result.exit_code == 2
    assert "No model package is live in production" in result.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [("texts.jsonl", "is no file in S3"), ("s3://BUCKET/nowhere.jsonl", "There is no s3://")],
)
def test_a_file_that_is_not_there_is_a_usage_error(live, source, words):
    result = live.run("batch", "--stage", "staging", "--input", source.replace("BUCKET", live.bucket))
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
def project(live):
    return live


@pytest.fixture
def texts(project):
    """The URI of a file of two texts, in the project with a live model."""
    body = '{"text": "I love it"}\n\n{"text": "Awful"}\n'
    project.client("s3").put_object(Bucket=project.bucket, Key="texts.jsonl", Body=body)
    return f"s3://{project.bucket}/texts.jsonl"


def test_a_whole_file_is_classified_by_the_live_model_in_order(project, texts):
    result = project.json("batch", "--stage", "staging", "--input", texts)
    bucket, _, key = result["output"].removeprefix("s3://").partition("/")
    body = project.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    answers = [json.loads(line) for line in body.splitlines()]
    assert [answer["label"][0] for answer in answers] == ["__label__positive", "__label__negative"]
    assert all(len(answer["label"]) == len(answer["prob"]) == 2 for answer in answers)
    job = project.client("sagemaker").describe_transform_job(TransformJobName=result["job"])
    assert job["TransformJobStatus"] == "Completed"
    assert result["model_package_arn"] == project.live_package("staging")
    # The same once more is the same job, and another file is another one.
    assert project.json("batch", "--stage", "staging", "--input", texts)["job"] == result["job"]
    project.client("s3").put_object(Bucket=project.bucket, Key="more.jsonl", Body=b'{"text": "Lovely"}\n')
    shown = project.run("batch", "--stage", "staging", "--input", f"s3://{project.bucket}/more.jsonl")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith(f"1 texts by {result['model_package_arn']}\ns3://")


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


def test_answers_are_encrypted_with_the_projects_key(project, texts, transforms):
    key = project.environment["KMS_KEY_ARN"]
    project.run("batch", "--stage", "staging", "--input", texts)
    assert {each["TransformOutput"]["KmsKeyId"] for each in transforms.jobs.values()} == {key}


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


def test_a_job_that_fails_on_the_model_says_so(project, texts):
    # The last test of this file: the model is gone after it.
    place = project.container("staging")
    project.client("s3").delete_object(
        Bucket=project.bucket, Key=place["ModelDataUrl"].removeprefix(f"s3://{project.bucket}/")
    )
    project.client("s3").put_object(Bucket=project.bucket, Key="last.jsonl", Body=b'{"text": "The last"}\n')
    result = project.run("batch", "--stage", "staging", "--input", texts.replace("texts.jsonl", "last.jsonl"))
    assert result.exit_code == 1
    assert "The transform job" in result.stderr
    assert "failed: " in result.stderr
