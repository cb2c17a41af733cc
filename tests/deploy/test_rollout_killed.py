"""A rollout that is killed, anywhere, and run again."""

import re
import signal
import threading

import pytest
from botocore.client import BaseClient

WATCHED = """
endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 1}
rollout: {strategy: all_at_once, bake_seconds: 60}
alarms: {contract_failures: 1}
"""


class Killed(BaseException):
    """What a process that is killed does not get to handle."""


class Killer:
    """Kills at the n-th call that changes something, before or after it took effect; 0 counts only."""

    def __init__(self, at, when):
        self.at, self.when, self.count = at, when, 0
        self.thread = threading.current_thread()

    def __call__(self, original, client, operation, parameters):
        changes = not re.match("Describe|List|Get|Invoke|Head", operation)
        if not changes or threading.current_thread() is not self.thread:
            return original(client, operation, parameters)
        self.count += 1
        if self.count == self.at and self.when == "before":
            raise Killed(operation)
        answer = original(client, operation, parameters)
        if self.count == self.at:
            raise Killed(operation)
        return answer


@pytest.fixture
def kill(monkeypatch):
    """Sets the killer of the calls that follow, and returns it."""
    original = BaseClient._make_api_call

    def install(at, when="before"):
        killer = Killer(at, when)
        monkeypatch.setattr(
            BaseClient,
            "_make_api_call",
            lambda client, operation, parameters: killer(original, client, operation, parameters),
        )
        return killer

    yield install
    monkeypatch.undo()


def arguments(arn):
    return ("rollout", "--stage", "staging", "--model-package", arn)


@pytest.mark.slow
def test_a_rollout_that_is_killed_at_any_change_and_run_again_deploys_once(project, kill):
    """Killed after a change is killed before the next one: between them it only looks. But for the last one."""
    project.json(*arguments(project.register()))
    versions, at, when = [], 0, "before"
    while True:
        at += 1
        arn = project.register()
        killer = kill(at, when)
        try:
            project.json(*arguments(arn))
        except Killed:
            versions.append(arn)
            kill(0)
            assert project.json(*arguments(arn))["verified"] is True
            assert project.live_package("staging") == arn
        else:
            if when == "after":
                break
            at, when = killer.count - 1, "after"
            versions.append(arn)
            kill(0)
    assert (
        5 < killer.count < at <= 20
    )  # the change set, its execution, the registry, what is pruned, the record
    deployed = [record["model_package_arn"] for record in project.records("staging")]
    assert deployed[1:-1] == versions  # each exactly once


def test_a_first_rollout_that_is_killed_leaves_nothing_in_the_way(project, kill):
    arn = project.register()
    for at in (1, 2):
        kill(at, "after")
        with pytest.raises(Killed):
            project.run(*arguments(arn))
    kill(0)
    assert project.json(*arguments(arn))["verified"] is True
    assert len(project.records("staging")) == 1


def test_a_killed_rollout_is_taken_up_where_it_stands(project):
    stage = project.root / "stages" / "staging.yaml"
    stage.write_text(stage.read_text() + "\nrollout: {strategy: all_at_once, bake_seconds: 150}")
    project.json(*arguments(project.register()))
    arn = project.register()
    running = project.start(*arguments(arn))
    for line in running.stderr:
        if "UPDATE_IN_PROGRESS" in line:
            break
    running.send_signal(signal.SIGKILL)
    running.communicate()
    result = project.run(*arguments(arn))
    assert result.exit_code == 0, result.stderr
    assert "Re-attached to rollout-" in result.stderr
    assert project.live_package("staging") == arn
    assert [record["model_package_arn"] for record in project.records("staging")].count(arn) == 1


def test_a_rollback_that_no_command_lived_to_report_is_reported_by_the_next(project, kill):
    project.json(*arguments(project.register()))
    broken = project.register("no archive")
    kill(4, "before")  # the record: the copy of the artifact, the change set and its execution came before it
    with pytest.raises(Killed, match="PutObject"):
        project.run(*arguments(broken))
    kill(0)
    events = len(stack_events(project))
    assert project.json(*arguments(broken), code=4)["status"] == "RolledBack"
    assert len(stack_events(project)) == events  # it was not tried again
    assert [record["outcome"] for record in project.records("staging")] == ["deployed", "rolled back"]
    # From now on trying it again is just that.
    project.json(*arguments(broken), code=4)
    assert len(stack_events(project)) > events


@pytest.mark.parametrize("at", [6, 7], ids=["change set made", "change set executed"])
def test_a_stack_that_was_being_brought_to_what_is_live_gets_there(project, kill, at):
    """The record of the rollback was written, and the stack, which says success, was not brought to the old model yet."""
    project.server.ask("set_fault", name="endpoint_rollback", value="reports-success")
    (project.root / "stages" / "production.yaml").write_text(WATCHED)
    production = ("rollout", "--stage", "production", "--force", "test", "--model-package")
    good, bad = project.register(), project.register("nonsense")
    project.json(*production, good)
    kill(at, "after")
    with pytest.raises(Killed, match="ChangeSet"):
        project.run(*production, bad)
    kill(0)
    assert [record["outcome"] for record in project.records("production")] == ["deployed", "rolled back"]
    # By whichever command: the next one that is asked for the good model finds it live, and the stack true.
    assert project.json(*production, good)["verified"] is True
    assert project.live_package("production") == good
    assert project.json("status", "--stage", "production")["stages"][0]["problems"] == []


def stack_events(project):
    cloudformation = project.client("cloudformation")
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=project.stack("staging"))
    return [event for page in pages for event in page["StackEvents"]]
