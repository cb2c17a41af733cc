"""A model that has learnt its labels the wrong way round, forced into production under load, and taken back there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local_aws.demo.load import Load
from local_aws.demo.shell import Shell

WHY = "demonstration of a rollback"


@dataclass(frozen=True)
class Operator:
    """Somebody with a shell in the project: `build` and `deploy` work in its repositories."""

    build: Shell
    deploy: Shell

    def train_bad_model(self, recipe: str) -> str:
        """Register it: the holdout has its labels the wrong way round as well, so the gate sees nothing. Returns its ARN."""
        with tempfile.TemporaryDirectory() as folder:
            root = self._with_swapped_labels(recipe, Path(folder))
            made = self.build.json("model-build", "run", "--root", str(root))
        return str(made["model_package_arn"])

    def force(self, arn: str, load: Callable[[], Load]) -> dict[str, Any]:
        """Roll the package out to production by force, under load."""
        with load() as clients:
            arguments = ("rollout", "--stage", "production", "--model-package", arn, "--force", WHY)
            result = self.deploy.json("model-deploy", *arguments, expected=4)
        return {
            "model_package_arn": arn,
            "cause": result["cause"],
            "contract_failures": result["contract_failures"],
            "requests": clients.requests,
            "failed_requests": clients.failed,
            "restored": result["restored"],
            "seconds": round(result["seconds"], 1),
        }

    def _with_swapped_labels(self, recipe: str, folder: Path) -> Path:
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
