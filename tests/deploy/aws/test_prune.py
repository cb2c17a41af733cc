"""What a stage left behind: told by tags, use and age, and deleted though others delete at the same time."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_common.leftovers import Leftovers
from model_deploy.rollout import prune

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOME = "arn:aws:sagemaker:eu-west-1:123456789012"
SETTINGS: Any = SimpleNamespace(project_name="shop")
MINE = {"sagemaker:project-name": "shop", "sagemaker:deployment-stage": "staging"}


class World:
    """The answers to one look at a stage: its models and configurations with their tags, and the project's endpoints."""

    def __init__(self, stub):
        self.sagemaker, self.cloudformation = stub("sagemaker"), stub("cloudformation")

    def configs(self, **named):
        found = [self._config(name, age) for name, (age, _) in named.items()]
        self.sagemaker.add_response(
            "list_endpoint_configs", {"EndpointConfigs": found}, {"NameContains": "EndpointConfig"}
        )
        self._tags("endpoint-config", named)

    def models(self, **named):
        found = [
            {"ModelName": name, "ModelArn": f"{HOME}:model/{name}", "CreationTime": NOON - age}
            for name, (age, _) in named.items()
        ]
        self.sagemaker.add_response("list_models", {"Models": found}, {"NameContains": "Model"})
        self._tags("model", named)

    def held(self, **resources):
        found = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": physical,
                "ResourceType": "AWS::SageMaker::Model",
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": NOON,
            }
            for name, physical in resources.items()
        ]
        answer = {"StackResourceSummaries": found}
        self.cloudformation.add_response(
            "list_stack_resources", answer, {"StackName": "shop-staging-endpoint"}
        )

    def endpoints(self, **named):
        found = [
            {
                "EndpointName": name,
                "EndpointArn": f"{HOME}:endpoint/{name}",
                "CreationTime": NOON,
                "LastModifiedTime": NOON,
                "EndpointStatus": "InService",
            }
            for name in named
        ]
        self.sagemaker.add_response("list_endpoints", {"Endpoints": found}, {"NameContains": "shop"})
        for name, uses in named.items():
            if uses is None:
                self.sagemaker.add_client_error(
                    "describe_endpoint", "ValidationException", "Could not find endpoint"
                )
                continue
            current, pending = uses[0] or "", uses[1]
            answer = {
                "EndpointName": name,
                "EndpointArn": f"{HOME}:endpoint/{name}",
                "EndpointStatus": "InService",
                "CreationTime": NOON,
                "LastModifiedTime": NOON,
                "EndpointConfigName": current,
            }
            self.sagemaker.add_response(
                "describe_endpoint",
                answer | ({"PendingDeploymentSummary": {"EndpointConfigName": pending}} if pending else {}),
                {"EndpointName": name},
            )

    def config_of(self, name, *models):
        if not models:
            self.sagemaker.add_client_error(
                "describe_endpoint_config", "ValidationException", "Could not find it"
            )
            return
        variants = [{"VariantName": f"v{number}", "ModelName": model} for number, model in enumerate(models)]
        answer = self._config(name, timedelta()) | {"ProductionVariants": variants}
        self.sagemaker.add_response("describe_endpoint_config", answer, {"EndpointConfigName": name})

    def _config(self, name, age):
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{HOME}:endpoint-config/{name}",
            "CreationTime": NOON - age,
        }

    def _tags(self, kind, named):
        for name, (_, tags) in named.items():
            if tags == "too young":
                continue
            if tags is None:
                self.sagemaker.add_client_error("list_tags", "ValidationException", "It does not exist")
                continue
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            self.sagemaker.add_response(
                "list_tags", {"Tags": listed}, {"ResourceArn": f"{HOME}:{kind}/{name}"}
            )


OLD = timedelta(hours=1)


@pytest.fixture
def world(stub):
    return World(stub)


def test_what_the_stage_made_and_nothing_uses_is_left_over(clients, world):
    others = (OLD, MINE | {"sagemaker:deployment-stage": "production"})
    foreign = (OLD, MINE | {"sagemaker:project-name": "library"})
    world.configs(used=(OLD, MINE), old=(OLD, MINE), others=others, foreign=foreign, untagged=(OLD, {}))
    world.models(m1=(OLD, MINE), m2=(OLD, MINE), m3=(OLD, others[1]), gone=(OLD, None))
    world.held()
    world.endpoints(**{"shop-staging": ("used", None)})
    world.config_of("used", "m1")
    assert prune.find(clients, SETTINGS, "staging") == Leftovers(endpoint_configs=("old",), models=("m2",))


def test_what_an_update_moves_to_is_used(clients, world):
    world.configs(next=(OLD, MINE))
    world.models(m1=(OLD, MINE))
    world.held()
    world.endpoints(**{"shop-staging": (None, "next")})
    world.config_of("next", "m1")
    assert not prune.find(clients, SETTINGS, "staging")


def test_what_the_stack_holds_is_used_though_its_endpoint_was_deleted(clients, world):
    world.configs(config=(OLD, MINE))
    world.models(m1=(OLD, MINE), m2=(OLD, MINE))
    world.held(EndpointConfig="config", Model="m2")
    world.endpoints()
    world.config_of("config", "m1")
    assert not prune.find(clients, SETTINGS, "staging")


def test_an_endpoint_that_is_gone_meanwhile_uses_nothing_and_a_gone_configuration_no_model(clients, world):
    world.configs(config=(OLD, MINE))
    world.models(m1=(OLD, MINE))
    world.held(EndpointConfig="config")
    world.endpoints(**{"shop-staging": None})
    world.config_of("config")
    assert prune.find(clients, SETTINGS, "staging") == Leftovers(models=("m1",))


@pytest.mark.parametrize(
    ("age", "left"), [(timedelta(seconds=1), ("m1",)), (timedelta(), ())], ids=["earlier", "not earlier"]
)
def test_only_what_is_older_than_the_operation_is_left_over(clients, world, age, left):
    world.configs()
    world.models(m1=(age, MINE if left else "too young"))
    if left:
        world.held()
        world.endpoints()
    assert prune.find(clients, SETTINGS, "staging", before=NOON).models == left


def test_where_the_stage_left_nothing_no_endpoint_is_asked_about(clients, world):
    world.configs()
    world.models()
    assert prune.find(clients, SETTINGS, "staging") == Leftovers()


@pytest.mark.parametrize("call", ["list_tags", "describe_endpoint"])
def test_what_may_not_be_looked_at_is_an_error_and_never_unused(clients, world, call):
    world.configs()
    if call == "list_tags":
        found = [{"ModelName": "m1", "ModelArn": f"{HOME}:model/m1", "CreationTime": NOON}]
        world.sagemaker.add_response("list_models", {"Models": found})
    else:
        world.models(m1=(OLD, MINE))
        world.held()
        summary = {
            "EndpointName": "e",
            "EndpointArn": f"{HOME}:endpoint/e",
            "CreationTime": NOON,
            "LastModifiedTime": NOON,
        }
        world.sagemaker.add_response(
            "list_endpoints", {"Endpoints": [summary | {"EndpointStatus": "InService"}]}
        )
    world.sagemaker.add_client_error(call, "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        prune.find(clients, SETTINGS, "staging")


def test_configurations_are_deleted_before_models_and_what_is_gone_is_no_error(clients, world):
    world.sagemaker.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "c1"})
    world.sagemaker.add_client_error("delete_endpoint_config", "ValidationException", "Could not find it")
    world.sagemaker.add_response("delete_model", {}, {"ModelName": "m1"})
    prune.delete(clients, Leftovers(endpoint_configs=("c1", "c2"), models=("m1",)))


def test_a_deletion_that_is_denied_is_an_error(clients, world):
    world.sagemaker.add_client_error("delete_model", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        prune.delete(clients, Leftovers(models=("m1",)))
