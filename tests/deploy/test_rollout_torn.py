"""What is looked at in several calls may change between two of them: another rollout must not be taken for a fault."""

import pytest
from botocore.client import BaseClient


@pytest.fixture
def meanwhile(monkeypatch):
    """Has something happen right before the first call of an operation from then on."""
    original = BaseClient._make_api_call

    def meanwhile(operation, happen):
        waiting = [happen]

        def call(client, name, parameters):
            if name == operation and waiting:
                waiting.pop()()
            return original(client, name, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    return meanwhile


@pytest.mark.parametrize("before", ["DescribeEndpoint", "GetTemplate"])
def test_the_same_rollout_by_another_command_amid_a_look_is_one_deployment(project, meanwhile, before):
    first, arn = project.register(), project.register()
    arguments = ("rollout", "--stage", "staging", "--model-package")
    project.json(*arguments, first)
    meanwhile(before, lambda: project.json(*arguments, arn))
    assert project.json(*arguments, arn)["verified"] is True
    assert project.live_package("staging") == arn
    outcomes = [(record["model_package_arn"], record["outcome"]) for record in project.records("staging")]
    assert outcomes == [(first, "deployed"), (arn, "deployed")]
