"""Executions with real jobs: what one wrote the next one reads, and what fails says why."""

import json
import time

import pytest

SKLEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
OUTPUT = "/opt/ml/processing/output/report"
ENDS = ("Succeeded", "Failed", "Stopped")


@pytest.fixture
def processing(aws):
    """Makes a processing step that runs `code` and uploads what it writes to OUTPUT."""

    def make(name, code, inputs=None, **changes):
        key = f"code/{name}/script.py"
        aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=code.encode())
        sources = {"code": f"s3://{aws.bucket}/{key}", **(inputs or {})}
        uri = {
            "Std:Join": {
                "On": "/",
                "Values": [f"s3://{aws.bucket}/runs", {"Get": "Execution.PipelineExecutionId"}, name],
            }
        }
        output = {"S3Uri": uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
        arguments = {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/script.py"],
            },
            "RoleArn": aws.role_arn,
            "ProcessingInputs": [
                {
                    "InputName": input_name,
                    "S3Input": {
                        "S3Uri": source,
                        "LocalPath": f"/opt/ml/processing/input/{input_name}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for input_name, source in sources.items()
            ],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "report", "S3Output": output}]},
        }
        return {"Name": name, "Type": "Processing", "Arguments": arguments, **changes}

    return make


@pytest.fixture
def start(aws):
    """Starts an execution: of these steps, or of the pipeline as it is. Answers its ARN."""
    sagemaker = aws.client("sagemaker")
    name = f"{aws.name}-p"

    def run(*steps):
        if steps:
            definition = json.dumps({"Version": "2020-12-01", "Steps": steps})
            known = sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
            put = sagemaker.update_pipeline if known else sagemaker.create_pipeline
            put(PipelineName=name, PipelineDefinition=definition, RoleArn=aws.role_arn)
        return sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    return run


def steps_of(aws, arn):
    request = {"PipelineExecutionArn": arn, "SortOrder": "Ascending"}
    listed = aws.client("sagemaker").list_pipeline_execution_steps(**request)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in listed}


def end_of(aws, arn):
    """The execution's last status, and its steps."""
    describe = aws.client("sagemaker").describe_pipeline_execution
    while (status := describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"]) not in ENDS:
        time.sleep(0.02)
    return status, steps_of(aws, arn)


def test_a_step_reads_what_another_wrote_and_a_condition_reads_a_report(aws, processing, start):
    write = processing("Write", f"open('{OUTPUT}/words.txt', 'w').write('fine dress')")
    count = processing(
        "Count",
        "import json\n"
        "words = open('/opt/ml/processing/input/words/words.txt').read().split()\n"
        f"json.dump({{'words': len(words)}}, open('{OUTPUT}/report.json', 'w'))",
        inputs={"words": {"Get": "Steps.Write.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"}},
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}],
    )
    words = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Count.PropertyFiles.Report"}, "Path": "words"}}
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "Equals", "LeftValue": words, "RightValue": 2}],
            "IfSteps": [],
            "ElseSteps": [],
        },
    }
    arn = start(gate, count, write)
    status, steps = end_of(aws, arn)
    assert status == "Succeeded", steps
    assert list(steps) == ["Write", "Count", "Gate"]
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    job = steps["Count"]["Metadata"]["ProcessingJob"]["Arn"]
    tags = aws.client("sagemaker").list_tags(ResourceArn=job)["Tags"]
    assert tags == [{"Key": "sagemaker:pipeline-execution-arn", "Value": arn}]


def test_a_failed_job_fails_its_step_with_the_jobs_own_reason(aws, processing, start):
    status, steps = end_of(aws, start(processing("Bad", "raise SystemExit('no such column: Rating')")))
    assert status == "Failed"
    job = steps["Bad"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    reason = aws.client("sagemaker").describe_processing_job(ProcessingJobName=job)["FailureReason"]
    assert steps["Bad"]["FailureReason"] == f"ClientError: {reason}"[:1024]


def test_a_stopped_execution_stops_its_job_and_can_be_retried(aws, processing, start):
    sagemaker = aws.client("sagemaker")
    arn = start(
        processing("Quick", "pass"), processing("Slow", "import time; time.sleep(600)", DependsOn=["Quick"])
    )
    while "ProcessingJob" not in steps_of(aws, arn).get("Slow", {}).get("Metadata", {}):
        time.sleep(0.02)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    status, steps = end_of(aws, arn)
    assert status == "Stopped"
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "Quick": "Succeeded",
        "Slow": "Stopped",
    }
    job = steps["Slow"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Stopped"

    aws.client("s3").put_object(Bucket=aws.bucket, Key="code/Slow/script.py", Body=b"pass")
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    status, steps = end_of(aws, arn)
    assert status == "Succeeded", steps
    assert {name: step["AttemptCount"] for name, step in steps.items()} == {"Quick": 1, "Slow": 2}


def test_a_group_that_does_not_exist_is_made_by_the_registration(aws, start):
    arguments = {
        "ModelPackageGroupName": "nobodys-models",
        "InferenceSpecification": {"Containers": [{"Image": SKLEARN}], "SupportedContentTypes": ["text/csv"]},
    }
    status, _ = end_of(aws, start({"Name": "Register", "Type": "RegisterModel", "Arguments": arguments}))
    assert status == "Succeeded"
    listed = aws.client("sagemaker").list_model_packages(ModelPackageGroupName="nobodys-models")
    assert len(listed["ModelPackageSummaryList"]) == 1


CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}


def was_cached(aws, arn, name="A"):
    status, steps = end_of(aws, arn)
    assert status == "Succeeded", steps
    return "CacheHitResult" in steps[name]


def test_a_cached_step_answers_what_it_answered_before_and_later_steps_use_that(aws, processing, start):
    write = processing(
        "A", f"import time; open('{OUTPUT}/time.txt', 'w').write(str(time.time_ns()))", **CACHED
    )
    source = {"Get": "Steps.A.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"}
    copy = processing(
        "B",
        f"open('{OUTPUT}/time.txt', 'w').write(open('/opt/ml/processing/input/time/time.txt').read())",
        inputs={"time": source},
    )
    first = start(write, copy)
    assert not was_cached(aws, first)
    second = start()
    assert was_cached(aws, second)
    before, after = steps_of(aws, first), steps_of(aws, second)
    assert after["A"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert after["A"]["Metadata"] == before["A"]["Metadata"]
    assert "CacheHitResult" not in after["B"]

    def copied(arn):
        key = f"runs/{arn.rpartition('/')[2]}/B/time.txt"
        return aws.client("s3").get_object(Bucket=aws.bucket, Key=key)["Body"].read()

    assert copied(second) == copied(first)


def test_an_update_that_leaves_a_step_alone_leaves_it_cached(aws, processing, start):
    assert not was_cached(aws, start(processing("A", "pass", **CACHED)))
    assert was_cached(aws, start(processing("A", "pass", **CACHED), processing("B", "pass")))
    changed = processing("A", "pass", **CACHED)
    changed["Arguments"]["Environment"] = {"NEW": "1"}
    assert not was_cached(aws, start(changed))


@pytest.mark.parametrize("config", [{"Enabled": False}, {"Enabled": True, "ExpireAfter": "PT0S"}])
def test_a_step_runs_again_without_caching_and_after_its_expiry(aws, processing, start, config):
    assert not was_cached(aws, start(processing("A", "pass", CacheConfig=config)))
    assert not was_cached(aws, start())


def test_a_failed_run_answers_for_nothing(aws, processing, start):
    failed, _ = end_of(aws, start(processing("A", "raise SystemExit(1)", **CACHED)))
    assert failed == "Failed"
    assert not was_cached(aws, start(processing("A", "pass", **CACHED)))
