"""Expressions of pipeline definitions: every form that the SageMaker SDK writes has a value."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import expressions, paths
from local_aws.sagemaker.workflow.errors import UnresolvedError
from local_aws.sagemaker.workflow.expressions import Scope

PREPARED = {
    "ProcessingJobName": "pipelines-abc-Prepare-1",
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://bucket/train"}},
            {"OutputName": "evaluation", "S3Output": {"S3Uri": "s3://bucket/evaluation"}},
        ]
    },
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 2}},
}
PROPERTIES: dict[str, dict[str, Any]] = {"Prepare": PREPARED, "Gate": {"Outcome": False}}
OBJECTS = {
    "s3://bucket/evaluation/evaluation.json": json.dumps(
        {"metrics": {"macro f1": [0.5, 0.75], "passed": True}, "a.b": "dotted"}
    ).encode(),
    "s3://bucket/broken.json": b"{",
}


def read(uri):
    if uri not in OBJECTS:
        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "not there"}}, "GetObject")
    return OBJECTS[uri]


SCOPE = Scope(
    parameters={"Epochs": 5, "Minimum": 0.5, "Flag": True, "Data": "s3://bucket/data.csv"},
    execution={"PipelineExecutionId": "abc", "TrainingJobName": "job"},
    experiment={"TrialName": "trial"},
    properties=lambda name: PROPERTIES[name],
    property_file=lambda step, file: f"s3://bucket/evaluation/{file}.json",
    read=read,
)


def value_of(expression):
    return expressions.resolve(expressions.parse(expression), SCOPE)


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("Parameters.Epochs", 5),
        ("Parameters.Flag", True),
        ("Execution.PipelineExecutionId", "abc"),
        ("PipelineExperimentConfig.TrialName", "trial"),
        ("Steps.Gate.Outcome", False),
        ("Steps.Prepare.ProcessingJobName", "pipelines-abc-Prepare-1"),
        ("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri", "s3://bucket/train"),
        ('Steps.Prepare.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri', "s3://bucket/train"),
        ("Steps.Prepare.ProcessingOutputConfig.Outputs[1].OutputName", "evaluation"),
        ("Steps.Prepare.ProcessingResources.ClusterConfig.InstanceCount", 2),
    ],
)
def test_get_gives_the_value_with_its_type(reference, value):
    assert value_of({"Get": reference}) == value


def test_join_writes_every_value_as_sagemaker_does():
    values = [
        "s3:/",
        {"Get": "Parameters.Epochs"},
        0.5,
        {"Get": "Parameters.Flag"},
        {"Get": "Steps.Gate.Outcome"},
    ]
    assert value_of({"Std:Join": {"On": "/", "Values": values}}) == "s3://5/0.5/true/false"


def test_joins_nest():
    inner = {"Std:Join": {"On": "-", "Values": ["a", {"Get": "Execution.PipelineExecutionId"}]}}
    assert value_of({"Std:Join": {"On": "", "Values": [inner, "!"]}}) == "a-abc!"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrics['macro f1'][1]", 0.75),
        ("metrics.passed", True),
        ("['a.b']", "dotted"),
        ("metrics", {"macro f1": [0.5, 0.75], "passed": True}),
    ],
)
@pytest.mark.parametrize(
    "source",
    [
        {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.evaluation"}},
        {"S3Uri": "s3://bucket/evaluation/evaluation.json"},
        {
            "S3Uri": {
                "Std:Join": {
                    "On": "/",
                    "Values": [
                        {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"},
                        "evaluation.json",
                    ],
                }
            }
        },
    ],
    ids=["property file", "S3 URI", "joined S3 URI"],
)
def test_json_get_reads_a_value_from_a_document(source, path, value):
    assert value_of({"Std:JsonGet": {**source, "Path": path}}) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (
            {"S3Uri": "s3://bucket/none.json", "Path": "a"},
            "reading file s3://bucket/none.json from S3: NoSuchKey",
        ),
        (
            {"S3Uri": "s3://bucket/broken.json", "Path": "a"},
            "s3://bucket/broken.json are not in valid JSON format",
        ),
        (
            {"S3Uri": "s3://bucket/evaluation/evaluation.json", "Path": "metrics.f1"},
            "Invalid json path 'metrics.f1'",
        ),
        (
            {"S3Uri": "s3://bucket/evaluation/evaluation.json", "Path": "metrics[0]"},
            "Invalid json path 'metrics[0]'",
        ),
    ],
)
def test_json_get_says_why_there_is_no_value(expression, said):
    with pytest.raises(UnresolvedError) as caught:
        value_of({"Std:JsonGet": expression})
    assert said in caught.value.reason


def test_a_property_that_the_describe_answer_lacks_is_undefined():
    with pytest.raises(UnresolvedError, match=r'\{"Get": "Steps.Prepare.ExitMessage"\} is undefined'):
        value_of({"Get": "Steps.Prepare.ExitMessage"})


def test_expressions_are_found_and_replaced_anywhere_in_the_arguments():
    arguments = {
        "Environment": {"DATA": {"Get": "Parameters.Data"}},
        "Inputs": [{"S3Uri": {"Get": "Parameters.Data"}}],
    }
    parsed = expressions.parse(arguments)
    assert [found.text for found in expressions.references(parsed)] == ["Parameters.Data"] * 2
    assert expressions.resolve(parsed, SCOPE) == {
        "Environment": {"DATA": "s3://bucket/data.csv"},
        "Inputs": [{"S3Uri": "s3://bucket/data.csv"}],
    }


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ({"Std:Upper": "x"}, "Unknown function 'Std:Upper'"),
        ({"Get": "Pipeline.Name"}, "Unknown reference 'Pipeline.Name'"),
        ({"Get": "Steps.Prepare"}, "Invalid reference 'Steps.Prepare'"),
        ({"Get": "Parameters.Data.Path"}, "Invalid reference 'Parameters.Data.Path'"),
        ({"Get": "Steps.Prepare.Outputs['train"}, "Outputs['train' is not a path"),
        ({"Std:Join": {"On": "/"}}, "Std:Join takes On, a string, and Values"),
        ({"Std:JsonGet": {"Path": "a"}}, "Std:JsonGet takes Path and one of PropertyFile and S3Uri"),
        (
            {"Std:JsonGet": {"PropertyFile": {"Get": "Parameters.Data"}, "Path": "a"}},
            "Steps.<step>.PropertyFiles.<name>",
        ),
        ({"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "a..b"}}, "Invalid json path 'a..b'"),
    ],
)
def test_a_malformed_expression_is_refused_naming_it(expression, said):
    with pytest.raises(ServiceError) as caught:
        expressions.parse({"Environment": [expression]})
    assert caught.value.code == "ValidationException"
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["", "a.", ".a", "a[", "a[x]", "a['b]", "a]b"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="is not a path"):
        paths.parse(text)
