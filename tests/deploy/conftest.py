"""What tests of the deploy repository share: the repository, an embedded AWS whose waits are short, and model packages.

Where the repository is: here its tests are `tests/deploy`, once poured they are `tests`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local_aws.testing import ServerProcess

TIME_SCALE = 0.02
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
RECIPE = "garments"
LABELS = ["negative", "positive"]

_TEXT_RULES = """
import re

def tokenise(text, rules):
    return " ".join(re.findall("[a-z']+", text.lower() if rules["lowercase"] else text))
"""

_CHECKS = {
    "recipe": RECIPE,
    "latency_ms": 60_000,  # a busy machine is no slow model
    "cases": [
        {"name": "praise", "text": "I love this lovely dress", "labels": ["positive"]},
        {"name": "complaint", "text": "What an awful, poor thing", "labels": ["negative"]},
        {"name": "anything", "text": "zyxw"},
    ],
}

_numbers = itertools.count(1)


class _Runtime:
    """A client of the runtime that answers every call with the same body, or raises the same error."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Body": self}

    def read(self) -> bytes:
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


@pytest.fixture
def runtime_of() -> Any:
    """Makes a client of the runtime of its answer: bytes, a document, or an error; `requests` is what it was asked."""
    return _Runtime


@pytest.fixture(scope="session")
def repository() -> Path:
    """The deploy repository's root: the nearest folder above that holds the stages, or a `deploy` that does."""
    for folder in Path(__file__).resolve().parents:
        for root in (folder, folder / "deploy"):
            if (root / "stages").is_dir():
                return root
    raise FileNotFoundError("no stages above the tests")


@pytest.fixture(scope="session", autouse=True)
def _clients_are_made_once() -> Iterator[None]:
    """Every command makes its clients again, which takes longer than most commands: all those of one environment are one."""
    from model_deploy import workspace
    from model_deploy.aws import clients

    connect = functools.cache(lambda region, variables: clients.connect(region))

    def connected(region):
        return connect(
            region, tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
        )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        patched.setattr(workspace, "connect", connected)
        yield


@pytest.fixture(scope="session", autouse=True)
def _probes_keep_up_with_the_quick_server() -> Iterator[None]:
    """A bake takes a second or so: what is published once a second elsewhere has to be published sooner."""
    from model_deploy.rollout.update import heartbeat

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(heartbeat, "PUBLISH_SECONDS", TIME_SCALE)
        yield


@pytest.fixture(scope="session")
def quick_server(tmp_path_factory):
    """An embedded AWS whose waits take a fiftieth."""
    server = ServerProcess(tmp_path_factory.mktemp("server"), TIME_SCALE)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, bytes]:
    """Archives of two tiny models, `good`, and `nonsense`, which has the labels the wrong way round; and of none."""
    fasttext = pytest.importorskip("fasttext")
    folder = tmp_path_factory.mktemp("models")
    archives = {}
    for name, (praise, complaint) in {
        "good": ("positive", "negative"),
        "nonsense": ("negative", "positive"),
    }.items():
        text, binary = folder / f"{name}.txt", folder / f"{name}.bin"
        text.write_text(
            f"__label__{praise} i love this lovely dress\n__label__{complaint} what an awful poor thing\n"
            * 50
        )
        model = fasttext.train_supervised(
            str(text), dim=4, epoch=20, lr=0.5, bucket=100, minCount=1, thread=1, verbose=0
        )
        model.save_model(str(binary))
        archives[name] = archive({"model.bin": binary.read_bytes()})
    return archives | {"no archive": b"this is not an archive", "empty": archive({"README": b"nothing"})}


def archive(files: dict[str, bytes]) -> bytes:
    """A model.tar.gz of `{name: bytes}`."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return body.getvalue()


def contract_files(labels=LABELS, recipe=RECIPE, **changes) -> dict[str, bytes]:
    """A serving contract as it is stored."""
    description = {
        "version": 1,
        "recipe": recipe,
        "labels": list(labels),
        "multi_label": False,
        "threshold": None,
        "text_rules": {"lowercase": True},
    } | changes
    stated = json.dumps(description, sort_keys=True, indent=2) + "\n"
    return {"contract.json": stated.encode(), "text_rules.py": _TEXT_RULES.encode()}


def contract_sha256(files: dict[str, bytes]) -> str:
    """As build registers it: over the sorted lines `name NUL sha256-hex LF`."""
    lines = "".join(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass
class Project:
    """A project on the embedded AWS with model packages, a deploy repository, and `model-deploy` in it."""

    server: ServerProcess
    root: Path
    models: dict[str, bytes] = field(repr=False)
    clients: Any = None
    names: Any = None
    variables: dict[str, str] = field(default_factory=dict)
    """What a command is given besides the project's own."""

    def client(self, service: str) -> Any:
        return self.clients.client(service)

    @property
    def bucket(self) -> str:
        return self.names.bucket

    @property
    def group(self) -> str:
        return self.names.model_package_group

    def endpoint(self, stage: str) -> str:
        return f"{self.names.name}-{stage}"

    def stack(self, stage: str) -> str:
        return f"{self.names.name}-{stage}-endpoint"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a command is given."""
        ours = ("GITHUB_", "MODEL_PACKAGE_ARN", "WHY", "API_TOKEN")
        base = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        made = self.server.environment(base, self.names.variables())
        return made | {"GITHUB_ACTOR": "ada"} | self.variables

    def add_model(self, name: str, files: dict[str, bytes]) -> None:
        """Make an archive of `{path: bytes}` one that `register` knows by `name`."""
        self.models[name] = archive(files)

    def register(
        self,
        model: str = "good",
        *,
        approval="Approved",
        labels=LABELS,
        recipe=RECIPE,
        metadata=(),
        group=None,
        fault=None,
        image=IMAGE,
        environment=None,
        contract=None,
    ) -> str:
        """Register a model with its contract, as the build pipeline does; the package's ARN.

        `model` is one of the archives, or "missing": deleted since. `metadata` overrides what the pipeline records; a value of None leaves
        the entry out. `environment` is the container's, `contract` changes what the contract says. `fault` is what the model's server does wrong: see local_aws.hosting.instances.faulty_server.
        """
        number = next(_numbers)
        s3, files = self.client("s3"), contract_files(labels, recipe, **(contract or {}))
        key = f"models/{number}/model.tar.gz"
        artifact = self.models["good" if model == "missing" else model]
        stored = s3.put_object(Bucket=self.bucket, Key=key, Body=artifact)
        prefix = f"contracts/{contract_sha256(files)}-{number}/"
        for name, content in files.items():
            s3.put_object(Bucket=self.bucket, Key=f"{prefix}{name}", Body=content)
        statistics = {
            "multiclass_classification_metrics": {"accuracy": {"value": 0.9, "standard_deviation": "NaN"}}
        }
        s3.put_object(
            Bucket=self.bucket, Key=f"runs/{number}/model_quality.json", Body=json.dumps(statistics)
        )
        recorded = {
            "contract": f"s3://{self.bucket}/{prefix}",
            "contract-sha256": contract_sha256(files),
            "model-sha256": hashlib.sha256(artifact).hexdigest(),
            "model-version": stored["VersionId"],
            "commit": "c0ffee",
        } | dict(metadata)
        container: dict[str, Any] = {"Image": image, "ModelDataUrl": f"s3://{self.bucket}/{key}"}
        variables = dict(environment or {}) | ({"LOCAL_AWS_FAULT": fault} if fault is not None else {})
        if variables:
            container["Environment"] = variables
        arn: str = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=group or self.group,
            ModelApprovalStatus=approval,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["application/json", "application/jsonlines"],
                "SupportedResponseMIMETypes": ["application/json", "application/jsonlines"],
            },
            ModelMetrics={
                "ModelQuality": {
                    "Statistics": {
                        "ContentType": "application/json",
                        "S3Uri": f"s3://{self.bucket}/runs/{number}/model_quality.json",
                    }
                }
            },
            CustomerMetadataProperties={name: value for name, value in recorded.items() if value is not None},
        )["ModelPackageArn"]
        if model == "missing":
            s3.delete_object(Bucket=self.bucket, Key=key)
        return arn

    def run(self, *arguments: str) -> Any:
        """Run `model-deploy` in this process."""
        from typer.testing import CliRunner

        from model_deploy.cli import app

        cleared: dict[str, str | None] = dict.fromkeys(os.environ, None)
        return CliRunner().invoke(app, [*arguments, "--root", str(self.root)], env=cleared | self.environment)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """What a command with --json answers, which has to exit with `code`."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout) if result.stdout else {}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `model-deploy` as a process of its own, to be killed or waited for."""
        return subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from model_deploy.cli import main; main()",
                *arguments,
                "--root",
                str(self.root),
            ],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def container(self, stage: str) -> dict[str, Any]:
        """The container that the stage's endpoint serves, asked of SageMaker."""
        sagemaker = self.client("sagemaker")
        endpoint = sagemaker.describe_endpoint(EndpointName=self.endpoint(stage))
        assert endpoint["EndpointStatus"] == "InService", endpoint
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        return sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])[
            "PrimaryContainer"
        ]

    def live_package(self, stage: str) -> str:
        """The ARN of the package that the stage's endpoint serves."""
        container = self.container(stage)
        return container.get("ModelPackageName") or container["Environment"]["MODEL_PACKAGE_ARN"]

    def leftovers(self, stage: str) -> list[str]:
        """The ARNs of the models and configurations that carry the stage's tags."""
        sagemaker = self.client("sagemaker")
        arns = [model["ModelArn"] for model in sagemaker.list_models(MaxResults=100)["Models"]]
        configs = sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
        arns += [config["EndpointConfigArn"] for config in configs]
        wanted = {"sagemaker:project-name": self.names.name, "sagemaker:deployment-stage": stage}
        tagged = {
            arn: {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
            for arn in arns
        }
        return [arn for arn, tags in tagged.items() if wanted.items() <= tags.items()]

    def forget(self, stage: str) -> None:
        """Delete what the stage's stack retains: every rollout of other tests would have to look at it."""
        sagemaker = self.client("sagemaker")
        for arn in self.leftovers(stage):
            name = arn.rpartition("/")[2]
            if ":endpoint-config/" in arn:
                sagemaker.delete_endpoint_config(EndpointConfigName=name)
            else:
                sagemaker.delete_model(ModelName=name)

    def records(self, stage: str) -> list[dict[str, Any]]:
        """The stage's records, the first one first."""
        s3 = self.client("s3")
        found = s3.list_objects_v2(Bucket=self.bucket, Prefix=f"deployments/{stage}/").get("Contents", ())
        return [
            json.loads(s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read()) for item in found
        ]


STAGING = """
endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 1}
"""
PRODUCTION = """
endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 2}
rollout: {strategy: canary, size_percent: 50, bake_seconds: 60, termination_wait_seconds: 10}
alarms: {contract_failures: 1, invocation_5xx_percent: 50, period_seconds: 60, evaluation_periods: 1}
"""


@pytest.fixture(scope="session")
def make_project(quick_server, models, repository, tmp_path_factory):
    """Makes a project under names that no other test uses, with stages staging and production, both without an API.

    Whatever it has deployed is deleted with its context.
    """
    clients = quick_server.clients

    @contextmanager
    def make_project():
        root = tmp_path_factory.mktemp("repository")
        (root / "stages").mkdir()
        (root / "stages" / "staging.yaml").write_text(STAGING)
        (root / "stages" / "production.yaml").write_text(PRODUCTION)
        (root / "checks").mkdir()
        (root / "checks" / "garments.json").write_text(json.dumps(_CHECKS))
        shutil.copytree(repository / "api", root / "api")
        names = quick_server.make_project(f"deploy-{next(_numbers)}")
        made = Project(quick_server, root, models, clients, names)
        yield made
        quick_server.ask("set_fault", name="endpoint_rollback", value="fails")
        for stage in ("staging", "production"):
            clients.client("cloudformation").delete_stack(StackName=made.stack(stage))
            made.forget(stage)

    return make_project


@pytest.fixture
def project(make_project):
    with make_project() as made:
        yield made
