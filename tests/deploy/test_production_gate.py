"""Where the registry is production's gate an approver lets a version in, by its life cycle; what was let in comes back without one."""

import pytest

ARGUMENTS = ("rollout", "--stage", "production", "--model-package")


@pytest.fixture
def gated(project):
    """A project whose production stage has the registry as its gate."""
    stage = project.root / "stages" / "production.yaml"
    endpoint = "endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 1}"
    stage.write_text(f"{endpoint}\nproduction_gate: registry\n")
    return project


def release(project, arn):
    """What the approver does in the model registry."""
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"}
    )


def life_cycle(project, arn):
    shown = project.client("sagemaker").describe_model_package(ModelPackageName=arn)["ModelLifeCycle"]
    return shown["Stage"], shown["StageStatus"]


def test_what_nobody_released_for_production_is_refused_however_it_is_asked_for(gated):
    arn = gated.register()
    gated.json("rollout", "--stage", "staging", "--model-package", arn)
    for arguments in (ARGUMENTS, ("plan", *ARGUMENTS[1:])):
        for forced in ((), ("--force", "it is urgent")):
            refused = gated.run(*arguments, arn, *forced)
            assert refused.exit_code == 3
            assert "Its life cycle is Staging/Live" in refused.stderr
            assert "wants Production/Approved" in refused.stderr
    assert gated.json("status", "--stage", "production")["stages"][0]["stack"]["status"] is None
    assert gated.records("production") == []


def test_what_was_released_goes_live_and_what_was_live_comes_back_by_itself(gated):
    first, second = gated.register(), gated.register()
    for arn in (first, second):
        gated.json("rollout", "--stage", "staging", "--model-package", arn)
        release(gated, arn)
        assert gated.json(*ARGUMENTS, arn)["verified"] is True
        assert life_cycle(gated, arn) == ("Production", "Approved")  # the approver's own word is left alone
    assert life_cycle(gated, first) == ("Archived", "Replaced")
    # Anew it would have to be released again; as a rollback it is back before anybody is awake.
    assert gated.run(*ARGUMENTS, first).exit_code == 3
    dry = gated.run("rollback", "--stage", "production", "--dry-run")
    assert "A rollout begins with: update the stack" in dry.stdout
    assert gated.json("rollback", "--stage", "production")["model_package_arn"] == first
    assert gated.live_package("production") == first
    assert life_cycle(gated, first) == ("Production", "Live")


def test_a_rejected_version_leaves_production_without_an_approver(gated):
    first, second = gated.register(), gated.register()
    for arn in (first, second):
        release(gated, arn)
        gated.json(*ARGUMENTS, arn, "--force", "test")
    gated.client("sagemaker").update_model_package(ModelPackageArn=second, ModelApprovalStatus="Rejected")
    result = gated.json("reject", "--stage", "production", "--model-package", second)
    assert result["rollback"]["model_package_arn"] == first
    assert gated.live_package("production") == first
