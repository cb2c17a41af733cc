"""What tests of pipelines share: functions made from source, and pipelines made of steps, with their executions."""

import io
import itertools
import json
import textwrap
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

_numbers = itertools.count(1)
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def definition(*steps, **more):
    return json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": list(steps), **more})


class Runs:
    def __init__(self, aws, name):
        self.sagemaker = aws.client("sagemaker")
        self.name = name

    def start(self, **request):
        started = self.sagemaker.start_pipeline_execution(PipelineName=self.name, **request)
        return started["PipelineExecutionArn"]

    def run(self, **request):
        return self.wait(self.start(**request))

    def wait(self, arn):
        for _ in range(1000):
            found = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def steps(self, arn):
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def selected(self, source, *names):
        config = {"SelectedSteps": [{"StepName": name} for name in names]}
        if source:
            config["SourcePipelineExecutionArn"] = source
        return self.start(SelectiveExecutionConfig=config)

    def refusal(self, source, *names):
        with pytest.raises(ClientError) as caught:
            self.selected(source, *names)
        return caught.value.response["Error"]["Message"]


@pytest.fixture
def make_function(aws):
    """Makes a function from the source of its module `app`, with `handler` in it; returns its ARN."""

    def make_function(source):
        name = f"{aws.bucket}-{next(_numbers)}"
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", textwrap.dedent(source))
        function = aws.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=made["Role"]["Arn"],
            Code={"ZipFile": buffer.getvalue()},
        )
        waiter = aws.client("lambda").get_waiter("function_active_v2")
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        return function["FunctionArn"]

    return make_function


@pytest.fixture
def make_pipeline(aws):
    """Makes a pipeline of steps."""

    def make_pipeline(*steps):
        name = f"{aws.bucket}-pipeline-{next(_numbers)}"
        aws.client("sagemaker").create_pipeline(
            PipelineName=name, PipelineDefinition=definition(*steps), RoleArn=aws.role_arn
        )
        return Runs(aws, name)

    return make_pipeline
