"""Executions as they run: order, parallelism, retries, caching, failure, stop and retry.

The jobs are those of a stand-in for the SageMaker client, which end when and as a test says.
"""

import json
import threading
import time
from collections import defaultdict

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.account import Account, Clients
from local_aws.sagemaker.pipelines.pipeline_executions import PipelineExecutions
from local_aws.sagemaker.pipelines.pipelines import Pipelines
from local_aws.sagemaker.tags import Tags

ROLE = "arn:aws:iam::123456789012:role/pipeline"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
TOKENS = iter(f"{number:032}" for number in range(10_000))


class Jobs:
    """In place of a SageMaker client. `ends` says by step how each of its jobs ends, in turn; the last goes on.

    An end is a status, a status with a reason, an error of the Create call, an Event that the job waits
    for, or None for a job that cannot be described.
    """

    def __init__(self, **ends):
        self.ends = {step: list(given) for step, given in ends.items()}
        self.requests = defaultdict(list)
        self.most_at_once = 0
        self._jobs = {}

    def create_processing_job(self, **request):
        name = request["ProcessingJobName"]
        step = name.split("-")[2]
        self.requests[step].append(request)
        ends = self.ends.get(step, ["Completed"])
        end = ends.pop(0) if len(ends) > 1 else ends[0]
        if isinstance(end, ClientError):
            raise end
        self._jobs[name] = end
        self.most_at_once = max(self.most_at_once, len(self.running()))
        return {"ProcessingJobArn": f"{ARN}:processing-job/{name}"}

    def describe_processing_job(self, *, ProcessingJobName):
        end = self._jobs[ProcessingJobName]
        if end is None:
            raise RuntimeError("broken")
        status, reason = end if isinstance(end, tuple) else (end, None)
        if isinstance(end, threading.Event):
            status = "Completed" if end.is_set() else "InProgress"
        answer = {"ProcessingJobName": ProcessingJobName, "ProcessingJobStatus": status}
        return answer | ({"FailureReason": reason} if reason else {})

    def stop_processing_job(self, *, ProcessingJobName):
        self._jobs[ProcessingJobName] = "Stopped"

    def create_model_package(self, **request):
        self.requests["Register"].append(request)
        return {"ModelPackageArn": f"{ARN}:model-package/models/1"}

    def describe_model_package(self, *, ModelPackageName):
        return {"ModelPackageArn": ModelPackageName, "ModelPackageStatus": "Completed"}

    def running(self):
        return [
            name for name, end in self._jobs.items() if isinstance(end, threading.Event) and not end.is_set()
        ]


class Runs:
    """A pipeline of its own, run with a stand-in's jobs."""

    def __init__(self, jobs, tmp_path, time_scale):
        account = Account(
            "eu-west-1", "http://127.0.0.1:1", tmp_path, time_scale, Clients("http://127.0.0.1:1")
        )
        self.pipelines = Pipelines(account, Tags(account))
        self.api = PipelineExecutions(account, self.pipelines, sagemaker=jobs, s3=object())

    def define(self, *steps, update=False):
        request = {
            "PipelineName": "p",
            "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": steps}),
        }
        if update:
            self.pipelines.update_pipeline(request)
        else:
            self.pipelines.create_pipeline({**request, "ClientRequestToken": next(TOKENS), "RoleArn": ROLE})

    def start(self, *steps, **request):
        if steps:
            self.define(*steps)
        request = {"PipelineName": "p", "ClientRequestToken": next(TOKENS), **request}
        return self.api.start_pipeline_execution(request)["PipelineExecutionArn"]

    def call(self, operation, arn):
        getattr(self.api, f"{operation}_pipeline_execution")(
            {"PipelineExecutionArn": arn, "ClientRequestToken": next(TOKENS)}
        )

    def describe(self, arn):
        return self.api.describe_pipeline_execution({"PipelineExecutionArn": arn})

    def steps(self, arn):
        """The execution's steps by name, in the order in which they started."""
        request = {"PipelineExecutionArn": arn, "SortOrder": "Ascending", "MaxResults": 100}
        return {
            step["StepName"]: step
            for step in self.api.list_pipeline_execution_steps(request)["PipelineExecutionSteps"]
        }

    def end(self, arn):
        """The status that the execution ends with."""
        until(lambda: self.describe(arn)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
        return self.describe(arn)["PipelineExecutionStatus"]


def until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def run(tmp_path):
    """Makes a pipeline that runs with the given stand-in."""
    made = []

    def make(jobs, time_scale=0.0):
        made.append(Runs(jobs, tmp_path, time_scale))
        return made[-1]

    yield make
    for runs in made:
        runs.api.close()


def job(name, needs=(), **changes):
    environment = {
        f"JOB{number}": {"Get": f"Steps.{other}.ProcessingJobName"} for number, other in enumerate(needs)
    }
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    arguments = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
        "Environment": environment | changes.pop("Environment", {}),
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **changes}


def condition(name, outcome, if_steps=(), else_steps=(), **changes):
    conditions = [{"Type": "Equals", "LeftValue": outcome, "RightValue": True}]
    arguments = {"Conditions": conditions, "IfSteps": list(if_steps), "ElseSteps": list(else_steps)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **changes}


def failed_call(code, status=400):
    error = ClientError({"Error": {"Code": code, "Message": "said so"}}, "CreateProcessingJob")
    error.response["ResponseMetadata"] = {"HTTPStatusCode": status}  # type: ignore[typeddict-item]
    return error


def test_a_step_starts_once_those_it_needs_are_done_and_sees_what_they_answered(run):
    jobs = Jobs()
    runs = run(jobs)
    arn = runs.start(job("C", needs=["A", "B"]), job("B", DependsOn=["A"]), job("A"))
    assert runs.end(arn) == "Succeeded"
    assert list(runs.steps(arn)) == ["A", "B", "C"]
    assert jobs.requests["C"][0]["Environment"] == {
        "JOB0": jobs.requests["A"][0]["ProcessingJobName"],
        "JOB1": jobs.requests["B"][0]["ProcessingJobName"],
    }


def test_jobs_are_named_and_tagged_as_sagemaker_does(run):
    jobs = Jobs()
    runs = run(jobs)
    arn = runs.start(job("Prepare_the-data-for-the-training"))
    runs.end(arn)
    request = jobs.requests["Prepare"][0]
    execution, token = arn.rpartition("/")[2], request["ProcessingJobName"].rpartition("-")[2]
    assert request["ProcessingJobName"] == f"pipelines-{execution}-Prepare-the-data-for-{token}"
    assert len(token) == 10
    assert request["Tags"] == [{"Key": "sagemaker:pipeline-execution-arn", "Value": arn}]


def test_a_job_name_among_the_arguments_is_a_prefix(run):
    jobs = Jobs()
    runs = run(jobs)
    step = job("A", Environment={"JOB": {"Get": "Execution.ProcessingJobName"}})
    step["Arguments"]["ProcessingJobName"] = "reviews-prepare"
    execution = runs.start(step).rpartition("/")[2]
    until(lambda: jobs.requests)
    (request,) = next(iter(jobs.requests.values()))
    assert request["ProcessingJobName"] == f"reviews-prepare-{execution}"
    assert request["Environment"] == {"JOB": f"reviews-prepare-{execution}"}


def test_a_step_tells_of_its_job_and_times(run):
    jobs = Jobs()
    runs = run(jobs)
    arn = runs.start(job("A", DisplayName="First", Description="the first step"))
    runs.end(arn)
    step = runs.steps(arn)["A"]
    assert (step["StepDisplayName"], step["StepDescription"]) == ("First", "the first step")
    assert (step["StepStatus"], step["AttemptCount"]) == ("Succeeded", 1)
    assert step["StartTime"] <= step["EndTime"]
    assert step["Metadata"] == {
        "ProcessingJob": {"Arn": f"{ARN}:processing-job/{jobs.requests['A'][0]['ProcessingJobName']}"}
    }


@pytest.mark.parametrize(("limit", "at_once"), [(2, 2), (4, 4)])
def test_as_many_steps_run_at_once_as_the_configuration_says(run, limit, at_once):
    go = threading.Event()
    jobs = Jobs(A=[go], B=[go], C=[go], D=[go])
    runs = run(jobs)
    arn = runs.start(
        *(job(name) for name in "ABCD"), ParallelismConfiguration={"MaxParallelExecutionSteps": limit}
    )
    until(lambda: len(jobs.running()) == at_once)
    go.set()
    assert runs.end(arn) == "Succeeded"
    assert jobs.most_at_once == at_once
    assert len(runs.steps(arn)) == 4


@pytest.mark.parametrize(("outcome", "reached"), [(True, ["Gate", "Yes", "Deeper"]), (False, ["Gate", "No"])])
def test_only_the_branch_of_the_outcome_runs_and_what_needs_the_other_is_not_reached(run, outcome, reached):
    runs = run(Jobs())
    arn = runs.start(
        condition(
            "Gate",
            outcome,
            if_steps=[job("Yes"), condition("Deep", False, if_steps=[job("Never")])],
            else_steps=[job("No")],
        ),
        job("Deeper", needs=["Yes"]),
    )
    assert runs.end(arn) == "Succeeded"
    steps = runs.steps(arn)
    assert set(steps) - {"Deep"} == set(reached)
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": str(outcome)}}


def test_a_fail_step_fails_the_execution_with_its_message(run):
    runs = run(Jobs())
    text = {"Std:Join": {"On": " ", "Values": ["outcome", {"Get": "Steps.Gate.Outcome"}]}}
    arn = runs.start(
        condition(
            "Gate",
            False,
            else_steps=[{"Name": "Refused", "Type": "Fail", "Arguments": {"ErrorMessage": text}}],
        )
    )
    assert runs.end(arn) == "Failed"
    assert runs.describe(arn)["FailureReason"] == "Step failure: One or multiple steps failed."
    refused = runs.steps(arn)["Refused"]
    assert (refused["StepStatus"], refused["FailureReason"]) == ("Failed", "outcome false")
    assert refused["Metadata"] == {"Fail": {"ErrorMessage": "outcome false"}}


def test_after_a_failure_running_steps_end_and_no_other_starts(run):
    go = threading.Event()
    jobs = Jobs(Bad=[("Failed", "AlgorithmError: exit code: 1")], Slow=[go])
    runs = run(jobs)
    arn = runs.start(
        job("Bad"),
        job("Slow"),
        job("After", needs=["Slow"]),
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
    )
    until(lambda: runs.steps(arn).get("Bad", {}).get("StepStatus") == "Failed")
    assert runs.describe(arn)["PipelineExecutionStatus"] == "Executing"
    go.set()
    assert runs.end(arn) == "Failed"
    steps = runs.steps(arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "Bad": "Failed",
        "Slow": "Succeeded",
    }
    assert steps["Bad"]["FailureReason"] == "ClientError: AlgorithmError: exit code: 1"


def test_a_refused_create_call_fails_the_step_in_sagemakers_words(run):
    runs = run(Jobs(A=[failed_call("ValidationException")]))
    arn = runs.start(job("A"))
    assert runs.end(arn) == "Failed"
    step = runs.steps(arn)["A"]
    assert (
        step["FailureReason"]
        == "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: said so"
    )
    assert (step["Metadata"], step["AttemptCount"]) == ({}, 1)


def test_a_resource_limit_is_not_retried_without_a_policy(run):
    runs = run(Jobs(A=[failed_call("ResourceLimitExceeded")]))
    arn = runs.start(job("A"))
    runs.end(arn)
    assert runs.steps(arn)["A"]["FailureReason"].endswith(
        f"Retry not appropriate on execution of step with PipelineExecutionArn {arn} and StepId A. "
        "No retry policy configured for the exception type SAGEMAKER_RESOURCE_LIMIT."
    )


def test_a_policy_retries_calls_and_jobs_with_new_names(run):
    jobs = Jobs(
        A=[failed_call("ResourceLimitExceeded"), ("Failed", "InternalServerError: sorry"), "Completed"]
    )
    runs = run(jobs)
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT", "SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 1}
    arn = runs.start(job("A", RetryPolicies=[policy]))
    assert runs.end(arn) == "Succeeded"
    assert runs.steps(arn)["A"]["AttemptCount"] == 3
    assert len({request["ProcessingJobName"] for request in jobs.requests["A"]}) == 3


def test_a_policy_gives_up_after_its_attempts(run):
    jobs = Jobs(A=[("Failed", "InternalServerError: sorry")])
    runs = run(jobs)
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 2}
    arn = runs.start(job("A", RetryPolicies=[policy]))
    assert runs.end(arn) == "Failed"
    assert len(jobs.requests["A"]) == 3
    assert (
        "Retries are exhausted for the exception type SAGEMAKER_JOB_INTERNAL_ERROR"
        in runs.steps(arn)["A"]["FailureReason"]
    )


def test_shortened_waits_still_use_up_the_time_that_a_policy_has(run):
    jobs = Jobs(A=[("Failed", "CapacityError: none left")])
    runs = run(jobs)
    policy = {
        "ExceptionType": ["SageMaker.CAPACITY_ERROR"],
        "ExpireAfterMin": 1,
        "IntervalSeconds": 25,
        "BackoffRate": 1,
    }
    arn = runs.start(job("A", RetryPolicies=[policy]))
    assert runs.end(arn) == "Failed"
    assert len(jobs.requests["A"]) == 4


def test_throttling_and_service_faults_are_retried_without_a_policy(run):
    jobs = Jobs(A=[failed_call("ThrottlingException"), failed_call("InternalFailure", 500), "Completed"])
    runs = run(jobs)
    assert runs.end(runs.start(job("A"))) == "Succeeded"


def test_stopping_ends_the_wait_for_a_retry(run):
    jobs = Jobs(A=[failed_call("ThrottlingException")])
    runs = run(jobs, time_scale=1000.0)
    arn = runs.start(job("A"))
    until(lambda: jobs.requests["A"])
    runs.call("stop", arn)
    assert runs.end(arn) == "Stopped"


def test_a_retry_goes_on_where_the_execution_failed_and_keeps_what_succeeded(run):
    jobs = Jobs(B=[("Failed", "AlgorithmError"), "Completed"])
    runs = run(jobs)
    arn = runs.start(
        job("A"), condition("Gate", True, if_steps=[job("B", needs=["A"])]), job("C", needs=["B"])
    )
    assert runs.end(arn) == "Failed"
    before = runs.steps(arn)["A"]
    runs.call("retry", arn)
    assert runs.end(arn) == "Succeeded"
    steps = runs.steps(arn)
    assert steps["A"] == before
    assert {name: step["AttemptCount"] for name, step in steps.items()} == {"A": 1, "Gate": 1, "B": 2, "C": 1}
    assert [len(jobs.requests[name]) for name in "ABC"] == [1, 2, 1]
    assert "FailureReason" not in runs.describe(arn)


def test_a_job_that_someone_else_stopped_fails_its_step(run):
    runs = run(Jobs(A=["Stopped"]))
    arn = runs.start(job("A"))
    assert runs.end(arn) == "Failed"
    assert "ended early: Stopped" in runs.steps(arn)["A"]["FailureReason"]


def test_a_registered_model_says_which_execution_made_it(run):
    jobs = Jobs()
    runs = run(jobs)
    arguments = {"ModelPackageGroupName": "models", "MetadataProperties": {"CommitId": "abc"}}
    arn = runs.start({"Name": "Register", "Type": "RegisterModel", "Arguments": arguments})
    assert runs.end(arn) == "Succeeded"
    assert runs.steps(arn)["Register"]["Metadata"] == {
        "RegisterModel": {"Arn": f"{ARN}:model-package/models/1"}
    }
    assert jobs.requests["Register"] == [
        {**arguments, "MetadataProperties": {"CommitId": "abc", "GeneratedBy": arn}}
    ]


def test_an_argument_that_is_undefined_when_the_step_starts_fails_it(run):
    runs = run(Jobs())
    late = {"EXIT": {"Get": "Steps.A.ExitMessage"}}
    arn = runs.start(job("A"), job("B", Environment=late))
    assert runs.end(arn) == "Failed"
    assert runs.steps(arn)["B"]["FailureReason"] == '{"Get": "Steps.A.ExitMessage"} is undefined.'


def test_a_comparison_that_makes_no_sense_fails_the_condition(run):
    runs = run(Jobs())
    arn = runs.start(condition("Gate", "True", if_steps=[job("A")], else_steps=[job("B")]))
    assert runs.end(arn) == "Failed"
    assert list(runs.steps(arn)) == ["Gate"]
    assert "cannot compare" in runs.steps(arn)["Gate"]["FailureReason"]


def test_what_breaks_in_the_engine_itself_fails_the_step_rather_than_hang(run, caplog):
    runs = run(Jobs(A=[None]))
    arn = runs.start(job("A"), job("B", DependsOn=["A"]))
    assert runs.end(arn) == "Failed"
    assert runs.steps(arn)["A"]["FailureReason"].startswith("InternalServerError: ")
    assert arn in caplog.text


def test_closing_ends_the_threads_and_leaves_the_jobs(run):
    jobs = Jobs(A=[threading.Event()])
    runs = run(jobs)
    arn = runs.start(job("A"), job("B", DependsOn=["A"]))
    until(jobs.running)
    runs.api.close()
    assert arn not in [thread.name for thread in threading.enumerate()]
    assert len(jobs.running()) == 1
    assert "B" not in jobs.requests
