"""What the commands that only look have to say: status, history, plan, verify."""

import json


def test_status_shows_every_stage_what_is_live_and_since_when(project):
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn, "--why", "the first one")
    document = project.json("status")
    assert [stage["name"] for stage in document["stages"]] == ["staging", "production"]
    staging, production = document["stages"]
    assert staging["model_package_arn"] == arn
    assert staging["endpoint"] == {"name": project.endpoint("staging"), "status": "InService"}
    assert staging["latest"]["why"] == "the first one"
    assert staging["problems"] == production["problems"] == []
    assert production["model_package_arn"] is None
    shown = project.run("status", "--stage", "staging").stdout
    assert "version 1" in shown
    assert "by ada (GitHub): the first one" in shown


def test_a_stage_whose_file_is_broken_does_not_hide_the_others(project):
    (project.root / "stages" / "canary.yaml").write_text("endpoint: {kind: none}\n")
    try:
        shown = project.run("status")
        document = project.json("status", code=2)
        alone = project.run("status", "--stage", "canary")
    finally:
        (project.root / "stages" / "canary.yaml").unlink()
    assert shown.exit_code == 2
    assert "canary.yaml" in shown.stderr
    assert "canary\n  WRONG     its file cannot be used" in shown.stdout
    assert "production\n  stack" in shown.stdout
    assert [stage["name"] for stage in document["stages"]] == ["staging", "production", "canary"]
    assert (alone.exit_code, alone.stdout) == (2, "")


def test_history_shows_deployments_the_latest_first(project):
    good, bad = project.register(), project.register("nonsense")
    project.json("rollout", "--stage", "staging", "--model-package", good)
    project.json("rollout", "--stage", "staging", "--model-package", bad, code=3)
    document = project.json("history", "--stage", "staging")
    assert {(each["schema"], "version" in each) for each in document["deployments"]} == {(1, False)}
    assert [item["model_package_arn"] for item in document["deployments"]] == [bad, good]
    shown = project.run("history", "--stage", "staging", "--limit", "1").stdout
    assert shown.split("\n")[0].split() == [
        *("time", "(UTC)", "version", "before", "outcome", "who", "commit", "why"),
    ]
    assert "deployed, NOT verified" in shown
    assert "endpoint, praise: answered negative; expected positive" in shown
    assert (
        project.run("history", "--stage", "production").stdout == "Nothing was deployed to production yet.\n"
    )


def test_a_plan_shows_changes_figures_and_the_rollout_and_writes_nothing(project):
    first, second = project.register(), project.register()
    planned = project.json("plan", "--stage", "staging", "--model-package", first)
    assert planned["step"] == "create the stack"
    assert planned["current"] is None
    assert planned["next"]["metrics"] == {"accuracy": 0.9}
    assert project.client("cloudformation").list_stacks()["StackSummaries"] == [
        stack
        for stack in project.client("cloudformation").list_stacks()["StackSummaries"]
        if stack["StackName"] != project.stack("staging")
    ]
    project.json("rollout", "--stage", "staging", "--model-package", first)
    document = project.json("plan", "--stage", "staging", "--model-package", second)
    assert document["current"]["model_package_arn"] == first
    replaced = [change["resource"] for change in document["changes"] if change["replaced"]]
    assert replaced == ["EndpointConfig", "Model"]
    assert [change["resource"] for change in document["changes"]] == ["Endpoint", "EndpointConfig", "Model"]
    shown = project.run("plan", "--stage", "staging", "--model-package", second).stdout
    assert "accuracy" in shown
    assert "all at once" in shown
    again = project.run("plan", "--stage", "staging", "--model-package", first).stdout
    assert "Nothing changes" in again


def test_the_plan_is_what_the_rollout_then_does(project):
    arn = project.register()
    planned = project.json("plan", "--stage", "staging", "--model-package", arn)
    done = project.json("rollout", "--stage", "staging", "--model-package", arn)
    assert planned["plan_sha256"] == done["plan_sha256"]


def test_a_plan_of_what_must_not_be_deployed_is_refused(project):
    refused = project.run(
        "plan", "--stage", "staging", "--model-package", project.register(approval="Rejected")
    )
    assert refused.exit_code == 3
    assert "Its approval is Rejected" in refused.stderr


def test_a_package_that_does_not_exist_is_a_usage_error(project):
    unknown = project.run("plan", "--stage", "staging", "--model-package", f"{project.register()}000")
    assert unknown.exit_code == 2
    assert "There is no model package" in unknown.stderr
    nonsense = project.run("plan", "--stage", "staging", "--model-package", "version 3")
    assert nonsense.exit_code == 2
    assert "'version 3' names no model package" in nonsense.stderr


def test_verify_says_whether_the_requested_package_is_live_and_right(project):
    first, second = project.register(), project.register()
    nothing = project.run("verify", "--stage", "staging")
    assert nothing.exit_code == 2
    assert "Nothing is live in staging" in nothing.stderr
    project.json("rollout", "--stage", "staging", "--model-package", first)
    assert project.json("verify", "--stage", "staging", "--model-package", first)["verified"] is True
    other = project.run("verify", "--stage", "staging", "--model-package", second)
    assert other.exit_code == 3
    assert f"serves {first}, not {second}" in other.stdout


def test_a_verdict_that_is_news_is_recorded_beside_the_first(project):
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    path = project.root / "checks" / "garments.json"
    checks = json.loads(path.read_text())
    path.write_text(
        json.dumps(checks | {"cases": [{"name": "new", "text": "lovely", "labels": ["negative"]}]})
    )
    for _ in range(2):
        project.json("verify", "--stage", "staging", code=3)
    assert [record["verified"] for record in project.records("staging")] == [True, False]
    refused = project.run("rollout", "--stage", "production", "--model-package", arn)
    assert "No record says that it was verified in staging" in refused.stderr
    path.write_text(json.dumps(checks))
    project.json("verify", "--stage", "staging")
    first, failed, passed = project.records("staging")
    assert first["deployment"] == failed["deployment"] == passed["deployment"]
    assert passed["verified"] is True
