"""What tests of hosting share: a server whose waits are short, a model of two labels, and endpoints of it.

The server is a process of its own: waits are scaled for a whole server, and a process has one.
"""

import io
import itertools
import json
import subprocess
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fasttext
import pytest
from botocore.exceptions import ClientError

from local_aws.developer import granted_project
from local_aws.kernel.account import Clients
from local_aws.testing import ServerProcess

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
TIME_SCALE = 0.01
_numbers = itertools.count(1)


class HostingServer(ServerProcess):
    """An embedded AWS with short waits, whose model servers can be listed."""

    def __init__(self, folder):
        super().__init__(folder, TIME_SCALE)

    def model_servers(self, endpoint=""):
        """The process ids of an endpoint's model servers, or of all."""
        listed = subprocess.run(
            ["ps", "-axww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        place = f"/endpoints/{endpoint}"
        return [int(pid) for pid, parent, args in rows if int(parent) == self.process.pid and place in args]


@pytest.fixture(scope="session")
def quick(tmp_path_factory):
    server = HostingServer(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def another(tmp_path):
    """A server that a test may end as it likes."""
    server = HostingServer(tmp_path)
    yield server
    server.process.kill()
    server.stop()


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder of two models, first.bin and second.bin, which tell by their labels which of them answered."""
    folder: Path = tmp_path_factory.mktemp("models")
    for name in ("first", "second"):
        text = folder / f"{name}.txt"
        text.write_text(f"__label__{name}-good lovely great\n__label__{name}-bad awful poor\n" * 50)
        model = fasttext.train_supervised(
            str(text), dim=4, epoch=20, bucket=100, minCount=1, thread=1, verbose=0
        )
        model.save_model(str(folder / f"{name}.bin"))
    return folder


@pytest.fixture(scope="session")
def archive():
    """A model.tar.gz of `{name: bytes}`."""
    return _archive


def _archive(files):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return body.getvalue()


@pytest.fixture(scope="session")
def eventually():
    """What `look` returns as soon as that is true; fails after a while."""
    return _eventually


def _eventually(look, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not so within {seconds} s: {look}"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Hosting:
    """Models, configurations and endpoints under names that no other test uses."""

    clients: Clients
    project: Any
    archives: dict[str, bytes] = field(repr=False)

    def client(self, service):
        return self.clients.client(service)

    @property
    def sagemaker(self):
        return self.client("sagemaker")

    @property
    def name(self):
        return self.project.name

    def put(self, key, body):
        self.client("s3").put_object(Bucket=self.project.bucket, Key=key, Body=body)
        return f"s3://{self.project.bucket}/{key}"

    def model(self, name, content="first", **environment):
        """A model of archives["first"] or ["second"], or of other bytes; returns its name."""
        body = content if isinstance(content, bytes) else self.archives[content]
        container = {
            "Image": IMAGE,
            "ModelDataUrl": self.put(f"{name}/model.tar.gz", body),
            "Environment": environment,
        }
        full = f"{self.name}-{name}"
        self.sagemaker.create_model(
            ModelName=full, PrimaryContainer=container, ExecutionRoleArn=self.project.pipeline_role_arn
        )
        return full

    def config(self, model, instances=1, variant="AllTraffic", **others):
        """A configuration with the model's name."""
        stated = {
            "VariantName": variant,
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": instances,
        }
        request = {"EndpointConfigName": model, "ProductionVariants": [stated], **others}
        self.sagemaker.create_endpoint_config(**request)
        return model

    def create(self, config, **request):
        self.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=config, **request)
        return self.settled()

    def update(self, config, **request):
        self.sagemaker.update_endpoint(EndpointName=self.name, EndpointConfigName=config, **request)

    def describe(self):
        return self.sagemaker.describe_endpoint(EndpointName=self.name)

    def phase(self, endpoint=None):
        """What the first variant of a pending deployment is at; None where there is none."""
        pending = (endpoint or self.describe()).get("PendingDeploymentSummary")
        return pending and pending["ProductionVariants"][0]["VariantStatus"][0]["Status"]

    def settled(self):
        """The endpoint, once nothing changes it."""
        return _eventually(lambda: (d := self.describe())["EndpointStatus"] in ("InService", "Failed") and d)

    def invoke(self, *texts, k=1, **request):
        """The labels and probabilities that the endpoint answers."""
        body = json.dumps({"instances": texts or ["lovely"], "configuration": {"k": k}})
        request = {"EndpointName": self.name, "ContentType": "application/json", "Body": body, **request}
        return json.loads(self.client("sagemaker-runtime").invoke_endpoint(**request)["Body"].read())

    def top(self, **request):
        """The first label for a good text: it tells which model answered."""
        return self.invoke(**request)[0]["label"][0]

    def alarm(self, name, metric, threshold, statistic="Average", period=60):
        """An alarm on a metric of the endpoint; returns its name."""
        dimensions = [
            {"Name": "EndpointName", "Value": self.name},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ]
        kind = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
        full = f"{self.name}-{name}"
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=full,
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            Period=period,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            **{kind: statistic},
        )
        return full


@pytest.fixture(scope="session")
def hosting_on(models):
    """Hosting in a project of its own on a server."""

    def hosting_on(server):
        archives = {
            name: _archive({"model.bin": (models / f"{name}.bin").read_bytes()})
            for name in ("first", "second")
        }
        return Hosting(server.clients, granted_project(server.clients, f"h{next(_numbers):03}"), archives)

    return hosting_on


@pytest.fixture
def hosting(quick, hosting_on):
    hosting = hosting_on(quick)
    yield hosting
    sagemaker = hosting.sagemaker

    def statuses():
        listed = sagemaker.list_endpoints(NameContains=hosting.name)["Endpoints"]
        return [endpoint["EndpointStatus"] for endpoint in listed]

    _eventually(lambda: not set(statuses()) & {"Creating", "Updating", "RollingBack"})
    if statuses() not in ([], ["Deleting"]):
        sagemaker.delete_endpoint(EndpointName=hosting.name)
    _eventually(lambda: not statuses())


class Load:
    """Clients that invoke an endpoint over and over, until the block ends. `labels` and `failures` are what came."""

    def __init__(self, hosting, clients=8):
        self.labels = []
        self.failures = []
        self._hosting = hosting
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._clients = clients

    def __enter__(self):
        for _ in range(self._clients):
            self._pool.submit(self._run)
        return self

    def __exit__(self, *_):
        self._over.set()
        self._pool.shutdown()

    def _run(self):
        # A moment between two invocations leaves the machine to what is tested.
        while not self._over.wait(0.01):
            try:
                self.labels.append(self._hosting.top())
            except ClientError as error:
                self.failures.append(error.response["Error"]["Message"])


@pytest.fixture
def load(hosting):
    return Load(hosting)
