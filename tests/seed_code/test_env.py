"""`project-template env`: a project's variables from its stack's outputs."""

import json
import subprocess

import pytest

from project_template.account.project import Project
from project_template.commands import env
from project_template.errors import UsageError

SHOP = Project("shop", "p-1", "arn", "CreateCompleted")
OUTPUTS = {output: f"of {output}" for output in env.OUTPUTS.values()}


def test_a_shell_that_evaluates_it_has_the_projects_variables():
    found = env.variables(SHOP, "eu-west-1", OUTPUTS | {"Other": "x"})
    script = (
        "\n".join(env.lines(found))
        + '\nprintf \'%s|%s|%s\' "$SAGEMAKER_PROJECT_ID" "$PIPELINE_ROLE_ARN" "$Other"'
    )
    said = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True).stdout
    assert said == "p-1|of PipelineRoleArn|"
    assert json.loads(json.dumps(env.document(found)))["AWS_REGION"] == "eu-west-1"


def test_the_roles_of_trials_are_named_where_the_project_has_them():
    assert "TRIAL_ROLE_ARN" not in env.variables(SHOP, "eu-west-1", OUTPUTS)
    roles = {"TrialRoleArn": "main", "PullRequestTrialRoleArn": "theirs"}
    found = env.variables(SHOP, "eu-west-1", OUTPUTS | roles)
    assert (found["TRIAL_ROLE_ARN"], found["PULL_REQUEST_TRIAL_ROLE_ARN"]) == ("main", "theirs")


def test_a_project_of_an_earlier_template_is_told_what_is_missing_and_what_adds_it():
    with pytest.raises(UsageError, match=r"no output PipelineRoleArn: .*project-template update shop"):
        env.variables(SHOP, "eu-west-1", {k: v for k, v in OUTPUTS.items() if k != "PipelineRoleArn"})
