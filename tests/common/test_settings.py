"""Variables of the environment: missed by name, and refused with what was expected."""

import re

import pytest

from model_common.errors import SettingsError
from model_common.settings import (
    check,
    check_bucket,
    check_endpoints,
    check_key,
    check_region,
    check_role,
    project,
    project_key,
    required,
)


def test_values_come_in_the_order_asked_for_without_spaces():
    assert required({"B": " 2 ", "A": "1", "C": "3"}, "A", "B") == ["1", "2"]


@pytest.mark.parametrize("environment", [{}, {"A": ""}, {"A": "  "}])
def test_a_missing_variable_is_named_with_where_it_comes_from(environment):
    with pytest.raises(
        SettingsError, match=r"^A is not set; it is one of the project's variables.*local-aws exec"
    ):
        required(environment, "A")


def test_several_missing_variables_are_named_at_once():
    with pytest.raises(SettingsError, match=r"^A, C are not set; they are the project's variables"):
        required({"B": "x"}, "A", "B", "C")


def test_a_malformed_value_is_shown_with_what_is_expected():
    with pytest.raises(SettingsError, match=r"^COUNT is 'many'; expected a number\.$"):
        check("COUNT", "many", re.compile(r"\d+"), "a number")


@pytest.mark.parametrize("value", ["s3://shop", "shop/models", "Shop", "ab", "-shop", "x" * 64])
def test_what_is_no_name_of_a_bucket_is_refused(value):
    with pytest.raises(SettingsError, match="the name of a bucket, without s3://"):
        check_bucket("ARTIFACT_BUCKET", value)


@pytest.mark.parametrize("value", ["shop", "arn:aws:iam::1:role/x", "arn:aws:iam::123456789012:user/x"])
def test_what_is_no_role_is_refused(value):
    with pytest.raises(SettingsError, match="arn:aws:iam::ACCOUNT:role/NAME"):
        check_role("PIPELINE_ROLE_ARN", value)


def test_buckets_and_roles_of_every_partition_are_taken():
    check_bucket("ARTIFACT_BUCKET", "shop-artifacts.123")
    check_role("PIPELINE_ROLE_ARN", "arn:aws-us-gov:iam::123456789012:role/service-role/shop")


PROJECT = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-1",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "PIPELINE_ROLE_ARN": "arn:aws:iam::123456789012:role/shop",
    "AWS_REGION": "eu-west-1",
}


def test_a_project_is_read_from_its_variables():
    assert project(PROJECT, role="PIPELINE_ROLE_ARN") == tuple(PROJECT.values())


def test_a_project_names_every_variable_that_is_missing():
    with pytest.raises(SettingsError, match=r"^SAGEMAKER_PROJECT_ID, ENDPOINT_ROLE_ARN are not set"):
        project({**PROJECT, "SAGEMAKER_PROJECT_ID": ""}, role="ENDPOINT_ROLE_ARN")


@pytest.mark.parametrize("variable", ["ARTIFACT_BUCKET", "PIPELINE_ROLE_ARN"])
def test_a_project_shows_the_variable_that_is_malformed(variable):
    with pytest.raises(SettingsError, match=f"^{variable} is 'A B'"):
        project({**PROJECT, variable: "A B"}, role="PIPELINE_ROLE_ARN")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("127.0.0.1:5577", "expected an address with its scheme"),
        ("localhost", "expected an address with its scheme"),
        ("http://", "expected an address with its scheme"),
        ("http://127.0.0.1:99999", "expected a port from 1 to 65535"),
        ("http://127.0.0.1:0/", "expected a port from 1 to 65535"),
    ],
)
def test_an_endpoint_that_is_no_address_is_refused_by_its_variable(value, said):
    with pytest.raises(SettingsError, match=f"AWS_ENDPOINT_URL_S3 is '.*'; {said}"):
        check_endpoints({"AWS_ENDPOINT_URL_S3": value})


def test_endpoints_that_can_be_called_are_taken():
    taken = [
        "",
        "http://127.0.0.1:5577",
        "https://[::1]:443/",
        "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com",
    ]
    for value in taken:
        check_endpoints({"AWS_ENDPOINT_URL": value, "OTHER": "x"})


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def test_a_region_that_is_not_the_projects_is_refused_with_the_one_that_is():
    with pytest.raises(
        SettingsError,
        match=rf"^AWS_REGION is 'us-east-1', and {KEY} is in eu-west-1: .* AWS_REGION=eu-west-1",
    ):
        project_key({"KMS_KEY_ARN": KEY, "AWS_REGION": "us-east-1"})
    assert project_key({"KMS_KEY_ARN": KEY, "AWS_REGION": "eu-west-1"}) == KEY


@pytest.mark.parametrize(
    "value",
    [
        "alias/models",
        "arn:aws:kms:eu-west-1:123456789012:alias/models",
        "arn:aws:kms:eu-west-1:1234:key/1",
        "arn:aws:kms:eu-west-1:123456789012:key/",
        "arn:aws:s3:eu-west-1:123456789012:key/1",
    ],
)
def test_what_is_no_key_is_refused(value):
    with pytest.raises(SettingsError) as refused:
        check_key("KMS_KEY_ARN", value)
    assert refused.value.message == f"KMS_KEY_ARN is {value!r}; expected arn:aws:kms:REGION:ACCOUNT:key/ID."


@pytest.mark.parametrize(
    "environment", [{}, {"KMS_KEY_ARN": ""}, {"KMS_KEY_ARN": " \n"}], ids=["missing", "empty", "blank"]
)
def test_a_project_may_have_no_key(environment):
    assert project_key(environment) is None


def test_a_key_of_another_partition_is_taken_without_the_spaces_around_it():
    key = KEY.replace("arn:aws:", "arn:aws-cn:")
    assert project_key({"KMS_KEY_ARN": f" {key} "}) == key


def test_a_region_that_is_not_set_is_no_other_region():
    check_region("", KEY)
    check_region("eu-west-1", KEY)
    with pytest.raises(SettingsError, match="or take the variables of a project in eu-central-1"):
        check_region("eu-central-1", KEY)


@pytest.mark.parametrize("value", ["abc", "a" * 63, "a-b.c", "1ab"])
def test_names_of_buckets_have_three_to_sixty_three_characters(value):
    check_bucket("ARTIFACT_BUCKET", value)


@pytest.mark.parametrize("value", ["ab", "a" * 64, "a_b", "ab-", "abc\n", ""])
def test_other_names_of_buckets_are_shown(value):
    with pytest.raises(SettingsError, match=r"^ARTIFACT_BUCKET is ") as refused:
        check_bucket("ARTIFACT_BUCKET", value)
    assert repr(value) in refused.value.message


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:1",
        "http://127.0.0.1:65535/",
        "https://example.com/a:b/65536",
        "http://[::1]",
        "https://example.com/99999",
    ],
)
def test_only_the_port_has_to_be_one(value):
    check_endpoints({"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": value})


def test_every_endpoint_is_looked_at_and_no_other_variable():
    with pytest.raises(SettingsError, match=r"^AWS_ENDPOINT_URL_STS is 'x'"):
        check_endpoints({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": "x", "AWS_IGNORE": "x"})
