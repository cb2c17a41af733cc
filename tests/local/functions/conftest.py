"""What tests of Lambda and of HTTP APIs share: functions made from source that the test shows."""

import base64
import dataclasses
import io
import itertools
import json
import textwrap
import threading
import time
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import lambda_
from local_aws.admission import Admission
from local_aws.application import Application
from local_aws.kernel.account import Clients
from local_aws.kernel.http.connections import LimitedServer
from local_aws.kernel.wire import Service
from local_aws.lambda_.invocation.pool import Pool
from local_aws.testing import Aws

_numbers = itertools.count(1)


def archive(**modules):
    """A .zip archive of modules: archive(app="...") holds app.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, source in modules.items():
            opened.writestr(f"{name}.py", textwrap.dedent(source))
    return buffer.getvalue()


def role(aws, name, service="lambda.amazonaws.com"):
    """A role that `service` may assume; returns its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws.client("iam").create_role(RoleName=f"{aws.name}-{name}", AssumeRolePolicyDocument=document)
    return made["Role"]["Arn"]


@dataclass(frozen=True)
class Answer:
    """What came of an invocation: the decoded payload, FunctionError, and the lines of LogResult."""

    payload: Any
    error: str | None
    log: list[str]
    version: str


@dataclass(frozen=True)
class Functions:
    """Functions of one test. `lambda_` is the client."""

    aws: Aws
    role_arn: str
    lambda_: Any

    def create(self, source, **request):
        """Create a function from the source of its module `app`, with `handler` in it; returns its name."""
        name = f"{self.aws.name}-{next(_numbers)}"
        defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Role": self.role_arn}
        defaults["Code"] = {"ZipFile": archive(app=source)}
        self.lambda_.create_function(**{"FunctionName": name, **defaults, **request})
        self.until_active(name)
        return name

    def until_active(self, name):
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})

    def invoke(self, name, event=None, **request):
        answer = self.lambda_.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **request)
        return Answer(
            json.loads(answer["Payload"].read()),
            answer.get("FunctionError"),
            base64.b64decode(answer["LogResult"]).decode().splitlines(),
            answer["ExecutedVersion"],
        )

    def run(self, source, event=None, **request):
        """The answer of a function made from `source`."""
        return self.invoke(self.create(source, **request), event)

    def logged(self, group, wanted):
        """Every event of a log group, once one of them holds `wanted`."""
        logs = self.aws.client("logs")
        events = []
        for _ in range(300):
            try:
                events = [each["message"] for each in logs.filter_log_events(logGroupName=group)["events"]]
            except ClientError:  # the group comes with its first stream
                events = []
            if any(wanted in event for event in events):
                return events
            time.sleep(0.02)
        raise AssertionError(f"{group} never holds {wanted!r}: {events}")


@pytest.fixture
def functions(aws):
    return Functions(aws, role(aws, "functions"), aws.client("lambda"))


@pytest.fixture
def refusal():
    """The code and the message of the error that a call is answered with."""

    def refusal(call, **request):
        with pytest.raises(ClientError) as error:
            call(**request)
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    return refusal


@dataclass(frozen=True)
class Quick:
    """A Lambda of its own, where waits take a fraction of their time."""

    functions: Functions
    pool: Pool


@pytest.fixture
def quick(aws, tmp_path):
    account = dataclasses.replace(aws.server.account, state=tmp_path, time_scale=0.001)
    handlers = lambda_.handlers(account)
    server = LimitedServer("127.0.0.1", 0, None)
    clients = Clients(f"http://127.0.0.1:{server.server_port}", aws.region)
    reached = dataclasses.replace(account, endpoint_url=clients.endpoint_url, clients=clients)
    server.app = Admission.of(reached, Application([Service("lambda", handlers)]))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = clients.client("lambda")
    try:
        pool = next(handler for handler in handlers if isinstance(handler, Pool))
        yield Quick(Functions(aws, role(aws, "quick"), client), pool)
    finally:
        for handler in handlers:
            if hasattr(handler, "close"):
                handler.close()
        server.shutdown()
        server.server_close()
        thread.join()
