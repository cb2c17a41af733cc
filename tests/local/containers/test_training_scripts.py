"""Scripts and entry points in training jobs: what they find, what is made of what they leave, how they fail."""

import io
import json
import re
import tarfile

import pytest

SCIKIT_LEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


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


def packed(**files):
    """A .tar.gz of files: {name with __ for the dot: text}."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return body.getvalue()


def test_a_script_gets_its_hyperparameters_channels_and_environment(aws, bucket, script):
    job = script(
        "script",
        "import json, os, sys\n"
        "from helper import read\n"
        "told = {name: os.environ[name] for name in ('SM_MODEL_DIR', 'SM_CHANNEL_TRAIN', 'SM_HP_EPOCHS', 'MINE')}\n"
        "told['arguments'] = sys.argv[1:]\n"
        "told['text'] = read(os.environ['SM_CHANNEL_TRAIN'] + '/text.txt')\n"
        "json.dump(told, open('/opt/ml/model/told.json', 'w'))\n"
        "open('/opt/ml/output/data/plot.txt', 'w').write('a plot')\n",
        {"epochs": "3"},
        {"train": {"text.txt": "words"}},
        {"helper.py": "def read(path):\n    return open(path).read()\n"},
        Environment={"MINE": "value"},
    )
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    told = json.loads(bucket.unpacked(job["ModelArtifacts"]["S3ModelArtifacts"])["told.json"])
    # Beginning with /opt, or where the kernel has no namespaces to give with the job's own folder.
    assert told.pop("SM_MODEL_DIR").endswith("/ml/model")
    assert told.pop("SM_CHANNEL_TRAIN").endswith("/ml/input/data/train")
    assert told == {
        "SM_HP_EPOCHS": "3",
        "MINE": "value",
        "arguments": ["--epochs", "3"],
        "text": "words",
    }
    output = f"s3://{aws.bucket}/models/{job['TrainingJobName']}/output/output.tar.gz"
    assert bucket.unpacked(output) == {"plot.txt": b"a plot"}


def test_a_script_can_come_in_an_archive(aws, bucket, run):
    archive = packed(train__py="open('/opt/ml/model/made', 'w').write('by the archive')")
    bucket.put("code/sourcedir.tar.gz", archive)
    job = run(
        "archive",
        SCIKIT_LEARN,
        {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{aws.bucket}/code/sourcedir.tar.gz"',
        },
    )
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert bucket.unpacked(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"made": b"by the archive"}


@pytest.mark.parametrize(
    ("directory", "said"),
    [
        ("s3://BUCKET/no/sourcedir.tar.gz", "Data download failed: NoSuchKey .*no/sourcedir.tar.gz"),
        ("s3://BUCKET/code/broken.tar.gz", "broken.tar.gz is no .tar.gz archive"),
        ("/usr/src", "'/usr/src', but must begin with s3:// or /opt/ml/"),
        ("", "neither the hyperparameter sagemaker_submit_directory nor an input channel named code"),
    ],
)
def test_code_that_cannot_be_had_fails_the_job_saying_why(aws, bucket, run, directory, said):
    bucket.put("code/broken.tar.gz", "no archive")
    stated = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": directory.replace("BUCKET", aws.bucket),
    }
    assert re.search(said, run("no-code", SCIKIT_LEARN, stated)["FailureReason"])


def test_an_entry_point_finds_the_configuration_under_opt_ml(bucket, training, run):
    program = (
        "cd /opt/ml/input/config && cat hyperparameters.json inputdataconfig.json resourceconfig.json && "
        "cp /opt/ml/input/data/train/text.txt /opt/ml/model/ && echo $TRAINING_JOB_NAME"
    )
    job = run(
        "entry",
        SCIKIT_LEARN,
        {"epochs": "3"},
        {"train": {"text.txt": "words"}},
        AlgorithmSpecification={
            "TrainingImage": SCIKIT_LEARN,
            "TrainingInputMode": "FastFile",
            "ContainerEntrypoint": ["/bin/bash"],
            "ContainerArguments": ["-c", program],
        },
    )
    said = "".join(training.log(job["TrainingJobName"]))
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    for part in (
        '"epochs": "3"',
        '"ContentType": "text/plain"',
        '"current_host": "algo-1"',
        job["TrainingJobName"],
    ):
        assert part in said
    assert bucket.unpacked(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"text.txt": b"words"}


def test_metrics_are_what_the_requests_expressions_find_last(script):
    job = script(
        "metrics",
        "print('epoch 1 loss=0.5;')\nprint('epoch 2 loss=0.25;')\nprint('f1=none')",
        AlgorithmSpecification={
            "TrainingImage": SCIKIT_LEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "loss", "Regex": "loss=([0-9.]+)"},
                {"Name": "f1", "Regex": "f1=(.*)"},
            ],
        },
    )
    assert [(found["MetricName"], found["Value"]) for found in job["FinalMetricDataList"]] == [("loss", 0.25)]


def test_a_script_that_fails_is_quoted_and_its_half_a_model_is_not_uploaded(bucket, script):
    job = script("fails", "open('/opt/ml/model/half', 'w').close()\nraise ValueError('no such label: meh')")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError")
    assert "ValueError: no such label: meh" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")
    assert bucket.keys("models/") == []


def test_a_script_that_says_why_it_fails_is_quoted_with_that(script):
    job = script("says", "open('/opt/ml/output/failure', 'w').write('too few rows')\nraise SystemExit(1)")
    assert job["FailureReason"] == "AlgorithmError: too few rows, exit code: 1"


def test_a_job_takes_up_the_checkpoints_of_the_one_before_it_even_of_one_that_failed(aws, bucket, script):
    config = {"S3Uri": f"s3://{aws.bucket}/runs/checkpoints/one", "LocalPath": "/opt/ml/checkpoints"}
    text = (
        "import pathlib, sys\n"
        "steps = pathlib.Path('/opt/ml/checkpoints/last/steps.txt')\n"
        "steps.parent.mkdir(exist_ok=True)\n"
        "done = steps.read_text() if steps.exists() else ''\n"
        "steps.write_text(done + 'x')\n"
        "pathlib.Path('/opt/ml/model/steps.txt').write_text(done + 'x')\n"
        "sys.exit(1 if not done else 0)\n"
    )
    first = script("interrupted", text, CheckpointConfig=config)
    assert first["TrainingJobStatus"] == "Failed"
    assert bucket.keys("runs/checkpoints/") == ["runs/checkpoints/one/last/steps.txt"]
    second = script("resumed", text, CheckpointConfig=config)
    assert second["TrainingJobStatus"] == "Completed", second["FailureReason"]
    assert bucket.unpacked(second["ModelArtifacts"]["S3ModelArtifacts"]) == {"steps.txt": b"xx"}
    assert second["CheckpointConfig"] == config
