"""What tests of EventBridge share: rules that are aimed at queues, and what arrives in them."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from local_aws.testing import Aws


def queue_policy(arn, **condition):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        **({"Condition": condition} if condition else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class Queue:
    """A queue: what is in it, one message after the other."""

    sqs: Any
    url: str
    arn: str

    def message(self, seconds=6.0):
        """The next message, which is deleted: its parsed body, and its attributes as text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.sqs.receive_message(
                QueueUrl=self.url, MessageAttributeNames=["All"], MaxNumberOfMessages=1
            )
            for message in found.get("Messages", ()):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                attributes = message.get("MessageAttributes", {})
                return json.loads(message["Body"]), {
                    name: value["StringValue"] for name, value in attributes.items()
                }
            time.sleep(0.01)
        raise AssertionError("no message comes")

    def body(self):
        return self.message()[0]

    def is_empty(self):
        return "Messages" not in self.sqs.receive_message(QueueUrl=self.url)


@dataclass
class Events:
    """EventBridge's client, for rules and queues of one test."""

    aws: Aws
    client: Any
    made: set[str] = field(default_factory=set)

    def queue(self, name="queue", policy=queue_policy):
        """A queue that EventBridge and SNS may send to, unless `policy` says otherwise."""
        sqs = self.aws.client("sqs")
        named = f"{self.aws.name}-{name}"
        url = sqs.create_queue(QueueName=named)["QueueUrl"]
        arn = self.aws.server.account.arn("sqs", named)
        if policy is not None:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(arn)})
        return Queue(sqs, url, arn)

    def name(self, rule="rule"):
        return f"{self.aws.name}-{rule}"

    def rule(self, pattern, *targets, name="rule", **request):
        """A rule aimed at `targets`, each an ARN or the members of a Target; returns the rule's ARN."""
        named = self.name(name)
        arn = self.client.put_rule(Name=named, EventPattern=json.dumps(pattern), **request)["RuleArn"]
        self.made.add(named)
        aimed = [{"Arn": each} if isinstance(each, str) else each for each in targets]
        stated = [{"Id": str(number), **each} for number, each in enumerate(aimed)]
        if stated:
            self.client.put_targets(Rule=named, Targets=stated)
        return arn

    def put(self, detail, detail_type="order", **more):
        """Put an event of this test's own source; returns the answer's entry."""
        entry = {"Source": self.source, "DetailType": detail_type, "Detail": json.dumps(detail), **more}
        return self.client.put_events(Entries=[entry])["Entries"][0]

    @property
    def source(self):
        return f"test.{self.aws.name}"

    def metric(self, name, rule="rule", seconds=6.0):
        """The sum of a metric of EventBridge's, once there is one."""
        cloudwatch = self.aws.client("cloudwatch")
        now = time.time()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/Events",
                MetricName=name,
                Dimensions=[{"Name": "RuleName", "Value": self.name(rule)}],
                StartTime=now - 300,
                EndTime=now + 300,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
            if found:
                return sum(each["Sum"] for each in found)
            time.sleep(0.02)
        return 0.0


@pytest.fixture(name="queue_policy")
def _queue_policy():
    """Makes the policy of a queue that EventBridge may send to, under conditions: `ArnEquals={...}`."""
    return queue_policy


@pytest.fixture
def events(aws):
    events = Events(aws, aws.client("events"))
    yield events
    for name in events.made:
        ids = [each["Id"] for each in events.client.list_targets_by_rule(Rule=name)["Targets"]]
        if ids:
            events.client.remove_targets(Rule=name, Ids=ids)
        events.client.delete_rule(Name=name)
