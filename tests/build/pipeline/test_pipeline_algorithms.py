"""The pipeline of each algorithm: scripts in the scikit-learn image, transformers in the PyTorch image."""

import dataclasses
import re

import pytest

from model_build.core import diff
from model_build.run.pipeline import definition


def test_a_script_is_trained_and_served_in_the_scikit_learn_image(recipe, settings, inputs):
    training = {
        "algorithm": "script",
        "folder": "tfidf",
        "hyperparameters": {"balanced": True, "min_count": 3},
    }
    archive = "s3://shop-artifacts/code/build/fff/sourcedir.tar.gz"
    inputs = dataclasses.replace(inputs, algorithm=archive)
    found = diff.steps(definition(recipe(training=training), settings, inputs))
    train = found["Train"]["Arguments"]
    assert "sagemaker-scikit-learn" in train["AlgorithmSpecification"]["TrainingImage"]
    assert train["HyperParameters"] == {
        **{"labels": "bad good", "multi_label": "false", "balanced": "true", "min_count": "3"},
        **{"sagemaker_program": "train.py", "sagemaker_submit_directory": archive},
    }
    [registered] = found["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
    for container in (registered, found["CreateModel"]["Arguments"]["PrimaryContainer"]):
        assert "sagemaker-scikit-learn" in container["Image"]
        assert container["Environment"] == {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        }


def test_a_script_that_needs_the_wheels_gets_them_as_a_channel(recipe, settings, inputs):
    inputs = dataclasses.replace(
        inputs, algorithm="s3://shop-artifacts/a.tar.gz", training_wheels=inputs.wheels
    )
    training = {"algorithm": "script", "folder": "fasttext"}
    found = diff.steps(definition(recipe(training=training), settings, inputs))
    channels = found["Train"]["Arguments"]["InputDataConfig"]
    assert [each["ChannelName"] for each in channels] == ["train", "validation", "wheels"]
    assert channels[2]["DataSource"]["S3DataSource"]["S3Uri"] == inputs.wheels


TRANSFORMER = {
    "algorithm": "transformer",
    "pretrained": {"package": "tiny-bert==1.0", "sha256": "7" * 64},
    "hyperparameters": {"epochs": 2},
}


@pytest.fixture
def transformed(recipe, settings, inputs):
    """Makes the definition of a transformer; with a `name` the arguments of that step."""

    def transformed(name=None, **changes):
        given = dataclasses.replace(
            inputs,
            algorithm="s3://shop-artifacts/code/build/fff/sourcedir.tar.gz",
            training_wheels="s3://shop-artifacts/code/build/ggg/",
            pretrained="s3://shop-artifacts/code/build/777/",
            evaluates_transformers=True,
        )
        text = definition(recipe(training=TRANSFORMER | changes), settings, given)
        return diff.steps(text)[name]["Arguments"] if name else text

    return transformed


@pytest.mark.parametrize(("instance_type", "kind"), [("ml.c5.2xlarge", "cpu"), ("ml.g5.xlarge", "gpu")])
def test_a_transformer_is_trained_in_the_pytorch_image_of_its_machine(instance_type, kind, transformed):
    train = transformed("Train", instance_type=instance_type)
    assert train["AlgorithmSpecification"]["TrainingImage"].endswith(f"/pytorch-training:2.9.0-{kind}-py312")
    assert train["HyperParameters"]["epochs"] == "2"
    assert train["HyperParameters"]["pretrained_sha256"] == "7" * 64
    places = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in train["InputDataConfig"]
    }
    assert places["wheels"] == "s3://shop-artifacts/code/build/ggg/"
    assert places["pretrained"] == "s3://shop-artifacts/code/build/777/"


def test_a_transformer_is_evaluated_and_served_where_pytorch_is(transformed):
    evaluate = transformed("Evaluate")
    assert "/pytorch-training:" in evaluate["AppSpecification"]["ImageUri"]
    assert "sagemaker-scikit-learn" in transformed("Prepare")["AppSpecification"]["ImageUri"]
    [registered] = transformed("Register")["InferenceSpecification"]["Containers"]
    # The same Python as where the libraries were packed that travel with the model.
    assert registered["Image"].endswith("/pytorch-inference:2.6.0-cpu-py312")
    assert registered["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"


def test_spot_capacity_comes_with_checkpoints_that_an_attempt_after_it_finds(resolved, transformed):
    train = transformed("Train", spot=True, max_runtime_seconds=600)
    assert train["EnableManagedSpotTraining"] is True
    assert train["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 87000}
    place = resolved(train["CheckpointConfig"]["S3Uri"])
    assert re.fullmatch(r"s3://shop-artifacts/runs/checkpoints/[0-9a-f]{64}/resolved-DataSha256", place)
    other = transformed("Train", spot=True, hyperparameters={"epochs": 3})
    assert resolved(other["CheckpointConfig"]["S3Uri"]) != place
    assert "CheckpointConfig" not in transformed("Train")


def test_the_definition_of_a_transformer_is_deterministic(transformed):
    assert transformed(spot=True) == transformed(spot=True)
