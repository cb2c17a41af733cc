"""The run that a step belongs to, from the variables that GitHub Actions sets."""

import pytest

from model_deploy.core.workflow_run import OwnRun
from model_deploy.errors import SettingsError

VARIABLES = {
    "GITHUB_RUN_ID": "900",
    "GITHUB_RUN_NUMBER": "9",
    "GITHUB_WORKFLOW_REF": "o/shop/.github/workflows/deploy.yml@refs/heads/main",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_REPOSITORY": "o/shop",
}


def test_a_run_is_its_numbers_its_workflow_file_and_its_page():
    assert OwnRun.load(VARIABLES) == OwnRun(
        id=900,
        number=9,
        path=".github/workflows/deploy.yml",
        url="https://github.example.com/o/shop/actions/runs/900",
    )


def test_spaces_around_a_variable_do_not_count():
    assert OwnRun.load({name: f" {value}\n" for name, value in VARIABLES.items()}) == OwnRun.load(VARIABLES)


@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_is_not_set_is_named(name, value):
    changed = {**VARIABLES, name: value} if value is not None else {**VARIABLES}
    if value is None:
        del changed[name]
    with pytest.raises(SettingsError, match=rf"^Not set: {name}\. .* GitHub Actions sets them\.$"):
        OwnRun.load(changed)


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(SettingsError, match=r"^Not set: GITHUB_RUN_ID, GITHUB_SERVER_URL\."):
        OwnRun.load({**VARIABLES, "GITHUB_RUN_ID": "", "GITHUB_SERVER_URL": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_RUN_ID", "nine hundred"),
        ("GITHUB_RUN_ID", "-1"),
        ("GITHUB_RUN_NUMBER", "9.5"),
        ("GITHUB_WORKFLOW_REF", "deploy.yml"),
        ("GITHUB_WORKFLOW_REF", "o/shop/.github/workflows/deploy.yml"),
        ("GITHUB_WORKFLOW_REF", "o/shop/@refs/heads/main"),
    ],
)
def test_a_malformed_variable_is_shown_with_what_was_expected(name, value):
    with pytest.raises(SettingsError) as refused:
        OwnRun.load({**VARIABLES, name: value})
    assert name in refused.value.message
    assert repr(value) in refused.value.message
    assert "expected two numbers, and OWNER/NAME/.github/workflows/FILE@REF" in refused.value.message


def test_a_workflow_file_may_have_a_reference_with_an_at_sign():
    stated = OwnRun.load(
        {**VARIABLES, "GITHUB_WORKFLOW_REF": "o/shop/.github/workflows/x.yml@refs/heads/a@b"}
    )
    assert stated.path == ".github/workflows/x.yml"
