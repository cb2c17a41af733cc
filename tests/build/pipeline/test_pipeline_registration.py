"""The steps after the gate: the registered package, its metadata and its contract, and the refusal."""

import json

from model_build.core import diff
from model_build.run.pipeline import definition


def evaluated(path):
    """A value of evaluation.json."""
    return {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
            "Path": path,
        }
    }


def test_metadata_says_where_the_model_comes_from_and_how_to_serve_it(steps, recipe):
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


def test_a_merged_pull_requests_model_is_a_parameter_with_its_hash_and_nothing_trains(
    recipe, settings, inputs, document, references
):
    document = definition(recipe(), settings.for_merged(), inputs)
    made = diff.steps(document)
    assert list(made) == ["Prepare", "Evaluate", "Gate", "CreateModel", "Register", "Fail"]
    assert "--candidate-sha256" in json.dumps(made["Evaluate"])
    readers = {name for name, step in made.items() if "Parameters.CandidateModel" in references(step)}
    assert readers == {"Evaluate", "CreateModel", "Register"}
    assert "Steps.Train" not in document


def test_labels_that_the_registry_cannot_hold_are_replaced_and_cut(recipe, settings, inputs):
    names = [f"c#{number}" for number in range(90)]
    many = recipe(labels={"names": names})
    metadata = diff.steps(definition(many, settings, inputs))["Register"]["Arguments"][
        "CustomerMetadataProperties"
    ]
    assert metadata["labels"].startswith("c_0 c_1 c_2 ")
    assert len(metadata["labels"]) == 256


def test_the_package_waits_for_approval_in_the_projects_group(steps, resolved):
    arguments = steps["Register"]["Arguments"]
    assert arguments["ModelApprovalStatus"] == {"Get": "Parameters.ApprovalStatus"}
    assert arguments["ModelPackageGroupName"] == "shop-models"
    assert resolved(arguments["ModelMetrics"])["ModelQuality"]["Statistics"]["S3Uri"].endswith(
        "/model_quality.json"
    )


def test_the_refusal_names_where_evaluate_really_wrote(steps, resolved, references):
    message = steps["Fail"]["Arguments"]["ErrorMessage"]
    assert references(message) == {
        "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"
    }
    assert resolved(message).endswith("/evaluation.json")


def test_chosen_thresholds_are_registered_with_the_contract_that_evaluate_wrote(
    steps, recipe, settings, inputs, document
):
    multi = {"multi": True, **document["labels"]}
    changed = recipe(labels=multi, evaluation={"threshold": "best_f1"})
    found = diff.steps(definition(changed, settings, inputs))

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
    assert stated["contract"] == inputs.contract
