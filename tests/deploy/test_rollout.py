"""A rollout, end to end on the embedded AWS: to staging, to production, with nothing to do, and refused."""

import shlex
import shutil

import pytest
from botocore.client import BaseClient

from model_deploy.stage import Stage


@pytest.fixture
def calls(monkeypatch, quick_server):
    """The names of all API operations that are called from now on at this server; one in this process has calls of its own."""
    made = []
    original = BaseClient._make_api_call

    def spy(self, operation_name, api_params):
        if self.meta.endpoint_url.startswith(quick_server.url):
            made.append(operation_name)
        return original(self, operation_name, api_params)

    monkeypatch.setattr(BaseClient, "_make_api_call", spy)
    return made


def test_an_approved_package_reaches_staging_and_is_verified_shown_and_recorded(project):
    arn = project.register()
    result = project.json("rollout", "--stage", "staging", "--model-package", arn)
    assert (result["status"], result["verified"], result["changed"]) == ("InService", True, True)
    assert project.live_package("staging") == arn
    [record] = project.records("staging")
    assert record["model_package_arn"] == arn
    assert (record["outcome"], record["verified"], record["who"]) == ("deployed", True, "ada (GitHub)")
    assert record["plan_sha256"] == result["plan_sha256"]
    assert record["model_commit"] == "c0ffee"
    cycle = project.client("sagemaker").describe_model_package(ModelPackageName=arn)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("Staging", "Live")


def test_a_rollout_without_change_verifies_in_few_calls_and_records_nothing_again(project, calls):
    arn = project.register()
    first = project.json("rollout", "--stage", "staging", "--model-package", arn)
    calls.clear()
    again = project.json("rollout", "--stage", "staging", "--model-package", arn)
    assert len(calls) <= 13, calls
    assert not [name for name in calls if name.startswith(("Create", "Update", "Put", "Delete", "Execute"))]
    assert (again["changed"], again["verified"]) == (False, True)
    assert again["plan_sha256"] == first["plan_sha256"]
    assert len(project.records("staging")) == 1


def test_the_next_version_replaces_the_model_and_what_it_leaves_behind_is_pruned(project):
    first, second = project.register(), project.register()
    project.json("rollout", "--stage", "staging", "--model-package", first)
    project.json("rollout", "--stage", "staging", "--model-package", second)
    assert project.live_package("staging") == second
    assert [record["replaced"] for record in project.records("staging")] == [None, first]
    assert len(project.leftovers("staging")) == 2  # one model and one configuration: those in use
    cycle = project.client("sagemaker").describe_model_package(ModelPackageName=first)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("Archived", "Replaced")


def pasted(project, said):
    """Run the command that the last line names."""
    *_, last = said.splitlines()
    program, *words = shlex.split(last.removeprefix("Next: "))
    assert program == "model-deploy"
    assert words[-2:] == ["--root", str(project.root)]
    done = project.run(*words)
    assert done.exit_code == 0, done.stderr
    return done


def test_a_version_that_is_not_there_is_named_with_those_that_are(project):
    arn = project.register()
    refused = project.run("plan", "--stage", "staging", "--model-package", "99")
    assert refused.exit_code == 2
    assert f"{project.group} has no version 99. It has" in refused.stderr
    assert (
        project.json("plan", "--stage", "staging", "--model-package", "latest")["next"]["model_package_arn"]
        == arn
    )


def test_production_takes_what_staging_has_verified_and_refuses_anything_else(project):
    arn = project.register()
    refused = project.run("rollout", "--stage", "production", "--model-package", arn)
    assert refused.exit_code == 3
    assert "No record says that it was verified in staging" in refused.stderr
    assert project.records("production") == []
    assert "production\n  stack     " in project.run("status").stdout
    assert "REVIEW_IN_PROGRESS" not in project.run("status").stdout
    # By its number, and from there by what each command says comes next.
    staged = project.run("rollout", "--stage", "staging", "--model-package", arn.rpartition("/")[2])
    assert staged.exit_code == 0, staged.stderr
    released = pasted(project, staged.stdout)
    assert "production serves version" in released.stdout
    assert project.live_package("production") == arn
    assert "production\n  stack     " in pasted(project, released.stdout).stdout
    cycle = project.client("sagemaker").describe_model_package(ModelPackageName=arn)["ModelLifeCycle"]
    assert cycle["Stage"] == "Production"


def test_production_can_be_insisted_on_and_the_reason_is_recorded(project):
    arn = project.register()
    project.json("rollout", "--stage", "production", "--model-package", arn, "--force", "staging is on fire")
    assert [record["forced"] for record in project.records("production")] == ["staging is on fire"]


def test_a_model_that_answers_nonsense_is_live_in_staging_but_not_verified(project):
    arn = project.register("nonsense")
    result = project.run("rollout", "--stage", "staging", "--model-package", arn, "--json")
    assert result.exit_code == 3
    assert "endpoint, praise: answered negative; expected positive" in result.stderr
    assert [record["verified"] for record in project.records("staging")] == [False]
    assert project.run("rollout", "--stage", "production", "--model-package", arn).exit_code == 3


def test_a_package_with_other_labels_than_the_checks_expect_is_refused_before_anything_is_changed(project):
    refused = project.run(
        "rollout", "--stage", "staging", "--model-package", project.register(labels=["bad", "fine"])
    )
    assert refused.exit_code == 3
    assert "checks/ expects negative, positive, which the model cannot answer" in refused.stderr
    assert project.json("status", "--stage", "staging")["stages"][0]["stack"]["status"] is None
    assert project.records("staging") == []


def test_a_canary_passes_while_probes_watch_it(project):
    first, second = project.register(), project.register()
    for stage in ("staging", "production"):
        project.json("rollout", "--stage", stage, "--model-package", first)
    project.json("rollout", "--stage", "staging", "--model-package", second)
    result = project.run("rollout", "--stage", "production", "--model-package", second)
    assert result.exit_code == 0, result.stderr
    assert "of 2 instances of AllTraffic take traffic" in result.stderr
    assert "0 cases failed" in result.stderr
    assert project.live_package("production") == second


def test_approval_that_is_withdrawn_meanwhile_is_seen_before_anything_is_executed(project, monkeypatch):
    from model_deploy.aws import change_sets

    arn = project.register()
    original = change_sets.make

    def withdraw(*arguments):
        made = original(*arguments)
        sagemaker = project.client("sagemaker")
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
        return made

    monkeypatch.setattr(change_sets, "make", withdraw)
    result = project.run("rollout", "--stage", "staging", "--model-package", arn)
    assert result.exit_code == 3
    assert "Its approval is Rejected, not Approved" in result.stderr
    status = project.json("status", "--stage", "staging")["stages"][0]
    assert status["stack"]["status"] in {None, "REVIEW_IN_PROGRESS"}
    assert status["endpoint"]["status"] is None
    assert project.records("staging") == []


def test_the_stages_that_come_with_the_repository_can_be_rolled_out(project, repository):
    shutil.copytree(repository / "stages", project.root / "stages", dirs_exist_ok=True)
    arn = project.register()
    for stage in ("staging", "production"):
        assert project.json("rollout", "--stage", stage, "--model-package", arn)["verified"] is True
        # Where the registry is production's gate, this is what its approver does; elsewhere it changes nothing.
        released = {"Stage": "Production", "StageStatus": "Approved"}
        project.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelLifeCycle=released)
    for shown in project.json("status")["stages"]:
        stage = Stage.load(project.root / "stages" / f"{shown['name']}.yaml")
        assert (shown["api"] or "").endswith("/classify") == (stage.api is not None)
    for stage in ("production", "staging"):
        assert project.json("teardown", "--stage", stage, "--yes")["left"] == []


def test_a_new_version_brings_its_own_contract_to_the_api(project):
    stage = project.root / "stages" / "staging.yaml"
    stage.write_text(stage.read_text() + "\napi: {kind: function_url}")
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    planned = project.json(
        "plan", "--stage", "staging", "--model-package", project.register(labels=["positive", "negative"])
    )
    assert "ApiFunction" in [change["resource"] for change in planned["changes"]]


def test_a_change_set_that_expires_is_made_again(project, monkeypatch):
    from model_deploy.aws import change_sets

    arn = project.register()
    original, expired = change_sets.execute, []

    def expire(aws, change_set):
        if not expired:
            expired.append(change_set.arn)
            project.client("cloudformation").delete_change_set(ChangeSetName=change_set.arn)
        original(aws, change_set)

    monkeypatch.setattr(change_sets, "execute", expire)
    result = project.run("rollout", "--stage", "staging", "--model-package", arn)
    assert result.exit_code == 0, result.stderr
    assert "looking again" in result.stderr
    assert project.live_package("staging") == arn


def test_a_change_set_that_a_killed_command_left_behind_is_used(project):
    arn = project.register()
    project.run("rollout", "--stage", "staging", "--model-package", project.register())
    planned = project.json("plan", "--stage", "staging", "--model-package", arn)
    cloudformation = project.client("cloudformation")
    cloudformation.create_change_set(
        StackName=project.stack("staging"),
        ChangeSetName=f"rollout-{planned['plan_sha256'][:24]}",
        UsePreviousTemplate=True,  # and it cannot be used: it changes nothing
    )
    result = project.run("rollout", "--stage", "staging", "--model-package", arn)
    assert result.exit_code == 0, result.stderr
    assert project.live_package("staging") == arn


def test_a_rollout_that_takes_too_long_is_left_alone_and_found_again(project):
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    stage, arn = project.root / "stages" / "staging.yaml", project.register()
    stage.write_text(stage.read_text() + "\nrollout: {strategy: all_at_once, bake_seconds: 200}")
    result = project.run("rollout", "--stage", "staging", "--model-package", arn, "--timeout", "2")
    assert result.exit_code == 5
    assert "run the same command again" in result.stderr
    assert project.json("rollout", "--stage", "staging", "--model-package", arn)["verified"] is True
    assert [record["model_package_arn"] for record in project.records("staging")].count(arn) == 1


def test_plan_warns_of_a_bake_that_may_end_before_a_killed_command_is_noticed(project):
    planned = ("plan", "--stage", "production", "--force", "test", "--model-package", project.register())
    result = project.run(*planned)
    assert result.exit_code == 0, result.stderr
    assert "warning    rollout.bake_seconds: 120 s of bake in all may end before" in result.stdout
    assert "420 s or more are noticed" in result.stdout
    [warning] = project.json(*planned)["warnings"]
    assert "120 s of bake" in warning
