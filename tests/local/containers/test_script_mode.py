"""Script mode: a script gets the hyperparameters as arguments and the rest as SM_* variables."""

import json

import pytest

from local_aws.containers.errors import AlgorithmError
from local_aws.containers.script_mode import Script, variables

RESOURCES = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}


@pytest.mark.parametrize("program", ["train.py", '"train.py"'])
def test_the_script_is_named_bare_or_as_json(program):
    assert Script.named_by({"sagemaker_program": program}).program == "train.py"


def test_hyperparameters_become_arguments_in_the_order_of_their_names():
    script = Script.named_by(
        {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bucket/code.tar.gz",
            "learning-rate": "0.5",
            "k": "3",
            "name": '"two words"',
            "weights": '{"b": 2, "a": 1}',
            "verbose": "true",
        }
    )
    assert script.arguments() == [
        *("-k", "3"),
        *("--learning-rate", "0.5"),
        *("--name", "two words"),
        *("--verbose", "True"),
        *("--weights", "a=1,b=2"),
    ]


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("train.py", ("python3", "train.py")),
        ("train.sh", ("/bin/sh", "./train.sh")),
        ("package.train", ("python3", "-m", "package.train")),
    ],
)
def test_a_script_is_run_by_what_its_name_says(tmp_path, program, command):
    assert Script(program, {}).command(tmp_path) == command


def test_requirements_beside_the_script_are_installed_first(tmp_path):
    (tmp_path / "requirements.txt").write_text("six")
    command = Script("train.py", {}).command(tmp_path)
    assert command[:2] == ("sh", "-c")
    assert "pip install -r requirements.txt &&" in command[2]
    assert command[-2:] == ("python3", "train.py")


def test_nothing_to_run_is_a_failure_that_says_what_is_missing():
    with pytest.raises(AlgorithmError, match=r"sagemaker_program nor .*ContainerEntrypoint.*exit code: 1"):
        Script.named_by({"epochs": "3"})


def test_the_variables_say_where_everything_is():
    script = Script("train.py", {"learning-rate": 0.5, "name": "x"})
    told = variables(script, {"train": {}, "my-data": {}}, RESOURCES, "job-1")
    assert told["SM_MODEL_DIR"] == "/opt/ml/model"
    assert told["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert told["SM_CHANNEL_MY_DATA"] == "/opt/ml/input/data/my-data"
    assert json.loads(told["SM_CHANNELS"]) == ["my-data", "train"]
    assert json.loads(told["SM_HPS"]) == {"learning-rate": 0.5, "name": "x"}
    assert (told["SM_HP_LEARNING_RATE"], told["SM_HP_NAME"]) == ("0.5", "x")
    assert json.loads(told["SM_TRAINING_ENV"])["job_name"] == "job-1"
