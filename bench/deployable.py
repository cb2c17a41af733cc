"""What a deployment is measured on: an embedded AWS of its own process, packages of tiny models, and `model-deploy`."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import yaml

from bench.measure import Served
from local_aws.kernel import environment
from local_aws.kernel.account import Clients
from local_aws.project import Project, prepare
from model_build.recipe import Recipe
from model_deploy.core.model_package.contract import folder_sha256

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TIME_SCALE = 0.02
"""Five minutes of baking in six seconds: waits shrink, work does not."""

PRODUCTION = "production"
ERRORS_ONLY = "errors-only"
"""Production without the alarm on contract failures, which a model that answers 500 sets off as well."""

_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
_RECIPE = "garments"
_LABELS = ("negative", "positive")
_CHECKS = {
    "recipe": _RECIPE,
    "latency_ms": 2000,
    "cases": [
        {"name": "praise", "text": "I love this lovely dress", "labels": ["positive"]},
        {"name": "complaint", "text": "What an awful, poor thing", "labels": ["negative"]},
    ],
}


@dataclass(frozen=True)
class Deployable:
    """A project on the server, and a deploy repository at `root` with the stages PRODUCTION and ERRORS_ONLY."""

    root: Path
    clients: Clients
    project: Project

    def client(self, service: str) -> Any:
        return self.clients.client(service)

    def endpoint(self, stage: str) -> str:
        return f"{self.project.name}-{stage}"

    def stack(self, stage: str) -> str:
        return f"{self.project.name}-{stage}-endpoint"

    def variables(self) -> dict[str, str]:
        """The environment of a command, without whatever a run in CI would add to it."""
        base = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        return environment.for_command(base, self.clients, self.project.variables())

    def register(self, name: str, *, swapped: bool = False, fault: str | None = None) -> str:
        """The ARN of a new approved package: a good model, one with its labels `swapped`, or one with a `fault`.

        Faults are those of local_aws.hosting.instances.faulty_server.
        """
        contract = contract_files()
        digest = folder_sha256(contract)
        prefix, model = f"contracts/{digest}/", f"models/{name}/model.tar.gz"
        stored = {f"{prefix}{file}": content for file, content in contract.items()}
        for key, body in (stored | {model: _archive(swapped, self.root.parent)}).items():
            self.client("s3").put_object(Bucket=self.project.bucket, Key=key, Body=body)
        container = {"Image": _IMAGE, "ModelDataUrl": f"s3://{self.project.bucket}/{model}"}
        made = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.project.model_package_group,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container | ({"Environment": {"LOCAL_AWS_FAULT": fault}} if fault else {})],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            CustomerMetadataProperties={
                "contract": f"s3://{self.project.bucket}/{prefix}",
                "contract-sha256": digest,
                "commit": "c0ffee",
            },
        )
        return str(made["ModelPackageArn"])

    def rollout(self, stage: str, arn: str, expected: int = 0) -> dict[str, Any]:
        """What `model-deploy rollout --json` answers. Raises RuntimeError unless it exits with `expected`."""
        command = [str(BIN / "model-deploy"), *self.rollout_arguments(stage, arn)]
        done = subprocess.run(command, env=self.variables(), capture_output=True, text=True, check=False)
        if done.returncode != expected:
            raise RuntimeError(f"{' '.join(command)} exited with {done.returncode}:\n{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def rollout_arguments(self, stage: str, arn: str) -> list[str]:
        options = {
            "--stage": stage,
            "--model-package": arn,
            "--root": str(self.root),
            "--force": "a measurement",
        }
        return ["rollout", *(part for option in options.items() for part in option), "--json"]


@contextmanager
def deployable(folder: Path) -> Iterator[Deployable]:
    """A server of its own process, gone with the context; `folder` is scratch."""
    with server(folder) as served:
        clients = Clients.of_running(served.url)
        yield Deployable(_repository(folder / "deploy"), clients, prepare(clients))


def contract_files() -> dict[str, bytes]:
    """A serving contract with the text rules that the build repository ships, as its recipe for reviews sets them."""
    recipe = Recipe.load(ROOT / "build" / "recipes" / "clothing-reviews.yaml")
    described = {
        "version": 1,
        "recipe": _RECIPE,
        "labels": _LABELS,
        "multi_label": False,
        "threshold": None,
        "text_rules": recipe.text_rules.model_dump(mode="json"),
    }
    return {
        "contract.json": (json.dumps(described, sort_keys=True, indent=2) + "\n").encode(),
        "text_rules.py": (ROOT / "build" / "steps" / "text_rules.py").read_bytes(),
    }


@contextmanager
def server(folder: Path) -> Iterator[Served]:
    """`local-aws up`; `folder` takes its temporary files."""
    process = subprocess.Popen(
        [str(BIN / "local-aws"), "up", "--port", "0"],
        env={**os.environ, "LOCAL_AWS_TIME_SCALE": str(TIME_SCALE), "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    served = (re.search(r"serves at (http://\S+)", line) for line in process.stderr)
    url = next((found[1] for found in served if found), None)
    # Whatever it logs later must not fill the pipe.
    reader = threading.Thread(target=process.stderr.read, daemon=True)
    reader.start()
    try:
        if url is None:
            raise RuntimeError(f"local-aws up ended with {process.wait()} before it served")
        yield Served(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _repository(root: Path) -> Path:
    """The deploy repository with a recipe of our own in checks/."""
    shutil.copytree(ROOT / "deploy" / "api", root / "api", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("stages", "checks"):
        (root / name).mkdir()
    (root / "checks" / f"{_RECIPE}.json").write_text(json.dumps(_CHECKS))
    stage = (ROOT / "deploy" / "stages" / f"{PRODUCTION}.yaml").read_text()
    (root / "stages" / f"{PRODUCTION}.yaml").write_text(stage)
    document = yaml.safe_load(stage)
    del document["alarms"]["contract_failures"]
    (root / "stages" / f"{ERRORS_ONLY}.yaml").write_text(yaml.safe_dump(document))
    return root


def _archive(swapped: bool, folder: Path) -> bytes:
    """The model.tar.gz of a model that knows two sentences, and means the opposite where its labels are `swapped`."""
    complaint, praise = reversed(_LABELS) if swapped else _LABELS
    text, binary = folder / "train.txt", folder / "model.bin"
    lines = f"__label__{praise} i love this lovely dress\n__label__{complaint} what an awful poor thing\n"
    text.write_text(lines * 50)
    model = fasttext.train_supervised(
        str(text), dim=4, epoch=20, lr=0.5, bucket=100, minCount=1, thread=1, verbose=0
    )
    model.save_model(str(binary))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(binary, "model.bin")
    return packed.getvalue()
