"""Processing jobs run for real: inputs from S3, a script, outputs to S3; and every way in which that fails."""

import json
import os
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.containers.container import Host
from local_aws.containers.interpreter import Interpreters
from local_aws.containers.processing import ProcessingContainer
from local_aws.containers.sandbox import Process
from local_aws.sagemaker.jobs.processing_jobs import ProcessingJobs
from local_aws.sagemaker.tags import Tags

IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CODE = "/opt/ml/processing/input/code"
OUTPUT = "/opt/ml/processing/output"
FOR_EVER = "import time\nprint('running', flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def request_for(aws, bucket):
    """The request that runs `script` on the scikit-learn image."""

    def request_for(name, script, *arguments, **changes):
        code = bucket.put(f"code/{name}/run.py", script)
        stated = {
            "ProcessingJobName": f"{aws.bucket}-{name}",
            "RoleArn": aws.role_arn,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", f"{CODE}/run.py"],
                **({"ContainerArguments": list(arguments)} if arguments else {}),
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
            },
            "ProcessingInputs": [s3_input("code", code, CODE)],
            "ProcessingOutputConfig": {
                "Outputs": [s3_output("result", f"s3://{aws.bucket}/out/{name}", OUTPUT)]
            },
        }
        return stated | changes

    return request_for


@pytest.fixture
def start(processing, request_for):
    return lambda *arguments, **changes: processing.create(request_for(*arguments, **changes))


@pytest.fixture
def run(processing, request_for):
    """Run a job to its end; returns its description."""
    return lambda *arguments, **changes: processing.run(request_for(*arguments, **changes))


def s3_input(name, uri, path, **changes):
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"} | changes
    return {"InputName": name, "S3Input": source}


def s3_output(name, uri, path, mode="EndOfJob"):
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


def test_a_job_reads_its_inputs_and_its_outputs_are_uploaded(aws, bucket, run):
    bucket.put("data/deep/rows.txt", "1\n2\n")
    job = run(
        "count",
        f"import pathlib, sys\n"
        f"rows = pathlib.Path('/opt/ml/processing/input/data/deep/rows.txt').read_text().split()\n"
        f"pathlib.Path('{OUTPUT}/deep').mkdir()\n"
        f"pathlib.Path('{OUTPUT}/deep/count.txt').write_text(f'{{sys.argv[1]}} {{len(rows)}}')\n",
        "rows:",
        ProcessingInputs=[
            s3_input("code", f"s3://{aws.bucket}/code/count/", CODE),
            s3_input("data", f"s3://{aws.bucket}/data", "/opt/ml/processing/input/data"),
        ],
    )
    assert job["ProcessingJobStatus"] == "Completed"
    assert bucket.read("out/count/deep/count.txt") == b"rows: 2"
    assert "FailureReason" not in job


def test_a_job_is_described_as_it_was_asked_for(aws, run, request_for):
    stated = request_for("echo", "", Environment={"A": "b"}, StoppingCondition={"MaxRuntimeInSeconds": 60})
    job = run("echo", "", Environment={"A": "b"}, StoppingCondition={"MaxRuntimeInSeconds": 60})
    assert {name: job[name] for name in stated} == stated
    name = stated["ProcessingJobName"]
    assert job["ProcessingJobArn"] == f"arn:aws:sagemaker:{aws.region}:123456789012:processing-job/{name}"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["LastModifiedTime"] == job["ProcessingEndTime"]


def test_outputs_of_either_upload_mode_are_there_in_the_end(aws, bucket, run):
    run(
        "modes",
        "open('/opt/ml/processing/a/x', 'w').close(); open('/opt/ml/processing/b/y', 'w').close()",
        ProcessingOutputConfig={
            "Outputs": [
                s3_output("a", f"s3://{aws.bucket}/out/a", "/opt/ml/processing/a"),
                s3_output("b", f"s3://{aws.bucket}/out/b", "/opt/ml/processing/b", mode="Continuous"),
            ]
        },
    )
    assert bucket.keys("out/") == ["out/a/x", "out/b/y"]


def test_the_environment_is_the_jobs_and_points_at_the_embedded_aws(aws, bucket, run, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "production")
    run(
        "environment",
        f"import json, os\njson.dump(dict(os.environ), open('{OUTPUT}/environment.json', 'w'))",
        Environment={"MINE": "value", "WHERE": "/opt/ml/processing"},
    )
    told = json.loads(bucket.read("out/environment/environment.json"))
    assert told["MINE"] == "value"
    assert told["AWS_ENDPOINT_URL"] == aws.server.endpoint_url
    assert told["AWS_DEFAULT_REGION"] == told["AWS_REGION"] == aws.region
    assert "AWS_PROFILE" not in told
    assert "real" not in told.values()


def test_a_script_can_use_boto3_against_the_embedded_aws(aws, bucket, run):
    run("boto", f"import boto3\nboto3.client('s3').put_object(Bucket='{aws.bucket}', Key='by-job', Body=b'')")
    assert bucket.keys("by-job") == ["by-job"]


def test_the_jobs_configuration_lies_where_sagemaker_puts_it(bucket, run):
    job = run(
        "configuration",
        f"import shutil\n"
        f"for name in ('processingjobconfig', 'resourceconfig'):\n"
        f"    shutil.copy(f'/opt/ml/config/{{name}}.json', '{OUTPUT}')\n",
    )
    configuration = json.loads(bucket.read("out/configuration/processingjobconfig.json"))
    assert configuration["ProcessingJobArn"] == job["ProcessingJobArn"]
    assert configuration["ProcessingInputs"][0]["S3Input"]["S3Uri"].endswith("code/configuration/run.py")
    assert json.loads(bucket.read("out/configuration/resourceconfig.json")) == {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
    }


def test_what_a_job_says_about_its_end_is_its_exit_message(run):
    said = "open('/opt/ml/output/message', 'w').write('3 rows dropped')"
    assert run("message", said)["ExitMessage"] == "3 rows dropped"


def test_the_log_is_in_cloudwatch_under_sagemakers_names(processing, run):
    name = run("log", "import sys\nprint('one')\nprint('two', file=sys.stderr)")["ProcessingJobName"]
    assert processing.log(name) == ["one", "two"]
    [named] = processing.streams(name)
    job, _, stream = named.partition("/")
    assert job == name
    assert stream.rpartition("-")[0] == "algo-1"
    assert stream.rpartition("-")[2].isdigit()


def test_the_log_can_be_followed_while_the_job_runs(processing, start):
    name = start("follow", FOR_EVER)
    processing.wait_for_line(name, "running")
    assert processing.describe(name)["ProcessingJobStatus"] == "InProgress"
    processing.stop(name)
    processing.wait(name)


def test_the_image_has_no_fasttext(run):
    reason = run("fasttext", "import fasttext")["FailureReason"]
    assert "No module named 'fasttext'" in reason


def test_where_paths_cannot_be_literal_the_same_script_runs_on_rewritten_ones(
    aws, bucket, request_for, tmp_path
):
    stated = request_for(
        "rewritten",
        f"import argparse\nparser = argparse.ArgumentParser()\n"
        f"parser.add_argument('--output', default='{OUTPUT}')\nparser.add_argument('--again')\n"
        f"stated = parser.parse_args()\nassert stated.output == stated.again\n"
        f"open(stated.output + '/found', 'w').close()\n",
        "--again",
        OUTPUT,
    )
    host = Host(aws.server.account, Interpreters(tmp_path / "state"), literal=False)
    container = ProcessingContainer(host, stated, "arn", tmp_path / "job")
    lines: list[str] = []
    assert Process(container.prepare(), container.ml, lines.append).wait() == 0, lines
    container.publish()
    assert bucket.keys("out/") == ["out/rewritten/found"]
    assert str(tmp_path / "job") in (tmp_path / "job/ml/config/processingjobconfig.json").read_text()


def test_a_script_that_exits_1_fails_the_job_quoting_its_log(bucket, run):
    job = run("exit", f"open('{OUTPUT}/half', 'w').close()\nraise SystemExit('no rows in the file')")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no rows in the file, exit code: 1"
    assert bucket.keys("out/") == []


def test_a_failures_own_message_goes_before_the_log(run):
    job = run(
        "own-words",
        "open('/opt/ml/output/message', 'w').write('no rows')\nprint('noise')\nraise SystemExit(4)",
    )
    assert job["ExitMessage"] == "no rows"
    assert job["FailureReason"] == "AlgorithmError: no rows, exit code: 4"


def test_a_long_log_is_quoted_by_its_end_within_the_apis_limit(run):
    reason = run("long", "print('x' * 5000 + 'the end')\nraise SystemExit(1)")["FailureReason"]
    assert reason.endswith("the end, exit code: 1")
    assert len(reason) <= 1024


def test_a_killed_job_says_by_what(run):
    job = run(
        "killed", "import os, signal\nprint('so far', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "AlgorithmError: the process was killed by SIGKILL; its log ends: so far, exit code: 137"
    )


def test_a_job_past_its_limit_is_stopped_and_fails_naming_the_limit(bucket, run):
    job = run("overrun", FOR_EVER, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Failed"
    assert "longer than its MaxRuntimeInSeconds of 1" in job["FailureReason"]
    assert bucket.keys("out/") == []


def test_an_input_that_does_not_exist_fails_the_job_naming_it(aws, run):
    missing = f"s3://{aws.bucket}/no-such-data"
    job = run("missing", "", ProcessingInputs=[s3_input("data", missing, "/opt/ml/processing/input/data")])
    assert job["ProcessingJobStatus"] == "Failed"
    assert "Data download failed: No S3 objects found under" in job["FailureReason"]
    assert missing in job["FailureReason"]


def test_an_input_in_a_bucket_that_does_not_exist_fails_the_job_naming_it(run):
    inputs = [s3_input("data", "s3://no-such-bucket/data", "/opt/ml/processing/input/data")]
    reason = run("no-bucket", "", ProcessingInputs=inputs)["FailureReason"]
    assert "Data download failed: NoSuchBucket" in reason
    assert "s3://no-such-bucket/data" in reason


def test_an_output_to_a_bucket_that_does_not_exist_fails_the_job_before_it_runs(processing, run):
    outputs = {"Outputs": [s3_output("result", "s3://no-such-bucket/out", OUTPUT)]}
    job = run("no-target", "print('ran')", ProcessingOutputConfig=outputs)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "Artifact upload failed: NoSuchBucket: the bucket no-such-bucket" in job["FailureReason"]
    assert processing.log(job["ProcessingJobName"]) == []


def test_a_job_stopped_in_the_middle_ends_stopped_and_leaves_nothing(bucket, processing, start):
    name = start("stop", f"open('{OUTPUT}/half', 'w').close()\n{FOR_EVER}")
    processing.wait_for_line(name, "running")
    processing.stop(name)
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert bucket.keys("out/") == []


def test_a_job_that_has_ended_cannot_be_stopped(processing, run):
    name = run("ended", "")["ProcessingJobName"]
    with pytest.raises(ClientError, match="is in status Completed"):
        processing.stop(name)


def test_closing_kills_what_runs(aws, processing, request_for):
    jobs = ProcessingJobs(aws.server.account, Tags(aws.server.account))
    stated = request_for("closing", f"import os\nprint(os.getpid(), flush=True)\n{FOR_EVER}")
    name = stated["ProcessingJobName"]
    jobs.create_processing_job(stated)
    processing.wait_for_line(name, "running")
    jobs.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(processing.log(name)[0]), 0)
    assert jobs.describe_processing_job({"ProcessingJobName": name})["ProcessingJobStatus"] == "Stopped"


def test_nothing_of_a_job_stays_on_this_machine(aws, run):
    name = run("tidy", f"open('{OUTPUT}/x', 'w').close()")["ProcessingJobName"]
    for _ in range(500):
        left = list(aws.server.account.state.glob(f"processing-jobs-*/jobs/{name}"))
        if not left:
            return
        time.sleep(0.02)
    raise AssertionError(f"still there: {left}")


def test_a_name_is_taken_for_ever(sagemaker, run, request_for):
    run("twice", "")
    with pytest.raises(ClientError, match="must be unique within an AWS account and region") as refused:
        sagemaker.create_processing_job(**request_for("twice", ""))
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_job_that_does_not_exist_is_not_found_by_name(sagemaker):
    for operation in (sagemaker.describe_processing_job, sagemaker.stop_processing_job):
        with pytest.raises(ClientError, match="there is no processing job named nobody"):
            operation(ProcessingJobName="nobody")


CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"ProcessingResources": {"ClusterConfig": CLUSTER | {"InstanceCount": 2}}},
            "InstanceCount is 2: the embedded SageMaker runs a job on one instance only",
        ),
        (
            {"AppSpecification": {"ImageUri": "1.dkr.ecr/own:1", "ContainerEntrypoint": ["x"]}},
            "has no image '1.dkr.ecr/own:1'. It has .*sagemaker-scikit-learn",
        ),
        ({"AppSpecification": {"ImageUri": IMAGE}}, "has no ContainerEntrypoint"),
        (
            {"AppSpecification": {"ImageUri": IMAGE.replace("sagemaker-scikit-learn", "blazingtext")}},
            "is no image for processing jobs",
        ),
        (
            {"ProcessingInputs": [s3_input("in", "s3://bucket/in", "/data")]},
            "LocalPath is '/data', but must begin with /opt/ml/processing/",
        ),
        (
            {
                "ProcessingInputs": [
                    s3_input("in", "s3://b/in", "/opt/ml/processing/in", S3DataType="ManifestFile")
                ]
            },
            "The input 'in': S3DataType 'ManifestFile' is not embedded. Use S3Prefix",
        ),
        (
            {"ProcessingInputs": [s3_input("in", "s3://b/in", "/opt/ml/processing/in", S3InputMode="Pipe")]},
            "S3InputMode 'Pipe' is not embedded. Use File",
        ),
        (
            {"ProcessingInputs": [s3_input("in", "https://b/in", "/opt/ml/processing/in")]},
            "'https://b/in' is not an S3 URI",
        ),
        (
            {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "features", "AppManaged": True}]}},
            "The output 'features' has no S3Output",
        ),
    ],
)
def test_what_is_not_embedded_is_refused_saying_what_is(sagemaker, request_for, changes, said):
    stated = request_for("refused", "") | changes
    with pytest.raises(ClientError, match=said) as refused:
        sagemaker.create_processing_job(**stated)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="there is no processing job"):
        sagemaker.describe_processing_job(ProcessingJobName=stated["ProcessingJobName"])


def test_jobs_are_listed_by_name_status_and_page(aws, sagemaker, run):
    for name, script in (("a", ""), ("b", "raise SystemExit(1)"), ("c", "")):
        run(name, script)

    def names(**query):
        pages = sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=aws.bucket, **query)
        return [
            job["ProcessingJobName"].rpartition("-")[2]
            for page in pages
            for job in page["ProcessingJobSummaries"]
        ]

    assert names(SortBy="Name") == ["a", "b", "c"]
    assert names(SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 2}) == [
        "c",
        "b",
        "a",
    ]
    assert names(StatusEquals="Failed") == ["b"]


def test_a_job_has_the_tags_it_was_created_with(sagemaker, run):
    job = run("tags", "", Tags=[{"Key": "sagemaker:project-name", "Value": "local"}])
    tags = sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "sagemaker:project-name", "Value": "local"}]
