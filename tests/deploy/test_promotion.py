"""Which model packages may go to which stage; every refusal says why, and what to do."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from model_deploy.core import promotion
from model_deploy.core.checks import Case, Checks
from model_deploy.core.model_package import contract
from model_deploy.core.model_package.artifact import Artifact
from model_deploy.core.model_package.package import Candidate, Container, LifeCycle, Package
from model_deploy.core.promotion import Request
from model_deploy.errors import RefusedError

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/7"
DESCRIPTION = {
    "version": 1,
    "recipe": "reviews",
    "labels": ["bad", "good"],
    "multi_label": False,
    "threshold": None,
    "text_rules": {},
}
FILES = {
    "contract.json": json.dumps(DESCRIPTION).encode(),
    "text_rules.py": b"def tokenise(text, rules): return text",
}
CONTRACT = contract.open_files(FILES, contract.folder_sha256(FILES), "the contract")
ARTIFACT = Artifact("s3://shop/models/x/model.tar.gz", "a" * 64, "version-1")
PACKAGE = Package(
    arn=ARN,
    group="shop-models",
    version=7,
    approval="Approved",
    metadata={
        "contract": "s3://shop/contracts/x/",
        "contract-sha256": CONTRACT.sha256,
        "model-sha256": ARTIFACT.sha256,
        "model-version": "version-1",
    },
)
CHECKS = Checks(
    recipe="reviews", latency_ms=100, cases=(Case(name="praise", text="lovely", labels=("good",)),)
)


@pytest.fixture
def request_():
    """What is refused nowhere: an approved package, verified in staging, with contract and checks."""
    return Request(
        candidate=Candidate(PACKAGE, CONTRACT, artifact=ARTIFACT),
        stage="staging",
        group="shop-models",
        production_gate="github",
        teardown="model-deploy teardown --stage staging --root there",
        checks={"reviews": CHECKS},
        verified_first=True,
    )


def with_package(request, **changes):
    return replace(
        request, candidate=replace(request.candidate, package=replace(request.candidate.package, **changes))
    )


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_an_approved_and_verified_package_passes(request_, stage):
    promotion.require(replace(request_, stage=stage))


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
def test_only_approved_packages_pass(request_, approval):
    [reason] = promotion.refusals(with_package(request_, approval=approval))
    assert reason == (
        f"Its approval is {approval}, not Approved. Approve it first, in the model registry or by "
        "`model-build approve 7 --why TEXT`."
    )


def test_a_package_of_another_group_is_refused(request_):
    [reason] = promotion.refusals(replace(request_, group="library-models"))
    assert "a package of the group shop-models; this project deploys those of library-models" in reason


def test_a_package_whose_contract_cannot_be_used_is_refused_with_the_reason(request_):
    broken = Candidate(PACKAGE, None, contract_problem="It is not there.", artifact=ARTIFACT)
    assert promotion.refusals(replace(request_, candidate=broken)) == ("It is not there.",)


@pytest.mark.parametrize("name", ["contract-sha256", "model-sha256"])
def test_a_hash_that_was_changed_in_the_registry_meanwhile_is_refused(request_, name):
    changed = with_package(request_, metadata={**PACKAGE.metadata, name: "f" * 64})
    [reason] = promotion.refusals(changed)
    assert "in the registry was changed" in reason
    assert "f" * 64 in reason


def test_a_package_whose_artifact_cannot_be_used_is_refused_with_the_reason(request_):
    broken = replace(request_.candidate, artifact=None, artifact_problem="It was changed.")
    assert promotion.refusals(replace(request_, candidate=broken)) == ("It was changed.",)


def test_production_accepts_only_the_bytes_that_staging_verified(request_):
    production = replace(request_, stage="production", verified_sha256="b" * 64)
    [reason] = promotion.refusals(production)
    assert f"the artifact's SHA-256 is {ARTIFACT.sha256}, there it was {'b' * 64}" in reason
    assert promotion.refusals(replace(production, forced="never mind")) == (reason,)
    assert promotion.refusals(replace(production, verified_sha256=ARTIFACT.sha256)) == ()
    # A record of before the hash was recorded.
    assert promotion.refusals(replace(production, verified_sha256=None)) == ()


def test_checks_that_expect_labels_which_the_model_does_not_have_refuse_it(request_):
    case = Case(name="fury", text="never again", labels=("furious", "bad"))
    checks = {"reviews": replace_cases(CHECKS, case)}
    [reason] = promotion.refusals(replace(request_, checks=checks))
    assert "checks/ expects furious, which the model cannot answer: its labels are bad, good" in reason


def test_a_recipe_without_checks_cannot_be_verified(request_):
    [reason] = promotion.refusals(replace(request_, checks={}))
    assert "checks/ has no file for the recipe reviews (there is: none)" in reason


def test_production_wants_a_verification_in_staging_or_a_reason(request_):
    production = replace(request_, stage="production", verified_first=False)
    [reason] = promotion.refusals(production)
    assert "No record says that it was verified in staging" in reason
    assert promotion.refusals(replace(production, forced="staging is on fire")) == ()
    assert promotion.refusals(replace(production, stage="staging")) == ()


def test_what_staging_verified_later_takes_the_place_of_what_waits_for_production(request_):
    newer = SimpleNamespace(model_package_version=4, time=datetime(2026, 11, 29, 12, 30, tzinfo=UTC))
    production = replace(request_, stage="production", overtaken_by=newer)
    [reason] = promotion.refusals(production)
    assert "Version 4 was verified in staging after it, at 2026-11-29 12:30 UTC" in reason
    assert promotion.refusals(replace(production, forced="this one, please")) == ()
    assert promotion.refusals(replace(production, returning=True)) == ()


@pytest.mark.parametrize(
    "life_cycle", [None, LifeCycle("Production", "Pending"), LifeCycle("Staging", "Approved")]
)
def test_the_registry_as_a_gate_wants_production_approved(request_, life_cycle):
    gated = replace(request_, stage="production", production_gate="registry")
    [reason] = promotion.refusals(with_package(gated, life_cycle=life_cycle))
    assert f"Its life cycle is {life_cycle or 'not set'}; the stage's gate is the registry" in reason
    assert promotion.refusals(with_package(gated, life_cycle=LifeCycle("Production", "Approved"))) == ()


def test_what_a_rollback_brings_back_was_let_in_before_and_still_has_to_be_approved(request_):
    back = replace(
        request_, stage="production", production_gate="registry", verified_first=False, returning=True
    )
    archived = with_package(back, life_cycle=LifeCycle("Archived", "Replaced"))
    assert promotion.refusals(archived) == ()
    [reason] = promotion.refusals(with_package(archived, approval="Rejected"))
    assert "Its approval is Rejected" in reason


def test_force_makes_no_package_approved_or_servable(request_):
    forced = replace(
        request_, stage="production", forced="please", candidate=Candidate(PACKAGE, None, artifact=ARTIFACT)
    )
    assert len(promotion.refusals(with_package(forced, approval="Rejected"))) == 2


def test_a_refusal_lists_every_reason(request_):
    with pytest.raises(RefusedError) as caught:
        promotion.require(replace(with_package(request_, approval="Rejected"), group="other", checks={}))
    assert caught.value.exit_code == 3
    assert caught.value.message.count("\n  - ") == 3
    assert ARN in caught.value.message


def replace_cases(checks, *cases):
    return checks.model_copy(update={"cases": cases})


@pytest.mark.parametrize("returning", [False, True])
def test_another_problems_package_is_refused_by_name(request_, returning):
    serving = replace(PACKAGE, version=3, metadata={"recipe": "reviews-fast", "problem": "reviews"})
    other = with_package(request_, metadata={**PACKAGE.metadata, "problem": "toxicity"})

    with pytest.raises(RefusedError) as refused:
        promotion.require(replace(other, serving=serving, returning=returning))

    assert "It solves the problem toxicity, and staging serves reviews (version 3)." in str(refused.value)
    assert "`model-deploy teardown --stage staging --root there`" in str(refused.value)


@pytest.mark.parametrize(
    "metadata",
    [
        {"problem": "reviews", "recipe": "reviews-tfidf"},
        {"recipe": "reviews"},  # of before problems were recorded
        {},
    ],
)
def test_a_package_of_the_problem_that_is_served_passes(request_, metadata):
    serving = replace(PACKAGE, metadata={"problem": "reviews"})
    package = with_package(request_, metadata={**PACKAGE.metadata, **metadata})
    promotion.require(replace(package, serving=serving))


def test_a_policy_for_labels_that_the_model_has_not_keeps_the_package_away(request_):
    fitting = replace(request_, policy_labels=frozenset(CONTRACT.labels))
    assert promotion.refusals(fitting) == ()
    [reason] = promotion.refusals(replace(request_, policy_labels=frozenset({"threat"})))
    assert reason.startswith(
        "api.policy of staging names threat, which the model cannot answer: its labels are "
    )


def test_a_model_whose_image_is_for_gpus_does_not_go_to_a_serverless_endpoint(request_):
    image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312"
    asked = with_package(request_, container=Container(image, "s3://b/model.tar.gz"))
    assert promotion.refusals(asked) == ()
    [reason] = promotion.refusals(replace(asked, serverless=True))
    assert reason.startswith(f"Its image is for GPUs ({image}), and the endpoint of staging is serverless.")
    plain = with_package(request_, container=Container(image.replace("gpu", "cpu"), "s3://b/model.tar.gz"))
    assert promotion.refusals(replace(plain, serverless=True)) == ()
