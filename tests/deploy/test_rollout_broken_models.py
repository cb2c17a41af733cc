"""Models that are broken, each in its own way: what is said of them, what serves meanwhile, and that the next good one passes."""

import threading

import pytest
from botocore.exceptions import ClientError

from model_deploy.rollout.update import probes

ARGUMENTS = ("rollout", "--stage", "production", "--force", "test", "--model-package")


@pytest.fixture(scope="module")
def project(make_project):
    """One for all of them: a broken model leaves nothing behind that the next one could meet."""
    with make_project() as made:
        made.json(*ARGUMENTS, made.register())
        yield made


def stack_status(project):
    name = project.stack("production")
    return project.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def check_that_it_was_taken_back(project, broken, before, result):
    """Exit 4; the endpoint, the stack and the record say what was live before."""
    assert result.exit_code == 4, result.stderr
    assert "was rolled back in production: Endpoint failed:" in result.stderr
    assert f"serves version {before.rpartition('/')[2]} as before" in result.stderr
    assert project.live_package("production") == before
    assert stack_status(project) in {"UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    last = project.records("production")[-1]
    assert (last["model_package_arn"], last["outcome"]) == (broken, "rolled back")


def check_that_the_next_good_one_passes(project):
    good = project.register()
    assert project.json(*ARGUMENTS, good)["verified"] is True
    assert project.live_package("production") == good
    assert stack_status(project) == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("no archive", "valid tar.gz archive"),
        ("empty", "did not pass the ping health check"),
    ],
)
def test_an_archive_that_holds_no_model(project, model, reason):
    before, broken = project.live_package("production"), project.register(model)
    result = project.run(*ARGUMENTS, broken)
    assert reason in result.stderr
    check_that_it_was_taken_back(project, broken, before, result)
    planned = project.json("plan", *ARGUMENTS[1:], project.register())
    assert planned["step"] == "update the stack"
    assert "Model" in [change["resource"] for change in planned["changes"]]


def test_an_artifact_that_is_not_there_any_more_is_refused_before_anything_is_changed(project):
    before, gone = project.live_package("production"), project.register("missing")
    result = project.run(*ARGUMENTS, gone)
    assert result.exit_code == 3
    assert "is not there any more" in result.stderr
    assert project.live_package("production") == before


@pytest.mark.slow  # the limit for a start is ten seconds, however short the waits are
def test_a_server_that_never_answers_a_ping(project):
    before, broken = project.live_package("production"), project.register(fault="never-ready")
    result = project.run(*ARGUMENTS, broken)
    assert "did not pass the ping health check" in result.stderr
    check_that_it_was_taken_back(project, broken, before, result)


def test_a_server_that_answers_500(project):
    before, broken = project.live_package("production"), project.register(fault="answers-500")
    result = project.run(*ARGUMENTS, broken)
    assert "in the ALARM state" in result.stderr
    assert f"{project.endpoint('production')}-" in result.stderr
    check_that_it_was_taken_back(project, broken, before, result)
    check_that_the_next_good_one_passes(project)


def test_a_server_that_hangs_is_noticed_by_the_probes_long_before_sagemaker_gives_up(project, monkeypatch):
    monkeypatch.setattr(probes, "ANSWER_SECONDS", 0.2)  # the bake lasts 1.2 s here, a minute on AWS
    before, broken = project.live_package("production"), project.register(fault="hangs")
    result = project.run(*ARGUMENTS, broken)
    assert f"{project.endpoint('production')}-ContractFailures" in result.stderr
    check_that_it_was_taken_back(project, broken, before, result)


def test_a_server_that_dies_under_load(project):
    before, broken = project.live_package("production"), project.register(fault="dies")
    stage = project.root / "stages" / "production.yaml"
    brief = stage.read_text()
    # It takes some requests to die, and then only those fail that are under way.
    patient = brief.replace("bake_seconds: 60", "bake_seconds: 600")
    stage.write_text(patient.replace("invocation_5xx_percent: 50", "invocation_5xx_percent: 1"))
    with Load(project) as load:
        result = project.run(*ARGUMENTS, broken)
    stage.write_text(brief)
    assert f"{project.endpoint('production')}-" in result.stderr
    # On a busy machine it may be the probes alone that meet the dying server.
    assert load.failed < load.asked / 2
    check_that_it_was_taken_back(project, broken, before, result)
    check_that_the_next_good_one_passes(project)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("answers-500", "(500) from primary"), ("hangs", "no answer")],
)
def test_where_no_alarm_watches_a_model_that_does_not_answer_is_not_verified(project, fault, reason):
    broken = project.register(fault=fault)
    result = project.run("rollout", "--stage", "staging", "--model-package", broken)
    assert result.exit_code == 3, result.stderr
    assert "is live in staging, but not verified" in result.stderr
    assert "endpoint, praise: no answer" in result.stderr
    assert reason in result.stderr
    assert [record["verified"] for record in project.records("staging")][-1] is False
    good = project.register()
    assert project.json("rollout", "--stage", "staging", "--model-package", good)["verified"] is True


class Load:
    """Four clients that keep asking the production endpoint, from entering to leaving the context."""

    def __init__(self, project):
        self.asked = self.failed = 0
        self._project = project
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        runtime = self._project.client("sagemaker-runtime")
        while not self._over.wait(0.02):
            failed = False
            try:
                runtime.invoke_endpoint(
                    EndpointName=self._project.endpoint("production"),
                    ContentType="application/json",
                    Body='{"instances": ["lovely"]}',
                )["Body"].read()
            except ClientError:
                failed = True
            with self._lock:
                self.asked += 1
                self.failed += failed
