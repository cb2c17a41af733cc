"""The pipeline's definition: deterministic, offline, valid for the API, and stable where nothing changed."""

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from botocore.validate import ParamValidator

from model_build.core import diff
from model_build.core.settings import Settings
from model_build.recipe import Recipe
from model_build.run.pipeline import STEPS, Inputs, definition

DOCUMENT = {
    "name": "garments",
    "description": "Is the customer happy with the garment?",
    "data": {"format": "csv", "text": ["Title", "Text"], "label": "Rating"},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "max": 2}, {"name": "good", "min": 3}],
    },
    "training": {"hyperparameters": {"mode": "supervised", "epochs": 3, "early_stopping": False}},
    "gate": {"metric": "macro_f1", "minimum": 0.5},
}
SETTINGS = Settings(
    project_name="shop",
    project_id="p-abc123",
    bucket="shop-artifacts",
    model_package_group="shop-models",
    pipeline_role_arn="arn:aws:iam::123456789012:role/shop-pipeline",
    region="eu-west-1",
)
INPUTS = Inputs(
    prepare_code="s3://shop-artifacts/code/build/aaa/",
    prepare_sha256="a" * 64,
    evaluate_code="s3://shop-artifacts/code/build/bbb/",
    evaluate_sha256="b" * 64,
    wheels="s3://shop-artifacts/code/build/ccc/",
    contract="s3://shop-artifacts/contracts/ddd/",
    contract_sha256="d" * 64,
    text_rules_sha256="e" * 64,
    launcher=("import os", "print(os.name)"),
)


def recipe(**changes) -> Recipe:
    return Recipe.parse(DOCUMENT | changes, origin=Path("garments.yaml"))


@pytest.fixture(scope="module")
def built() -> str:
    return definition(recipe(), SETTINGS, INPUTS)


@pytest.fixture(scope="module")
def steps(built) -> dict[str, Any]:
    return diff.steps(built)


KEY = "arn:aws:kms:eu-west-1:123456789012:key/shop"


def written(value):
    """Every part of a definition that holds places in S3 which a job writes to."""
    if isinstance(value, dict):
        if "S3OutputPath" in value or any("S3Output" in each for each in value.get("Outputs", ())):
            yield value
        for each in value.values():
            yield from written(each)
    elif isinstance(value, list):
        for each in value:
            yield from written(each)


@pytest.mark.parametrize("number", [None, 7])
def test_every_output_of_every_job_is_encrypted_with_the_projects_key(number):
    settings = dataclasses.replace(SETTINGS, kms_key=KEY, pull_request=number)
    found = list(written(json.loads(definition(recipe(), settings, INPUTS))))
    assert len(found) == 3  # Prepare, Train, Evaluate
    assert {each["KmsKeyId"] for each in found} == {KEY}


def resolved(value):
    """What the pipeline service would make of arguments: references become text."""
    match value:
        case {"Get": path}:
            return (
                "s3://bucket/resolved" if "Uri" in path or "S3" in path else f"resolved-{path.split('.')[-1]}"
            )
        case {"Std:JsonGet": {"Path": path}}:
            return f"resolved-{path.split('.')[-1]}"
        case {"Std:Join": {"On": on, "Values": values}}:
            return on.join(resolved(item) for item in values)
        case dict():
            return {key: resolved(item) for key, item in value.items()}
        case list():
            return [resolved(item) for item in value]
    return value


def references(value) -> set[str]:
    return set(re.findall(r'"Get":\s*"([^"]+)"', json.dumps(value)))


def test_two_builds_a_second_apart_are_byte_equal(built):
    time.sleep(1.1)
    assert definition(recipe(), SETTINGS, INPUTS) == built


def test_a_fresh_process_elsewhere_builds_the_same_bytes_without_network(built, tmp_path):
    """With another home, another hash seed, no AWS variables, defaults for the SDK on the machine, and no way out."""
    hostile = tmp_path / "config.yaml"
    hostile.write_text(
        "SchemaVersion: '1.0'\n"
        "SageMaker:\n"
        "  ProcessingJob:\n"
        "    Environment: {STRAY: value}\n"
        "  TrainingJob:\n"
        "    VpcConfig: {SecurityGroupIds: [sg-1], Subnets: [subnet-1]}\n"
    )
    (tmp_path / ".sagemaker-code-config").write_text(
        json.dumps({"sagemakerProjectId": "p-abc123", "sagemakerProjectName": "shop"})
    )
    script = f"""
        import json, socket, sys
        from pathlib import Path

        def refuse(self, address):
            raise AssertionError(f"a connection to {{address}}")

        socket.socket.connect = refuse
        from model_build.run.pipeline import Inputs, definition
        from model_build.recipe import Recipe
        from model_build.core.settings import Settings

        recipe = Recipe.parse(json.loads({json.dumps(json.dumps(DOCUMENT))}), origin=Path("garments.yaml"))
        sys.stdout.write(definition(recipe, {SETTINGS!r}, {INPUTS!r}))
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "4711",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(hostile),
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == built
    assert done.stderr == ""


def test_building_leaves_the_environment_and_the_network_alone(monkeypatch):
    def refuse(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = dict(os.environ)
    definition(recipe(), SETTINGS, INPUTS)
    assert dict(os.environ) == before


def test_a_definition_reads_each_of_awss_models_once_in_a_process(built, monkeypatch):
    """Each of the SDK's four sessions would read them anew, which takes longer than everything else."""
    read = []
    load = botocore.loaders.JSONFileLoader.load_file

    def load_file(loader, path):
        content = load(loader, path)
        if content is not None:
            read.append(path)
        return content

    monkeypatch.setattr(botocore.loaders.JSONFileLoader, "load_file", load_file)
    make = botocore.session.create_loader
    assert definition(recipe(), SETTINGS, INPUTS) == built
    assert read == []
    assert botocore.session.create_loader is make


def test_the_steps_are_those_that_the_commands_know(steps):
    assert set(steps) == set(STEPS)


def test_only_the_verdict_of_evaluate_decides_what_is_registered(steps):
    gate = steps["Gate"]["Arguments"]
    assert gate["Conditions"] == [
        {
            "Type": "Equals",
            "LeftValue": {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                    "Path": "gate.passed",
                }
            },
            "RightValue": True,
        }
    ]
    assert gate["IfSteps"] == ["CreateModel", "Register"]
    assert gate["ElseSteps"] == ["Fail"]


def test_only_the_gate_and_the_registration_read_what_evaluate_wrote(steps):
    """The SDK reads values of other steps by Std:JsonGet in any step's arguments; the fewer, the better."""
    reading = {name for name, step in steps.items() if "Std:JsonGet" in json.dumps(step)}
    assert reading == {"Gate", "Register"}


def test_no_code_of_a_step_runs_that_is_not_what_the_definition_names(steps):
    for name, sha256 in (("Prepare", "a" * 64), ("Evaluate", "b" * 64)):
        entrypoint = steps[name]["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
        assert entrypoint[:3] == ["python3", "-I", "-c"]
        assert entrypoint[4:-4] == list(INPUTS.launcher)
        assert entrypoint[-4:] == ["--", "/opt/ml/processing/input/code", sha256, f"{name.lower()}.py"]


def test_registering_comes_last_so_that_nothing_is_half_registered(steps):
    assert steps["Register"]["DependsOn"] == ["CreateModel"]


def test_a_start_by_hand_has_to_name_data_and_champion(built):
    parameters = {item["Name"]: item for item in json.loads(built)["Parameters"]}
    figures = {"MinimumMetric": 0.5, "MaxRegression": 0.0}
    assert {
        name: item["DefaultValue"] for name, item in parameters.items() if item["Type"] == "Float"
    } == figures
    assert all(item["Type"] == "String" for name, item in parameters.items() if name not in figures)
    assert {name for name, item in parameters.items() if "DefaultValue" not in item} == {
        "Data",
        "DataSha256",
        "Commit",
        "ChampionArn",
        "ChampionModel",
        "ChampionSha256",
        "ChampionContract",
        "ChampionContractSha256",
    }
    assert parameters["ForceReason"]["DefaultValue"] == "none"
    assert parameters["ApprovalStatus"]["DefaultValue"] == "PendingManualApproval"


OPERATIONS = {
    "Prepare": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "Train": ("CreateTrainingJob", {"TrainingJobName": "x"}),
    "Evaluate": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "CreateModel": ("CreateModel", {"ModelName": "x"}),
    "Register": ("CreateModelPackage", {}),
}


@pytest.mark.parametrize("step", OPERATIONS)
def test_arguments_fit_the_operation_that_the_step_calls(steps, step):
    operation, named_by_the_service = OPERATIONS[step]
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation)
    arguments = resolved(steps[step]["Arguments"])
    assert model.input_shape is not None
    report = ParamValidator().validate(arguments | named_by_the_service, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert not named_by_the_service.keys() & arguments.keys()


def evaluated(path):
    """A value of evaluation.json."""
    return {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
            "Path": path,
        }
    }


def test_metadata_says_where_the_model_comes_from_and_how_to_serve_it(steps):
    metadata = steps["Register"]["Arguments"]["CustomerMetadataProperties"]
    assert metadata == {
        "commit": {"Get": "Parameters.Commit"},
        "pull-request": {"Get": "Parameters.PullRequest"},
        "author": {"Get": "Parameters.Author"},
        "data-sha256": {"Get": "Parameters.DataSha256"},
        "problem": "garments",
        "recipe": "garments",
        "recipe-sha256": recipe().sha256,
        "model-sha256": evaluated("candidate.artifact.sha256"),
        "model-version": evaluated("candidate.artifact.version"),
        "text-rules-sha256": "e" * 64,
        "contract": "s3://shop-artifacts/contracts/ddd/",
        "contract-sha256": "d" * 64,
        "labels": "bad good",
        "champion": {"Get": "Parameters.ChampionArn"},
        "forced": {"Get": "Parameters.ForceReason"},
        "execution": {"Get": "Execution.PipelineExecutionArn"},
    }


def test_a_merged_pull_requests_model_is_a_parameter_with_its_hash_and_nothing_trains():
    document = definition(recipe(), SETTINGS.for_merged(), INPUTS)
    made = diff.steps(document)
    assert list(made) == ["Prepare", "Evaluate", "Gate", "CreateModel", "Register", "Fail"]
    assert "--candidate-sha256" in json.dumps(made["Evaluate"])
    readers = {name for name, step in made.items() if "Parameters.CandidateModel" in references(step)}
    assert readers == {"Evaluate", "CreateModel", "Register"}
    assert "Steps.Train" not in document


def test_labels_that_the_registry_cannot_hold_are_replaced_and_cut():
    names = [f"c#{number}" for number in range(90)]
    many = recipe(labels={"names": names})
    metadata = diff.steps(definition(many, SETTINGS, INPUTS))["Register"]["Arguments"][
        "CustomerMetadataProperties"
    ]
    assert metadata["labels"].startswith("c_0 c_1 c_2 ")
    assert len(metadata["labels"]) == 256


def test_the_package_waits_for_approval_in_the_projects_group(steps):
    arguments = steps["Register"]["Arguments"]
    assert arguments["ModelApprovalStatus"] == {"Get": "Parameters.ApprovalStatus"}
    assert arguments["ModelPackageGroupName"] == "shop-models"
    assert resolved(arguments["ModelMetrics"])["ModelQuality"]["Statistics"]["S3Uri"].endswith(
        "/model_quality.json"
    )


def test_what_belongs_to_one_run_reaches_only_the_steps_that_need_it(steps):
    readers = {
        parameter: [name for name, step in steps.items() if f"Parameters.{parameter}" in references(step)]
        for parameter in (
            "Data",
            "DataSha256",
            "Commit",
            "ChampionArn",
            "ForceReason",
            "MinimumMetric",
            "MaxRegression",
        )
    }
    assert readers == {
        "Data": ["Prepare"],
        "DataSha256": ["Prepare", "Register"],
        "Commit": ["Register"],
        "ChampionArn": ["Evaluate", "Register"],
        "ForceReason": ["Evaluate", "Register"],
        "MinimumMetric": ["Evaluate"],
        "MaxRegression": ["Evaluate"],
    }


def test_outputs_lie_under_the_execution_and_artifacts_under_models(steps):
    uris = [
        output["S3Output"]["S3Uri"]["Std:Join"]
        for step in ("Prepare", "Evaluate")
        for output in steps[step]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    ]
    assert [uri["Values"][1] for uri in uris] == [{"Get": "Execution.PipelineExecutionId"}] * 5
    assert [[*uri["Values"][:1], *uri["Values"][2:]] for uri in uris] == [
        ["s3://shop-artifacts/runs", "prepare", "train"],
        ["s3://shop-artifacts/runs", "prepare", "validation"],
        ["s3://shop-artifacts/runs", "prepare", "holdout"],
        ["s3://shop-artifacts/runs", "prepare", "summary"],
        ["s3://shop-artifacts/runs", "evaluate", "evaluation"],
    ]
    assert steps["Train"]["Arguments"]["OutputDataConfig"]["S3OutputPath"] == "s3://shop-artifacts/models"


def test_training_reads_one_text_channel_for_each_split(steps):
    channels = steps["Train"]["Arguments"]["InputDataConfig"]
    assert [(channel["ChannelName"], channel["ContentType"]) for channel in channels] == [
        ("train", "text/plain"),
        ("validation", "text/plain"),
    ]
    assert steps["Train"]["Arguments"]["HyperParameters"] == {
        "mode": "supervised",
        "epochs": "3",
        "early_stopping": "False",
    }


def test_spark_prepares_on_the_stated_number_of_instances_and_evaluate_stays_on_one():
    changes = {"prepare": {"engine": "spark"}, "processing": {"instance_count": 3}}
    found = diff.steps(definition(recipe(**changes), SETTINGS, INPUTS))
    jobs = {name: found[name]["Arguments"] for name in ("Prepare", "Evaluate")}
    assert "sagemaker-spark-processing:3.5" in jobs["Prepare"]["AppSpecification"]["ImageUri"]
    assert jobs["Prepare"]["AppSpecification"]["ContainerEntrypoint"][-1] == "smspark-submit prepare.py"
    assert jobs["Prepare"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 3
    assert "sagemaker-scikit-learn" in jobs["Evaluate"]["AppSpecification"]["ImageUri"]
    assert jobs["Evaluate"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1


def test_a_script_is_trained_and_served_in_the_scikit_learn_image():
    training = {
        "algorithm": "script",
        "folder": "tfidf",
        "hyperparameters": {"balanced": True, "min_count": 3},
    }
    archive = "s3://shop-artifacts/code/build/fff/sourcedir.tar.gz"
    inputs = dataclasses.replace(INPUTS, algorithm=archive)
    found = diff.steps(definition(recipe(training=training), SETTINGS, inputs))
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


def test_a_script_that_needs_the_wheels_gets_them_as_a_channel():
    inputs = dataclasses.replace(
        INPUTS, algorithm="s3://shop-artifacts/a.tar.gz", training_wheels=INPUTS.wheels
    )
    training = {"algorithm": "script", "folder": "fasttext"}
    found = diff.steps(definition(recipe(training=training), SETTINGS, inputs))
    channels = found["Train"]["Arguments"]["InputDataConfig"]
    assert [each["ChannelName"] for each in channels] == ["train", "validation", "wheels"]
    assert channels[2]["DataSource"]["S3DataSource"]["S3Uri"] == INPUTS.wheels


TRANSFORMER = {
    "algorithm": "transformer",
    "pretrained": {"package": "tiny-bert==1.0", "sha256": "7" * 64},
    "hyperparameters": {"epochs": 2},
}


def transformed(name=None, **changes):
    """The definition of a transformer, or one of its steps."""
    inputs = dataclasses.replace(
        INPUTS,
        algorithm="s3://shop-artifacts/code/build/fff/sourcedir.tar.gz",
        training_wheels="s3://shop-artifacts/code/build/ggg/",
        pretrained="s3://shop-artifacts/code/build/777/",
        evaluates_transformers=True,
    )
    text = definition(recipe(training=TRANSFORMER | changes), SETTINGS, inputs)
    return diff.steps(text)[name]["Arguments"] if name else text


@pytest.mark.parametrize(("instance_type", "kind"), [("ml.c5.2xlarge", "cpu"), ("ml.g5.xlarge", "gpu")])
def test_a_transformer_is_trained_in_the_pytorch_image_of_its_machine(instance_type, kind):
    train = transformed("Train", instance_type=instance_type)
    assert train["AlgorithmSpecification"]["TrainingImage"].endswith(f"/pytorch-training:2.9.0-{kind}-py312")
    assert train["HyperParameters"]["epochs"] == "2"
    assert train["HyperParameters"]["pretrained_sha256"] == "7" * 64
    places = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in train["InputDataConfig"]
    }
    assert places["wheels"] == "s3://shop-artifacts/code/build/ggg/"
    assert places["pretrained"] == "s3://shop-artifacts/code/build/777/"


def test_a_transformer_is_evaluated_and_served_where_pytorch_is():
    evaluate = transformed("Evaluate")
    assert "/pytorch-training:" in evaluate["AppSpecification"]["ImageUri"]
    assert "sagemaker-scikit-learn" in transformed("Prepare")["AppSpecification"]["ImageUri"]
    [registered] = transformed("Register")["InferenceSpecification"]["Containers"]
    # The same Python as where the libraries were packed that travel with the model.
    assert registered["Image"].endswith("/pytorch-inference:2.6.0-cpu-py312")
    assert registered["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"


def test_spot_capacity_comes_with_checkpoints_that_an_attempt_after_it_finds():
    train = transformed("Train", spot=True, max_runtime_seconds=600)
    assert train["EnableManagedSpotTraining"] is True
    assert train["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 87000}
    place = resolved(train["CheckpointConfig"]["S3Uri"])
    assert re.fullmatch(r"s3://shop-artifacts/runs/checkpoints/[0-9a-f]{64}/resolved-DataSha256", place)
    other = transformed("Train", spot=True, hyperparameters={"epochs": 3})
    assert resolved(other["CheckpointConfig"]["S3Uri"]) != place
    assert "CheckpointConfig" not in transformed("Train")


def test_the_definition_of_a_transformer_is_deterministic():
    assert transformed(spot=True) == transformed(spot=True)


def test_the_refusal_names_where_evaluate_really_wrote(steps):
    message = steps["Fail"]["Arguments"]["ErrorMessage"]
    assert references(message) == {
        "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"
    }
    assert resolved(message).endswith("/evaluation.json")


@pytest.mark.parametrize("step", ["Prepare", "Train", "Evaluate"])
def test_jobs_are_cached_and_retried_only_for_what_another_attempt_may_cure(steps, step):
    assert steps[step]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    retried = {kind for policy in steps[step]["RetryPolicies"] for kind in policy["ExceptionType"]}
    assert retried == {
        "Step.SERVICE_FAULT",
        "Step.THROTTLING",
        "SageMaker.RESOURCE_LIMIT",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.JOB_INTERNAL_ERROR",
    }


@pytest.mark.parametrize("step", ["Prepare", "Train", "Evaluate", "CreateModel"])
def test_what_costs_carries_the_projects_tags(steps, step):
    assert steps[step]["Arguments"]["Tags"] == [
        {"Key": "sagemaker:project-name", "Value": "shop"},
        {"Key": "sagemaker:project-id", "Value": "p-abc123"},
    ]


def test_a_new_rule_of_the_gate_leaves_preparation_and_training_cached(built):
    stricter = recipe(gate={"metric": "macro_f1", "minimum": 0.9})
    changed = Inputs(**{**vars(INPUTS), "evaluate_code": "s3://shop-artifacts/code/new/"})
    before, after = diff.steps(built), diff.steps(definition(stricter, SETTINGS, changed))
    assert {name for name in before if before[name] != after[name]} == {"Evaluate", "Register"}


def test_machines_to_fall_back_on_are_tried_in_the_recipes_order():
    ordered = recipe(training={"instance_type": "ml.c5.xlarge", "fallback_instance_types": ["ml.m5.xlarge"]})
    steps = diff.steps(definition(ordered, SETTINGS, INPUTS))
    assert steps["Train"]["Arguments"]["ResourceConfig"] == {
        "InstancePreferences": [{"InstanceType": "ml.c5.xlarge"}, {"InstanceType": "ml.m5.xlarge"}],
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
    }


def test_the_recipes_machines_and_limits_reach_the_jobs():
    bigger = recipe(
        training={"instance_type": "ml.p3.2xlarge", "volume_gb": 100, "max_runtime_seconds": 7200},
        processing={"instance_type": "ml.m5.4xlarge", "volume_gb": 200, "max_runtime_seconds": 900},
        caching={"expire_after": "P1D"},
        registration={"inference_instances": ["ml.c5.large"], "transform_instances": ["ml.c5.xlarge"]},
    )
    steps = diff.steps(definition(bigger, SETTINGS, INPUTS))
    assert steps["Train"]["Arguments"]["ResourceConfig"] == {
        "InstanceType": "ml.p3.2xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 100,
    }
    assert steps["Train"]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] == 7200
    assert steps["Prepare"]["Arguments"]["ProcessingResources"]["ClusterConfig"] == {
        "InstanceType": "ml.m5.4xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 200,
    }
    assert steps["Evaluate"]["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 900}
    assert steps["Evaluate"]["CacheConfig"]["ExpireAfter"] == "P1D"
    specification = steps["Register"]["Arguments"]["InferenceSpecification"]
    assert specification["SupportedRealtimeInferenceInstanceTypes"] == ["ml.c5.large"]
    assert specification["SupportedTransformInstanceTypes"] == ["ml.c5.xlarge"]


def test_chosen_thresholds_are_registered_with_the_contract_that_evaluate_wrote(steps):
    multi = {"multi": True, **DOCUMENT["labels"]}
    changed = recipe(labels=multi, evaluation={"threshold": "best_f1"})
    found = diff.steps(definition(changed, SETTINGS, INPUTS))

    evaluate, registered = found["Evaluate"]["Arguments"], found["Register"]["Arguments"]
    assert "validation" in {each["InputName"] for each in evaluate["ProcessingInputs"]}
    assert [each["OutputName"] for each in evaluate["ProcessingOutputConfig"]["Outputs"]] == [
        "evaluation",
        "contract",
    ]
    metadata = registered["CustomerMetadataProperties"]
    assert metadata["contract"]["Std:Join"]["Values"][1] == "/"
    assert metadata["contract-sha256"]["Std:JsonGet"]["Path"] == "candidate.contract.sha256"
    stated = steps["Register"]["Arguments"]["CustomerMetadataProperties"]
    assert stated["contract"] == INPUTS.contract
