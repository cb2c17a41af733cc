"""The jobs of the pipeline: valid for the API, with the recipe's machines, the project's key and tags, and cached."""

import dataclasses
import json

import botocore.loaders
import botocore.session
import pytest
from botocore.validate import ParamValidator

from model_build.core import diff
from model_build.run.pipeline import definition

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
def test_every_output_of_every_job_is_encrypted_with_the_projects_key(number, recipe, settings, inputs):
    settings = dataclasses.replace(settings, kms_key=KEY, pull_request=number)
    found = list(written(json.loads(definition(recipe(), settings, inputs))))
    assert len(found) == 3  # Prepare, Train, Evaluate
    assert {each["KmsKeyId"] for each in found} == {KEY}


OPERATIONS = {
    "Prepare": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "Train": ("CreateTrainingJob", {"TrainingJobName": "x"}),
    "Evaluate": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "CreateModel": ("CreateModel", {"ModelName": "x"}),
    "Register": ("CreateModelPackage", {}),
}


@pytest.mark.parametrize("step", OPERATIONS)
def test_arguments_fit_the_operation_that_the_step_calls(steps, step, resolved):
    operation, named_by_the_service = OPERATIONS[step]
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation)
    arguments = resolved(steps[step]["Arguments"])
    assert model.input_shape is not None
    report = ParamValidator().validate(arguments | named_by_the_service, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert not named_by_the_service.keys() & arguments.keys()


def test_what_belongs_to_one_run_reaches_only_the_steps_that_need_it(steps, references):
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


def test_spark_prepares_on_the_stated_number_of_instances_and_evaluate_stays_on_one(recipe, settings, inputs):
    changes = {"prepare": {"engine": "spark"}, "processing": {"instance_count": 3}}
    found = diff.steps(definition(recipe(**changes), settings, inputs))
    jobs = {name: found[name]["Arguments"] for name in ("Prepare", "Evaluate")}
    assert "sagemaker-spark-processing:3.5" in jobs["Prepare"]["AppSpecification"]["ImageUri"]
    assert jobs["Prepare"]["AppSpecification"]["ContainerEntrypoint"][-1] == "smspark-submit prepare.py"
    assert jobs["Prepare"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 3
    assert "sagemaker-scikit-learn" in jobs["Evaluate"]["AppSpecification"]["ImageUri"]
    assert jobs["Evaluate"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1


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


def test_machines_to_fall_back_on_are_tried_in_the_recipes_order(recipe, settings, inputs):
    ordered = recipe(training={"instance_type": "ml.c5.xlarge", "fallback_instance_types": ["ml.m5.xlarge"]})
    steps = diff.steps(definition(ordered, settings, inputs))
    assert steps["Train"]["Arguments"]["ResourceConfig"] == {
        "InstancePreferences": [{"InstanceType": "ml.c5.xlarge"}, {"InstanceType": "ml.m5.xlarge"}],
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
    }


def test_the_recipes_machines_and_limits_reach_the_jobs(recipe, settings, inputs):
    bigger = recipe(
        training={"instance_type": "ml.p3.2xlarge", "volume_gb": 100, "max_runtime_seconds": 7200},
        processing={"instance_type": "ml.m5.4xlarge", "volume_gb": 200, "max_runtime_seconds": 900},
        caching={"expire_after": "P1D"},
        registration={"inference_instances": ["ml.c5.large"], "transform_instances": ["ml.c5.xlarge"]},
    )
    steps = diff.steps(definition(bigger, settings, inputs))
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
