"""What tests of deliveries share: functions that log what they get, queues with policies, and waiting."""

import io
import itertools
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

_numbers = itertools.count(1)
SOURCE = "import json\ndef handle(event, context):\n    print('GOT ' + json.dumps(event))\n"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def policy(service, action, resource):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Function:
    def __init__(self, aws):
        self.aws = aws
        self.name = f"{aws.bucket}-{next(_numbers)}"
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        role = aws.client("iam").create_role(RoleName=self.name, AssumeRolePolicyDocument=document)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", SOURCE)
        self.arn = aws.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Handler="app.handle",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": buffer.getvalue()},
        )["FunctionArn"]
        waiter = aws.client("lambda").get_waiter("function_active_v2")
        waiter.wait(FunctionName=self.name, WaiterConfig={"Delay": 0.05})

    def allow(self, service, **conditions):
        self.aws.client("lambda").add_permission(
            FunctionName=self.name,
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
            **conditions,
        )

    def events(self, count=1):
        """What the function got, once it has got as much."""
        logs, found = self.aws.client("logs"), []
        for _ in range(400):
            try:
                answer = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")
                messages = [each["message"].strip() for each in answer["events"]]
            except ClientError:  # the group comes with its first stream
                messages = []
            found = [json.loads(each[4:]) for each in messages if each.startswith("GOT ")]
            if len(found) >= count:
                break
            time.sleep(0.05)
        return found


class Queue:
    def __init__(self, aws, service=None):
        self.sqs = aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName=f"{aws.bucket}-{next(_numbers)}")["QueueUrl"]
        names = {"QueueUrl": self.url, "AttributeNames": ["QueueArn"]}
        self.arn = self.sqs.get_queue_attributes(**names)["Attributes"]["QueueArn"]
        if service:
            allowed = policy(f"{service}.amazonaws.com", "sqs:SendMessage", self.arn)
            self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": allowed})

    def messages(self, count=1, tries=200):
        found = []
        for _ in range(tries):
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            found += [json.loads(each["Body"]) for each in answer.get("Messages", ())]
            if len(found) >= count:
                break
            time.sleep(0.05)
        return found


@pytest.fixture
def function(aws):
    return Function(aws)


@pytest.fixture
def make_queue(aws):
    """Makes a queue that lets a service ("sns") send to it, or nobody."""
    return lambda service=None: Queue(aws, service)


@pytest.fixture
def topic(aws):
    return aws.client("sns").create_topic(Name=f"{aws.bucket}-{next(_numbers)}")["TopicArn"]
