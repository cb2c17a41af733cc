"""What Studio asks for, and what it takes."""

import re

import pytest

from project_template.cli import checks
from project_template.core.template import check
from project_template.errors import ParameterError
from project_template.stacks.publication_values import RECIPES


def accepts(project, name, value):
    stated = project.template["Parameters"][name]
    if len(value) > int(stated.get("MaxLength", 10_000)):
        return False
    if "AllowedValues" in stated and value not in stated["AllowedValues"]:
        return False
    return "AllowedPattern" not in stated or re.fullmatch(stated["AllowedPattern"], value) is not None


def test_every_parameter_has_a_place_a_label_and_an_explanation(project):
    declared = project.template["Parameters"]
    interface = project.template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(declared) == sorted(interface["ParameterLabels"])
    assert all(stated["Description"] and stated["ConstraintDescription"] for stated in declared.values())


def test_only_the_organisation_has_to_be_filled_in_by_whoever_creates_a_project(project):
    without_default = {
        name for name, stated in project.template["Parameters"].items() if "Default" not in stated
    }
    assert without_default == {"SageMakerProjectName", "GitHubOwner"}


def test_the_defaults_are_taken(project):
    for name, stated in project.template["Parameters"].items():
        assert accepts(project, name, stated.get("Default", "reviews")), name


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("SageMakerProjectName", ["a", "a-b", "x" * 32], ["", "-a", "a-", "Reviews", "x" * 33, "a_b"]),
        ("GitHubOwner", ["acme", "Acme-2"], ["", "acme/reviews", "-acme", "x" * 40]),
        ("BuildRepositoryName", ["", "reviews.build"], ["acme/reviews", "..", "a b"]),
        (
            "TrainingData",
            ["", "s3://lake/a.csv", "s3://lake/folder/"],
            ["lake/a.csv", "s3://lake", "s3://lake/", "s3://lake//a.csv", "https://x/y"],
        ),
        ("WatchedPrefix", ["", "reviews/", "a.csv"], ["/reviews/", "x" * 1025]),
        (
            "ProductionReviewers",
            ["", "mona", "mona,acme/release"],
            ["mona, lisa", "@mona", ",".join("abcdefg")],
        ),
        ("PermissionsBoundaryArn", ["arn:aws:iam::123456789012:policy/b"], ["", "b"]),
        ("ProductionGate", ["github", "registry"], ["", "none"]),
        ("EndpointKind", ["realtime", "serverless"], ["asynchronous"]),
    ],
)
def test_what_would_fail_later_is_refused_at_the_form(project, name, good, bad):
    assert [value for value in good if not accepts(project, name, value)] == []
    assert [value for value in bad if accepts(project, name, value)] == []


@pytest.mark.parametrize(
    ("gate", "reviewers", "refused"),
    [("github", "", True), ("github", "mona", False), ("registry", "", False)],
)
def test_a_gate_without_reviewers_is_refused_with_the_way_out(project, gate, reviewers, refused):
    given = {"GitHubOwner": "acme", "ProductionGate": gate, "ProductionReviewers": reviewers}
    if not refused:
        check(project.template, given, "reviews")
        return
    with pytest.raises(ParameterError, match="ProductionReviewers, or set ProductionGate to registry"):
        check(project.template, given, "reviews")


def test_only_training_data_that_is_named_is_watched(project):
    given = {"GitHubOwner": "acme", "ProductionGate": "registry", "WatchedPrefix": "reviews/"}
    check(project.template, given | {"TrainingData": "s3://lake/reviews/"}, "reviews")
    with pytest.raises(ParameterError, match="name it in TrainingData, or leave WatchedPrefix empty"):
        check(project.template, given, "reviews")


def test_what_doctor_is_asked_about_is_what_the_template_takes(project):
    declared = project.template["Parameters"]
    assert declared["ProductionGate"]["AllowedValues"] == list(checks.Gate)
    assert declared["RepositoryVisibility"]["AllowedValues"] == list(checks.Visibility)


def test_the_recipes_are_those_of_the_build_repository(pytestconfig):
    poured = {path.stem for path in (pytestconfig.rootpath / "build" / "recipes").glob("*.yaml")}
    assert set(RECIPES) == poured


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_recipe_of_a_project_is_the_build_repositorys_variable(make_project, recipe):
    assert make_project(Recipe=recipe).properties("BuildContents")["Variables"]["RECIPE"] == recipe


def test_without_an_id_the_stacks_name_stands_in(make_project):
    made = make_project(SageMakerProjectId="")
    variables = made.properties("BuildContents")["Variables"]
    assert variables["SAGEMAKER_PROJECT_ID"] == "SP-p-abcdefghijkl"


def test_what_was_left_empty_is_left_out_or_derived(make_project):
    made = make_project(TrainingData="", WatchedPrefix="", ProductionReviewers="", ProductionGate="registry")
    assert "TRAINING_DATA" not in made.properties("BuildContents")["Variables"]
    reviewers = {
        each["Name"]: each["Reviewers"] for each in made.properties("DeployContents")["Environments"]
    }
    assert reviewers == {"staging": [], "production": [], "production-rollback": []}
    assert made.properties("BuildRepository")["Name"] == "reviews-build"
    assert make_project(DeployRepositoryName="shop").properties("DeployRepository")["Name"] == "shop"
