"""Commands against answers of AWS that a test states: what the embedded AWS does not have, or cannot be brought to.

botocore checks every request, and every answer is checked against the shape of its operation. Nothing is sent anywhere.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.validate import ParamValidator
from click.testing import CliRunner, Result

from model_common import deadline
from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.aws import clients
from project_template.aws.waiting import Watch

ACCOUNT, REGION, NAME = "123456789012", "eu-west-1", "text-classification"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BUCKET = f"{NAME}-{ACCOUNT}-{REGION}"
LAUNCH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{REGION}-launch"
PRODUCT = "prod-abcdefghijklm"
VERSIONS = ({"Id": "pa-1", "Name": "1.0.0"}, {"Id": "pa-2", "Name": "2.0.0"})
CATALOG_STACK = f"SC-{ACCOUNT}-pp-abcdefghijklm"
RECORD = {
    "name": NAME,
    "version": "2.0.0",
    "form": "both",
    "template_sha256": "t" * 64,
    "seeds_sha256": "a" * 64,
    "functions_sha256": "b" * 64,
    "github_api_url": "https://api.github.com",
    "issuer": "https://token.actions.githubusercontent.com",
    "sign_in": {"secret_arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:github"},
}
TEMPLATE = """
Parameters:
  SageMakerProjectName: {Type: String, MaxLength: 32}
  GitHubOwner: {Type: String}
  Recipe: {Type: String, Default: one, AllowedValues: [one, two, three]}
  TrainingData: {Type: String, Default: ""}
  WatchedPrefix: {Type: String, Default: ""}
Resources:
  Queue: {Type: AWS::SQS::Queue}
"""


@dataclass(frozen=True)
class Refusal:
    """The service's own error, as an answer."""

    code: str
    message: str = "It said no."
    status: int = 400


Answer = Mapping[str, Any] | Refusal | Callable[[Mapping[str, Any]], Any]


@dataclass
class Script:
    """Stands in for a boto3.Session: its clients are botocore's own, and what they are answered is stated.

    An operation is answered by a mapping, a Refusal, a function of the request, or by several of these one after the other,
    of which the last stays.
    """

    session: Any
    region_name: str = REGION
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _answers: dict[str, list[Answer]] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret"}
            made = self.session.client(service, region_name=REGION, **keys)
            made.meta.events.register("before-parameter-build", _keep)
            made.meta.events.register_last("before-call", self._answer)
            self._clients[service] = made
        return self._clients[service]

    def reset(self) -> None:
        self.calls.clear()
        self._answers.clear()
        self.on(
            "GetCallerIdentity",
            {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada", "UserId": "A"},
        )

    def on(self, operation: str, *answers: Answer) -> Script:
        """State what an operation answers, from now on."""
        self._answers[operation] = list(answers)
        return self

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The requests of that operation, in their order."""
        return [given for each, given in self.calls if each == operation]

    @property
    def changes(self) -> list[str]:
        """The operations that were called and are none that only read."""
        reading = ("Describe", "Get", "List", "Head", "Simulate")
        return [each for each, _ in self.calls if not each.startswith(reading)]

    def _answer(self, model: Any, context: Any, **_: Any) -> Any:
        given = context["given"]
        assert model.name in self._answers, f"nobody stated what {model.name} answers to {given}"
        self.calls.append((model.name, given))
        stated = self._answers[model.name]
        answer = stated.pop(0) if len(stated) > 1 else stated[0]
        if callable(answer):
            answer = answer(given)
        if isinstance(answer, Refusal):
            error = {"Code": answer.code, "Message": answer.message}
            return _response(answer.status), {
                "Error": error,
                "ResponseMetadata": {"HTTPStatusCode": answer.status},
            }
        if model.output_shape is not None:
            report = ParamValidator().validate(dict(answer), model.output_shape)
            assert not report.has_errors(), report.generate_report()
        return _response(200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _keep(params: dict[str, Any], context: Any, **_: Any) -> None:
    context["given"] = dict(params)


def _response(status: int) -> AWSResponse:
    return AWSResponse("https://aws.invalid", status, HTTPHeaders(), io.BytesIO())


@pytest.fixture(scope="session")
def _script() -> Script:
    import boto3

    return Script(boto3.Session())


@pytest.fixture
def script(_script: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    """What AWS answers: nothing yet, but who asks. Commands do not pause, and `connect` gives these clients."""
    _script.reset()
    monkeypatch.setattr(deadline, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(clients, "connect", lambda region=None: clients.Aws(_script))  # type: ignore[arg-type]
    return _script


@pytest.fixture(scope="session")
def _command() -> Any:
    from typer.main import get_command

    from project_template.cli import app

    return get_command(app)


@pytest.fixture
def run(script: Script, _command: Any) -> Callable[..., Result]:
    """Runs the command line: `run("update", "shop")`; `answers` is what somebody types."""
    return lambda *arguments, answers="": CliRunner().invoke(_command, list(arguments), input=answers)


@pytest.fixture
def aws(script: Script) -> clients.Aws:
    return clients.Aws(script)  # type: ignore[arg-type]


class Said:
    """A console that keeps what is said to it."""

    def __init__(self) -> None:
        from rich.console import Console

        self.stream = io.StringIO()
        self.console = Console(file=self.stream, width=200)
        self.progress = Progress(self.console)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def watch(aws: clients.Aws, said: Any) -> Watch:
    return Watch(aws, said.progress, Deadline(60))


def stack_answer(name: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    """DescribeStacks' answer for one stack; `outputs` and `tags` are mappings, `parameters`, too."""
    named = {key: more.pop(key, {}) for key in ("outputs", "tags", "parameters")}
    return {
        "Stacks": [
            {
                "StackName": name,
                "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
                "StackStatus": status,
                "CreationTime": NOW,
                "Outputs": [
                    {"OutputKey": key, "OutputValue": value} for key, value in named["outputs"].items()
                ],
                "Tags": [{"Key": key, "Value": value} for key, value in named["tags"].items()],
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in named["parameters"].items()
                ],
                **more,
            }
        ]
    }


def event_answer(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    """One event of a stack, as DescribeStackEvents tells it."""
    return {
        "StackId": "stack",
        "StackName": "stack",
        "EventId": f"{number}",
        "LogicalResourceId": resource,
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": NOW,
    }


MISSING_STACK = Refusal("ValidationError", "Stack with id x does not exist")


@pytest.fixture
def stated() -> Any:
    """The answers that several tests state: `stated.stack(name, status)`, `stated.event(...)`, `stated.refusal(code)`."""

    class Stated:
        stack = staticmethod(stack_answer)
        event = staticmethod(event_answer)
        refusal = Refusal
        missing_stack = MISSING_STACK
        now = NOW

    return Stated


@pytest.fixture
def published(script: Script) -> Callable[..., None]:
    """States a publication: `published(product_id="prod-1", record={...})`."""

    def publish(
        product_id: str = "", record: Mapping[str, Any] | None = None, template: str = TEMPLATE
    ) -> None:
        outputs = {"TemplateBucketName": BUCKET, "LaunchRoleArn": LAUNCH_ROLE}
        outputs |= {"ProductId": product_id, "PortfolioId": "port-1"} if product_id else {}
        held = {
            "publication.json": json.dumps({**RECORD, **(record or {})}),
            f"versions/{'t' * 64}.yaml": template,
        }

        def stored(asked: Mapping[str, Any]) -> Answer:
            if asked["Key"] not in held:
                return Refusal("NoSuchKey", status=404)
            return {"Body": io.BytesIO(held[asked["Key"]].encode())}

        script.on("DescribeStacks", stack_answer(f"{NAME}-publication", outputs=outputs))
        script.on("GetObject", stored)

    return publish


@pytest.fixture
def product(script: Script, published: Callable[..., None]) -> Callable[..., None]:
    """States a product: `product(versions, paths)`."""

    def state(versions: Any = VERSIONS, *pages: Any) -> None:
        published(product_id=PRODUCT)
        script.on("DescribeProduct", {"ProvisioningArtifacts": list(versions)})
        pages = pages or ([{"Id": "lpv2-1", "Name": "portfolio"}],)
        answers = [
            {"LaunchPathSummaries": page, "NextPageToken": f"{number}"} for number, page in enumerate(pages)
        ]
        answers[-1].pop("NextPageToken")
        script.on("ListLaunchPaths", *answers)

    return state


def described(
    status: str, product: str = PRODUCT, reason: str = "", provisioned: str = "pp-abcdefghijklm"
) -> dict[str, Any]:
    """DescribeProject's answer for a project of the Service Catalog form."""
    return {
        "ProjectArn": "arn:aws:sagemaker:eu-west-1:123456789012:project/shop",
        "ProjectName": "shop",
        "ProjectId": "p-0123456789ab",
        "ProjectStatus": status,
        "CreationTime": 1_790_000_000,
        "ServiceCatalogProvisioningDetails": {"ProductId": product, "ProvisioningArtifactId": "pa-1"},
        "ServiceCatalogProvisionedProductDetails": {
            "ProvisionedProductStatusMessage": reason,
            **({"ProvisionedProductId": provisioned} if provisioned else {}),
        },
    }


@pytest.fixture
def shop(script: Script, product: Callable[..., None]) -> Callable[..., None]:
    """A project `shop` by its statuses: `shop("CreateInProgress", "CreateCompleted")`. None is no project."""

    def state(
        *statuses: str | None,
        stack: str = "CREATE_COMPLETE",
        events: Any = (),
        versions: Any = VERSIONS,
        **more: str,
    ) -> None:
        product(versions)
        missing = Refusal("ValidationException", "Project shop does not exist.")
        answers = [missing if each is None else described(each, **more) for each in statuses]
        script.on("DescribeProject", *answers)
        find, values = script._answers["DescribeStacks"][0], {"GitHubOwner": "acme", "Recipe": "two"}
        made = stack_answer(CATALOG_STACK, stack, parameters=values, outputs={"Queue": "q"})

        def stacks(asked: Mapping[str, Any]) -> Any:
            if "StackName" not in asked:
                return {"Stacks": []}
            return find if asked["StackName"].endswith("-publication") else made

        script.on("DescribeStacks", stacks)
        script.on("ListStackResources", {"StackResourceSummaries": []})
        script.on("DescribeStackEvents", {"StackEvents": []}, {"StackEvents": list(events)})
        script.on("GetSecretValue", Refusal("AccessDeniedException", "you may not read it"))
        script.on("GetTemplate", {"TemplateBody": "Parameters: {Recipe: {Type: String, Default: one}}"})
        ids = {
            "ProjectArn": "arn:aws:sagemaker:eu-west-1:123456789012:project/shop",
            "ProjectId": "p-0123456789ab",
        }
        script.on("CreateProject", ids).on("UpdateProject", {"ProjectArn": ids["ProjectArn"]}).on(
            "DeleteProject", {}
        )

    return state
