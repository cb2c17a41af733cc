"""Pipelines and executions as the commands use them: upsert, start or re-attach, watch, logs."""

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from model_build.aws import executions, logs, pipelines
from model_build.commands import stop
from model_build.core.execution import Execution, Step, fingerprint
from model_build.core.settings import Settings
from model_build.errors import TimedOutError, UsageError
from model_build.run import launch
from model_build.run.launch import How
from model_build.run.watch import watch

QUICK = json.dumps(
    {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Data", "Type": "String", "DefaultValue": "none"}],
        "Steps": [
            {
                "Name": "Gate",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [
                        {"Type": "Equals", "LeftValue": {"Get": "Parameters.Data"}, "RightValue": "bad"}
                    ],
                    "IfSteps": [{"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "bad data"}}],
                    "ElseSteps": [],
                },
            }
        ],
    }
)


def job(role_arn, script):
    """A pipeline of one processing job that runs `script` in the scikit-learn image."""
    image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    arguments = {
        "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["python3", "-c", script]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
        },
        "RoleArn": role_arn,
    }
    step = {"Name": "Prepare", "Type": "Processing", "Arguments": arguments}
    return json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [step]})


@pytest.fixture
def settings(aws):
    return Settings.load(aws.environment)


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def started(sagemaker, settings):
    """A function that deploys a definition as the pipeline `p-PROJECT` and starts it."""

    def start(definition, parameters=None):
        name = f"p-{settings.project_name}"
        pipelines.upsert(sagemaker, settings, name, definition, "")
        given = parameters or {}
        return launch.find_or_start(sagemaker, name, fingerprint(definition, given), given)

    return start


def ignore(execution):
    pass


def step(execution: Execution, name: str) -> Step:
    found = execution.step(name)
    assert found is not None
    return found


def test_a_pipeline_is_created_then_left_alone_then_updated(sagemaker, settings):
    name = f"p-{settings.project_name}"
    assert pipelines.deployed_definition(sagemaker, name) is None
    assert pipelines.upsert(sagemaker, settings, name, QUICK, "quick") is True
    assert pipelines.upsert(sagemaker, settings, name, QUICK, "quick") is False
    changed = QUICK.replace("bad data", "worse data")
    assert pipelines.upsert(sagemaker, settings, name, changed, "quick") is True
    assert pipelines.deployed_definition(sagemaker, name) == changed
    arn = sagemaker.describe_pipeline(PipelineName=name)["PipelineArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == settings.tags


def test_an_execution_is_watched_to_its_end(sagemaker, started):
    seen: list[Execution] = []
    start = started(QUICK, {"Data": "good"})
    end = watch(sagemaker, start.arn, seen.append)
    assert (start.how, end.status, end.running) == (How.STARTED, "Succeeded", False)
    assert [step.name for step in end.steps] == ["Gate"]
    assert seen[-1] == end
    assert executions.parameters(sagemaker, start.arn) == {"Data": "good"}


def test_a_failure_keeps_each_steps_reason(sagemaker, started):
    end = watch(sagemaker, started(QUICK, {"Data": "bad"}).arn, ignore)
    assert end.status == "Failed"
    assert [(step.name, step.reason) for step in end.failed] == [("Fail", "bad data")]


def test_the_same_run_is_attached_to_while_it_runs_and_started_anew_when_it_was_stopped(
    sagemaker, settings, started
):
    slow = job(settings.pipeline_role_arn, "import time; time.sleep(60)")
    first, second = started(slow), started(slow)
    assert (first.how, second.how) == (How.STARTED, How.ATTACHED)
    assert second.arn == first.arn
    workspace = SimpleNamespace(
        aws=SimpleNamespace(sagemaker=sagemaker), pipeline=f"p-{settings.project_name}", command=typed
    )
    told = stop.stop(workspace, None)
    assert (told.requested, told.execution.arn) == (True, first.arn)
    assert watch(sagemaker, first.arn, ignore).status == "Stopped"
    assert stop.lines(stop.stop(workspace, first.arn)) == [
        f"Nothing to stop: execution {told.execution.id} is Stopped."
    ]
    third = started(slow)
    assert third.how is How.STARTED
    assert third.arn != first.arn
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=third.arn, ClientRequestToken="y" * 32)


def test_the_same_run_is_found_once_it_has_succeeded_however_many_came_after_it(sagemaker, started):
    first = started(QUICK, {"Data": "good"})
    watch(sagemaker, first.arn, ignore)
    others = {started(QUICK, {"Data": str(number)}).arn for number in range(12)}
    again = started(QUICK, {"Data": "good"})
    assert (again.arn, again.how) == (first.arn, How.FOUND)
    assert len(others | {first.arn}) == 13


def test_a_run_whose_step_failed_is_tried_again(sagemaker, settings, started):
    broken = job(settings.pipeline_role_arn, "raise SystemExit(1)")
    first = started(broken)
    assert watch(sagemaker, first.arn, ignore).status == "Failed"
    second = started(broken)
    assert (second.how, second.arn != first.arn) == (How.STARTED, True)
    watch(sagemaker, second.arn, ignore)


def test_a_run_that_the_gate_refused_is_found_as_it_would_be_refused_again(sagemaker, started):
    first = started(QUICK, {"Data": "bad"})
    assert watch(sagemaker, first.arn, ignore).status == "Failed"
    again = started(QUICK, {"Data": "bad"})
    assert (again.arn, again.how) == (first.arn, How.FOUND)


def test_two_starts_at_the_same_moment_are_one_execution(sagemaker, settings, started):
    slow = job(settings.pipeline_role_arn, "import time; time.sleep(60)")
    name, mark = f"p-{settings.project_name}", fingerprint(slow, {})
    pipelines.upsert(sagemaker, settings, name, slow, "")
    with ThreadPoolExecutor(8) as pool:
        launched = list(pool.map(lambda _: launch.find_or_start(sagemaker, name, mark, {}), range(8)))
    [arn] = {each.arn for each in launched}
    assert len(list(executions.listed(sagemaker, name))) == 1
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="x" * 32)


def test_other_parameters_or_another_definition_are_another_run():
    marks = {
        fingerprint(QUICK, {"Data": "a"}),
        fingerprint(QUICK, {"Data": "b"}),
        fingerprint(QUICK + " ", {"Data": "a"}),
    }
    assert len(marks) == 3
    assert fingerprint(QUICK, {"A": "1", "B": "2"}) == fingerprint(QUICK, {"B": "2", "A": "1"})


def test_a_timeout_leaves_the_execution_running(sagemaker, settings, started):
    start = started(job(settings.pipeline_role_arn, "import time; time.sleep(60)"))
    with pytest.raises(TimedOutError, match=r"it goes on\. Run the same command again") as caught:
        watch(sagemaker, start.arn, ignore, timeout=0.3)
    assert caught.value.exit_code == 5
    assert executions.describe(sagemaker, start.arn).running
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=start.arn, ClientRequestToken="x" * 32)


def typed(*words):
    """A command line of model-build, as a workspace makes it."""
    return " ".join(["model-build", *words])


def test_an_execution_is_found_by_id_by_arn_or_as_the_latest(sagemaker, settings, started):
    name = f"p-{settings.project_name}"
    first, second = started(QUICK, {"Data": "1"}), started(QUICK, {"Data": "2"})
    assert executions.find(sagemaker, name, None, typed).arn == second.arn
    assert executions.find(sagemaker, name, first.arn, typed).arn == first.arn
    assert executions.find(sagemaker, name, first.arn.rpartition("/")[2], typed).arn == first.arn
    assert [execution.arn for execution in executions.recent(sagemaker, name)] == [second.arn, first.arn]


def test_no_such_execution_or_pipeline_is_a_usage_error(sagemaker, settings, started):
    with pytest.raises(UsageError, match="has no execution yet; `model-build run --data FILE` starts one"):
        executions.find(sagemaker, "no-such-pipeline", None, typed)
    assert executions.recent(sagemaker, "no-such-pipeline") == []
    started(QUICK)
    name = f"p-{settings.project_name}"
    elsewhere = f"{sagemaker.describe_pipeline(PipelineName=name)['PipelineArn']}-x/execution/abcdefghijkl"
    for unknown in ("abcdefghijkl", "", elsewhere, "arn:aws:s3:::shop", "arn:"):
        with pytest.raises(
            UsageError, match=f"has no execution {unknown}; `model-build status` lists the latest"
        ):
            executions.find(sagemaker, name, unknown, typed)


def test_a_steps_log_is_read_whole_or_from_its_end(aws, sagemaker, settings, started):
    script = "for number in range(300): print('line', number)"
    end = watch(sagemaker, started(job(settings.pipeline_role_arn, script)).arn, ignore)
    prepare = step(end, "Prepare")
    assert list(logs.lines(aws.client("logs"), prepare)) == [f"line {number}" for number in range(300)]
    assert logs.tail(aws.client("logs"), prepare, count=2) == ("line 298", "line 299")


def test_a_step_without_a_job_has_no_log(aws, sagemaker, started):
    end = watch(sagemaker, started(QUICK).arn, ignore)
    assert list(logs.lines(aws.client("logs"), step(end, "Gate"))) == []
    assert logs.tail(aws.client("logs"), step(end, "Gate")) == ()
