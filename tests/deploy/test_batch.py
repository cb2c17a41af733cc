"""Batch: the texts of a file go through the model's contract, and a transform job through the API."""

import json
from pathlib import Path

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from model_deploy.core import batch_file
from model_deploy.core.model_package import contract
from model_deploy.errors import CommandError, UsageError

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


def prepared(folder, *lines):
    return batch_file.prepare(lines, "s3://x/y", CONTRACT, folder)


def test_a_line_is_what_the_model_was_trained_on(tmp_path):
    found = prepared(tmp_path, b'{"text": "Lovely\\nDress", "id": 7}')
    line = found.path.read_bytes()
    assert json.loads(line) == {"source": "lovely dress", "k": 2}
    assert line.endswith(b"\n")


def answered(folder, found, *answers):
    path = folder / "answers.jsonl"
    batch_file.answer(found, [json.dumps(each).encode() for each in answers], CONTRACT, path)
    return [json.loads(line) for line in path.read_text().splitlines()]


GOOD = {"label": ["__label__good", "__label__bad"], "prob": [0.9, 0.1]}
NOTHING = "There is nothing in this text that the model could read."


def test_a_text_without_tokens_is_not_sent_and_answered_as_the_api_does_beside_its_neighbours(tmp_path):
    found = prepared(
        tmp_path, b'{"text": "Good"}', b'{"text": ""}', b'{"text": " \\n "}', b'{"text": "Fine"}'
    )
    assert len(found.path.read_text().splitlines()) == found.asked == 2
    none = {"label": None, "confidence": None, "note": NOTHING}
    assert answered(tmp_path, found, GOOD, {"label": [], "prob": []}) == [
        {"text": "Good", "label": "good", "confidence": 0.9},
        {"text": "", **none},
        {"text": " \n ", **none},
        {"text": "Fine", **none},
    ]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((GOOD,), "answered fewer than the 2 texts"),
        ((GOOD, GOOD, GOOD), "answered more than the 2 texts"),
        ((GOOD, {"label": ["__label__bad"]}), "The job's answer 2 is none of this model"),
        ((GOOD, GOOD | {"prob": [float("nan"), 0]}), "answer 2 is none of this model .*a probability of nan"),
    ],
)
def test_answers_that_do_not_fit_the_texts_are_refused(tmp_path, answers, said):
    found = prepared(tmp_path, b'{"text": "Good"}', b'{"text": "Bad"}')
    with pytest.raises(CommandError, match=said):
        answered(tmp_path, found, *answers)


@pytest.mark.parametrize("line", [b"not json", b'"lovely"', b"{}", b'{"text": 7}'])
def test_a_line_that_holds_no_text_is_named(line):
    with pytest.raises(UsageError, match=r"^s3://x/y, line 3: expected a JSON object such as"):
        batch_file.text_of(line, 3, "s3://x/y")


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
    [("texts.jsonl", "is not a file in S3"), ("s3://BUCKET/nowhere.jsonl", "There is no s3://")],
)
def test_a_file_that_is_not_there_is_a_usage_error(live, source, words):
    result = live.run("batch", "--stage", "staging", "--input", source.replace("BUCKET", live.bucket))
    assert result.exit_code == 2
    assert words in result.stderr


class TransformJobs:
    """CreateTransformJob and DescribeTransformJob; every request has to fit the API's own model.

    `fate` is the status in which jobs end. Their output is the same answer to every line.
    """

    def __init__(self, s3):
        self.jobs, self.fate, self.s3 = {}, "Completed", s3

    def answer(self, job):
        source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].removeprefix("s3://")
        bucket, _, key = source.partition("/")
        lines = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
        output = job["TransformOutput"]["S3OutputPath"].removeprefix(f"s3://{bucket}/")
        said = json.dumps({"label": ["__label__positive"], "prob": [1.0]}) + "\n"
        self.s3.put_object(Bucket=bucket, Key=f"{output}{Path(key).name}.out", Body=said * len(lines))

    def __call__(self, original, client, operation, request):
        if not operation.endswith("TransformJob"):
            return original(client, operation, request)
        validate_parameters(request, client.meta.service_model.operation_model(operation).input_shape)
        name = request["TransformJobName"]
        if operation == "CreateTransformJob":
            if name in self.jobs:
                raise ClientError({"Error": {"Code": "ResourceInUse", "Message": "taken"}}, operation)
            self.jobs[name] = request
            self.answer(request)
            return {}
        return {"TransformJobStatus": self.fate, "FailureReason": "no reason" * (self.fate == "Failed")}


@pytest.fixture
def transforms(monkeypatch, live):
    jobs, original = TransformJobs(live.client("s3")), BaseClient._make_api_call
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
    body = '{"text": "I love it"}\n\n{"text": ""}\n{"text": "Awful"}\n'
    project.client("s3").put_object(Bucket=project.bucket, Key="texts.jsonl", Body=body)
    return f"s3://{project.bucket}/texts.jsonl"


def test_a_whole_file_is_classified_by_the_live_model_in_order(project, texts):
    result = project.json("batch", "--stage", "staging", "--input", texts)
    bucket, _, key = result["output"].removeprefix("s3://").partition("/")
    body = project.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    answers = [json.loads(line) for line in body.splitlines()]
    assert [answer["label"] for answer in answers] == ["positive", None, "negative"]
    assert [answer["text"] for answer in answers] == ["I love it", "", "Awful"]
    assert [answer.get("note") for answer in answers] == [None, NOTHING, None]
    job = project.client("sagemaker").describe_transform_job(TransformJobName=result["job"])
    assert job["TransformJobStatus"] == "Completed"
    assert result["model_package_arn"] == project.live_package("staging")
    # The same once more is the same job, and another file is another one.
    assert project.json("batch", "--stage", "staging", "--input", texts)["job"] == result["job"]
    project.client("s3").put_object(Bucket=project.bucket, Key="more.jsonl", Body=b'{"text": "Lovely"}\n')
    shown = project.run("batch", "--stage", "staging", "--input", f"s3://{project.bucket}/more.jsonl")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith(f"1 texts by {result['model_package_arn']}\ns3://")
    # Where no text has anything to read there is no job, and an answer all the same.
    project.client("s3").put_object(Bucket=project.bucket, Key="empty.jsonl", Body=b'{"text": " "}\n')
    empty = project.json("batch", "--stage", "staging", "--input", f"s3://{project.bucket}/empty.jsonl")
    assert (empty["job"], empty["texts"]) == (None, 1)


def test_the_live_model_is_given_the_prepared_texts_line_by_line(project, texts, transforms):
    output = f"s3://{project.bucket}/elsewhere"
    result = project.json("batch", "--stage", "staging", "--input", texts, "--output", output)
    [job] = transforms.jobs.values()
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "Line"
    assert job["ModelName"].startswith("Model-")
    uri = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    key = uri.removeprefix(f"s3://{project.bucket}/")
    prepared = project.client("s3").get_object(Bucket=project.bucket, Key=key)["Body"].read()
    assert [json.loads(line)["source"] for line in prepared.splitlines()] == ["i love it", "awful"]
    assert (result["texts"], result["job"]) == (3, job["TransformJobName"])
    assert result["output"].startswith(f"{output}/")


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
