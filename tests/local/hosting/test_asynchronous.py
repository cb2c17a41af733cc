"""Asynchronous endpoints: a queue, answers and failures in S3, topics that are told, and scaling to zero and back."""

import json
import os
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError
from documentation import ROOT, blocks

TEXT = json.dumps({"instances": ["lovely great"]}).encode()


class Asynchronous:
    """An asynchronous endpoint with a topic for each outcome, whose messages a queue keeps."""

    def __init__(self, hosting, eventually):
        self.hosting, self.eventually = hosting, eventually
        self.bucket = hosting.project.bucket
        self.runtime, self.s3 = hosting.client("sagemaker-runtime"), hosting.client("s3")
        self.sqs, sns = hosting.client("sqs"), hosting.client("sns")
        self.queue = self.sqs.create_queue(QueueName=f"{hosting.name}-told")["QueueUrl"]
        named = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        arn = named["Attributes"]["QueueArn"]
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        self.topics = {}
        for name in ("success", "error"):
            self.topics[name] = sns.create_topic(Name=f"{hosting.name}-sagemaker-{name}")["TopicArn"]
            sns.subscribe(TopicArn=self.topics[name], Protocol="sqs", Endpoint=arn)

    def create(self, model="a", **environment):
        output = {
            "S3OutputPath": f"s3://{self.bucket}/answers/",
            "S3FailurePath": f"s3://{self.bucket}/failures/",
            "NotificationConfig": {
                "SuccessTopic": self.topics["success"],
                "ErrorTopic": self.topics["error"],
                "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
            },
        }
        config = self.hosting.config(
            self.hosting.model(model, **environment), AsyncInferenceConfig={"OutputConfig": output}
        )
        endpoint = self.hosting.create(config)
        assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
        return self

    def ask(self, **request):
        stated = {"EndpointName": self.hosting.name, "ContentType": "application/json", **request}
        return self.runtime.invoke_endpoint_async(**stated)

    def read(self, uri, seconds=60):
        """What comes to lie at a place in S3."""
        key = uri.removeprefix(f"s3://{self.bucket}/")

        def look():
            listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key)
            return listed.get("KeyCount")

        self.eventually(look, seconds)
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def told(self, inference_id):
        """The notification of an invocation."""

        def look():
            received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in received.get("Messages", ()):
                told = json.loads(json.loads(message["Body"])["Message"])
                if told["inferenceId"] == inference_id:
                    return told
            return None

        return self.eventually(look)


@pytest.fixture
def endpoint(hosting, eventually):
    return Asynchronous(hosting, eventually)


@pytest.fixture
def refusal():
    """The code and message with which the API refuses a call."""

    def refusal(call):
        with pytest.raises(ClientError) as error:
            call()
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    return refusal


def test_answers_and_failures_lie_in_s3_and_topics_are_told(endpoint):
    endpoint.create()
    asked = endpoint.ask(Body=TEXT, InferenceId="mine-1")
    assert asked["InferenceId"] == "mine-1"
    assert asked["OutputLocation"].startswith(f"s3://{endpoint.bucket}/answers/")
    [answer] = json.loads(endpoint.read(asked["OutputLocation"]))
    assert answer["label"] == ["__label__first-good"]
    told = endpoint.told("mine-1")
    assert told["invocationStatus"] == "Completed"
    assert told["responseParameters"]["outputLocation"] == asked["OutputLocation"]
    assert json.loads(told["responseBody"]["content"]) == [answer]

    # An input in S3, with a place for the answer that the caller names.
    place = endpoint.hosting.put("inputs/text.json", TEXT)
    named = endpoint.ask(InputLocation=place, S3OutputPathExtension="batch/7", Filename="first.json")
    assert named["OutputLocation"] == f"s3://{endpoint.bucket}/answers/batch/7/first.json"
    assert json.loads(endpoint.read(named["OutputLocation"])) == [answer]

    missing = endpoint.ask(InputLocation=f"s3://{endpoint.bucket}/inputs/none.json")
    reason = endpoint.read(missing["FailureLocation"])
    assert "inputs/none.json cannot be read: NoSuchKey" in reason
    told = endpoint.told(missing["InferenceId"])
    assert (told["invocationStatus"], told["failureReason"]) == ("Failed", reason)

    wrong = endpoint.ask(Body=b"no JSON")
    assert 'ModelError: Received client error (400) from primary with message "' in endpoint.read(
        wrong["FailureLocation"]
    )


def test_the_request_that_the_documentation_shows_is_answered_where_it_prints(endpoint, quick):
    page = "docs/asynchronous.md"
    [script] = [text for language, text in blocks(ROOT / page) if language == "python"]
    endpoint.create()
    done = subprocess.run(
        [sys.executable, "-c", script.replace("reviews-staging", endpoint.hosting.name)],
        env=quick.environment(os.environ, endpoint.hosting.project.variables()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers, failures = done.stdout.split()
    assert failures.startswith(f"s3://{endpoint.bucket}/failures/")
    [answer] = json.loads(endpoint.read(answers))
    assert set(answer["label"]) == {"__label__first-good", "__label__first-bad"}


def test_a_request_needs_one_input_that_is_small_enough_and_the_right_kind_of_endpoint(endpoint, refusal):
    endpoint.create()
    both = "Body and InputLocation are mutually exclusive"
    for request, words in (
        ({}, both),
        ({"Body": TEXT, "InputLocation": f"s3://{endpoint.bucket}/x"}, both),
        ({"Body": b"x" * 128_001}, "128,000 at most; put it into S3"),
    ):
        code, message = refusal(lambda request=request: endpoint.ask(**request))
        assert code == "ValidationError"
        assert words in message
    _, message = refusal(endpoint.hosting.invoke)
    assert "is asynchronous: use InvokeEndpointAsync" in message


def test_a_synchronous_endpoint_takes_no_asynchronous_request(endpoint, refusal):
    endpoint.hosting.create(endpoint.hosting.config(endpoint.hosting.model("a")))
    _, message = refusal(lambda: endpoint.ask(Body=TEXT))
    assert "is not asynchronous: use InvokeEndpoint" in message


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("answers-500", "ModelError: Received server error (500) from primary"),
        ("hangs", "did not answer within InvocationTimeoutSeconds, 5"),
    ],
)
def test_a_container_that_fails_or_hangs_leaves_the_reason_at_the_place_of_failures(endpoint, fault, said):
    asked = endpoint.create(LOCAL_AWS_FAULT=fault).ask(Body=TEXT, InvocationTimeoutSeconds=1)
    assert said in endpoint.read(asked["FailureLocation"])


@pytest.mark.slow
def test_an_endpoint_scales_to_zero_and_the_first_request_wakes_it(endpoint, eventually):
    endpoint.create()
    hosting = endpoint.hosting
    scaling = hosting.client("application-autoscaling")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{hosting.name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    dimensions = [{"Name": "EndpointName", "Value": hosting.name}]
    scaling.register_scalable_target(**place, MinCapacity=0, MaxCapacity=2)
    scaling.put_scaling_policy(
        **place,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": dimensions,
                "Statistic": "Average",
            },
        },
    )
    steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    wake_up = scaling.put_scaling_policy(
        **place,
        PolicyName="wake-up",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": steps,
            "Cooldown": 60,
        },
    )["PolicyARN"]
    hosting.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{hosting.name}-waiting",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=dimensions,
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[wake_up],
    )

    def count():
        return hosting.describe()["ProductionVariants"][0]["CurrentInstanceCount"]

    eventually(lambda: count() == 0, 120)
    asked = endpoint.ask(Body=TEXT)
    assert json.loads(endpoint.read(asked["OutputLocation"], 120))
    assert count() > 0
