"""What may be pruned: what the stage left behind and nobody uses."""

from datetime import UTC, datetime, timedelta

import pytest

from model_deploy.aws.clients import Aws
from model_deploy.rollout import prune
from model_deploy.settings import Settings


@pytest.fixture
def settings(project):
    return Settings.load(project.environment)


@pytest.fixture
def clients(project):
    return Aws(project.clients.session())


@pytest.fixture(autouse=True)
def _at_the_server(project, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", project.server.url)


@pytest.fixture
def leave(project):
    """Leaves a model and a configuration of it behind, as a replacement by CloudFormation does."""

    def leave(name, stage="staging", project_name=None):
        sagemaker = project.client("sagemaker")
        tags = [
            {"Key": "sagemaker:project-name", "Value": project_name or project.names.name},
            {"Key": "sagemaker:deployment-stage", "Value": stage},
        ]
        package = {"ModelPackageName": project.register()}
        role = project.names.pipeline_role_arn
        model, config = f"Model-{project.names.name}-{name}", f"EndpointConfig-{project.names.name}-{name}"
        sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer=package, Tags=tags)
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant], Tags=tags)
        return model, config

    return leave


def test_what_is_used_by_nothing_is_found_and_deleted(clients, settings, leave):
    model, config = leave("old")
    found = prune.find(clients, settings, "staging")
    assert (found.models, found.endpoint_configs) == ((model,), (config,))
    prune.delete(clients, found)
    assert not prune.find(clients, settings, "staging")
    prune.delete(clients, found)  # what is gone already is no error


def test_what_an_endpoint_uses_stays_even_one_of_another_name(project, clients, settings, leave):
    _, config = leave("used")
    name = f"{project.names.name}-experiment"
    project.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert not prune.find(clients, settings, "staging")
    project.client("sagemaker").get_waiter("endpoint_in_service").wait(
        EndpointName=name, WaiterConfig={"Delay": 1}
    )
    project.client("sagemaker").delete_endpoint(EndpointName=name)


def test_what_the_stack_holds_stays(project, clients, settings):
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    assert not prune.find(clients, settings, "staging")


def test_other_stages_and_projects_are_none_of_ours(clients, settings, leave):
    leave("production", stage="production")
    leave("library", project_name="library")
    assert not prune.find(clients, settings, "staging")


def test_what_is_younger_than_the_deployment_may_be_a_rollouts_that_follows(clients, settings, leave):
    leave("young")
    assert not prune.find(clients, settings, "staging", before=datetime.now(UTC) - timedelta(minutes=1))
    assert prune.find(clients, settings, "staging", before=datetime.now(UTC) + timedelta(minutes=1))
