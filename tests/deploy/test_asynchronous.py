"""A stage whose endpoint is asynchronous: rolled out, verified by what it writes to S3, and its topics."""

import json

import pytest

from model_deploy.verify.asynchronous import AsynchronousModel
from model_deploy.verify.inference import NoAnswerError

STAGE = """
name: staging
endpoint: {{kind: asynchronous, instance_type: ml.m5.large, instance_count: 1{topics}}}
"""
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ENVIRONMENT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
RAISES = b"""
def model_fn(folder): return None
def input_fn(body, kind): raise RuntimeError("no weights for this text")
def predict_fn(texts, model): return None
def output_fn(answers, accept): return "", accept
"""


@pytest.fixture(scope="module")
def project(make_project):
    with make_project() as made:
        yield made


def stage(project, topics=""):
    (project.root / "stages" / "staging.yaml").write_text(STAGE.format(topics=topics))


def test_it_is_verified_by_its_answers_in_s3_and_its_topic_is_told(project):
    topic = project.client("sns").create_topic(Name=f"{project.names.name}-sagemaker-answers")["TopicArn"]
    stage(project, f", notify_success: {topic}")
    done = project.json("rollout", "--stage", "staging", "--model-package", project.register())
    assert done["verified"] is True
    assert list(done["milliseconds"]) == ["endpoint"]
    listed = project.client("s3").list_objects_v2(
        Bucket=project.bucket, Prefix="asynchronous/staging/answers/"
    )
    assert listed["KeyCount"] == 1
    described = project.client("sagemaker").describe_endpoint(EndpointName=project.endpoint("staging"))
    config = described["AsyncInferenceConfig"]["OutputConfig"]
    assert config["NotificationConfig"] == {"SuccessTopic": topic}
    assert project.json("verify", "--stage", "staging")["verified"] is True


def test_a_model_that_fails_is_not_verified_and_the_reason_is_what_lies_at_the_place_of_failures(project):
    stage(project)
    project.add_model("raises", {"code/inference.py": RAISES})
    arn = project.register("raises", image=IMAGE, environment=ENVIRONMENT, contract={"version": 1})
    result = project.run("rollout", "--stage", "staging", "--model-package", arn)
    assert result.exit_code == 3, result.stderr
    said = result.stdout + result.stderr
    assert "asynchronous/staging/failures/" in said
    assert "ModelError: Received server error (500)" in said


class Silent:
    """An AWS whose asynchronous endpoint takes requests and never answers."""

    def __init__(self):
        self.runtime = self.s3 = self

    def invoke_endpoint_async(self, **request):
        assert json.loads(request["Body"])
        return {"OutputLocation": "s3://bucket/answer", "FailureLocation": "s3://bucket/failure"}

    def get_object(self, **request):
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "none"}}, "GetObject")


class Terms:
    """As much of a contract as a request needs."""

    labels = ("negative", "positive")

    class serving:
        @staticmethod
        def request(instances, count):
            return json.dumps({"instances": instances})

    @staticmethod
    def tokens_of_cases(texts):
        return list(texts)


def test_an_answer_that_never_comes_is_given_up():
    pauses = []
    ask = AsynchronousModel(Silent(), "shop-staging", Terms(), 0.0, pauses.append)
    with pytest.raises(NoAnswerError, match=r"nothing lies at s3://bucket/answer after 0 s"):
        ask(["a text"])
    assert pauses == []
