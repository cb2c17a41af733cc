"""Model packages as the registry describes them, and what it shows of those that are live."""

import io
import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY

from model_deploy.aws import registry
from model_deploy.core.model_package.package import Container, LifeCycle
from model_deploy.errors import UsageError

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/7"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
CONTAINER = {"Image": "image:1", "ModelDataUrl": "s3://shop/models/7/model.tar.gz"}


def described(*containers, **members):
    return {
        "ModelPackageName": "shop-models",
        "ModelPackageArn": ARN,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": NOON,
        "InferenceSpecification": {"Containers": list(containers or (CONTAINER,))},
        **members,
    }


def statistics(uri):
    return {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": uri}}}


def test_a_package_is_what_the_registry_says(clients, stub):
    answer = described(
        CONTAINER | {"Environment": {"THREADS": "2"}},
        ModelPackageVersion=7,
        ModelApprovalStatus="Approved",
        ApprovalDescription=" macro-F1\n is  up ",
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
        CustomerMetadataProperties={
            "contract": "s3://shop/contracts/1/",
            "commit": "c0ffee",
            "recipe": "reviews",
        },
        ModelMetrics=statistics("s3://shop/runs/1/model_quality.json"),
    )
    stub("sagemaker").add_response("describe_model_package", answer, {"ModelPackageName": ARN})
    package = registry.describe(clients, ARN)
    assert (package.arn, package.group, package.version, package.approval) == (
        ARN,
        "shop-models",
        7,
        "Approved",
    )
    assert package.approval_description == "macro-F1 is up"
    assert package.life_cycle == LifeCycle("Production", "Approved")
    assert package.container == Container("image:1", "s3://shop/models/7/model.tar.gz", {"THREADS": "2"})
    assert (package.contract_uri, package.commit, package.problem) == (
        "s3://shop/contracts/1/",
        "c0ffee",
        "reviews",
    )
    assert (package.statistics_uri, package.created) == ("s3://shop/runs/1/model_quality.json", NOON)


def test_a_package_of_which_little_is_known_waits_for_its_approval():
    package = registry.parse({"ModelPackageArn": ARN})
    assert (package.approval, package.approval_description, package.life_cycle) == (
        "PendingManualApproval",
        "",
        None,
    )
    assert (package.metadata, package.statistics_uri, package.container, package.created) == (
        {},
        None,
        None,
        None,
    )
    assert (package.contract_uri, package.contract_sha256, package.model_sha256, package.commit) == (
        None,
    ) * 4


@pytest.mark.parametrize("value", ["", "none", None], ids=repr)
def test_a_hash_or_a_version_that_says_nothing_is_none(value):
    metadata = {} if value is None else {"model-sha256": value, "model-version": value}
    package = registry.parse(described(CustomerMetadataProperties=metadata))
    assert (package.model_sha256, package.model_version) == (None, None)


def test_the_problem_comes_before_the_recipe():
    package = registry.parse(described(CustomerMetadataProperties={"recipe": "fast", "problem": "reviews"}))
    assert package.problem == "reviews"


@pytest.mark.parametrize(
    "containers",
    [(CONTAINER, CONTAINER), ({"Image": "image:1"},)],
    ids=["two containers", "no artifact"],
)
def test_what_is_not_one_container_with_one_artifact_has_none(containers):
    assert registry.parse(described(*containers)).container is None


@pytest.mark.parametrize("said", ["ModelPackage 7 does not exist.", "Could not find model package."])
def test_a_package_that_there_is_not_is_named_with_where_to_look(clients, stub, said):
    stub("sagemaker").add_client_error("describe_model_package", "ValidationException", said)
    with pytest.raises(UsageError) as refused:
        registry.describe(clients, ARN)
    assert refused.value.message == (
        f"There is no model package {ARN} in eu-west-1. `model-build models` names the versions that there are."
    )


def test_a_package_that_may_not_be_described_is_an_error_of_aws(clients, stub):
    stub("sagemaker").add_client_error("describe_model_package", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        registry.describe(clients, ARN)


# The figures

URI = "s3://shop/runs/1/model_quality.json"


def figures(clients, stub, body, uri=URI):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = {"Body": StreamingBody(io.BytesIO(content), len(content))}
    stub("s3").add_response("get_object", answer, {"Bucket": "shop", "Key": "runs/1/model_quality.json"})
    return registry.metrics(clients, registry.parse(described(ModelMetrics=statistics(uri))))


def test_the_figures_of_an_evaluation_are_its_values_without_those_of_the_baseline(clients, stub):
    document = {
        "multiclass_classification_metrics": {
            "accuracy": {"value": 0.9, "standard_deviation": "NaN"},
            "f1_best_constant_classifier": {"value": 0.1},
            "confusion_matrix": {"a": {"b": 1}},
            "count": 7,
            "recall": {"value": "0.5"},
        }
    }
    assert figures(clients, stub, document) == {"accuracy": 0.9, "recall": 0.5}


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[" * 100_000,
        {},
        [],
        {"multiclass_classification_metrics": []},
        {"multiclass_classification_metrics": {"accuracy": {"value": None}}},
        {"regression_metrics": {"mae": {"value": 1}}},
    ],
    ids=lambda body: str(body)[:40],
)
def test_another_tools_document_has_no_figures(clients, stub, body):
    assert figures(clients, stub, body) == {}


def test_a_document_that_was_deleted_has_no_figures(clients, stub):
    stub("s3").add_client_error("get_object", "NoSuchKey", "no")
    assert registry.metrics(clients, registry.parse(described(ModelMetrics=statistics(URI)))) == {}


@pytest.mark.parametrize("uri", ["https://example.com/quality.json", "s3://shop", "s3:///quality.json"])
def test_a_document_that_lies_elsewhere_has_no_figures(clients, uri):
    assert registry.metrics(clients, registry.parse(described(ModelMetrics=statistics(uri)))) == {}


def test_a_package_without_a_document_has_no_figures(clients):
    assert registry.metrics(clients, registry.parse(described())) == {}


# What the registry shows


def life_cycle(stage, status):
    return {"ModelLifeCycle": {"Stage": stage, "StageStatus": status}}


def update(stage, status, description):
    cycle = {"Stage": stage, "StageStatus": status, "StageDescription": description}
    return {"ModelPackageArn": ARN, "ModelLifeCycle": cycle}


@pytest.mark.parametrize("before", [{}, life_cycle("Archived", "Replaced"), life_cycle("Staging", "Pending")])
def test_a_package_that_is_live_is_shown_in_its_stage(clients, stub, before):
    expected = update("Staging", "Live", "Live in staging, verified by model-deploy")
    stub("sagemaker").add_response("update_model_package", {"ModelPackageArn": ARN}, expected)
    registry.show_live(clients, registry.parse(described(**before)), "staging")


@pytest.mark.parametrize(
    "before",
    [life_cycle("Staging", "Live"), life_cycle("Production", "Approved"), life_cycle("Production", "Live")],
    ids=["shown already", "approved for production", "live in production"],
)
def test_what_an_approver_set_and_what_is_shown_already_is_left_alone(clients, before):
    registry.show_live(clients, registry.parse(described(**before)), "staging")


def test_a_package_that_is_gone_is_archived_with_the_reason(clients, stub):
    sagemaker = stub("sagemaker")
    sagemaker.add_response("describe_model_package", described(**life_cycle("Staging", "Live")), ANY_PACKAGE)
    expected = update("Archived", "Replaced", "Replaced in staging by version 8")
    sagemaker.add_response("update_model_package", {"ModelPackageArn": ARN}, expected)
    registry.show_gone(clients, ARN, "staging", "Replaced", "Replaced in staging by version 8")


ANY_PACKAGE = {"ModelPackageName": ANY}


@pytest.mark.parametrize("before", [{}, life_cycle("Production", "Live"), life_cycle("Archived", "Replaced")])
def test_a_package_that_is_shown_elsewhere_is_left_alone(clients, stub, before):
    stub("sagemaker").add_response("describe_model_package", described(**before), ANY_PACKAGE)
    registry.show_gone(clients, ARN, "staging", "Replaced", "x")


def test_a_package_that_was_deleted_needs_no_life_cycle(clients, stub):
    stub("sagemaker").add_client_error("describe_model_package", "ValidationException", "It does not exist.")
    registry.show_gone(clients, ARN, "staging", "TornDown", "x")
