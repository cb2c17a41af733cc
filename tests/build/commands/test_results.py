"""What an execution's steps wrote, read from where their jobs put it; and what is said where it is not there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from model_build.aws import executions
from model_build.aws.clients import connect
from model_build.core.execution import Step
from model_build.run import results


@pytest.fixture
def clients(past, monkeypatch):
    for name, value in past.aws.environment.items():
        monkeypatch.setenv(name, value)
    return connect(past.aws.region)


@pytest.fixture
def described(past, clients):
    """A function that describes the execution of a case."""
    return lambda case: executions.describe(clients.sagemaker, past.executions[case])


def test_an_execution_that_registered_has_figures_counts_and_the_package_as_it_is_now(
    past, clients, described
):
    found = results.collect(clients, described("passed"))
    assert found.metrics == {"macro_f1": 0.7, "accuracy": 0.75}
    assert (found.gate["passed"], found.preparation["used"]) == (True, 100)
    assert (found.model_package_arn, found.approval, found.search) == (
        past.package,
        "PendingManualApproval",
        None,
    )


def test_a_refused_execution_has_all_but_a_package(clients, described):
    execution = described("refused")
    found = results.collect(clients, execution)
    assert results.was_refused(execution)
    assert (found.gate["passed"], found.model_package_arn, found.approval) == (False, None, None)


def test_an_execution_whose_first_step_failed_has_nothing(clients, described):
    execution = described("failed")
    found = results.collect(clients, execution)
    assert not results.was_refused(execution)
    assert (found.evaluation, found.preparation, found.metrics, found.gate) == (None, None, {}, None)


def test_a_cached_step_wrote_where_the_execution_that_ran_it_put_it(past, clients, described):
    ran = described("passed")
    cached = Step("Evaluate", "Succeeded", cached_from=past.executions["passed"])
    later = replace(ran, arn=past.executions["refused"], steps=(cached,))
    assert results.collect(clients, later).metrics == {"macro_f1": 0.7, "accuracy": 0.75}
    assert results.output_uri(clients.sagemaker, later, "Evaluate", "evaluation").endswith(
        "/runs/passed/evaluation"
    )
    unknown = replace(later, steps=(replace(cached, name="Trial"),))
    assert results.output_uri(clients.sagemaker, unknown, "Trial", "evaluation") is None


def test_an_output_that_no_step_has_is_none(clients, described):
    execution = described("passed")
    for step, output in (("Evaluate", "contract"), ("Train", "model"), ("Gate", "evaluation")):
        assert results.output_uri(clients.sagemaker, execution, step, output) is None


@pytest.fixture
def evaluation(past, clients):
    """The evaluation of the case `passed`, to be spoilt; it is as it was afterwards."""
    place = {"Bucket": past.aws.bucket, "Key": "runs/passed/evaluation/evaluation.json"}
    before = clients.s3.get_object(**place)["Body"].read()
    yield lambda content: (
        clients.s3.delete_object(**place) if content is None else clients.s3.put_object(**place, Body=content)
    )
    clients.s3.put_object(**place, Body=before)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Evaluate succeeded but URI is not there; was it deleted since?"),
        (b"", "URI, which Evaluate wrote, is not JSON: "),
        (b'{"gate": ', "URI, which Evaluate wrote, is not JSON: "),
        (b"\xff\xfe\x00", "URI, which Evaluate wrote, is not JSON: "),
    ],
    ids=["deleted", "empty", "cut", "no text"],
)
def test_a_document_that_was_lost_or_spoilt_is_named_with_its_step(past, evaluation, content, said):
    evaluation(content)
    result = past.call("report", *past.of("passed"))
    uri = f"s3://{past.aws.bucket}/runs/passed/evaluation/evaluation.json"
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {said.replace('URI', uri)}")


def test_a_document_of_another_version_names_its_key(past, clients, evaluation, described):
    document = results.collect(clients, described("passed")).evaluation
    del document["holdout"]["rows"]
    evaluation(json.dumps(document).encode())
    result = past.call("report", *past.of("passed"))
    assert result.exit_code == 1
    assert "error: evaluation.json cannot be reported: holdout.rows: Field required." in result.stderr


def test_a_bucket_that_is_not_there_is_an_error_of_aws(clients, described, past, monkeypatch):
    execution = described("passed")
    monkeypatch.setattr(results, "output_uri", lambda *_: "s3://nowhere-at-all/x")
    with pytest.raises(clients.s3.exceptions.ClientError, match="NoSuchBucket"):
        results.collect(clients, execution)


def test_a_report_says_what_became_of_the_version_since(past, clients):
    arn, identity = past.package, past.of("passed")[1]
    said = {}
    try:
        for approval in ("Approved", "Rejected", "PendingManualApproval"):
            clients.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=approval)
            assert past.call("report", *past.of("passed")).exit_code == 0
            said[approval] = Path("reports", identity, "report.md").read_text()
    finally:
        clients.sagemaker.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="PendingManualApproval"
        )
    assert "The model is registered and approved." in said["Approved"]
    assert (
        "Next in the deploy repository, unless its workflow does so: `model-deploy rollout"
        in said["Approved"]
    )
    assert "The model is registered, and was rejected." in said["Rejected"]
    assert "Next" not in said["Rejected"]
    assert "Next: `model-build approve 1" in said["PendingManualApproval"]
