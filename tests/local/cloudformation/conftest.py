"""What tests of CloudFormation share: a server of it that also has `Test::Thing`, whose behaviour a test decides.

`world` is where things exist and what happens to them; `stacks` drives the API and waits for what it starts.
"""

import dataclasses
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws import cloudformation
from local_aws.admission import Admission
from local_aws.application import Application, Gateway
from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import Physical, ResourceType, words
from local_aws.cloudformation.wire import CloudFormationService
from local_aws.kernel.account import Account, Clients
from local_aws.kernel.faults import Faults
from local_aws.kernel.http.connections import LimitedServer
from local_aws.kernel.wire import Service, ServiceError

TIME_SCALE = 0.001
_numbers = itertools.count(1)


@dataclass
class World:
    """Where things exist. A test refuses a call ("update A"), always or once, or holds one back until it lets it go."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    refused_once: dict[str, str] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, Any] = field(default_factory=dict)

    def hold(self, call):
        self.held[call] = threading.Event()
        return self.held[call].set

    def until(self, call):
        """Wait until this has been asked for."""
        for _ in range(1500):
            if call in self.journal:
                return
            time.sleep(0.01)
        raise AssertionError(f"{call} never happens: {self.journal}")

    def reset(self):
        for event in self.held.values():
            event.set()
        for each in dataclasses.fields(self):
            getattr(self, each.name).clear()

    def happen(self, call, context):
        self.journal.append(call)
        event = self.held.get(call)
        if event is not None:
            context.wait(lambda: event.is_set() or None)
        reason = self.refused_once.pop(call, self.refused.get(call))
        if reason is not None:
            raise ResourceError(reason)


class Thing(ResourceType):
    """A resource of no service: it has what its template says, and anything can be asked of it by Fn::GetAtt."""

    name = "Test::Thing"
    create_only = words("Kind Name")
    attributes = words("Serial Size")
    named_by = "Name"
    tags = "list"

    def __init__(self, world):
        self._world = world

    def create(self, properties, context):
        physical_id = f"{context.logical_id}-{next(_numbers)}"
        self._world.things[physical_id] = dict(properties)
        context.report(physical_id)
        self._world.happen(f"create {context.logical_id}", context)
        return self._physical(physical_id, properties)

    def update(self, physical_id, old, new, context):
        self._world.happen(f"update {context.logical_id}", context)
        self._world.things[physical_id] = dict(new)
        return self._physical(physical_id, new)

    def delete(self, physical_id, properties, context):
        self._world.happen(f"delete {context.logical_id}", context)
        self._world.things.pop(physical_id, None)

    @staticmethod
    def _physical(physical_id, properties):
        serial = physical_id.rpartition("-")[2]
        return Physical(physical_id, {"Serial": serial, "Size": properties.get("Size", 0)})


@dataclass
class Functions:
    """Lambda, so far as custom resources need it: `world.functions` are called in threads of their own."""

    world: World

    def invoke(self, request):
        function = self.world.functions[request["FunctionName"].rpartition(":")[2]]
        event = json.loads(request["Payload"])
        threading.Thread(target=function, args=(event,), daemon=True).start()
        return {"StatusCode": 202}


@dataclass
class Hosting:
    """SageMaker, so far as endpoints need it. Those whose variant is called "bad" never come up, or roll back.

    `world.endpoints` are the configurations that endpoints serve, `world.configs` the names of variants.
    """

    world: World
    account: Account

    def create_endpoint_config(self, request):
        self.world.configs[request["EndpointConfigName"]] = request["ProductionVariants"][0]["VariantName"]
        return {"EndpointConfigArn": self._arn("endpoint-config", request["EndpointConfigName"])}

    def delete_endpoint_config(self, request):
        self.world.configs.pop(request["EndpointConfigName"])

    def create_endpoint(self, request):
        name = request["EndpointName"]
        self.world.journal.append(f"create {name}")
        self._deploy(name, request["EndpointConfigName"], {"EndpointStatus": "Failed"})
        return {"EndpointArn": self._arn("endpoint", name)}

    def update_endpoint(self, request):
        name = request["EndpointName"]
        self.world.journal.append(f"update {name}")
        self._deploy(name, request["EndpointConfigName"], self.world.endpoints[name])
        return {"EndpointArn": self._arn("endpoint", name)}

    def describe_endpoint(self, request):
        found = self.world.endpoints.get(request["EndpointName"])
        if found is None:
            arn = self._arn("endpoint", request["EndpointName"])
            raise ServiceError("ValidationException", f'Could not find endpoint "{arn}".')
        shown = {
            **found,
            "EndpointStatus": found["Pending"].pop(0) if found["Pending"] else found["EndpointStatus"],
        }
        del shown["Pending"]
        now = datetime.now(UTC)
        return {
            "EndpointName": request["EndpointName"],
            "EndpointArn": self._arn("endpoint", request["EndpointName"]),
            "CreationTime": now,
            "LastModifiedTime": now,
            **shown,
        }

    def delete_endpoint(self, request):
        self.world.journal.append(f"delete {request['EndpointName']}")
        del self.world.endpoints[request["EndpointName"]]

    def add_tags(self, request):
        self.world.journal.append("tag")
        return {}

    def _deploy(self, name, config, otherwise):
        """Serve `config` after a moment, or what there was before where it is bad."""
        served = {"EndpointConfigName": config, "EndpointStatus": "InService"}
        if self.world.configs[config] == "bad":
            served = {**otherwise, "FailureReason": "The alarm errors fired."}
            served.setdefault("EndpointConfigName", config)
        self.world.endpoints[name] = {**served, "Pending": ["Updating", "Updating"]}

    def _arn(self, kind, name):
        return self.account.arn("sagemaker", f"{kind}/{name}")


@dataclass
class Stacks:
    """CloudFormation's client, for stacks of one test."""

    client: Any
    number: int = field(default_factory=lambda: next(_numbers))

    def named(self, name):
        return f"{name}-{self.number}"

    def create(self, name, template, **request):
        """Create a stack; returns its description once nothing is in progress."""
        self.begin("create", name, template, **request)
        return self.wait(name)

    def update(self, name, template, **request):
        self.begin("update", name, template, **request)
        return self.wait(name)

    def begin(self, verb, name, template, **request):
        """Start to create or update a stack; returns its id."""
        call = getattr(self.client, f"{verb}_stack")
        answer = call(StackName=self.named(name), TemplateBody=json.dumps(template), **request)
        return answer["StackId"]

    def delete(self, name, **request):
        stack_id = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=stack_id, **request)
        return self.wait(stack_id)

    def describe(self, name):
        name = name if name.startswith("arn:") else self.named(name)
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def wait(self, name):
        for _ in range(1500):
            stack = self.describe(name)
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            time.sleep(0.01)
        raise AssertionError(f"{name} does not settle: {self.events(name)}")

    def events(self, name):
        """(logical id, status), oldest first; the stack itself is "stack"."""
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self.history(name)]

    def history(self, name):
        name = name if name.startswith("arn:") else self.named(name)
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [
            (
                {**event, "LogicalResourceId": "stack"}
                if event["PhysicalResourceId"] == event["StackId"]
                else event
            )
            for event in reversed(events)
        ]

    def statuses(self, name):
        """The stack's own statuses, oldest first."""
        return [status for logical_id, status in self.events(name) if logical_id == "stack"]

    def resources(self, name):
        """{logical id: (status, physical id)}"""
        name = name if name.startswith("arn:") else self.named(name)
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {
            each["LogicalResourceId"]: (each["ResourceStatus"], each.get("PhysicalResourceId"))
            for each in found
        }

    def reason(self, name, logical_id, status):
        """Why a resource, or "stack", was in this status last."""
        for event in reversed(self.history(name)):
            if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, status):
                return event.get("ResourceStatusReason")
        raise AssertionError(f"{logical_id} never was {status}: {self.events(name)}")

    def change_set(self, name, template, change_set="changes", **request):
        """Create a change set; returns its description once it is complete or failed."""
        name = {"StackName": self.named(name), "ChangeSetName": change_set}
        self.client.create_change_set(**name, TemplateBody=json.dumps(template), **request)
        for _ in range(1500):
            described = self.client.describe_change_set(**name)
            if described["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                return described
            time.sleep(0.01)
        raise AssertionError(f"the change set is never made: {described}")


@pytest.fixture
def things():
    """Makes a template of things: `A={"Size": 1}`; a thing that states its `Properties` states all attributes itself."""

    def things(**declared):
        return {
            "Resources": {
                name: {
                    "Type": "Test::Thing",
                    **(stated if "Properties" in stated else {"Properties": stated}),
                }
                for name, stated in declared.items()
            }
        }

    return things


@pytest.fixture(scope="session")
def _world_and_client(local_server):
    world = World()
    http = LimitedServer("127.0.0.1", 0, None)
    url = f"http://127.0.0.1:{http.server_port}"
    clients = Clients(url, local_server.account.region)
    account = dataclasses.replace(
        local_server.account, endpoint_url=url, clients=clients, time_scale=TIME_SCALE, faults=Faults()
    )
    handlers = cloudformation.handlers(account, [Thing(world)])
    services = {"lambda": Functions(world), "sagemaker": Hosting(world, account)}
    application = Application(
        [
            CloudFormationService("cloudformation", handlers),
            *(Service(name, [handler]) for name, handler in services.items()),
        ],
        gateways=[handler for handler in handlers if isinstance(handler, Gateway)],
    )
    http.app = Admission.of(account, application)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield world, clients, account
    for handler in handlers:
        if hasattr(handler, "close"):
            handler.close()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def world(_world_and_client):
    world = _world_and_client[0]
    world.reset()
    yield world
    world.reset()


@pytest.fixture
def stacks(world, _world_and_client):
    """Stacks of things."""
    return Stacks(_world_and_client[1].client("cloudformation"))


@pytest.fixture
def closing(world, _world_and_client):
    """Makes the handler of stacks of a CloudFormation of its own, which a test may close."""

    def closing():
        handlers = cloudformation.handlers(_world_and_client[2], [Thing(world)])
        return next(handler for handler in handlers if hasattr(handler, "close"))

    return closing


@pytest.fixture
def faults(_world_and_client):
    """What this CloudFormation does wrong on purpose, until the test ends."""
    faults = _world_and_client[2].faults
    before = dataclasses.replace(faults)
    yield faults
    for each in dataclasses.fields(faults):
        setattr(faults, each.name, getattr(before, each.name))


@pytest.fixture
def real_stacks(aws):
    """Stacks of what the embedded AWS really has."""
    return Stacks(aws.client("cloudformation"))


@pytest.fixture
def deploy(real_stacks):
    """Create, or update, the one stack of a test from `Name=("Type", properties)`; returns the resources' ids."""
    done = []

    def deploy(outputs=(), **resources):
        template = {
            "Resources": {
                name: {"Type": f"AWS::{kind}", "Properties": properties}
                for name, (kind, properties) in resources.items()
            },
            "Outputs": {name: {"Value": value} for name, value in dict(outputs).items()},
        }
        verb = real_stacks.update if done else real_stacks.create
        stack = verb("types", template, Capabilities=["CAPABILITY_NAMED_IAM"])
        done.append(stack)
        reasons = [event.get("ResourceStatusReason", "") for event in real_stacks.history("types")]
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, "\n".join(reasons)
        deploy.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        return {name: physical_id for name, (_, physical_id) in real_stacks.resources("types").items()}

    deploy.outputs = {}
    yield deploy
    if done:
        stack = real_stacks.delete("types")
        assert stack["StackStatus"] == "DELETE_COMPLETE", stack.get("StackStatusReason")
