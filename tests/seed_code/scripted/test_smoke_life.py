"""The steps of a smoke run by what GitHub and AWS answer: each does one thing, and a wrong answer ends it with what was seen."""

import pytest

from model_common.deadline import Deadline
from project_template.core.settings import PublishSettings
from project_template.errors import GitHubError, SmokeError, TimedOutError
from project_template.github import Answer, GitHub
from project_template.smoke import steps
from project_template.smoke.journal import Journal
from project_template.smoke.life import Life
from project_template.smoke.plan import Plan
from project_template.stacks.publication_values import TokenSignIn

PACKAGES = [
    f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/smoke-1-models/{number}" for number in (1, 2)
]
SECRET = TokenSignIn("arn:aws:secretsmanager:eu-west-1:123456789012:secret:github")


class Actions:
    """GitHub's answers to what is asked of a repository's runs: the runs of each question, then their jobs."""

    def __init__(self, *runs, jobs=(), statuses=()):
        self.runs, self.jobs, self.statuses, self.asked = list(runs), list(jobs), list(statuses), []

    def __call__(self, url, headers, body=None, /):
        self.asked.append(url.removeprefix("https://api.github.com"))
        if self.statuses and (status := self.statuses.pop(0)) is not None:
            if status == "no way":
                raise GitHubError("The way to GitHub is closed.")
            return Answer(status)
        if "/jobs" in url:
            return Answer(200, {"jobs": self.jobs})
        listed = self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        return Answer(200, {"workflow_runs": listed})


def ran(status="completed", conclusion="success", title="Train on main", number=7):
    return {
        "id": number,
        "status": status,
        "conclusion": conclusion,
        "display_title": title,
        "html_url": f"https://gh/{number}",
    }


@pytest.fixture
def life(aws, said):
    """A run that has registered a model; `life.noted` is what it noted, `life.on(actions)` who answers for GitHub."""
    noted = []
    made = Life(
        aws, Plan("smoke-1", "acme", "amazon-sentences", 60), PublishSettings(SECRET), b"1\t2.4\tlove\n", {"t": "x"},
        Deadline(60), Journal(), said.console, noted.append, packages=PACKAGES[:1], bucket="b",
    )  # fmt: skip

    def on(actions):
        made.github = GitHub("https://api.github.com", "Bearer x", actions)
        return actions

    made.noted, made.on = noted, on
    return made


def test_names_follow_from_the_run(life):
    assert (life.name, life.group, life.pipeline) == ("smoke-1", "smoke-1-models", "smoke-1-amazon-sentences")
    assert life.repository("deploy") == "acme/smoke-1-deploy"


def test_a_workflow_is_waited_for_and_each_state_is_said_once(life):
    actions = life.on(Actions([], [], [ran("queued")], [ran("in_progress")], [ran("in_progress")], [ran()], jobs=[
        {"name": "train", "conclusion": "success"}]))  # fmt: skip
    assert life.workflow("build", "push")["id"] == 7
    assert life.noted == [
        *(
            f"Workflow of acme/smoke-1-build for push: {each}"
            for each in ("not started", "queued", "in_progress", "completed")
        ),
        "Job train of acme/smoke-1-build: success",
    ]
    assert actions.asked[0] == "/repos/acme/smoke-1-build/actions/runs?event=push&per_page=50"
    assert actions.asked[-1] == "/repos/acme/smoke-1-build/actions/runs/7/jobs?per_page=100"


def test_the_run_is_the_one_whose_title_tells_of_the_package(life):
    other, ours = ran(title=f"model-approved {PACKAGES[0]}", number=1), ran(
        title=f"model-approved {PACKAGES[1]}", number=2
    )
    life.on(Actions([other], [ran(title=None, number=3), other, ours]))
    assert life.workflow("deploy", "repository_dispatch", f"model-approved {PACKAGES[1]}")["id"] == 2


@pytest.mark.parametrize(
    ("jobs", "said_"),
    [
        ([{"name": "train", "conclusion": "failure", "steps": [{"name": "Run", "conclusion": "failure"}, {"name": "Post"}]}],
         "ended as failure: train at the step 'Run'. https://gh/7"),
        ([{"name": "a", "conclusion": "failure", "steps": [{"name": "x", "conclusion": "failure"}]},
          {"name": "b", "conclusion": "failure", "steps": [{"name": "y", "conclusion": "failure"}]}],
         "a at the step 'x', b at the step 'y'."),
        ([{"name": "train", "conclusion": "cancelled"}], "GitHub names no step"),
        ([], "GitHub names no step"),
    ],
)  # fmt: skip
def test_a_workflow_that_fails_names_the_jobs_and_their_steps_and_its_page(life, jobs, said_):
    life.on(Actions([ran(conclusion="failure")], jobs=jobs))
    with pytest.raises(SmokeError) as failed:
        life.workflow("build", "push")
    assert said_ in failed.value.message
    assert len(life.noted) == 1 + len(jobs)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_read_runs_ends_the_step(life, status):
    life.on(Actions([ran()], statuses=[status]))
    with pytest.raises(
        SmokeError, match=rf"GitHub answers {status} to /repos/acme/smoke-1-build/actions/runs"
    ):
        life.workflow("build", "push")


@pytest.mark.parametrize("status", ["no way", 500, 429])
def test_github_that_is_away_for_a_moment_is_asked_again(life, status):
    life.on(Actions([ran()], statuses=[status, None, None]))
    assert life.workflow("build", "push")["id"] == 7


def test_a_workflow_that_never_starts_ends_with_the_time_of_the_run(life):
    life.on(Actions([]))
    life.deadline = Deadline(0)
    with pytest.raises(TimedOutError, match=r"The workflow of acme/smoke-1-build for push  ?took longer"):
        life.workflow("build", "push")


def summary(number, stated):
    return {
        "ModelPackageArn": PACKAGES[number],
        "ModelPackageStatus": "Completed",
        "CreationTime": stated.now,
        "ModelPackageName": "x",
    }


def test_training_ends_with_the_registered_packages_in_their_order(life, script, stated):
    life.on(Actions([ran()]))
    script.on("ListModelPackages", {"ModelPackageSummaryList": [summary(1, stated), summary(0, stated)]})
    described = summary(0, stated) | {"ModelPackageVersion": 1, "ModelApprovalStatus": "PendingManualApproval",
                                      "ModelPackageStatusDetails": {"ValidationStatuses": []}}  # fmt: skip
    script.on("DescribeModelPackage", described)
    steps.training(life)
    assert life.packages == PACKAGES
    assert life.noted[-1] == "Registered: version 1, PendingManualApproval"


def test_training_that_registers_nothing_is_a_failure(life, script):
    life.on(Actions([ran()]))
    script.on("ListModelPackages", {"ModelPackageSummaryList": []})
    with pytest.raises(
        SmokeError, match="The workflow succeeded, and there is no model package in smoke-1-models"
    ):
        steps.training(life)


@pytest.fixture
def serving(script, stated):
    """States the packages that the stages serve."""

    def state(**served):
        now = {"CreationTime": stated.now, "LastModifiedTime": stated.now}
        script.on(
            "DescribeEndpoint",
            lambda asked: {
                "EndpointName": "e",
                "EndpointArn": "a" * 20,
                "EndpointStatus": "InService",
                "EndpointConfigName": asked["EndpointName"].rpartition("-")[2],
                **now,
            },
        )
        script.on(
            "DescribeEndpointConfig",
            lambda asked: {
                "EndpointConfigName": "c",
                "EndpointConfigArn": "a" * 20,
                "CreationTime": stated.now,
                "ProductionVariants": [{"VariantName": "v", "ModelName": asked["EndpointConfigName"]}],
            },
        )
        script.on(
            "DescribeModel",
            lambda asked: {
                "ModelName": "m",
                "ModelArn": "a" * 20,
                "CreationTime": stated.now,
                "PrimaryContainer": {"Environment": {"MODEL_PACKAGE_ARN": served[asked["ModelName"]]}},
            },
        )
        script.on("UpdateModelPackage", {"ModelPackageArn": PACKAGES[0]})

    return state  # fmt: skip


def test_a_rollout_approves_waits_for_the_workflow_and_looks_at_both_stages(life, script, serving):
    serving(staging=PACKAGES[0], production=PACKAGES[0])
    life.on(Actions([ran(title=f"model-approved {PACKAGES[0]}")]))
    steps.first_rollout(life)
    [asked] = script.asked("UpdateModelPackage")
    assert (asked["ModelPackageArn"], asked["ModelApprovalStatus"]) == (PACKAGES[0], "Approved")
    assert (asked["ModelLifeCycle"]["Stage"], asked["ModelLifeCycle"]["StageStatus"]) == (
        "Production",
        "Approved",
    )
    assert life.noted[-2:] == [f"In {stage} serves {PACKAGES[0]}" for stage in ("staging", "production")]


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_a_stage_that_serves_another_package_after_a_rollout_is_a_failure(life, serving, stage):
    serving(**{"staging": PACKAGES[0], "production": PACKAGES[0]} | {stage: PACKAGES[1]})
    life.on(Actions([ran(title=f"model-approved {PACKAGES[0]}")]))
    with pytest.raises(SmokeError) as failed:
        steps.first_rollout(life)
    assert failed.value.message == f"The endpoint in {stage} serves {PACKAGES[1]}, and not {PACKAGES[0]}."


def test_going_back_rejects_the_second_version_and_expects_the_first(life, script, serving):
    life.packages = list(PACKAGES)
    serving(staging=PACKAGES[0], production=PACKAGES[0])
    life.on(Actions([ran(title=f"model-rejected {PACKAGES[1]}")]))
    steps.rollback(life)
    [asked] = script.asked("UpdateModelPackage")
    assert (asked["ModelPackageArn"], asked["ModelApprovalStatus"]) == (PACKAGES[1], "Rejected")


def test_the_second_version_is_the_first_ones_description_pending_and_nothing_of_its_fate(
    life, script, stated
):
    kept = {
        "ModelPackageDescription": "d",
        "CustomerMetadataProperties": {"commit": "c"},
        "ModelPackageGroupName": "smoke-1-models",
    }
    fate = {
        "ModelApprovalStatus": "Approved",
        "ModelPackageVersion": 1,
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
    }
    script.on("DescribeModelPackage", summary(0, stated) | kept | fate)
    script.on("CreateModelPackage", {"ModelPackageArn": PACKAGES[1]})
    steps.second_version(life)
    [asked] = script.asked("CreateModelPackage")
    asked.pop("ClientToken", None)
    assert asked == kept | {"ModelApprovalStatus": "PendingManualApproval"}
    assert life.packages == PACKAGES


@pytest.mark.parametrize(
    ("answers", "said_"),
    [
        ([(403, "no"), (200, '{"results": []}')], None),
        (
            [(200, "open"), (200, "x")],
            "The API answers a request without a signature with 200, and not with 403.",
        ),
        ([(401, "no"), (200, "x")], "without a signature with 401, and not with 403."),
        ([(403, "no"), (403, "Forbidden")], "The API answers 403 to a signed request: Forbidden"),
        ([(403, "no"), (500, "é" * 600)], f"The API answers 500 to a signed request: {'é' * 500}"),
    ],
)
def test_the_api_answers_who_signs_and_nobody_else(life, script, stated, monkeypatch, answers, said_):
    output = stated.stack("smoke-1-production-endpoint", outputs={"ApiUrl": "https://api.invalid/classify"})
    script.on("DescribeStacks", output)
    sent = []

    def post(url, headers):
        sent.append((url, "Authorization" in headers))
        return answers[len(sent) - 1]

    monkeypatch.setattr(steps, "_post", post)
    monkeypatch.setattr(steps, "_signed", lambda life, url: {"Authorization": "AWS4-HMAC-SHA256"})
    if said_ is None:
        steps.asking(life)
        assert sent == [("https://api.invalid/classify", False), ("https://api.invalid/classify", True)]
        return
    with pytest.raises(SmokeError) as failed:
        steps.asking(life)
    assert said_ in failed.value.message
    assert "é" * 501 not in failed.value.message


@pytest.mark.parametrize("outputs", [None, {}, {"Other": "x"}])
def test_an_endpoint_without_an_api_is_named(life, script, stated, outputs):
    script.on(
        "DescribeStacks", stated.missing_stack if outputs is None else stated.stack("s", outputs=outputs)
    )
    with pytest.raises(SmokeError, match="The stack of the endpoint in production has no output ApiUrl"):
        steps.asking(life)


def test_the_sample_goes_to_the_publications_bucket(life, script):
    script.on("PutObject", {})
    steps.sample(life)
    [asked] = script.asked("PutObject")
    assert (asked["Bucket"], asked["Key"], asked["Body"].getvalue()) == (
        "b",
        "smoke/sample.tsv",
        b"1\t2.4\tlove\n",
    )
