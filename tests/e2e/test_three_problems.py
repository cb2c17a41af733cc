"""Three problems side by side on one server, each in a project of its own, by the commands that a data scientist types.

Two algorithms, labels that exclude each other and labels that do not: from rows to verified endpoints, and back. Nothing of one
project reaches another.
"""

from concurrent.futures import ThreadPoolExecutor

import made_rows
import pytest
from machine import Machine

pytestmark = pytest.mark.slow

PROJECTS = {"reviews": "amazon-sentences", "toxicity": "toxic-comments", "kitchen": "cooking"}
"""By the project's name, its recipe, whose name is the problem's."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = Machine(tmp_path_factory.mktemp("machine"), PROJECTS)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def runs(machine, tmp_path_factory):
    """By project: what `model-build run` answered, all at the same time."""
    folder = tmp_path_factory.mktemp("data")

    def run(project):
        data = made_rows.write(PROJECTS[project], folder / project)
        options = ("--recipe", PROJECTS[project], "--data", str(data), "--minimum", "0.1")
        return machine.build(project, "run", *options)

    with ThreadPoolExecutor() as pool:
        return dict(zip(PROJECTS, pool.map(run, PROJECTS), strict=True))


@pytest.fixture(scope="module")
def rollouts(machine, runs):
    """By project: what `model-deploy rollout` to staging answered, after the approval."""

    def roll_out(project):
        arn = machine.approve(runs[project]["model_package_arn"])
        return machine.deploy(project, "rollout", "--stage", "staging", "--model-package", arn)

    with ThreadPoolExecutor() as pool:
        return dict(zip(PROJECTS, pool.map(roll_out, PROJECTS), strict=True))


def test_every_project_is_named_with_the_command_that_works_in_it(machine):
    for name in PROJECTS:
        assert f"local-aws exec --attach {machine.url} --project {name} -- CMD\n" in "".join(machine.said)


def test_each_is_trained_gated_registered_approved_and_served(runs, rollouts):
    assert {name: run["gate"]["metric"] for name, run in runs.items()} == {
        "reviews": "macro_f1",
        "toxicity": "mean_average_precision",
        "kitchen": "precision_at_1",
    }
    assert runs["toxicity"]["metrics"]["mean_roc_auc"] > 0.9
    for name, run in runs.items():
        assert f":model-package/{name}-models/1" in run["model_package_arn"]
        assert run["gate"]["minimum"] == 0.1
        assert rollouts[name]["verified"] is True


def test_champion_and_status_are_each_projects_own(machine, runs, rollouts):
    for name, recipe in PROJECTS.items():
        status = machine.build(name, "status", "--recipe", recipe)
        assert status["champion"]["arn"] == runs[name]["model_package_arn"]
        assert status["pipeline"]["name"].startswith(f"{name}-")
        [stage] = machine.deploy(name, "status", "--stage", "staging")["stages"]
        assert stage["endpoint"]["name"] == f"{name}-staging"
        assert stage["model_package_arn"] == runs[name]["model_package_arn"]
    # The same recipe in another project has no champion there.
    assert machine.build("kitchen", "status", "--recipe", "toxic-comments")["champion"] is None


def test_a_package_of_another_project_and_of_another_problem_is_refused_by_name(machine, runs, rollouts):
    strange = runs["toxicity"]["model_package_arn"]
    said = machine.deploy("reviews", "plan", "--stage", "staging", "--model-package", strange, code=3)
    assert "a package of the group toxicity-models; this project deploys those of reviews-models" in str(said)
    # In the right group, as somebody would register it who runs that recipe in this project.
    ours = machine.register_again(strange, "reviews-models")
    said = machine.deploy("reviews", "plan", "--stage", "staging", "--model-package", ours, code=3)
    assert "It solves the problem toxic-comments, and staging serves amazon-sentences (version 1)" in str(
        said
    )
    machine.clients.client("sagemaker").delete_model_package(ModelPackageName=ours)


def test_promotion_rollback_and_records_of_one_leave_the_others_alone(machine, runs, rollouts):
    s3, sagemaker = machine.clients.client("s3"), machine.clients.client("sagemaker")

    def seen():
        return {
            name: (
                [
                    (each["Key"], each["ETag"])
                    for each in s3.list_objects_v2(Bucket=f"{name}-artifacts")["Contents"]
                ],
                sagemaker.describe_endpoint(EndpointName=f"{name}-staging")["LastModifiedTime"],
                sagemaker.list_model_packages(ModelPackageGroupName=f"{name}-models")[
                    "ModelPackageSummaryList"
                ],
            )
            for name in ("toxicity", "kitchen")
        }

    before = seen()
    first = runs["reviews"]["model_package_arn"]
    second = machine.register_again(first, "reviews-models")
    machine.deploy("reviews", "rollout", "--stage", "staging", "--model-package", second)
    returned = machine.deploy("reviews", "rollback", "--stage", "staging")
    assert (returned["verified"], returned["model_package_arn"]) == (True, first)
    recorded = machine.deploy("reviews", "history", "--stage", "staging")["deployments"]
    assert [each["model_package_arn"] for each in recorded] == [first, second, first]
    assert seen() == before
    [only] = machine.deploy("kitchen", "history", "--stage", "staging")["deployments"]
    assert only["model_package_arn"] == runs["kitchen"]["model_package_arn"]
