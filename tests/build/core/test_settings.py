"""The project's variables: read once, and missed by name."""

import pytest

from model_build.core.settings import Settings
from model_build.errors import SettingsError

COMPLETE = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-abc123",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "PIPELINE_ROLE_ARN": "arn:aws:iam::123456789012:role/service-role/shop-pipeline",
    "AWS_REGION": "eu-west-1",
}


def test_all_variables_make_the_settings():
    settings = Settings.load(COMPLETE)
    assert settings == Settings(
        project_name="shop",
        project_id="p-abc123",
        bucket="shop-artifacts",
        model_package_group="shop-models",
        pipeline_role_arn="arn:aws:iam::123456789012:role/service-role/shop-pipeline",
        region="eu-west-1",
    )
    assert settings.pipeline_name("garments") == "shop-garments"
    assert settings.s3("data/x.csv") == "s3://shop-artifacts/data/x.csv"
    assert settings.tags == {"sagemaker:project-name": "shop", "sagemaker:project-id": "p-abc123"}


@pytest.mark.parametrize("variable", COMPLETE)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named_with_where_it_comes_from(variable, value):
    environment = {name: text for name, text in COMPLETE.items() if name != variable}
    if value is not None:
        environment[variable] = value
    with pytest.raises(SettingsError, match=f"^{variable} is not set") as caught:
        Settings.load(environment)
    assert "local-aws exec" in caught.value.message
    assert "repository variable" in caught.value.message
    assert caught.value.exit_code == 2


def test_several_missing_variables_are_named_at_once():
    with pytest.raises(SettingsError, match=r"^SAGEMAKER_PROJECT_ID, AWS_REGION are not set"):
        Settings.load(COMPLETE | {"SAGEMAKER_PROJECT_ID": "", "AWS_REGION": ""})


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("ARTIFACT_BUCKET", "s3://shop-artifacts", "without s3://"),
        ("ARTIFACT_BUCKET", "shop-artifacts/models", "the name of a bucket"),
        ("KMS_KEY_ARN", "alias/shop", "arn:aws:kms:REGION:ACCOUNT:key/ID"),
        ("PIPELINE_ROLE_ARN", "shop-pipeline", "arn:aws:iam::ACCOUNT:role/NAME"),
    ],
)
def test_a_malformed_variable_says_what_was_expected(variable, value, expected):
    with pytest.raises(SettingsError, match=f"^{variable} is '{value}'; expected .*{expected}"):
        Settings.load(COMPLETE | {variable: value})


def test_the_region_of_another_project_is_refused():
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    with pytest.raises(SettingsError, match=r"AWS_REGION is 'eu-west-1', and .* is in us-east-1"):
        Settings.load(COMPLETE | {"KMS_KEY_ARN": key})


ROLE = "arn:aws:iam::123456789012:role/shop-pull-request"
TRIAL, PULL_REQUEST_TRIAL = (f"arn:aws:iam::123456789012:role/shop-{name}" for name in ("trial", "pr-trial"))


def test_spaces_around_a_variable_are_no_part_of_it():
    spaced = {name: f"  {value}\n" for name, value in COMPLETE.items()}
    assert Settings.load(spaced) == Settings.load(COMPLETE)


def test_the_key_of_the_project_is_that_of_its_region():
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    assert Settings.load(COMPLETE | {"KMS_KEY_ARN": f" {key} "}).kms_key == key
    assert Settings.load(COMPLETE | {"KMS_KEY_ARN": " "}).kms_key is None


def test_what_a_pull_request_makes_is_named_and_tagged_by_its_number():
    mine = Settings.load(COMPLETE).for_pull_request(7, {"PULL_REQUEST_ROLE_ARN": f" {ROLE} "})
    assert (mine.pull_request, mine.pipeline_role_arn, mine.home) == (7, ROLE, "pr/7/")
    assert mine.pipeline_prefix == "shop-pr-7-"
    assert mine.trial_prefix == "shop-pr-7-trial"
    assert mine.s3("") == "s3://shop-artifacts/pr/7/"
    assert mine.tags == {
        "sagemaker:project-name": "shop",
        "sagemaker:project-id": "p-abc123",
        "model-build:pull-request": "7",
    }


def test_the_projects_own_names_have_no_number():
    own = Settings.load(COMPLETE)
    assert (own.home, own.pipeline_prefix, own.trial_prefix) == ("", "shop-", "shop-trial")


def test_what_registers_a_merged_training_has_a_pipeline_of_its_own_and_the_projects_place():
    merged = Settings.load(COMPLETE).for_merged()
    assert merged.pipeline_name("garments") == "shop-merged-garments"
    assert (merged.home, merged.reuses_training) == ("", True)
    assert merged.tags == Settings.load(COMPLETE).tags


@pytest.mark.parametrize("recipe", ["garments", "p", "pr", "merged", "pr2-x"])
def test_no_recipe_has_the_pipeline_of_a_pull_request_or_of_merged_ones(recipe):
    own = Settings.load(COMPLETE)
    others = [own.for_merged(), own.for_pull_request(7, {"PULL_REQUEST_ROLE_ARN": ROLE})]
    assert not any(own.pipeline_name(recipe).startswith(other.pipeline_prefix) for other in others)


def test_a_trial_runs_as_a_role_of_its_own_and_in_a_pull_request_as_another():
    roles = {"TRIAL_ROLE_ARN": TRIAL, "PULL_REQUEST_TRIAL_ROLE_ARN": PULL_REQUEST_TRIAL}
    own = Settings.load(COMPLETE | roles)
    mine = own.for_pull_request(7, roles | {"PULL_REQUEST_ROLE_ARN": ROLE})
    assert (own.trial_role_arn, own.trial_variable) == (TRIAL, "TRIAL_ROLE_ARN")
    assert (mine.trial_role_arn, mine.trial_variable) == (PULL_REQUEST_TRIAL, "PULL_REQUEST_TRIAL_ROLE_ARN")


def test_a_pull_request_does_not_get_the_projects_role_for_trials():
    own = Settings.load(COMPLETE | {"TRIAL_ROLE_ARN": TRIAL})
    mine = own.for_pull_request(7, {"PULL_REQUEST_ROLE_ARN": ROLE, "TRIAL_ROLE_ARN": TRIAL})
    assert mine.trial_role_arn is None


def test_a_project_without_trials_has_no_role_for_them():
    assert Settings.load(COMPLETE | {"TRIAL_ROLE_ARN": " "}).trial_role_arn is None


@pytest.mark.parametrize(
    "variable", ["TRIAL_ROLE_ARN", "PULL_REQUEST_TRIAL_ROLE_ARN", "PULL_REQUEST_ROLE_ARN"]
)
@pytest.mark.parametrize(
    "value", ["shop-trial", "arn:aws:iam::123:role/x", "arn:aws:iam::123456789012:user/x", ROLE[:-17]]
)
def test_a_malformed_role_of_a_pull_request_or_a_trial_is_named(variable, value):
    given = COMPLETE | {"PULL_REQUEST_ROLE_ARN": ROLE, variable: value}
    with pytest.raises(
        SettingsError, match=f"^{variable} is '{value}'; expected arn:aws:iam::ACCOUNT:role/NAME"
    ):
        Settings.load(given).for_pull_request(7, given)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_partition_of_aws_has_roles(partition):
    role = f"arn:{partition}:iam::123456789012:role/shop-pipeline"
    assert Settings.load(COMPLETE | {"PIPELINE_ROLE_ARN": role}).pipeline_role_arn == role
