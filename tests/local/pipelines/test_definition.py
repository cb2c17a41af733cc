"""Pipeline definitions: what is taken apart, and what is refused when a pipeline is created."""

import json

import pytest

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import definition, graph, validation
from local_aws.sagemaker.workflow.definition import Branch, PropertyFile

ROLE = "arn:aws:iam::123456789012:role/pipeline"


def processing(name, **changes):
    arguments = {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
        },
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
    }
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": arguments | changes.pop("Arguments", {}),
        **changes,
    }


def condition(name, if_steps=(), else_steps=(), left=1, **changes):
    conditions = [{"Type": "Equals", "LeftValue": left, "RightValue": 1}]
    arguments = {"Conditions": conditions, "IfSteps": list(if_steps), "ElseSteps": list(else_steps)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **changes}


def fail(name, message="no", **changes):
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **changes}


def outputs(*names):
    return {
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": name,
                    "S3Output": {
                        "S3Uri": f"s3://bucket/{name}",
                        "LocalPath": f"/opt/ml/{name}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for name in names
            ]
        }
    }


def check(*steps, **top):
    parsed = definition.parse(json.dumps({"Version": "2020-12-01", "Steps": list(steps), **top}))
    validation.check(parsed)
    return parsed


def refused(*steps, **top):
    with pytest.raises(ServiceError) as caught:
        check(*steps, **top)
    assert caught.value.code == "ValidationException"
    prefix, _, message = caught.value.message.partition("Unable to parse pipeline definition. ")
    assert prefix == ""
    return message


REPORT = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "f1"}}
EVALUATE = processing(
    "Evaluate",
    Arguments=outputs("evaluation"),
    PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "report.json"}],
)


def test_steps_of_branches_are_steps_with_the_outcome_they_run_on():
    inner = condition("Inner", if_steps=[fail("Deep")])
    parsed = check(EVALUATE, condition("Gate", if_steps=[processing("Register")], else_steps=[inner]))
    assert {name: step.branch for name, step in parsed.steps.items()} == {
        "Evaluate": None,
        "Gate": None,
        "Register": Branch("Gate", True),
        "Inner": Branch("Gate", False),
        "Deep": Branch("Inner", True),
    }
    assert parsed.steps["Evaluate"].property_files == {"Report": PropertyFile("evaluation", "report.json")}


def test_dependencies_come_from_depends_on_from_data_and_from_branches():
    uri = {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"}
    register = processing(
        "Register", Arguments={"Environment": {"REPORT": {"Std:Join": {"On": "/", "Values": [uri, "x"]}}}}
    )
    parsed = check(
        processing("Prepare"),
        {**EVALUATE, "DependsOn": ["Prepare"]},
        condition("Gate", left=REPORT, if_steps=[register], else_steps=[fail("Refused", message=REPORT)]),
    )
    assert graph.dependencies(parsed.steps) == {
        "Prepare": set(),
        "Evaluate": {"Prepare"},
        "Gate": {"Evaluate"},
        "Register": {"Evaluate", "Gate"},
        "Refused": {"Evaluate", "Gate"},
    }


def test_a_condition_does_not_wait_for_what_its_branches_need():
    later = processing("Later", Arguments={"Environment": {"NAME": {"Get": "Steps.Slow.ProcessingJobName"}}})
    parsed = check(processing("Slow"), condition("Gate", if_steps=[later]))
    assert graph.dependencies(parsed.steps)["Gate"] == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Not valid JSON: Expecting property name"),
        ("[]", "The definition must be an object"),
        ('{"Version": "1", "Steps": []}', "Version must be '2020-12-01'; found '1'"),
        ('{"Version": "2020-12-01"}', "Steps must be a list, and not an empty one"),
        ('{"Version": "2020-12-01", "Steps": [], "Stages": []}', "unknown property 'Stages'"),
    ],
)
def test_what_is_no_definition_is_refused(text, said):
    with pytest.raises(ServiceError) as caught:
        definition.parse(text)
    assert said in caught.value.message


@pytest.mark.parametrize("step_type", ["EMR", "Prcessing"])
def test_a_step_of_another_type_is_refused_naming_step_type_and_those_there_are(step_type):
    said = refused({"Name": "Odd", "Type": step_type, "Arguments": {}})
    assert f"Step 'Odd' is of type '{step_type}'" in said
    known = "Callback, Condition, Fail, Lambda, Model, Processing, RegisterModel, Training, Transform"
    assert f"runs steps of type {known}" in said


def test_names_are_unique_across_branches():
    assert "Duplicate step name 'Twin'" in refused(fail("Twin"), condition("Gate", if_steps=[fail("Twin")]))


def test_names_are_those_that_the_api_allows():
    assert "found 'no space'" in refused(processing("no space"))


def test_a_cycle_is_refused_naming_its_steps():
    steps = [
        processing("A", DependsOn=["B"]),
        processing("B", DependsOn=["C"]),
        processing("C", DependsOn=["A"]),
    ]
    said = refused(*steps)
    assert "in a cycle" in said
    assert all(name in said for name in "ABC")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("Parameters.Dta", "Step 'A' refers to unknown 'Parameters.Dta'; known are Data"),
        ("Execution.Id", "refers to unknown 'Execution.Id'; known are PipelineExecutionId"),
        ("Execution.TrainingJobName", "refers to unknown 'Execution.TrainingJobName'"),
        (
            "PipelineExperimentConfig.TrialName",
            "refers to unknown 'PipelineExperimentConfig.TrialName'; known are none",
        ),
        ("Steps.B.ProcessingJobName", "Step 'A' depends on unknown step 'B'; known are A, Other"),
        ("Steps.Other.JobName", "'Steps.Other.JobName', which a Processing step does not have"),
        ("Steps.Other.ProcessingOutputConfig.Outputs['a'].Uri", "which a Processing step does not have"),
        ("Steps.Other.PropertyFiles.Report", "property file 'Report' of step 'Other', which has none"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_naming_it(reference, said):
    step = processing("A", Arguments={"Environment": {"X": {"Get": reference}}})
    assert said in refused(step, processing("Other"), Parameters=[{"Name": "Data", "Type": "String"}])


def test_a_property_file_of_an_output_that_there_is_not_is_refused():
    files = [{"PropertyFileName": "Report", "OutputName": "evluation", "FilePath": "report.json"}]
    said = refused({**EVALUATE, "PropertyFiles": files}, condition("Gate", left=REPORT))
    assert (
        "output name 'evluation' defined in property file 'Report' not found in processing step 'Evaluate'"
        in said
    )


def test_nothing_comes_after_a_fail_step():
    assert "Gate can not depends on Stop" in refused(fail("Stop"), condition("Gate", DependsOn=["Stop"]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Arguments": {"Image": "x"}}, "Step 'A': Unknown Argument member 'Image'"),
        ({"Arguments": {"RoleArn": "me"}}, "Value 'me' at 'RoleArn' failed to satisfy constraint"),
        ({"Arguments": {"AppSpecification": {}}}, "'AppSpecification.ImageUri' failed to satisfy constraint"),
        (
            {
                "Arguments": {
                    "ProcessingInputs": [
                        {
                            "InputName": {"Get": "Execution.PipelineName"},
                            "S3Input": {"S3InputMode": "FastFile"},
                        }
                    ]
                }
            },
            "'ProcessingInputs[0].S3Input.S3Uri' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Arguments": {"AppSpecification": {"ImageUri": "x", "Entry": "y"}}},
            "Unknown member 'AppSpecification.Entry'",
        ),
        (
            {"DisplayName": "x" * 257},
            "at 'DisplayName' failed to satisfy constraint: Member must have length",
        ),
        ({"DependsOn": "B"}, "DependsOn of step 'A' must be a list of step names"),
        ({"DependsOn": [{"Step": "B", "Trigger": "Failed"}]}, "depends on 'B' with Trigger 'Failed'"),
        (
            {"PropertyFiles": [{"PropertyFileName": "x"}]},
            "must have PropertyFileName, OutputName and FilePath",
        ),
        ({"Retry": []}, "unknown property 'Retry'. Step 'A' can have Arguments, CacheConfig"),
    ],
)
def test_arguments_that_the_api_would_not_take_are_refused_naming_them(changes, said):
    assert said in refused(processing("A", **changes))


def test_a_missing_argument_is_refused_but_for_the_name_that_sagemaker_gives():
    step = processing("A")
    del step["Arguments"]["RoleArn"]
    assert "Missing required Argument member 'RoleArn'" in refused(step)


def test_a_model_package_cannot_be_named():
    step = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"ModelPackageName": "x"}}
    assert "Unknown Argument member 'ModelPackageName'" in refused(step)


def test_expressions_stand_for_values_of_any_type():
    instances = {
        "ClusterConfig": {
            "InstanceType": {"Get": "Parameters.Type"},
            "InstanceCount": {"Get": "Parameters.Count"},
            "VolumeSizeInGB": 30,
        }
    }
    step = processing(
        "A",
        Arguments={
            "ProcessingResources": instances,
            "Environment": {"JOB": {"Get": "Execution.ProcessingJobName"}},
        },
    )
    check(step, Parameters=[{"Name": "Type", "Type": "String"}, {"Name": "Count", "Type": "Integer"}])


def test_the_experiment_config_refers_to_what_there_is():
    assert "PipelineExperimentConfig refers to unknown 'Parameters.Name'" in refused(
        fail("Stop"), PipelineExperimentConfig={"ExperimentName": {"Get": "Parameters.Name"}}
    )
    assert "PipelineExperimentConfig cannot refer to 'Steps.Stop.X'" in refused(
        fail("Stop"), PipelineExperimentConfig={"ExperimentName": {"Get": "Steps.Stop.X"}}
    )


def test_mlflow_is_refused_rather_than_ignored():
    assert "no MLflow" in refused(fail("Stop"), MlflowConfig={"MlflowResourceArn": "arn"})
    check(fail("Stop"), MlflowConfig=None, Metadata={}, PipelineExperimentConfig=None)
