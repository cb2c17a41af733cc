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
