"""The deploy half: an approved model in staging and production, three questions, and a bad model that takes itself back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from local_aws.demo.data import Dataset
from local_aws.demo.load import Load
from local_aws.demo.shell import Shell
from local_aws.kernel.account import Account
from local_aws.kernel.signing import Signed

QUESTIONS = (
    "I love it, it is perfect and works great.",
    "Terrible quality, it broke after a day and I returned it.",
    "Arrived on Monday.",
)
_WHY = "demonstration of a rollback"


@dataclass(frozen=True)
class Deployment:
    """Takes packages to the stages by the product's own commands. `tell` announces each act."""

    account: Account
    build: Shell
    deploy: Shell
    tell: Callable[[str], None]

    def promote(self, arn: str) -> list[dict[str, Any]]:
        """Approve a package and bring it to staging, then to production."""
        self._approve(arn)
        stages = []
        for stage in ("staging", "production"):
            self.tell(f"Rolling out to {stage}")
            stages.append(self._stage(self._roll_out(stage, arn)))
        return stages

    def ask(self) -> list[dict[str, Any]]:
        """Three questions to production's API, which answers with the text, its label and the confidence."""
        self.tell("Asking production's API")
        url = self._output("production", "ApiUrl")
        signed = Signed(self.account.clients, "execute-api")
        response = requests.post(url, json={"texts": QUESTIONS}, auth=signed, timeout=30)
        response.raise_for_status()
        return list(response.json()["predictions"])

    def push_bad_model(self, dataset: Dataset) -> dict[str, Any]:
        """Push a model that has learnt its labels the wrong way round, roll it out under load, and see it taken back."""
        self.tell("Pushing a model, by force, that has learnt its labels the wrong way round")
        with tempfile.TemporaryDirectory() as folder:
            root = self._confused(dataset.recipe, Path(folder))
            options = ["--root", str(root), "--recipe", dataset.recipe, "--data", str(dataset.path)]
            bad = self.build.json("model-build", "run", *options, "--force", _WHY)
        self._approve(bad["model_package_arn"])
        self.tell("Rolling it out to production under load")
        endpoint = self._output("production", "EndpointName")
        runtime = self.account.clients.client("sagemaker-runtime")
        with Load(runtime, endpoint, list(QUESTIONS)) as load:
            result = self._roll_out("production", bad["model_package_arn"], "--force", _WHY, expected=4)
        return {
            "model_package_arn": bad["model_package_arn"],
            "cause": result["cause"],
            "contract_failures": result["contract_failures"],
            "requests": load.requests,
            "failed_requests": load.failed,
            "restored": result["restored"],
            "seconds": round(result["seconds"], 1),
        }

    def _approve(self, arn: str) -> None:
        self.tell(f"Approving {arn}")
        self.account.clients.client("sagemaker").update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved"
        )

    def _roll_out(self, stage: str, arn: str, *options: str, expected: int = 0) -> dict[str, Any]:
        arguments = ["rollout", "--stage", stage, "--model-package", arn, *options]
        return self.deploy.json("model-deploy", *arguments, expected=expected)

    def _stage(self, result: dict[str, Any]) -> dict[str, Any]:
        told = ("endpoint", "model_package_arn", "status", "verified")
        return {
            "name": result["stage"],
            **{key: result[key] for key in told},
            "seconds": round(result["seconds"], 1),
        }

    def _output(self, stage: str, name: str) -> str:
        stack = f"{self.deploy.environment['SAGEMAKER_PROJECT_NAME']}-{stage}-endpoint"
        found = self.account.clients.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {each["OutputKey"]: str(each["OutputValue"]) for each in found["Outputs"]}[name]

    def _confused(self, recipe: str, folder: Path) -> Path:
        """A copy of the build repository whose recipe gives the labels the wrong way round."""
        (folder / "recipes").mkdir()
        (folder / "steps").symlink_to(self.build.folder / "steps")
        document = yaml.safe_load((self.build.folder / "recipes" / f"{recipe}.yaml").read_text())
        names = document["labels"]["names"]
        opposite = dict(zip(names, reversed(names), strict=True))
        for rule in document["labels"]["rules"]:
            rule["name"] = opposite[rule["name"]]
        (folder / "recipes" / f"{recipe}.yaml").write_text(yaml.safe_dump(document))
        return folder
