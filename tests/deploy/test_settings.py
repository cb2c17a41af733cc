"""The project's variables: read once, and missed by name."""

import pytest

from model_deploy.errors import SettingsError
from model_deploy.settings import Settings

COMPLETE = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-abc123",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "ENDPOINT_ROLE_ARN": "arn:aws:iam::123456789012:role/service-role/shop-endpoint",
    "AWS_REGION": "eu-west-1",
}


def test_all_variables_make_the_settings():
    settings = Settings.load(COMPLETE)
    assert (settings.project_name, settings.project_id) == ("shop", "p-abc123")
    assert settings.s3("deployments/x.json") == "s3://shop-artifacts/deployments/x.json"
    assert (settings.service_role_arn, settings.permissions_boundary) == (None, None)


def test_the_roles_of_an_account_that_has_them_are_taken_too():
    role = "arn:aws:iam::123456789012:role/shop-cloudformation"
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    settings = Settings.load(
        COMPLETE | {"DEPLOY_SERVICE_ROLE_ARN": role, "PERMISSIONS_BOUNDARY_ARN": boundary}
    )
    assert (settings.service_role_arn, settings.permissions_boundary) == (role, boundary)


@pytest.mark.parametrize("variable", COMPLETE)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named_with_where_it_comes_from(variable, value):
    environment = {name: text for name, text in COMPLETE.items() if name != variable}
    if value is not None:
        environment[variable] = value
    with pytest.raises(SettingsError, match=f"^{variable} is not set") as caught:
        Settings.load(environment)
    assert "local-aws exec" in caught.value.message
    assert caught.value.exit_code == 2


def test_several_missing_variables_are_named_at_once():
    with pytest.raises(SettingsError, match=r"^SAGEMAKER_PROJECT_ID, AWS_REGION are not set"):
        Settings.load(COMPLETE | {"SAGEMAKER_PROJECT_ID": "", "AWS_REGION": ""})


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SAGEMAKER_PROJECT_NAME", "my_shop", "letters, digits and hyphens"),
        ("SAGEMAKER_PROJECT_NAME", "x" * 33, "up to 32"),
        ("ARTIFACT_BUCKET", "s3://shop-artifacts", "without s3://"),
        ("ENDPOINT_ROLE_ARN", "shop-endpoint", "arn:aws:iam::ACCOUNT:role/NAME"),
        ("DEPLOY_SERVICE_ROLE_ARN", "cloudformation", "arn:aws:iam::ACCOUNT:role/NAME"),
        ("KMS_KEY_ARN", "alias/shop", "arn:aws:kms:REGION:ACCOUNT:key/ID"),
        ("PERMISSIONS_BOUNDARY_ARN", "boundary", "arn:aws:iam::ACCOUNT:policy/NAME"),
    ],
)
def test_a_malformed_variable_says_what_was_expected(variable, value, expected):
    with pytest.raises(SettingsError, match=f"^{variable} is '{value}'; expected .*{expected}"):
        Settings.load(COMPLETE | {variable: value})


def test_the_region_of_another_project_is_refused():
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    with pytest.raises(SettingsError, match=r"AWS_REGION is 'eu-west-1', and .* is in us-east-1"):
        Settings.load(COMPLETE | {"KMS_KEY_ARN": key})
