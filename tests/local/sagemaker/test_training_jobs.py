"""Training jobs run for real: BlazingText, scripts and entry points; and every way in which that fails."""

import pytest
from botocore.exceptions import ClientError

from local_aws.containers.container import Host
from local_aws.containers.interpreter import Interpreters
from local_aws.containers.sandbox import Process
from local_aws.containers.training import TrainingContainer

BLAZINGTEXT = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
SCIKIT_LEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
TEXT = "__label__good fine weather\n__label__bad poor weather\n" * 30
SUPERVISED = {
    "mode": "supervised",
    "min_count": "1",
    "buckets": "1000",
    "vector_dim": "4",
    "learning_rate": "0.5",
}
FOR_EVER = "import time\nprint('running', flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def start(training, training_request):
    return lambda *arguments, **changes: training.create(training_request(*arguments, **changes))


@pytest.fixture
def run(training, training_request):
    """Run a job to its end; returns its description."""
    return lambda *arguments, **changes: training.run(training_request(*arguments, **changes))


@pytest.fixture
def script(run):
    """Run a script, in a channel named "code", on the scikit-learn image."""

    def script(name, text, hyperparameters=None, channels=None, files=None, **changes):
        stated = {"sagemaker_program": "train.py"} | (hyperparameters or {})
        code = {"code": {"train.py": text} | (files or {})}
        return run(name, SCIKIT_LEARN, stated, code | (channels or {}), **changes)

    return script


def channel(name, uri, **changes):
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri} | changes},
    }


def phases(job):
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def test_blazingtext_trains_a_model_and_its_metrics_are_those_of_its_log(aws, bucket, training, run):
    job = run(
        "blazing", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}, "validation": {"v.txt": TEXT}}
    )
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    uri = f"s3://{aws.bucket}/models/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    assert list(bucket.unpacked(uri)) == ["model.bin"]
    metrics = {found["MetricName"]: found["Value"] for found in job["FinalMetricDataList"]}
    assert set(metrics) == {"train:accuracy", "validation:accuracy"}
    assert f"#train_accuracy: {metrics['train:accuracy']:.4f}" in training.log(job["TrainingJobName"])


def test_a_training_goes_through_sagemakers_phases_and_is_billed_in_whole_seconds(run):
    job = run("phases", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}})
    assert phases(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    for earlier, later in zip(
        job["SecondaryStatusTransitions"], job["SecondaryStatusTransitions"][1:], strict=False
    ):
        assert earlier["EndTime"] == later["StartTime"]
        assert earlier["StatusMessage"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]


def test_a_job_is_described_as_it_was_asked_for(run, training_request):
    arguments = ("echo", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}})
    stated = training_request(*arguments, Environment={"A": "b"}, EnableNetworkIsolation=True)
    job = run(*arguments, Environment={"A": "b"}, EnableNetworkIsolation=True)
    assert {name: job[name] for name in stated} == stated


def test_a_hyperparameter_blazingtext_does_not_know_fails_the_job_naming_it(bucket, run):
    job = run("unknown", BLAZINGTEXT, SUPERVISED | {"min_char": "3"}, {"train": {"train.txt": TEXT}})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "ClientError: Additional hyperparameters are not allowed ('min_char' was unexpected)"
    )
    assert job["FailureReason"].endswith(", exit code: 2")
    assert bucket.keys("models/") == []


def test_word_vectors_are_refused_by_name(run):
    job = run("cbow", BLAZINGTEXT, {"mode": "cbow"}, {"train": {"train.txt": TEXT}})
    assert "mode: 'cbow' learns word vectors" in job["FailureReason"]


def test_blazingtexts_metrics_cannot_be_overridden(sagemaker, training_request):
    specification = {
        "TrainingImage": BLAZINGTEXT,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "mine", "Regex": "(.)"}],
    }
    with pytest.raises(ClientError, match="can't override the metric definitions"):
        sagemaker.create_training_job(
            **training_request("override", BLAZINGTEXT, SUPERVISED, AlgorithmSpecification=specification)
        )


def test_a_killed_training_says_by_what(script):
    job = script("killed", "import os\nos.kill(os.getpid(), 9)")
    assert "the process was killed by SIGKILL" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 137")


def test_a_training_past_its_limit_ends_stopped_with_what_it_had(bucket, script):
    job = script(
        "overrun",
        f"open('/opt/ml/model/checkpoint', 'w').write('so far')\n{FOR_EVER}",
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert "FailureReason" not in job
    assert bucket.unpacked(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"checkpoint": b"so far"}


def test_a_training_stopped_in_the_middle_has_time_to_save(bucket, training, start):
    code = (
        "import signal, sys, time\n"
        "def save(*_):\n"
        "    open('/opt/ml/model/saved', 'w').write('in time')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        f"{FOR_EVER}"
    )
    name = start("stop", SCIKIT_LEARN, {"sagemaker_program": "train.py"}, {"code": {"train.py": code}})
    training.wait_for_line(name, "running")
    training.stop(name)
    job = training.wait(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert phases(job)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert bucket.unpacked(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"saved": b"in time"}


def test_a_training_stopped_before_it_had_anything_leaves_no_model(bucket, training, start):
    name = start("nothing", SCIKIT_LEARN, {"sagemaker_program": "train.py"}, {"code": {"train.py": FOR_EVER}})
    training.wait_for_line(name, "running")
    training.stop(name)
    assert training.wait(name)["TrainingJobStatus"] == "Stopped"
    assert bucket.keys("models/") == []
    with pytest.raises(ClientError, match="is in status Stopped"):
        training.stop(name)


def test_a_channel_that_does_not_exist_fails_the_job_naming_it(aws, run):
    missing = f"s3://{aws.bucket}/no-such-data"
    job = run("missing", BLAZINGTEXT, SUPERVISED, InputDataConfig=[channel("train", missing)])
    assert job["TrainingJobStatus"] == "Failed"
    assert "Data download failed: No S3 objects found under" in job["FailureReason"]
    assert missing in job["FailureReason"]
    assert phases(job) == ["Starting", "Downloading", "Failed"]


def test_an_output_bucket_that_does_not_exist_fails_the_job_before_it_trains(training, run):
    outputs = {"S3OutputPath": "s3://no-such-bucket/models"}
    job = run("no-bucket", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}}, OutputDataConfig=outputs)
    assert "Artifact upload failed: NoSuchBucket: the bucket no-such-bucket" in job["FailureReason"]
    assert training.log(job["TrainingJobName"]) == []


def test_where_paths_cannot_be_literal_blazingtext_and_scripts_run_on_rewritten_ones(
    aws, bucket, training_request, tmp_path
):
    host = Host(aws.server.account, Interpreters(tmp_path / "state"), literal=False)
    code = {"train.py": "open('/opt/ml/model/made', 'w').close()"}
    for name, image, stated, channels, made in (
        ("blazing", BLAZINGTEXT, SUPERVISED, {"train": {"t.txt": TEXT}}, "model.bin"),
        ("script", SCIKIT_LEARN, {"sagemaker_program": "train.py"}, {"code": code}, "made"),
    ):
        request = training_request(name, image, stated, channels)
        container = TrainingContainer(host, request, "arn", tmp_path / name)
        lines: list[str] = []
        assert Process(container.prepare(), container.ml, lines.append).wait() == 0, lines
        container.publish()
        assert list(bucket.unpacked(container.model_uri)) == [made]


RESOURCES = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ResourceConfig": RESOURCES | {"InstanceCount": 2}}, "InstanceCount is 2: .* one instance only"),
        (
            {"ResourceConfig": RESOURCES | {"InstancePreferences": [{"InstanceType": "ml.m5.large"}]}},
            "InstancePreferences is mutually exclusive with InstanceType",
        ),
        (
            {
                "ResourceConfig": {
                    "VolumeSizeInGB": 1,
                    "InstanceCount": 1,
                    "InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 1}],
                }
            },
            "InstanceCount must be in ResourceConfig, or in every one of its InstancePreferences, and not in both",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": "own:1", "TrainingInputMode": "File"}},
            "has no image 'own:1'. It has .*blazingtext",
        ),
        (
            {"AlgorithmSpecification": {"AlgorithmName": "bought", "TrainingInputMode": "File"}},
            "algorithms by name are not embedded",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": BLAZINGTEXT, "TrainingInputMode": "Pipe"}},
            "the input mode 'Pipe' is not embedded. Use File or FastFile",
        ),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": SCIKIT_LEARN,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9"}],
                }
            },
            "The metric 'loss' has no valid regular expression",
        ),
        (
            {"InputDataConfig": [channel("train", "s3://b/manifest", S3DataType="ManifestFile")]},
            "The channel 'train': S3DataType 'ManifestFile' is not embedded. Use S3Prefix",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/tmp/checkpoints"}},
            "CheckpointConfig: LocalPath '/tmp/checkpoints' is not embedded. Use one below /opt/ml",
        ),
        (
            {"EnableManagedSpotTraining": True},
            "MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
            "It must not be specified if EnableManagedSpotTraining is not true",
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://b/m", "CompressionType": "NONE"}},
            "OutputDataConfig: CompressionType 'NONE' is not embedded. Use GZIP",
        ),
    ],
)
def test_what_is_not_embedded_is_refused_saying_what_is(sagemaker, training_request, changes, said):
    stated = training_request("refused", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}}) | changes
    with pytest.raises(ClientError, match=said) as refused:
        sagemaker.create_training_job(**stated)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_name_is_taken_for_ever(sagemaker, run, training_request):
    arguments = ("twice", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}})
    run(*arguments)
    with pytest.raises(ClientError, match="training job with this name already exists") as refused:
        sagemaker.create_training_job(**training_request(*arguments))
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_jobs_are_listed_by_name_and_status(aws, sagemaker, run):
    run("good", BLAZINGTEXT, SUPERVISED, {"train": {"train.txt": TEXT}})
    run("bad", BLAZINGTEXT, {"mode": "cbow"}, {"train": {"train.txt": TEXT}})

    def names(**query):
        found = sagemaker.list_training_jobs(NameContains=aws.bucket, **query)["TrainingJobSummaries"]
        return [job["TrainingJobName"].rpartition("-")[2] for job in found]

    assert names() == ["good", "bad"]
    assert names(SortBy="Name") == ["bad", "good"]
    assert names(StatusEquals="Failed") == ["bad"]


def test_of_several_machines_the_first_is_taken_and_named(run):
    preferred = [{"InstanceType": "ml.c5.xlarge"}, {"InstanceType": "ml.m5.large"}]
    resources = {"VolumeSizeInGB": 1, "InstanceCount": 1, "InstancePreferences": preferred}
    job = run("preferred", BLAZINGTEXT, SUPERVISED, {"train": {"t.txt": TEXT}}, ResourceConfig=resources)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    chosen = {"SelectedInstanceType": "ml.c5.xlarge", "SelectedInstanceCount": 1}
    assert job["ResourceConfig"] == resources | chosen
