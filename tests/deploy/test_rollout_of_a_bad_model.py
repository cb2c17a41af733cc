"""A bad model that is live can always be replaced, and one that nobody watches never stays."""

import os
import random
import signal
import threading
import time

import pytest

KILLS = int(os.environ.get("KILLS", "2"))
PRODUCTION = ("--stage", "production")


@pytest.fixture
def production(project):
    """Rolls out to production; the text of the stage's file is put back afterwards."""
    stage = project.root / "stages" / "production.yaml"
    text = stage.read_text()

    def roll_out(arn, code=0, alarms=True):
        stage.write_text(text if alarms else text[: text.index("alarms:")])
        try:
            return project.json("rollout", *PRODUCTION, "--model-package", arn, "--force", "test", code=code)
        finally:
            stage.write_text(text)

    return roll_out


class Clients:
    """Sixteen of them, that ask all the while; `failed` are the requests that were not answered."""

    def __init__(self, project):
        self.asked, self.failed = 0, []
        self._project, self._done = project, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(16)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        runtime = self._project.client("sagemaker-runtime")
        while not self._done.wait(0.05):
            try:
                runtime.invoke_endpoint(
                    EndpointName=self._project.endpoint("production"),
                    ContentType="application/json",
                    Body=b'{"instances": ["i love this"]}',
                )["Body"].read()
            except Exception as error:
                self.failed.append(repr(error))
            self.asked += 1


@pytest.mark.slow
def test_rollback_reject_and_rollout_replace_a_bad_model_under_load(project, production, record_property):
    """`make kills` does all three 20 times."""
    good, bad = project.register(), project.register("nonsense")
    sagemaker, rounds = project.client("sagemaker"), int(os.environ.get("ROUNDS", "1"))
    production(good)
    with Clients(project) as clients:
        for _ in range(rounds):
            production(bad, code=3, alarms=False)
            back = project.json("rollback", *PRODUCTION)
            assert (back["verified"], project.live_package("production")) == (True, good)
            production(bad, code=3, alarms=False)
            sagemaker.update_model_package(ModelPackageArn=bad, ModelApprovalStatus="Rejected")
            project.json("reject", *PRODUCTION, "--model-package", bad)
            assert project.live_package("production") == good
            sagemaker.update_model_package(ModelPackageArn=bad, ModelApprovalStatus="Approved")
            production(bad, code=3, alarms=False)
            good = project.register()
            replaced = production(good)
            assert (replaced["verified"], replaced["contract_failures"]) == (True, 0)
    assert clients.asked > 100
    assert clients.failed == []
    record_property("rollback, reject and rollout with a bad model live, each", rounds)
    record_property("requests of 16 clients meanwhile", clients.asked)
    record_property("requests that failed", len(clients.failed))


def test_with_a_model_live_that_fails_one_case_a_worse_one_is_still_taken_back(project, production):
    """Only the cases that the live model fails are not counted."""
    production(project.register())
    checks = project.root / "checks" / "garments.json"
    checks.write_text(
        checks.read_text().replace(
            '"text": "zyxw"', '"text": "zyxw", "min_confidence": 1, "labels": ["positive"]'
        )
    )
    live = project.live_package("production")
    result = project.run(
        "rollout", *PRODUCTION, "--model-package", project.register("nonsense"), "--force", "test"
    )
    assert result.exit_code == 4, result.stderr
    assert "The live model fails anything already" in result.stderr
    assert project.live_package("production") == live


def test_an_alarm_that_rings_because_of_the_live_model_does_not_keep_a_better_one_out(project, production):
    broken = project.register(fault="answers-500")
    production(broken, code=3)
    cloudwatch, name = project.client("cloudwatch"), f"{project.endpoint('production')}-ServerErrors"
    with Clients(project) as clients:
        while not cloudwatch.describe_alarms(AlarmNames=[name], StateValue="ALARM")["MetricAlarms"]:
            time.sleep(0.05)
        better = project.register()
        result = project.run("rollout", *PRODUCTION, "--model-package", better, "--force", "test")
    assert result.exit_code == 0, result.stderr
    assert f"the alarm {name} is in ALARM because of the live model" in result.stderr
    assert project.live_package("production") == better
    assert clients.failed
    # Nothing is left to do: which alarms take an update back matters to that update alone.
    assert production(better)["changed"] is False


def settled(project):
    """The package that is live once nothing is under way on the stack and the endpoint any more."""
    cloudformation, sagemaker = project.client("cloudformation"), project.client("sagemaker")
    while True:
        stack = cloudformation.describe_stacks(StackName=project.stack("production"))["Stacks"][0]
        endpoint = sagemaker.describe_endpoint(EndpointName=project.endpoint("production"))
        if not stack["StackStatus"].endswith("_IN_PROGRESS") and endpoint["EndpointStatus"] == "InService":
            return project.live_package("production")
        time.sleep(0.1)


def killed(project, arn, pause):
    """Start a rollout and kill it that many seconds after the stack began to be updated."""
    running = project.start("rollout", *PRODUCTION, "--model-package", arn, "--force", "test")
    for line in running.stderr:
        if "UPDATE_IN_PROGRESS" in line:
            break
    time.sleep(pause)
    running.send_signal(signal.SIGKILL)
    running.communicate()


def kill_at_random(project, production, times):
    good = project.register()
    production(good)
    chance = random.Random(7)
    for _ in range(times):
        killed(project, project.register("nonsense"), chance.uniform(0, 2.5))
        assert settled(project) == good


def test_a_bad_canary_that_nobody_watches_any_more_goes_back(project, production):
    kill_at_random(project, production, 2)


@pytest.mark.slow
def test_a_bad_canary_that_is_killed_at_any_moment_never_stays(project, production, record_property):
    """`make kills` tries 25 moments."""
    kill_at_random(project, production, KILLS)
    record_property("rollout of a bad model killed, no second command, the good one serves", KILLS)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["good", "nonsense"])
def test_a_rollout_that_is_killed_at_any_moment_and_run_again_has_one_end(
    project, production, record_property, model
):
    """Where the second command came too late, nobody watched, and the update went back: a third one deploys it."""
    before, chance = project.register(), random.Random()
    production(before)
    for _ in range(KILLS):
        arn = project.register(model)
        killed(project, arn, chance.uniform(0, 2.5))
        again = ("rollout", *PRODUCTION, "--model-package", arn, "--force", "test")
        result = project.run(*again)
        if model == "good" and result.exit_code == 4:
            assert f"{project.endpoint('production')}-Unwatched" in result.stderr
            result = project.run(*again)
        assert result.exit_code == {"good": 0, "nonsense": 4}[model], result.stderr
        before = {"good": arn, "nonsense": before}[model]
        assert settled(project) == before
        records = [each for each in project.records("production") if each["model_package_arn"] == arn]
        deployed = [each["outcome"] for each in records].count("deployed")
        assert deployed == {"good": 1, "nonsense": 0}[model]
    record_property(f"rollout of a {model} model killed and run again", KILLS)


def test_after_a_rollback_nothing_of_it_stays_and_no_change_is_no_new_record(project, production):
    good = project.register()
    production(good)
    before, records = set(project.leftovers("production")), project.records("production")
    production(project.register("nonsense"), code=4)
    assert set(project.leftovers("production")) == before
    assert production(good)["changed"] is False
    assert [each["outcome"] for each in project.records("production")] == ["deployed", "rolled back"]
    assert project.records("production")[0] == records[0]


def test_a_live_package_that_was_rejected_is_not_verified_and_status_says_what_to_do(project, production):
    only = project.register()
    production(only)
    project.client("sagemaker").update_model_package(
        ModelPackageArn=only, ModelApprovalStatus="Rejected", ApprovalDescription="it is biased"
    )
    result = project.run("verify", *PRODUCTION)
    assert result.exit_code == 3, result.stderr
    assert "registry, approval: it was rejected: it is biased" in result.stderr
    [stage] = project.json("status", *PRODUCTION)["stages"]
    assert stage["approval"] == "Rejected"
    [problem] = stage["problems"]
    assert "was rejected and is live. There is no version to go back to" in problem
    assert "model-deploy teardown --stage production" in problem
    assert project.run("rollback", *PRODUCTION).exit_code == 3
